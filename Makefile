# `make help` lists the targets. Nothing here needs more than Python 3.11+, make and a C compiler.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   ?= requirements.lock
# One thread a process: torch processes that compete for cores slow each other down many times.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all check format bench ui docs docs-served lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */\1\t/' | expand -t 12

setup: $(VENV)/.installed  ## make .venv with the locked versions

$(VENV)/.installed: $(LOCK) requirements-data.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=23.2"
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $(LOCK)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-data.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	touch $@

demo: setup  ## a bakeoff on embedded signals: CNN, RNN and Transformer, verdict and report in two minutes
	$(BIN)/bakeoff compare experiment=demo output_dir=outputs/demo

test: setup  ## the test suite: offline, minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not gpu and not network"

test-all: setup  ## the test suite with the slow proofs: an hour or more
	$(BIN)/python -m pytest --timeout=7200 -m "not gpu and not network"

check: setup  ## lint, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup  ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup  ## speed, as ratios against a reference in the same run
	$(BIN)/python -m bench

ui: setup  ## the MLflow UI on the demo's runs, or on DIR=...
	$(BIN)/bakeoff ui $(or $(DIR),outputs/demo)

docs: setup  ## the documentation site, in site/: open site/index.html (searching it needs a server: make docs-served)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

docs-served: setup  ## the site on http://127.0.0.1:8001, made anew when a page changes
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve --dev-addr 127.0.0.1:8001

lock:  ## resolve the versions anew (needs pip-tools)
	pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra vision --extra proposals --extra text --extra audio --extra export --extra serve --extra explain --extra energy --extra sweep --extra ray --extra samples --extra docs --extra dev --output-file $(LOCK) pyproject.toml

clean:  ## remove what can be made again
	rm -rf $(VENV) outputs site .pytest_cache .mypy_cache .ruff_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
