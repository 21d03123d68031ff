.DEFAULT_GOAL := help
.PHONY: help book pdf test check serve lab notebooks lock audit clean

PYTHON := .venv/bin/python
READY := .venv/ready
# Small matrices are faster with one thread, and sums are then added in one order.
export OMP_NUM_THREADS = 1

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1|/p' Makefile | column -t -s '|'

$(READY): requirements.txt pyproject.toml
	test -x $(PYTHON) || python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

book: $(READY) ## execute the notebooks that changed and build the book
	$(PYTHON) tools/execute.py _build/source
	.venv/bin/jupyter-book build _build/source --path-output . -W -n --keep-going
	$(PYTHON) tools/weigh.py
	@echo "The book: $(CURDIR)/_build/html/index.html"

pdf: $(READY) ## the book as one file to print; needs LaTeX, and says which packages
	$(PYTHON) tools/execute.py _build/source
	$(PYTHON) tools/pdf.py _build/source
	@echo "The PDF: $(CURDIR)/_build/fa_book.pdf"

test: $(READY) check ## run every check and every test
	$(PYTHON) -m pytest -n 2 --dist loadfile

check: $(READY) ## format, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

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

clean: ## remove what was built, the environment too
	rm -rf _build .venv *.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
