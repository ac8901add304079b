# Everything a person does to this tree. Each target works on a fresh clone with nothing but
# Python 3.11 or 3.12, a C compiler, make and git, as root or not; PYTHON=… names the interpreter.
SHELL := /bin/sh
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help install dev demo test test-all test-now test-long lint types translations bench lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## .venv with the `baton` command
	@sh deploy/install.sh run

dev: ## .venv with what checks, tests and benchmarks need, too
	@sh deploy/install.sh dev

demo: install ## everything in one terminal, with made-up leads; Ctrl-C ends it
	@exec $(BIN)/baton up --demo

test: dev ## the test suite (a few minutes)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-all: dev ## the same and the long walks through the browser (some minutes more)
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not long" $(ARGS)

test-now: dev ## tests that depend on the day, by other days (an hour or so)
	@for day in 2026-12-06 2026-12-31 2028-02-29; do \
	  BATON_TEST_NOW=$${day}T02:00Z $(BIN)/python -m pytest -n auto --dist worksteal $$($(BIN)/python -m tests.days) $(ARGS) || exit 1; \
	done
	@TZ=America/New_York BATON_TEST_NOW=2027-03-14T02:00Z \
	  $(BIN)/python -m pytest -n auto --dist worksteal $$($(BIN)/python -m tests.days) $(ARGS)

test-long: dev ## figures, long fuzzing and soaks (an hour or so)
	@$(BIN)/python -m pytest -m long $(ARGS)

lint: dev ## style, formatting and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo

types: dev ## mypy --strict over everything
	@$(BIN)/mypy

translations: dev ## bring the Chinese catalogs up to the admin's texts, and compile them
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F pyproject.toml -k _l -k lazy_gettext -k says --no-location --project=Baton --copyright-holder=Baton -o build/messages.pot .
	@for locale in zh_Hans_CN zh_Hant_TW; do \
	  test -f admin/translations/$$locale/LC_MESSAGES/messages.po && action="update --no-fuzzy-matching --ignore-obsolete" || action=init; \
	  $(BIN)/pybabel -q $$action -i build/messages.pot -d admin/translations -l $$locale; \
	done
	@$(BIN)/pybabel -q compile -d admin/translations --statistics

bench: dev ## matching and the whole path against others, as ratios from one run
	@$(BIN)/python -m benchmarks

lock: dev ## resolve the dependencies again and write requirements/
	@$(LOCK) --group installer -o requirements/installer.txt
	@$(LOCK) --extra dev --extra bench pyproject.toml -o requirements/dev.txt
	@$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt

clean: ## remove what was made here, but not the data in var/
	@rm -rf .venv build dist *.egg-info .coverage .coverage.* htmlcov .hypothesis
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
