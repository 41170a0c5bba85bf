# The two commands: `make demo` and `make test`. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help
.PHONY: help install demo compile test-compiled pure test fuzz check format bench docs lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMP) ## make .venv with the pinned dependencies and this checkout

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## play the migration of Tripe's charges; SECONDS=40 ends by itself
	@$(BIN)/python -m demo $(if $(filter environment% command%,$(origin SECONDS)),--seconds $(SECONDS))

compile: $(STAMP) ## compile the data path and the shadow (needs a C compiler), as the image does; `make pure` takes it back
	@echo "compiling, one or two minutes ..."
	@STRANGLER_COMPILE=1 $(BIN)/python setup.py --quiet build_ext --inplace

# The compiled rooms, and what runs a data path within the test's own process.
COMPILED_TESTS = $(addprefix tests/,data_path transparency routing shadow comparison runtime) \
  $(shell grep -l tests.support.engine tests/flows/test_*.py)

test-compiled: $(STAMP) ## compile a copy of the checkout, and run the tests of the compiled rooms and the flows through them there
	@rm -rf build/copy && mkdir -p build/copy && git ls-files -z | xargs -0 cp --parents -t build/copy
	@cd build/copy && STRANGLER_COMPILE=1 $(abspath $(BIN))/python setup.py --quiet build_ext --inplace
	@cd build/copy && $(abspath $(BIN))/python -m pytest -q $(COMPILED_TESTS)

pure: ## remove what `make compile` made
	@find proxy -name '*.so' -delete; rm -rf build

# Flows and faults mostly wait for processes, all else computes in one: beside one another, both cores have something to do.
FLOWS := flows faults

test: $(STAMP) ## run every test
	@mkdir -p build; pids=; trap 'kill $$pids' INT TERM; \
	for each in $(FLOWS); do \
	  $(BIN)/python -m pytest -q -o cache_dir=.pytest_cache/$$each tests/$$each >build/$$each.txt 2>&1 & pids="$$pids $$!"; \
	done; \
	$(BIN)/python -m pytest -q $(addprefix --ignore=tests/,$(FLOWS)); code=$$?; \
	for pid in $$pids; do wait $$pid || code=1; done; \
	cat $(FLOWS:%=build/%.txt); exit $$code

fuzz: $(STAMP) ## 10,000 random conversations, straight and through the proxy: both ends must see the same bytes
	@FUZZ=10000 $(BIN)/python -m pytest -q tests/transparency/test_clients_cannot_tell.py

check: $(STAMP) ## ruff, mypy --strict, the architecture tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/architecture

format: $(STAMP) ## let ruff lay out the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## measure against nginx, HAProxy, Envoy and a plain aiohttp proxy; see bench/README.md
	@$(BIN)/python -m bench $(ARGS)

soak: $(STAMP) ## the fault and fuzz tests at their full sizes; takes minutes
	@$(BIN)/python -m bench.soak $(ARGS)

docs: $(STAMP) ## write the generated references: docs/routes.md, the JSON Schema, docs/commands.md
	@$(BIN)/python -m tests.config.golden
	@$(BIN)/python -m tests.docs.commands_page

lock: ## pin the newest versions that pyproject.toml allows into constraints.txt
	@rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	@(echo "# Written by \`make lock\`. Every version that the demo and the tests run with."; \
	  $(VENV)/lock/bin/python -m pip freeze --exclude strangler) > constraints.txt
	@rm -rf $(VENV)/lock

clean: pure ## remove what was made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .strangler .demo
