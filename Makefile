# Everything a person or CI does here. `make help` lists it.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SEED ?= 2023
CLUSTERS ?= 370
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# pip brings uv, and uv all else in a fraction of pip's time; where uv does not get through (an
# index that only pip is told of), pip does. Compiled at once: a stack is many processes.
INSTALL = @echo 'Устанавливаю пакеты по $<'; { $(PIP) -r locks/uv.txt && $(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --require-hashes -r $<; } || $(PIP) -r $<
STACK := $(BIN)/python -m deploy.local

.PHONY: help install up down reset status logs backup restore demo test test-fast test-healing test-kafka test-keycloak chaos fuzz bench lint format typecheck arch migrations check openapi lock sbom advisories

help: ## What can be done here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Нужен Python 3.11 или новее: make PYTHON=/путь/к/python3.11 …'; exit 1; }
	$(PYTHON) -m venv .venv

.venv/embedded.stamp: locks/embedded.txt locks/uv.txt | .venv/pyvenv.cfg
	$(INSTALL)
	@touch $@

.venv/dev.stamp: locks/dev.txt locks/uv.txt | .venv/pyvenv.cfg
	$(INSTALL)
	@touch $@ .venv/embedded.stamp

# What the benchmarks compare us with, apart: none of it is ours.
.venv-bench/stamp: locks/bench.txt | .venv/pyvenv.cfg
	$(BIN)/python -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

install: .venv/dev.stamp ## The virtual environment with everything for development

up: .venv/embedded.stamp ## Start the whole stack on embedded parts
	@$(STACK) up

down: .venv/embedded.stamp ## Stop it; the data stays
	@$(STACK) down

reset: .venv/embedded.stamp ## Stop it and delete its data
	@$(STACK) reset

status: .venv/embedded.stamp ## Which processes run, and how they are
	@$(STACK) status

logs: .venv/embedded.stamp ## Last lines of every log; NAME=rating-api for one
	@$(STACK) logs $(NAME)

backup: .venv/embedded.stamp ## Save the databases and files into a folder: DIR=/path
	@$(STACK) backup $(or $(DIR),$(error DIR=/path/to/a/folder))

restore: .venv/embedded.stamp ## Put them back: DIR=/path; ONLY=rating for one service
	@$(STACK) restore $(or $(DIR),$(error DIR=/path/to/a/folder)) $(ONLY:%=--only %)

demo: .venv/embedded.stamp ## Start the stack and play the season; SEED=7 CLUSTERS=100 for another
	@$(BIN)/python -m deploy.season --seed $(SEED) --clusters $(CLUSTERS)

test: .venv/dev.stamp ## All tests; what cannot run here says why
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

test-kafka: .venv/dev.stamp ## Transport, journeys and faults over Apache Kafka itself; needs Maven and Java 17
	$(BIN)/python -m deploy.local.kafka --fetch
	BROKER=kafka $(BIN)/python -m pytest -m 'not chaos' tests/shared/test_transport.py tests/shared/test_kafka.py tests/e2e/test_a_journey.py \
		tests/e2e/test_d_stack.py tests/season/test_season.py tests/chaos/test_chaos.py

test-keycloak: .venv/dev.stamp ## People and machines with accounts in Keycloak itself; needs Maven and Java 17
	$(BIN)/python -m deploy.local.keycloak --fetch
	$(BIN)/python -m pytest -m keycloak tests/keycloak

test-fast: .venv/dev.stamp ## Without the journeys through real processes
	$(BIN)/python -m pytest -m 'not e2e and not browser and not chaos and not healing and not keycloak'

test-healing: .venv/dev.stamp ## A played season damaged and put back to older backups, five minutes
	$(BIN)/python -m pytest -m healing tests/season

chaos: .venv/dev.stamp ## Break the stack in every way under load, a quarter of an hour; CHAOS_SEED=7 repeats a run
	$(BIN)/python -m pytest -m chaos tests/chaos

fuzz: .venv/dev.stamp ## Made-up requests to every operation as every role, for a night; SERVICE=rating ROLE=cluster PROFILE=quick
	$(BIN)/python -m tests.fuzz --profile $(or $(PROFILE),nightly) $(SERVICE:%=--service %) $(ROLE:%=--role %) $(WORKERS:%=--workers %) $(if $(ANEW),--anew)

lint: .venv/dev.stamp ## Format and lint, checked
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: .venv/dev.stamp ## Format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: .venv/dev.stamp ## mypy --strict
	$(BIN)/mypy services shared deploy tests

arch: .venv/dev.stamp ## Import contracts
	$(BIN)/lint-imports

migrations: .venv/dev.stamp ## Up, no drift, down, up again: every service
	$(BIN)/python -m pytest tests/shared/test_migrations.py

openapi: .venv/dev.stamp ## Write docs/openapi/*.json and docs/asyncapi.json from the code
	$(BIN)/python -m deploy.documents docs

bench: .venv/dev.stamp .venv-bench/stamp ## Measure beside the references, write docs/benchmarks.md; ROWS="board", QUICK=1
	$(BIN)/python -m tests.bench $(ROWS) $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS))

sbom: .venv/dev.stamp ## Write sbom.json (CycloneDX) from the lock of what is deployed
	@$(BIN)/cyclonedx-py requirements locks/runtime.txt --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.json

advisories: .venv/dev.stamp ## Known vulnerabilities of what is locked; says so where none can be asked
	@$(BIN)/python -m deploy.advisories

check: lint typecheck arch test ## Before a merge; CI does advisories and Apache Kafka besides

lock: .venv/dev.stamp ## Renew locks/*.txt from pyproject.toml
	@for set in "runtime" "embedded --extra embedded" "dev --extra embedded --group dev"; do \
		set -- $$set; name=$$1; shift; \
		$(BIN)/python -m uv pip compile pyproject.toml "$$@" --universal --python-version 3.11 \
			--generate-hashes --quiet --upgrade --custom-compile-command "make lock" -o locks/$$name.txt || exit 1; \
	done
	@echo uv | $(BIN)/python -m uv pip compile - --constraint locks/dev.txt --universal --python-version 3.11 \
		--generate-hashes --quiet --custom-compile-command "make lock" -o locks/uv.txt
	@$(BIN)/python -m uv pip compile tests/bench/peers.in --universal --python-version 3.11 \
		--generate-hashes --quiet --upgrade --custom-compile-command "make lock" -o locks/bench.txt
