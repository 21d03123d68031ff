.DEFAULT_GOAL := help
.PHONY: help book pdf test library pages coverage ranges mutants check proof reproduce study serve lab notebooks lock newest audit package bench clean

PYTHON := .venv/bin/python
READY := .venv/ready
# Small matrices are faster with one thread, and sums are then added in one order.
export OMP_NUM_THREADS = 1
unexport PYTHONOPTIMIZE PYTHONPATH # tests assert, and import the library of this folder

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do \
		printf 'make %-10s  %s\n' "$$name" "$$what"; done

# An environment serves where it was made: one that was moved, copied or left half-made is no use.
HERE := import importlib.util as find, sys; sys.exit(find.find_spec("fa_lib").origin != sys.argv[1])
SERVES := $(PYTHON) -I -c '$(HERE)' "$(CURDIR)/fa_lib/__init__.py" 2>/dev/null
ifneq ($(shell $(SERVES) && echo yes),yes)
.PHONY: $(READY)
endif
$(READY): requirements.txt pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "python3 is %d.%d: the book needs 3.11 or newer" % sys.version_info[:2])'
	@$(SERVES) || python3 -m venv --clear .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

book: $(READY) ## execute the notebooks that changed and build the book
	$(PYTHON) tools/build.py

pdf: $(READY) ## the book as one file to print; needs LaTeX, and says which packages
	$(PYTHON) tools/pdf.py _build/source
	@echo "The PDF: $(CURDIR)/_build/fa_book.pdf"

test: check library pages ## run every check and every test

library: $(READY) ## run the tests of the library
	$(PYTHON) -m pytest -n 2 --dist loadfile fa_lib tests/library

pages: $(READY) ## run the tests of the book: its pages, its site, its commands
	$(PYTHON) -m pytest -n 2 --dist loadfile --nbval --nbval-sanitize-with=tests/book/nbval.cfg \
		tests/book extensions tools book

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

coverage: $(BOTH) ## run the tests of the library with PyTorch and JAX; every line and branch must be met
	$(ARRAYS)/bin/python -m pytest -n 2 --dist loadfile --cov=fa_lib --cov-report=term \
		fa_lib tests/library tests/frameworks

# The packages of the library at either end of their ranges; those of the tests as new as may be.
RANGES := _build/ranges
ranges: $(READY) ## run the tests of the library on the oldest and the newest NumPy and SciPy
	for end in lowest-direct highest; do \
		$(PYTHON) -m uv venv --quiet --clear $(RANGES)/$$end && \
		$(PYTHON) -m uv pip install --quiet --python $(RANGES)/$$end --resolution $$end -e . && \
		$(PYTHON) -m uv pip install --quiet --python $(RANGES)/$$end \
			array-api-strict hypothesis mpmath playwright pytest sympy && \
		$(PYTHON) -m uv pip list --quiet --python $(RANGES)/$$end && \
		$(RANGES)/$$end/bin/python -m pytest -q -W default::DeprecationWarning fa_lib tests/library || exit 1; \
	done

MUTANTS := _build/mutants
mutants: $(READY) ## change the library in every small way and see whether a test notices; takes hours
	test -x $(MUTANTS)/bin/mutmut || ($(PYTHON) -m uv venv --quiet $(MUTANTS) && \
		$(PYTHON) -m uv pip install --quiet --python $(MUTANTS) mutmut==3.8.1 -r requirements.txt)
	$(MUTANTS)/bin/mutmut run $(ONLY)
	$(MUTANTS)/bin/mutmut results

check: $(READY) ## format, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	$(PYTHON) -m pytest -q tests/library/test_faults.py -k place
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff

proof: ## check the formal proofs from scratch with Coq
	python3 tools/proof.py

DRAWS ?= 50
SEED ?= 0
reproduce: $(READY) ## run the claims over DRAWS=50 parameter draws of all PAGES
	$(PYTHON) tools/reproduce.py --draws $(DRAWS) --seed $(SEED) \
		$(if $(PAGES),--pages $(PAGES)) $(if $(SCHEDULER),--scheduler $(SCHEDULER))

study: $(READY) ## run what is missing of the study NAME=..., hours for some
	$(PYTHON) tools/study.py $(NAME) $(if $(SCHEDULER),--scheduler $(SCHEDULER))

serve: book ## build, serve on this machine, rebuild on change
	$(PYTHON) -m http.server --bind 127.0.0.1 --directory _build/html 0 & trap "kill $$!" EXIT; \
	.venv/bin/watchfiles "$(MAKE) book" _config.yml _toc.yml CHANGELOG.md benchmarks book extensions fa_lib proofs

lab: $(READY) ## open the notebooks in JupyterLab
	.venv/bin/jupyter lab book

notebooks: $(READY) ## re-execute the notebooks in place, byte for byte the same
	$(PYTHON) tools/execute.py $(if $(PAGES),--pages $(PAGES))

# Markers keep the one file right on every system and Python. What is asked for with an extra and
# without is pinned in both forms: of the form that it does not find an old pip takes the newest
# version, for which there is no hash, and stops.
BOTH_FORMS := import pathlib, re; lock = pathlib.Path("requirements.txt"); lock.write_text(re.sub( \
	r"(?m)^([\w.-]+)\[.*?\](==.*\n(?:    --hash=.*\n)+)", r"\g<0>\1\2", lock.read_text()))
lock: $(READY) ## choose new versions for requirements.txt
	$(PYTHON) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --no-strip-extras \
		--generate-hashes --custom-compile-command "make lock" --output-file requirements.txt pyproject.toml
	$(PYTHON) -c '$(BOTH_FORMS)'

newest: lock ## take the newest packages that the ranges allow, and run every test on them
	$(MAKE) test book

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

PACKAGE := _build/package
package: $(READY) ## build the package; run its tests as packed, and the README's code on it alone
	rm -rf $(PACKAGE)
	$(PYTHON) -m uv build --quiet --no-build-isolation --python $(PYTHON) --out-dir $(PACKAGE) .
	mkdir $(PACKAGE)/source && tar -xzf $(PACKAGE)/*.tar.gz -C $(PACKAGE)/source --strip-components=1
	$(PYTHON) -m uv venv --quiet $(PACKAGE)/tests
	$(PYTHON) -m uv pip install --quiet --python $(PACKAGE)/tests -r requirements.txt $(PACKAGE)/*.whl
	cd $(PACKAGE)/source && ../tests/bin/python -m pytest -n 2 --dist loadfile --hypothesis-profile=find \
		--ignore=tests/library/test_faults.py fa_lib tests/library
	$(PYTHON) -m uv venv --quiet $(PACKAGE)/alone
	$(PYTHON) -m uv pip install --quiet --python $(PACKAGE)/alone $(PACKAGE)/*.whl
	$(PYTHON) -m uv pip freeze --python $(PACKAGE)/alone | sed 's/[ =].*//' | xargs | \
		grep -x 'array-api-compat fa-lib numpy scipy'
	sed -n '/^```python/,/^```/p' README.md | grep -v '^```' | $(PACKAGE)/alone/bin/python -I -

clean: ## remove what was built, the environment too
	rm -rf _build mutants .venv *.egg-info .coverage .pytest_cache .hypothesis .ruff_cache .mypy_cache
