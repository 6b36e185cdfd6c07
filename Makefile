# Gatebridge. A machine needs only Python 3.11 or newer and make: every target builds what it needs in .venv first.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
RUFF := $(BIN)/ruff
CODE := src tests $(wildcard bench) packages/gatebridge-guard/src examples
COMPILE := cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

# Each stamp is a file whose age says what is installed: the tools that install, what the server needs, what the tests need.
TOOLS := $(VENV)/.tools
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.PHONY: help run test test-rules test-rest test-tools test-imports lint format bench fuzz scale soak screenshots demo-reset standards texts requirements clean
.DELETE_ON_ERROR:

# Whatever is imported is compiled once, and not again in each of the many processes of the tests.
unexport PYTHONDONTWRITEBYTECODE

help:  ## Show what there is to run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME)  ## Start the server with a demo org (PORT and GATEBRIDGE_* are honoured)
	@exec $(BIN)/gatebridge run-demo

test: $(DEV)  ## Check everything, on both databases; rules/ must be covered completely
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target lint test-tools test-imports
	@$(MAKE) --no-print-directory --jobs 2 test-rules test-rest

# What it says stays in one piece, since the other tests run beside it.
test-rules: $(DEV)
	@said=$$($(BIN)/coverage run -m pytest --quiet tests/rules 2>&1) || { echo "$$said"; exit 1; }; echo "$$said" | tail -n 1
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=100

test-rest: $(DEV)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/rules

# The three workers read the same modules at the same time; here one process compiles them before.
test-imports: $(DEV)
	@$(BIN)/python -m pytest --collect-only --quiet --ignore tests/rules >/dev/null || echo "The tests cannot be collected." >&2

test-tools: $(DEV)
	@scripts/system-packages chromium-headless-shell 2>/dev/null || scripts/system-packages chromium || echo "Without it the tests of pages fail and say so." >&2
	@scripts/system-packages openssl nginx caddy || echo "Without them the tests that need them fail and say so." >&2
	@$(BIN)/python -m tests.clients.node || echo "Without the clients from npm the tests of them fail and say so." >&2
	@$(BIN)/python -m tests.clients.python_programs || echo "Without simple-salesforce and CumulusCI the tests of them fail and say so." >&2

lint: $(DEV)  ## Check style, types and the import contract
	$(RUFF) check $(CODE)
	$(RUFF) format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: $(DEV)  ## Put the code in its one format, and fix what can be fixed without thinking
	$(RUFF) format $(CODE)
	$(RUFF) check --fix $(CODE)

bench: $(DEV)  ## Measure rates and latencies on both databases; writes bench/report.md
	@scripts/system-packages wrk
	$(BIN)/python -m bench

fuzz: $(DEV)  ## Look for longer, and elsewhere each time, for a request that breaks something (FUZZ_TIMES, 20)
	FUZZ_TIMES=$${FUZZ_TIMES:-20} $(BIN)/python -m pytest --timeout 7200 tests/fuzz tests/journeys/test_redeem_races.py

scale: $(DEV)  ## Measure with large data; takes long, outside `make test`
	$(BIN)/python -m bench.scale

soak: $(DEV)  ## Run for hours and kill the server now and then; outside `make test`
	$(BIN)/python -m bench.soak

screenshots: $(DEV)  ## Take every page of a demo in three widths and both themes, into docs/screenshots/ (PAGES: a pattern for some of them)
	@scripts/system-packages chromium
	$(BIN)/python -m bench.screenshots "$(PAGES)"

demo-reset:  ## Forget the demo org and its keys; the next `make run` makes new ones
	@test ! -e var || test -e var/demo.json || { echo "var/ holds no demo; nothing is removed."; exit 1; }
	rm -rf var

standards: $(DEV)  ## Put the tests of today under the lines of docs/standards.md
	$(BIN)/python -m tests.contracts.standards

texts: $(DEV)  ## Collect what pages say for translators, in web/locale/gatebridge.pot
	$(BIN)/python -m tests.contracts.texts

requirements: $(TOOLS)  ## Pin the newest versions that requirements/*.in allow, with hashes
	$(COMPILE) --upgrade bootstrap.in -o bootstrap.txt
	$(COMPILE) --upgrade runtime.in -o runtime.txt
	$(COMPILE) --upgrade dev.in -o dev.txt
	$(COMPILE) --upgrade ../tests/clients/simple_salesforce/requirements.in -o ../tests/clients/simple_salesforce/requirements.txt
	$(COMPILE) --upgrade ../tests/clients/cumulusci/requirements.in -o ../tests/clients/cumulusci/requirements.txt

clean:  ## Remove what the other targets built; keeps var/
	rm -rf $(VENV) build dist src/*.egg-info .coverage .hypothesis .mypy_cache .ruff_cache .import_linter_cache

$(TOOLS): requirements/bootstrap.txt
	@scripts/build-venv tools

$(RUNTIME): $(TOOLS) requirements/runtime.txt pyproject.toml
	@scripts/build-venv runtime

$(DEV): $(TOOLS) requirements/runtime.txt requirements/dev.txt pyproject.toml
	@scripts/build-venv dev
