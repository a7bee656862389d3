# The two commands: `make run` (the panel with its demo) and `make test` (everything). The rest serves them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell command -v python$(version) 2>/dev/null)))
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

.PHONY: help install run web worker test check bench faults week conformance lock audit migrations-reset

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.venv/bin/python:
	@test -n "$(PY)" || { echo "Python 3.11, 3.12 or 3.13 is missing. As root: apt-get install python3.11 python3.11-venv"; exit 1; }
	@$(PY) -c 'import ensurepip' 2>/dev/null || .ci/packages $$(basename $(PY))-venv
	@$(PY) -m venv .venv

.venv/.run: requirements/run.lock | .venv/bin/python
	@echo "Installing the packages of requirements/run.lock ..."
	@$(PIP) -r requirements/run.lock
	@touch $@

.venv/.dev: requirements/dev.lock .venv/.run
	@echo "Installing the packages of requirements/dev.lock ..."
	@$(PIP) -r requirements/dev.lock
	@touch $@

lock: ## Remake requirements/*.lock from pyproject.toml (maintainers; needs uv)
	@command -v uv >/dev/null || { echo "uv is missing: pip install uv"; exit 1; }
	uv pip compile pyproject.toml $(LOCK) -o requirements/run.lock
	uv pip compile pyproject.toml --group dev -c requirements/run.lock $(LOCK) -o requirements/dev.lock
	@! grep -nE '://|index|find-links' requirements/*.lock
LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

install: .venv/.run ## The packages of requirements/run.lock alone, into .venv

run: .venv/.run ## The panel with its demo, on 127.0.0.1:8020; Ctrl-C stops it
	@test -f .env || .venv/bin/python manage.py first_start
	@exec .venv/bin/python manage.py serve

web: .venv/.run ## The web server alone
	@exec .venv/bin/python manage.py web

worker: .venv/.run ## The workers alone
	@exec .venv/bin/python manage.py worker

test: .venv/.dev ## Everything: checks, then the suite on SQLite and PostgreSQL, with a browser
	@.ci/browser
	@.venv/bin/python -m tests.run $(ARGS)

check: .venv/.dev ## The fast half of `make test`
	@.venv/bin/python -m tests.run --fast $(ARGS)

bench: .venv/.dev ## The figures, on SQLite and PostgreSQL
	@.venv/bin/python -m tests.bench $(ARGS)

faults: .venv/.dev ## Kills at random points through a real cluster, on both databases
	@.venv/bin/python -m tests.faults $(ARGS)

week: .venv/.dev ## A simulated week of stock against a plain model, and races, on both databases
	@.venv/bin/python -m tests.week $(ARGS)

conformance: .venv/.dev ## The published clients against the stand-in stores (needs Node)
	@{ command -v node && command -v npm; } >/dev/null || .ci/packages nodejs npm
	@tests/conformance/run

audit: .venv/.dev ## Known weaknesses of the locked packages (needs the network)
	@.venv/bin/python -m pip_audit --require-hashes --disable-pip -r requirements/dev.lock

migrations-reset: .venv/.dev ## Until the first release: one initial migration per app, made anew
	@rm -f {fcp,inventory,mappings,orders,integrations}/migrations/0*.py
	@.venv/bin/python manage.py makemigrations fcp inventory mappings orders integrations
