# Everything sets itself up: a .venv beside this file, with the versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
.DEFAULT_GOAL := help

.PHONY: help demo test proofs check lint types contracts format translations wheel clean
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -c 'import digest.cli.main'
	@touch $@

demo: $(STAMP) ## the whole job on a bundled sample, with an embedded mail server
	@$(BIN)/digest demo

test: $(STAMP) ## all tests
	@.ci/system
	@$(BIN)/python -m pytest -q -n auto

proofs: $(STAMP) ## mails and pages before checkers of HTML, support, accessibility and spam, and hostile words (npm, Java, SpamAssassin)
	@.ci/system
	@.ci/mail/install
	@$(BIN)/python -m pytest -q -n auto tests/proofs

check: lint types contracts test ## what CI runs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

format: $(STAMP) ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(STAMP) ## bring new messages of code and templates into every catalogue
	@mkdir -p build
	$(BIN)/pybabel --quiet extract --mapping pyproject.toml --output build/digest.pot --no-wrap --sort-by-file --no-location --omit-header .
	@for file in digest/translations/*/LC_MESSAGES/digest.po; do \
	  [ -e "$$file" ] || continue; \
	  tag=$$(basename $$(dirname $$(dirname $$file))); \
	  $(BIN)/pybabel --quiet update --input-file build/digest.pot --output-file $$file --locale $$tag --domain digest --no-wrap --no-fuzzy-matching --ignore-obsolete; \
	  sed -i -E '/^"(POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report-Msgid-Bugs-To): /d' $$file; \
	done

wheel: $(STAMP) ## build dist/*.whl
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps -w dist .

clean: ## remove what was made here
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache demo-out
