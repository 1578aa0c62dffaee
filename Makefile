# `make` lists what can be done here. Everything lies in .venv; nothing outside of this folder is installed.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check -qq -c constraints.txt $(PIP_ARGS)
SOURCES := tlray jobs tests benchmarks examples

.DEFAULT_GOAL := help
.PHONY: help setup run test check fix bench chaos coverage clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.has-tools ## make .venv, with tlray and the tools of its tests
	@echo 'tlray is ready: $(VENV)/bin/tlray --help'

run: $(VENV)/.has-tlray ## scrape the bundled demo site; or a list: make run URLS=my-urls.txt (ARGS="--rate …")
	@$(PY) examples/demo_run.py $(if $(URLS),--urls '$(URLS)') -- $(ARGS)

test: $(VENV)/.has-tools ## run all tests, unit tests first (PYTEST_ARGS="-k cue", TESTS=tests/unit: one folder, COVERAGE=1 or, sooner, COVERAGE=tlray.core, SLOW=1: more seeds and examples)
	@$(if $(TESTS),$(PY) $(if $(COVERAGE),-m coverage run -p) -m pytest $(TESTS),\
	  $(PY) tests/in_lanes.py $(if $(COVERAGE),--coverage $(COVERAGE:1=tlray)) $(if $(SLOW),--slow)) $(PYTEST_ARGS)

coverage: ## say what `make test COVERAGE=…` covered; fails under 85 % in all, or 100 % of tlray/core
	@$(PY) -m coverage combine -q
	@$(PY) -m coverage report --skip-covered --skip-empty --fail-under=85
	@$(PY) -m coverage report --include='tlray/core/*' --skip-empty --fail-under=100

check: $(VENV)/.has-tools ## ruff, its formatter, mypy --strict, deptry, and the rules of the house (layers, lengths, docstrings)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m deptry . --no-ansi
	$(if $(filter test,$(MAKECMDGOALS)),,@$(PY) -m pytest -q -p no:cacheprovider tests/unit/test_layers.py tests/unit/test_habits.py)

fix: $(VENV)/.has-tools ## mend and format what ruff can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/.has-peers ## measure, against peers: docs/performance.md (ARGS="…")
	@$(PY) -m benchmarks $(ARGS)

chaos: $(VENV)/.has-peers ## kill tlray and its peers again and again, and count: docs/reliability.md (ARGS="--items 600 --kills 8"; in virtual time: ARGS="simulated --seeds 0 20000")
	@$(PY) -m benchmarks.chaos $(ARGS)

clean: ## remove .venv and everything else that was made here; $TLRAY_HOME stays
	@rm -rf $(VENV) .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist out *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed, by stamps: instant when neither list of packages has changed.

$(VENV)/.has-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'tlray needs Python 3.11 or newer; say which with: make setup PYTHON=python3.12' >&2; exit 1; }
	@$(PY) -c '' 2>/dev/null || { echo "setup: $(VENV) with $$($(PYTHON) --version)"; \
		$(PYTHON) -m venv --clear $(VENV); } || { rm -rf $(VENV); \
		echo 'this Python cannot make environments; on Debian: apt-get install python3-venv' >&2; exit 1; }
	@touch $@

$(VENV)/.has-tlray: $(VENV)/.has-python pyproject.toml constraints.txt
	@echo 'setup: tlray and what it needs (Ray, pandas, …), once; some 60 packages, a minute or two'
	@$(PIP) -e .
	@touch $@

$(VENV)/.has-tools: $(VENV)/.has-python pyproject.toml constraints.txt
	@echo 'setup: tlray, what it needs, and the tools of its tests, once; some 90 packages, a minute or two'
	@$(PIP) -e '.[test,check]'
	@touch $(VENV)/.has-tlray $@

$(VENV)/.has-peers: $(VENV)/.has-tools
	@echo 'setup: what the benchmarks compare with, once'
	@$(PIP) -e '.[bench]'
	@touch $@
