# One entry for everything: `make run`, `make test`, `make check`, `make bench`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto --dist loadfile
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run install dev parts test check lint types layers spelling bench texts schema screenshots clean

help: ## say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: install ## start examcal on the embedded default and say what to open
	@$(BIN)/examcal run --schedule data/schedule.yaml

install: $(VENV)/.installed

dev: $(VENV)/.dev-installed

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "examcal needs Python 3.11 or newer; name one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing examcal into $(VENV) …"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev-installed: pyproject.toml constraints.txt | $(VENV)/bin/pip
	@echo "installing examcal and what its tests need into $(VENV) …"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $@ $(VENV)/.installed

parts: dev ## install the system parts that the tests use, where apt and npm can
	@sh tests/parts.sh

test: parts ## all tests; FULL=1 runs in full what is sampled by default
	@seed=$$($(PYTHON) -c 'import random; print(random.randrange(1, 2**32))'); echo "PYTHONHASHSEED=$$seed"; \
	PYTHONHASHSEED=$$seed $(BIN)/pytest $(PYTEST_ARGS)

check: dev lint types layers spelling test ## everything that CI asks

lint: dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: dev
	@$(BIN)/mypy

layers: dev
	@$(BIN)/lint-imports

spelling: dev
	@$(BIN)/codespell README.md CHANGELOG.md docs src tests benchmarks deploy Makefile

bench: dev ## the benchmarks, each side by side with its peer or floor; ONLY=name SCALE=0.1 OUT=FILE
	@sh tests/parts.sh
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]' || echo "without Radicale"
	@$(BIN)/python -m benchmarks

texts: dev ## compile the message catalogues after editing a .po file
	@for po in src/examcal/texts/catalogs/*/*.po; do $(BIN)/pybabel --quiet compile --input-file $$po --output-file $${po%.po}.mo; done

schema: install ## write the JSON Schema that editors use for data/schedule.yaml
	@$(BIN)/examcal schema > data/schedule.schema.json

screenshots: parts ## make the pictures of README and docs
	@$(BIN)/python tests/browser/screenshots.py

clean: ## remove what was built; the ledger and the outbox under var/ stay
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis tests/node_modules
