# Everything sets itself up: on a fresh Debian or Ubuntu machine `make demo` or `make test` is enough.
# What needs root (packages) is asked of root or sudo, once; see setup/packages.sh.

BIN := .venv/bin
# pytest workers; two, because the suite starts daemons and sandboxes of its own
WORKERS ?= 2
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check faults bench

help:
	@echo "make setup   packages, .venv, pawl itself; quick once it was done"
	@echo "make demo    a small project, good and bad items, what became of each and why"
	@echo "make check   ruff, mypy, import contracts"
	@echo "make test    check, then the tests in their quick form"
	@echo "make faults  every test, the generated crash tests in their long form"
	@echo "make bench   measurements against reference goals"

setup:
	@sh setup/packages.sh
	@sh setup/venv.sh

demo: setup
	@$(BIN)/pawl demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	@sh tests/run.sh -n $(WORKERS) -m "not faults" $(PYTEST_ARGS)

faults: check
	@sh tests/run.sh -n $(WORKERS) $(PYTEST_ARGS)

bench: setup
	@for file in benchmarks/[a-z]*.py; do \
		if [ ! -e "$$file" ]; then echo "bench: there is no benchmarks/*.py" >&2; exit 1; fi; \
		echo "== $$file"; $(BIN)/python "$$file" || exit 1; \
	done
