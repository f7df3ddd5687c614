# Vestige: `make help` lists the verbs. A fresh machine needs Python 3.11 or later and make.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
CAPTURES := $(foreach item,$(CAPTURE),--capture $(item))

.PHONY: help run test lint bench docs lock clean
help:   ## list the verbs
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: .venv/run.done  ## install, simulate one capture a technique, process them, open the workbench (CAPTURE="focus=FOLDER …" takes in yours)
	$(BIN)/vestige demo demo $(CAPTURES) $(RUN)

test: .venv/test.done lint  ## run every check and test; lists what this machine could not run
	$(BIN)/python -m pytest -n $(or $(JOBS),2) --dist loadfile -rs $(TESTS)

lint: .venv/test.done  ## style, types, layers, licences, vendored files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/licences.py
	$(BIN)/python tools/vendor.py --check

bench: .venv/bench.done  ## measure speed, memory and quality beside peers, technique by technique (BENCH=focus for one)
	for file in $(or $(BENCH:%=benchmarks/%.py),$(wildcard benchmarks/[a-z]*.py)); do $(BIN)/python $$file || exit 1; done

docs: .venv/run.done  ## write the reference pages from the operations
	$(BIN)/vestige reference docs/reference

lock: .venv/run.done  ## resolve the newest dependencies into requirements/*.lock
	$(BIN)/python tools/lock.py

clean:  ## remove the environment, the demonstration and caches
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/results

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Vestige needs Python 3.11, 3.12 or 3.13: install one, or name it with PYTHON=…"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/%.done: requirements/%.lock pyproject.toml | .venv/bin/python
	$(PIP) -r $<
	$(PIP) --no-deps -e .
	@touch $@
