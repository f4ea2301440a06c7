# Everything starts here; `make help` lists it. Needs Python 3.11 or later, Rust 1.88 or later, git and make; the rest is installed into this
# folder.

PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
UV := .tools/bin/uv
BIN := .venv/bin
MEMBERS := libs/common $(patsubst %/pyproject.toml,%,$(wildcard services/*/pyproject.toml)) autoflows
INSTALLED := .venv/installed
ENGINE := .venv/engine
TESTS ?=
WORKERS ?= auto
DATA ?= data
PORT ?= 8080
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help setup run test check format lock bench kafka clean
.DEFAULT_GOAL := help

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

setup: $(INSTALLED) $(ENGINE) ## Install everything into this folder (.tools, .venv)

$(UV):
	@test -n "$(PYTHON)" || { echo "Autoflows needs Python 3.11 or later; there is none on the PATH."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install -y python3-venv"; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install -q --disable-pip-version-check 'uv>=0.9,<1'

$(INSTALLED): requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS)) | $(UV)
	@test -x $(BIN)/python || $(UV) venv -q --python .tools/bin/python .venv
	$(UV) pip sync -q --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps --compile-bytecode $(addprefix -e ,$(MEMBERS))
	@touch $@

$(ENGINE): $(wildcard libs/reader/src/*.rs) libs/reader/Cargo.toml libs/reader/pyproject.toml $(INSTALLED)
	@command -v cargo >/dev/null || { \
		echo "The reader is compiled with Rust, and there is no cargo on the PATH. Install Rust with rustup (rustup.rs), then try again."; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" $(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation \
		--reinstall-package autoflows-reading-engine ./libs/reader
	@touch $@

run: setup ## Run everything here, with a demo dealer (DATA=folder PORT=8080)
	@$(BIN)/autoflows up --demo --data $(DATA) --port $(PORT)

test: setup ## Run all tests (TESTS="path -k word" for some, WORKERS=3 at once)
	@$(BIN)/python -c 'from common.testing.kafka.found import outlook; print("Kafka for the tests:", outlook())'
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

check: setup ## Run the checks: format, lint, types, imports, generated files, no addresses
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd libs/reader && cargo fmt --check
	$(BIN)/autoflows events --check docs/events
	@.ci/no-addresses

format: setup ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(UV) ## Write requirements.lock anew (keeps the versions that still fit)
	$(UV) pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --group dev pyproject.toml \
		$(foreach member,$(MEMBERS) libs/reader,--no-emit-package $(shell sed -n 's/^name = "\(.*\)"/\1/p' $(member)/pyproject.toml)) \
		-o requirements.lock

bench: setup ## Run the benchmarks, each against a peer and the limit
	@for name in $$($(BIN)/autoflows bench); do $(BIN)/autoflows bench $$name --json || exit 1; done

kafka: setup ## Run a local Apache Kafka in the foreground
	@$(BIN)/python -m common.testing.kafka

clean: ## Delete what setup installed and what tools cached; data stays
	rm -rf .venv .tools libs/reader/target .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
