# Every target that needs the virtual environment makes it first. Works with GNU make 3.81 (macOS).

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-lock
BENCH_STAMP := $(VENV)/.made-for-bench

# The same with SDK 2.x, on a Python that .ci/find-python-2x finds (PYTHON_2X names one).
VENV_2X := .venv-2x
BIN_2X := $(VENV_2X)/bin
STAMP_2X := $(VENV_2X)/.made-from-lock
TESTS_2X := tests/app tests/protocols/grpc2 tests/sidecar tests/worker tests/oracle tests/faults tests/e2e tests/examples \
  tests/dispatch/test_crash_points.py tests/bench/test_throughput.py

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
.PHONY: help setup setup-2x check format test test-2x torture demo demo-2x bench-scaling bench-throughput bench-latency bench-reliability build clean other-python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

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

setup-2x: $(STAMP_2X) ## make .venv-2x with SDK 2.x on Python 3.13 or newer (PYTHON_2X=python3.14 picks it)

$(STAMP_2X): requirements-dev-2x.lock pyproject.toml
	@PYTHON_2X='$(PYTHON_2X)' .ci/find-python-2x >/dev/null || { \
	  echo "make setup-2x: there is no Python of 3.13 or newer that can make virtual environments. Name one," \
	    "for example: make setup-2x PYTHON_2X=/path/to/python3.13" >&2; exit 1; }
	@python=`PYTHON_2X='$(PYTHON_2X)' .ci/find-python-2x`; \
	  echo "Making $(VENV_2X) with `$$python --version`"; $$python -m venv --clear $(VENV_2X)
	@echo "Installing the versions of requirements-dev-2x.lock into $(VENV_2X)"
	@$(BIN_2X)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev-2x.lock
	@$(BIN_2X)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP_2X)

check: $(STAMP) ## lint, formatting, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(STAMP) ## run every test, with SDK 1.x
	$(BIN)/python -m pytest

test-2x: $(STAMP_2X) ## run the tests that concern the app's SDK, with SDK 2.x
	$(BIN_2X)/python -m pytest $(TESTS_2X)

torture: $(STAMP) ## kill, stop, lock and fill for minutes, and see that nothing is lost (SECONDS=180 SEED=1)
	@$(BIN)/python -m tests.faults.torture --seconds $(or $(SECONDS),180) $(if $(SEED),--seed $(SEED))

demo: $(STAMP) ## start the host, run the app's orchestrations, show what happens, stop
	@$(BIN)/python -m bench.demo

demo-2x: $(STAMP_2X) ## the same with SDK 2.x
	@$(BIN_2X)/python -m bench.demo

bench-scaling: $(STAMP) ## measure the scaling table, 100 tasks of 1 s (about 3 minutes)
	@$(BIN)/python -m bench.scaling

bench-throughput: $(BENCH_STAMP) ## measure both SDK generations against durabletask (about 10 minutes)
	@$(SETUP_2X_IF_POSSIBLE)
	@$(BIN)/python -m bench.throughput

bench-latency: $(STAMP) ## measure latency, idle cost, and memory over 50,000 orchestrations
	@$(SETUP_2X_IF_POSSIBLE)
	@$(BIN)/python -m bench.latency

bench-reliability: $(STAMP) ## measure what load does to a host (about 8 minutes)
	@$(BIN)/python -m bench.reliability

# SDK 2.x is measured beside 1.x where a Python for it is found.
SETUP_2X_IF_POSSIBLE = if PYTHON_2X='$(PYTHON_2X)' .ci/find-python-2x >/dev/null; then $(MAKE) --no-print-directory setup-2x; fi

# The peer is for this measurement only, so it is not among the tools for development and nothing else can import it.
$(BENCH_STAMP): $(STAMP) bench/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(VENV)/peer -r bench/requirements.txt
	@touch $(BENCH_STAMP)

build: $(STAMP) ## build the wheel of funchost (without the app) into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove .venv and .venv-2x, caches, builds and the local task hub
	rm -rf $(VENV) $(VENV_2X) .funchost dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
