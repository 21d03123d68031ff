.DEFAULT_GOAL := help
.PHONY: help book pdf test arrays coverage ranges mutants check proof reproduce study serve lab notebooks lock audit bench clean

PYTHON := .venv/bin/python
READY := .venv/ready
# Small matrices are faster with one thread, and sums are then added in one order.
export OMP_NUM_THREADS = 1
unexport PYTHONOPTIMIZE PYTHONPATH # tests assert, and import the library of this folder

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1|/p' Makefile | column -t -s '|'

# An environment serves where it was made: one that was moved, copied or left half-made is no use.
HERE := import importlib.util as find, sys; sys.exit(find.find_spec("fa_lib").origin != sys.argv[1])
SERVES := $(PYTHON) -I -c '$(HERE)' "$(CURDIR)/fa_lib/__init__.py" 2>/dev/null
ifneq ($(shell $(SERVES) && echo yes),yes)
.PHONY: $(READY)
endif
$(READY): requirements.txt pyproject.toml
	@$(SERVES) || python3 -m venv --clear .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

book: $(READY) ## execute the notebooks that changed and build the book
	$(PYTHON) tools/build.py

pdf: $(READY) ## the book as one file to print; needs LaTeX, and says which packages
	$(PYTHON) tools/execute.py _build/source
	$(PYTHON) tools/pdf.py _build/source
	@echo "The PDF: $(CURDIR)/_build/fa_book.pdf"

test: $(READY) check ## run every check and every test
	$(PYTHON) -m pytest -n 2 --dist loadfile

# All but those of pages and site: what the library is held to by itself.
LIBRARY := fa_lib $(filter-out $(patsubst %,tests/test_%.py,away baselines bibliography book build comparators_study draws environment exact examples execute figures glyphs images intervals live lock many_classes measures notebooks page planted proofs real_data records reproduce site study training),$(sort $(wildcard tests/test_*.py)))
PLAIN := -o addopts="--strict-markers --doctest-modules --import-mode=importlib"

# An environment that has PyTorch and JAX, and of all else the pinned versions.
ARRAYS := _build/arrays
BOTH := $(ARRAYS)/ready
$(BOTH): requirements.txt benchmarks/requirements.txt benchmarks/alone.txt pyproject.toml
	python3 -m venv --clear $(ARRAYS)
	sed -e 's/\[.*\]//' -e 's/ *\\$$//' -e '/--hash/d' requirements.txt > $(ARRAYS)/pins.txt
	$(ARRAYS)/bin/python -m pip install --quiet --disable-pip-version-check -c $(ARRAYS)/pins.txt \
		-r benchmarks/requirements.txt -e . array-api-strict hypothesis mpmath playwright pytest \
		pytest-cov pytest-xdist sympy
	$(ARRAYS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		-r benchmarks/alone.txt
	touch $(BOTH)

arrays: $(BOTH) ## run the tests of arrays on PyTorch and JAX
	$(ARRAYS)/bin/python -m pytest $(PLAIN) $(patsubst %,tests/test_%.py,arrays examples frameworks junction ledger peers train wiring)

coverage: $(BOTH) ## run the tests of the library; every line and branch of it must be met
	$(ARRAYS)/bin/python -m pytest -n 2 --dist loadfile $(PLAIN) --cov $(LIBRARY)

# The packages of the library at either end of their ranges; those of the tests as new as may be.
RANGES := _build/ranges
ranges: $(READY) ## run the tests of the library on the oldest and the newest NumPy and SciPy
	for end in lowest-direct highest; do \
		$(PYTHON) -m uv venv --quiet --clear $(RANGES)/$$end && \
		$(PYTHON) -m uv pip install --quiet --python $(RANGES)/$$end --resolution $$end -e . && \
		$(PYTHON) -m uv pip install --quiet --python $(RANGES)/$$end \
			array-api-strict hypothesis mpmath playwright pytest sympy && \
		$(PYTHON) -m uv pip list --quiet --python $(RANGES)/$$end && \
		$(RANGES)/$$end/bin/python -m pytest -q -W default::DeprecationWarning $(PLAIN) $(LIBRARY) || exit 1; \
	done

MUTANTS := _build/mutants
mutants: $(READY) ## change the library in every small way and see whether a test notices; takes a quarter of an hour
	test -x $(MUTANTS)/bin/mutmut || ($(PYTHON) -m uv venv --quiet $(MUTANTS) && \
		$(PYTHON) -m uv pip install --quiet --python $(MUTANTS) mutmut==3.8.1 -r requirements.txt)
	rm -rf mutants
	$(MUTANTS)/bin/mutmut run 'fa_lib.balances.x__running__mutmut_1' # and write all of them
	$(MUTANTS)/bin/python tools/mutants.py $(if $(ONLY),'$(ONLY)')
	$(MUTANTS)/bin/mutmut results

check: $(READY) ## format, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

proof: ## check the formal proofs from scratch with Coq
	python3 tools/proof.py

DRAWS ?= 50
SEED ?= 0
reproduce: $(READY) ## run the claims over DRAWS=50 parameter draws of all PAGES
	$(PYTHON) tools/reproduce.py --draws $(DRAWS) --seed $(SEED) \
		$(if $(PAGES),--pages $(PAGES)) $(if $(SCHEDULER),--scheduler $(SCHEDULER))

study: $(READY) ## run what is missing of the study NAME=..., hours for some
	$(PYTHON) tools/study.py $(NAME) $(if $(SCHEDULER),--scheduler $(SCHEDULER))

serve: $(READY) ## build, serve on this machine, rebuild on change
	$(PYTHON) tools/serve.py

lab: $(READY) ## open the notebooks in JupyterLab
	.venv/bin/jupyter lab book

notebooks: $(READY) ## re-execute the notebooks in place, byte for byte the same
	$(PYTHON) tools/colab.py
	$(PYTHON) tools/execute.py

lock: $(READY) ## choose new versions for requirements.txt
	$(PYTHON) tools/lock.py

audit: $(READY) ## ask the public databases for known vulnerabilities of the pinned packages
	$(PYTHON) -m uv tool run pip-audit==2.10.1 --disable-pip --require-hashes -r requirements.txt

BENCH := _build/bench
bench: ## measure the library beside the bare products, PyTorch and JAX; takes minutes
	test -x $(BENCH)/bin/python || python3 -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
		-e . -r benchmarks/requirements.txt
	if $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps -r benchmarks/alone.txt; \
	then $(BENCH)/bin/python benchmarks/peers.py benchmarks/peers.json; \
	else echo "BioTorch and zenkai do not install here; their rows are skipped"; fi
	$(BENCH)/bin/python benchmarks/run.py benchmarks/record.json
	$(BENCH)/bin/python benchmarks/accelerated.py benchmarks/accelerator.json

clean: ## remove what was built, the environment too
	rm -rf _build mutants .venv *.egg-info .coverage .pytest_cache .hypothesis .ruff_cache .mypy_cache
