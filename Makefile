# `make demo` and `make test` need only Python 3.11 or later and a network to the Python package index.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CODE := otetui screens widgets backend tests benchmarks

.PHONY: help demo run test lint types contracts reference lock live bench clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## Open the console on simulated clusters (ARGS="--clusters 200 --nodes 50")
	@$(BIN)/otetui demo $(ARGS)

run: $(READY) ## Open the console
	@$(BIN)/otetui

test: $(READY) ## Run the tests (ARGS="-k name")
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: $(READY) ## Check style and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY) ## Check types
	@$(BIN)/mypy $(CODE)

contracts: $(READY) ## Check which package may import which
	@$(BIN)/lint-imports

live: $(READY) ## Run the live suite on real control planes, built on first use
	@KUBEBUILDER_ASSETS="$${KUBEBUILDER_ASSETS:-$$(tests/controlplane/build)}" \
		$(BIN)/python -m pytest tests/live -p no:xdist --timeout 300 $(ARGS)

bench: $(READY) ## Measure what the README claims
	@$(BIN)/python -m benchmarks $(ARGS)

reference: $(READY) ## Make the README's references and pictures anew
	@$(BIN)/python -m otetui.reference && $(BIN)/python docs/make_pictures.py

lock: $(READY) ## Pin the newest versions of all dependencies
	@$(BIN)/pip install --quiet uv && $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --group dev pyproject.toml -o requirements.lock

clean: ## Remove the virtual environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build

$(READY): requirements.lock pyproject.toml Makefile
	@test -n "$(PYTHON)" || { echo "otetui needs Python 3.11 or later: install it, then run make again." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || .ci/install-venv "$(PYTHON)"
	@echo "Setting up $(VENV) (once) ..." >&2
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
