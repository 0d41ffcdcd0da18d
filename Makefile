# Parcours: `make help` lists what can be done from here.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: secrets help setup setup-dev demo serve test check format bench bench-desk bench-flags bench-nation bench-plan bench-public bench-recording lock clean words

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/.run ## the environment that runs Parcours (only Python 3.11 or later is needed)
setup-dev: $(VENV)/.dev

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Parcours needs Python 3.11 or later; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

demo: setup ## a department's month from nothing, then the pages on http://127.0.0.1:8000
	$(BIN)/parcours demo $(ARGS)

serve: setup ## the three services in one process, on what is under var/
	$(BIN)/parcours serve $(ARGS)

test: setup-dev ## the whole suite, real PostgreSQL and RabbitMQ included
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: setup-dev ## ruff, mypy, import-linter, unit and contract tests: under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 tests/unit tests/contracts

format: setup-dev ## let ruff write the code in the house's shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

secrets: setup ## write .env with fresh secrets for docker compose, if there is none yet
	@test -e .env || (umask 077; PATH="$(CURDIR)/$(BIN):$$PATH" deploy/secrets.sh $(BIN)/python > .env)

words: setup-dev ## collect what the pages say into the English catalog, where new strings then wait for their English
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg --sort-by-file --add-location=file --omit-header -o build/messages.pot .
	$(BIN)/pybabel -q update -l en -i build/messages.pot -d shared/web/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=120

bench: setup-dev ## measurements of the wire and of notices, side by side; JSON under bench/results/
	$(BIN)/python bench/run.py
	$(BIN)/python bench/notices.py $(ARGS)

bench-desk: setup-dev ## the interview desk against a nation's published plan, on PostgreSQL
	$(BIN)/python bench/desk.py

bench-recording: setup-dev ## rolls of twenty signed and sealed under load on PostgreSQL, beside a bare insert
	$(BIN)/python bench/recording.py $(ARGS)

bench-flags: setup-dev ## flags and the aggregate outlook against a generated year: on synthetic data only
	$(BIN)/python bench/flags.py $(ARGS)

bench-plan: setup-dev ## the planning engine beside its peers, one judge; FULL=1 for all sizes and seeds, LIMIT=15 seconds each
	$(BIN)/python bench/plan.py $(ARGS)

bench-nation: setup-dev ## the nation's month, 101 departments, two at a time, within five minutes
	$(BIN)/python bench/nation.py $(ARGS)

bench-public: setup-dev ## the opening-and-seating kernel on public facility-location files: INSTANCES=DIR
	$(BIN)/python bench/public.py $(INSTANCES) $(ARGS)

lock: ## resolve the requirements again, with hashes and without registry hosts
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements/run.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml --group dev -o requirements/dev.txt

clean: ## remove what make made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
