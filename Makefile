# Every target that needs the virtual environment makes it first. Works with GNU make 3.81 (macOS).

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-lock
BENCH_STAMP := $(VENV)/.made-for-bench

# Asked for by name (PYTHON=python3.13), the interpreter must be the one .venv has; otherwise .venv is made anew.
# Not asked for, whatever .venv has is kept.
ifdef PYTHON
IDENTITY := -c 'import sys; print(sys.version_info, sys.base_prefix)'
ifneq ($(shell { $(PYTHON) $(IDENTITY); } 2>/dev/null),$(shell { $(BIN)/python $(IDENTITY); } 2>/dev/null))
OTHER_PYTHON := other-python
endif
endif
PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help setup check format test demo bench-scaling bench-throughput bench-latency build clean other-python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## make .venv with the pinned tools and funchost itself (PYTHON=python3.13 picks the interpreter)

$(STAMP): requirements-dev.lock pyproject.toml $(OTHER_PYTHON)
	@$(PYTHON) -c 'import sys' || \
	  { echo "make setup: '$(PYTHON)' does not run. Name a Python of 3.11 or newer, for example: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make setup: '$(PYTHON)' is `$(PYTHON) --version 2>&1`. funchost needs 3.11 or newer, for example: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make setup: '$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@if [ -n "$(OTHER_PYTHON)" ] || [ ! -x $(BIN)/python ]; then \
	  echo "Making $(VENV) with `$(PYTHON) --version`"; $(PYTHON) -m venv --clear $(VENV); fi
	@echo "Installing the versions of requirements-dev.lock into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

check: $(STAMP) ## lint, formatting, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(STAMP) ## run every test
	$(BIN)/python -m pytest

demo: $(STAMP) ## start the host, run the app's orchestrations, show what happens, stop
	@$(BIN)/python -m bench.demo

bench-scaling: $(STAMP) ## measure the scaling table, 100 tasks of 1 s (about 3 minutes)
	@$(BIN)/python -m bench.scaling

bench-throughput: $(BENCH_STAMP) ## measure empty activities per second against durabletask (about 2 minutes)
	@$(BIN)/python -m bench.throughput

bench-latency: $(STAMP) ## measure latency, idle cost, and memory over 50,000 orchestrations
	@$(BIN)/python -m bench.latency

# The peer is for this measurement only, so it is not among the tools for development.
$(BENCH_STAMP): $(STAMP) bench/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $(BENCH_STAMP)

build: $(STAMP) ## build the wheel of funchost (without the app) into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove .venv, caches, builds and the local task hub
	rm -rf $(VENV) .funchost dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
