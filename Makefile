.DEFAULT_GOAL := help
.PHONY: help up test setup unit lint bench conformance second-opinion down clean

STACK ?= dev
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.locked

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

up: setup ## deploy stacks/dev.yaml (or STACK=…) to the sandbox and print its outputs
	@$(RUN) -m sandbox up --stack $(STACK) --examples examples

test: setup ## run all tests
	@$(RUN) -m sandbox cli
	@$(RUN) -m pytest -n auto --dist loadfile

setup: $(STAMP) ## install the locked packages into .venv (the other targets do this too)

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is too old; Python 3.11 or newer is required (choose one with PYTHON=…)"; exit 1; }
	@echo "installing the locked packages into $(VENV): about 1 minute"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

unit: setup ## run the quick tests
	@$(RUN) -m pytest tests/unit tests/property

lint: setup ## run ruff, mypy and the import contracts
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

bench: setup ## compare time and memory with hand-written resources and a plain YAML parser
	@$(RUN) -m bench

conformance: setup ## ask Pulumi's own bridge what Check and Diff answer; review the diff
	@$(RUN) -m tests.conformance

second-opinion: setup ## ask ministack, another AWS emulator, what moto is asked; review the diff
	@$(RUN) -m sandbox.second_opinion
	@$(RUN) -m tests.second_opinion
	@$(RUN) -m sandbox cli
	@SANDBOX_API=ministack $(RUN) -m pytest -n auto --dist loadfile -p tests.second_opinion.engine \
		$$($(RUN) -m tests.second_opinion.engine)

down: ## stop the sandbox that `make up` started
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox down; else echo "the sandbox was never started here"; fi

clean: ## stop the sandbox and delete its data
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox clean; else echo "the sandbox was never started here"; fi
