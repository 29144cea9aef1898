.DEFAULT_GOAL := help
.PHONY: help up env test setup unit lint bench docs conformance second-opinion oracle event-ruler editor long fuzz soak kills faults verify-aws dist down clean

STACK ?= dev
REQUESTS ?= 100000
MAPS ?= 100000
SEED ?= 1
MINUTES ?= 30
COUNT ?= 200
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
TOOLS := build/release/tools/bin/python
STAMP := $(VENV)/.locked

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

up: setup ## deploy stacks/dev.yaml (or STACK=…) and what it builds on to the sandbox
	@$(RUN) -m sandbox up --stack $(STACK) --examples examples

env: setup ## print `export` lines, after which pulumi, secretsmap and aws use the sandbox
	@$(RUN) -m sandbox env --stack $(STACK)

test: setup ## run all tests
	@$(RUN) -m sandbox cli
	@$(RUN) -m pytest -n auto --dist loadfile

setup: $(STAMP) ## install the locked packages into .venv (the other targets do this too)

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is too old; Python 3.11 or newer is required (choose one with PYTHON=…)"; exit 1; }
	@echo "installing the locked packages into $(VENV): about 1 minute" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

long: setup ## run the further cases that `make test` leaves out
	@$(RUN) -m sandbox cli
	@$(RUN) -m pytest -n auto --dist loadfile -m long

unit: setup ## run the quick tests
	@$(RUN) -m pytest -n auto tests/unit tests/property

lint: setup ## run ruff, mypy and the import contracts
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

bench: setup ## compare time and memory with hand-written resources and a plain YAML parser
	@$(RUN) -m bench

docs: setup ## build the documentation as a site, build/site/index.html
	@$(RUN) -m tests.site

conformance: setup ## ask Pulumi's own bridge what Check and Diff answer; review the diff
	@$(RUN) -m tests.conformance

second-opinion: setup ## ask ministack, another AWS emulator, what moto is asked; review the diff
	@$(RUN) -m sandbox.second_opinion
	@$(RUN) -m tests.second_opinion
	@$(RUN) -m sandbox cli
	@SANDBOX_API=ministack $(RUN) -m pytest -n auto --dist loadfile -p tests.second_opinion.engine \
		$$($(RUN) -m tests.second_opinion.engine)

verify-aws: setup ## on a real AWS account, check what the sandbox cannot prove (PREFIX=…; asks first)
	@$(RUN) -m verify $(PREFIX) $(if $(YES),--yes) $(if $(REPLICA_REGION),--replica-region $(REPLICA_REGION))

oracle: setup ## compare the IAM evaluator with a simulator (REQUESTS=…, SEED=…); RECORD=1 records
	@$(RUN) -m tests.access.oracle --requests $(REQUESTS) --seed $(SEED) $(if $(RECORD),--record)

event-ruler: setup ## hold the alarms' event patterns against AWS's own matcher (needs Maven, JDK 17)
	@$(RUN) -m tests.event_ruler

editor: setup ## ask editors, Mermaid and Pyright about maps and programs (needs Node.js)
	@$(RUN) -m tests.editor

fuzz: setup ## plan damaged maps and policy templates (MAPS=100000, SEED=1)
	@$(RUN) -m tests.fuzz --count $(MAPS) --seed $(SEED)

soak: setup ## run random histories of edits, kills and outside writes (MINUTES=30, SEED=1)
	@$(RUN) -m tests.soak --minutes $(MINUTES) --seed $(SEED)

kills: setup ## end `pulumi up` with SIGKILL at random moments (COUNT=200, SEED=1)
	@$(RUN) -m tests.soak.kills --count $(COUNT) --seed $(SEED)

faults: setup ## run `pulumi up` while 30 and 50 % of all calls to AWS go wrong
	@$(RUN) -m tests.faults

dist: ## build sdist and wheel into dist/, check them, write the SBOM with licences
	@rm -rf build/release dist
	@$(PYTHON) -m venv build/release/tools
	@$(TOOLS) -m pip install --quiet --disable-pip-version-check --require-hashes -r release/requirements.lock
	@$(TOOLS) -m build --outdir dist > build/release/log || { cat build/release/log; exit 1; }
	@$(TOOLS) -m twine check --strict dist/*
	@$(PYTHON) -m venv --without-pip build/release/user
	@sed -n 's/ *\\$$//; /\[/d; /^[a-z0-9]/p' requirements-dev.lock > build/release/constraints.txt
	@$(TOOLS) -m pip --python build/release/user/bin/python install --quiet \
		--disable-pip-version-check --constraint build/release/constraints.txt dist/*.whl
	@$(TOOLS) -m pip --python build/release/user/bin/python install --quiet --no-deps \
		--disable-pip-version-check --require-hashes -r rotators/requirements.txt
	@build/release/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --gather-license-texts \
		--output-reproducible --output-file dist/sbom.cdx.json build/release/user/bin/python
	@echo "dist/ has sdist, wheel, and sbom.cdx.json with the licences of what they install and deploy"

down: ## stop the sandbox that `make up` started
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox down; else echo "the sandbox was never started here"; fi

clean: ## stop the sandbox and delete its data
	@if [ -x $(RUN) ]; then $(RUN) -m sandbox clean; else echo "the sandbox was never started here"; fi
