# Needs only Python >= 3.11, make and git.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench clean

demo: .venv/installed
	$(BIN)/sparring train r3gan --preset digits --max-minutes 2 --threads 1 --evaluate

test: .venv/installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile

# Style and types, as CI checks them.
check: .venv/installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# All timings, beside the peers where there are some: about two hours on a machine that does nothing else.
bench: .venv/installed
	$(BIN)/python benchmarks/bench.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt $(shell find src -type f -not -path '*/__pycache__/*')
	$(BIN)/pip install --quiet . -c constraints.txt
	touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt $(shell find src -type f -not -path '*/__pycache__/*')
	$(BIN)/pip install --quiet ".[test]" -c constraints.txt
	touch $@ .venv/installed

clean:
	rm -rf .venv build src/*.egg-info
