# One gate: `make check`. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# The tests start many processes: none should compile again what another has.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTHON := $(BIN)/python
PIP := $(PYTHON) -m pip install --quiet --quiet --disable-pip-version-check --no-deps
# Every file by its hash; then the checkout alone, built by what was just installed.
INSTALL := $(PIP) --require-hashes --requirement
CHECKOUT := $(PIP) --no-build-isolation --editable .

# Set-up leaves a stamp, so that it happens once and again only when its inputs change.
VENV := $(BIN)/python
RUNTIME := .venv/.installed-runtime
DEV := .venv/.installed-dev
CLIENTS := tests/clients/node_modules/.installed
APP := src/quad/app/manifest.json
APP_TOOLS := ui/node_modules/.installed
CLIENTS_WANTED := $(if $(wildcard tests/clients/package.json),$(CLIENTS))

# Node.js may come from PyPI (tools/node.sh).
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

# Where the tests make databases of their own, and the brokers; the accounts are those of
# tools/services.sh.
TEST_SERVICES = \
	QUAD_TEST_POSTGRESQL=$${QUAD_TEST_POSTGRESQL:-postgresql://quad_test:quad_test@127.0.0.1/postgres} \
	QUAD_TEST_MARIADB=$${QUAD_TEST_MARIADB:-mysql://quad_test:quad_test@127.0.0.1/mysql} \
	QUAD_TEST_NATS=$${QUAD_TEST_NATS:-nats://127.0.0.1:4222} \
	QUAD_TEST_RABBITMQ=$${QUAD_TEST_RABBITMQ:-amqp://guest:guest@127.0.0.1:5672/}

# What the server hears and says, in TypeScript.
TYPES := ui/src/wire/generated.ts

# What has to be covered, branch by branch, beyond the floor in pyproject.toml.
COVERED := wire bus cluster realtime store identity classroom alert chat nearby admin web

# Once, and not by each process of the tests.
COMPILED := test -d tests/__pycache__ || $(BIN)/pytest --collect-only --quiet > /dev/null

# What runs against several nodes, too; and what of it shows in a minute or two that they are one.
NODES := tests/protocol tests/clients tests/classroom tests/alert tests/chat tests/nearby tests/e2e
NODES_SHORT := tests/clients tests/alert/test_neighbours.py tests/e2e/test_class.py

# What `make lint` runs side by side, the longest first.
LINTS := lint-app lint-app-types lint-types lint-docs lint-rules lint-imports

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: serve
serve: $(RUNTIME) $(APP) ## install what is needed and run the server (ARGS="--port 9000" passes flags)
	@exec $(BIN)/quad serve $(ARGS)

.PHONY: test
test: $(DEV) $(APP) services $(CLIENTS_WANTED) ## run every test, on every database
	@cd ui && $(WITH_NODE) npm run --silent test
	@$(COMPILED)
	@$(WITH_NODE) $(TEST_SERVICES) $(BIN)/pytest -n auto --dist worksteal $(ARGS)

# Apart from the gate: that each line is watched makes the tests half as long again.
.PHONY: coverage
coverage: $(DEV) $(APP) services $(CLIENTS_WANTED) ## run every test of the server and check that it covers enough
	@rm -f .coverage .coverage.*
	@$(COMPILED)
	@$(WITH_NODE) $(TEST_SERVICES) $(BIN)/coverage run -m pytest -n auto --dist worksteal $(ARGS)
	@$(BIN)/coverage combine --quiet
	@echo "coverage, by branch:"
	@$(BIN)/coverage report
	@for part in $(COVERED); do \
		if [ -d src/quad/$$part ]; then \
			$(BIN)/coverage report --include "src/quad/$$part/*" --fail-under=95 > .coverage-report \
				|| { cat .coverage-report; echo "src/quad/$$part is covered less than 95 %"; exit 1; }; \
		fi; \
	done; rm -f .coverage-report

.PHONY: nodes
nodes: $(DEV) $(APP) services $(CLIENTS_WANTED) ## run what can be against three nodes behind a balancer (NODES="...": some of it)
	@$(WITH_NODE) $(TEST_SERVICES) QUAD_TEST_NODES=$${QUAD_TEST_NODES:-3} \
		$(BIN)/pytest -n auto --dist worksteal $(NODES) $(ARGS)

.PHONY: soak
soak: $(DEV) $(APP) services $(CLIENTS_WANTED) ## run what takes too long for the gate: soak tests, properties with many examples, coverage
	@$(WITH_NODE) $(TEST_SERVICES) QUAD_TEST_THOROUGH=1 $(BIN)/pytest -n auto --dist worksteal -m "soak or not soak" --timeout 1800 $(ARGS)
	@$(MAKE) nodes
	@$(MAKE) coverage

.PHONY: lint
lint: $(DEV) $(APP_TOOLS) ## formatting, rules, types, import contracts, docs
	@$(MAKE) --jobs $$(getconf _NPROCESSORS_ONLN) --output-sync=target --keep-going $(LINTS)

.PHONY: $(LINTS)
lint-types:
	$(BIN)/mypy

# What was found in a file counts until it changes, except where rules look at types of others.
lint-app:
	cd ui && $(WITH_NODE) npm run --silent lint

lint-app-types:
	cd ui && $(WITH_NODE) npm run --silent check

lint-imports:
	$(BIN)/lint-imports

lint-rules:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lint-docs:
	@$(BIN)/quad settings --markdown | diff --unified docs/reference/settings.md - \
		|| { echo "docs/reference/settings.md is not what the code says: make fix"; exit 1; }
	@$(PYTHON) -m tools.types | diff --unified $(TYPES) - \
		|| { echo "$(TYPES) is not what the code says: make types"; exit 1; }
	$(PYTHON) -m tools.links

.PHONY: check
check: ## lint, then test: all that has to hold
	@$(MAKE) lint
	@$(MAKE) test

.PHONY: fix
fix: $(DEV) $(APP_TOOLS) ## format, repair what can be repaired, write the settings reference anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd ui && $(WITH_NODE) npm run --silent format
	$(BIN)/quad settings --markdown > docs/reference/settings.md.new
	@mv docs/reference/settings.md.new docs/reference/settings.md
	@$(MAKE) types

.PHONY: types
types: $(DEV) ## write the payload types of the browser application anew, from the server's
	$(PYTHON) -m tools.types > $(TYPES).new
	@mv $(TYPES).new $(TYPES)

.PHONY: lock
lock: $(DEV) ## write the hashes of all that set-up installs anew, for the versions of constraints.txt
	$(PYTHON) -m tools.lock

.PHONY: ui
ui: $(APP) ## build the browser application

.PHONY: bench
bench: $(DEV) $(APP) ## measure every claim about speed
	@$(PYTHON) -m bench $(ARGS)

.PHONY: dist
dist: $(DEV) $(APP_TOOLS) ## build the wheel and the source distribution into dist/
	@rm -rf dist
	@$(WITH_NODE) $(PYTHON) -m build --no-isolation --outdir dist .

.PHONY: services
services: ## make sure that the databases, the brokers and Chromium of the tests are there
	@tools/services.sh

.PHONY: clean
clean: ## forget set-up, caches and builds (never data)
	rm -rf .venv dist build src/quad/app ui/node_modules tests/clients/node_modules .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache .coverage .coverage.*

$(VENV):
	@tools/venv.sh .venv

$(RUNTIME): pyproject.toml locks/runtime.txt | $(VENV)
	@echo "installing quad ..."
	@$(INSTALL) locks/runtime.txt
	@$(CHECKOUT)
	@touch $@

$(DEV): pyproject.toml locks/development.txt | $(VENV)
	@echo "installing quad and its development tools ..."
	@$(INSTALL) locks/development.txt
	@$(CHECKOUT)
	@touch $(RUNTIME) $@

$(CLIENTS): tests/clients/package.json $(wildcard tests/clients/package-lock.json) | services $(APP_TOOLS)
	@echo "installing the test clients of Node.js ..."
	@cd tests/clients && export $(WITH_NODE) && if [ -f package-lock.json ]; then npm ci --no-audit --no-fund --loglevel=error; \
		else npm install --no-audit --no-fund --loglevel=error; fi
	@touch $@

$(APP_TOOLS): ui/package.json ui/package-lock.json | $(VENV)
	@tools/node.sh $(PYTHON)
	@echo "installing the tools of the browser application ..."
	@cd ui && $(WITH_NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

APP_SOURCES := $(shell find ui/src ui/public src/quad/messages -type f) $(wildcard ui/*.ts ui/*.js ui/*.json)

$(APP): $(APP_SOURCES) $(APP_TOOLS)
	@echo "building the browser application ..."
	@cd ui && $(WITH_NODE) npm run --silent build -- --logLevel warn
