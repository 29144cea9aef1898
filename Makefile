.DEFAULT_GOAL := help
.PHONY: help up test setup unit lint bench down clean

STACK ?= dev
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.locked

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-7s %s\n", $$1, $$2}'

up: setup ## everything from nothing: deploy stacks/dev.yaml (STACK=…) to the sandbox, print outputs
	@$(RUN) -m sandbox up --stack $(STACK) --examples examples

test: setup ## everything from nothing, then all tests
	@$(RUN) -m sandbox cli
	@$(RUN) -m pytest -n auto --dist loadfile

setup: $(STAMP) ## only the environment: .venv with all that the other targets need

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is too old; Python 3.11 or newer is needed (PYTHON=… chooses one)"; exit 1; }
	@echo "installing the locked packages into $(VENV): about 1 minute"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

unit: setup ## the quick tests
	@$(RUN) -m pytest tests/unit tests/property

lint: setup ## ruff, mypy and the import contracts
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

bench: setup ## ratios against hand-written resources and a bare YAML parser
	@$(RUN) -m bench

down: ## stop the sandbox that `make up` started
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox down; else echo "nothing was ever started here"; fi

clean: ## stop the sandbox and forget all its data
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox clean; else echo "nothing was ever started here"; fi
