# Everything sets itself up: on a fresh Debian or Ubuntu machine `make demo` or `make test` is enough.
# What needs root (packages) is asked of root or sudo, once; see setup/packages.sh.

BIN := .venv/bin
# pytest workers; two, because the suite starts daemons and sandboxes of its own
WORKERS ?= 2
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup test-setup demo test check faults bench

help:
	@echo "make setup   packages, .venv, pawl itself; quick once it was done"
	@echo "make demo    a small project, good and bad items, what became of each and why"
	@echo "make check   ruff, mypy, import contracts"
	@echo "make test    check, then the tests in their quick form"
	@echo "make faults  every test, the generated crash tests in their long form"
	@echo "make bench   the fifteen goals measured, with verdicts; QUICK=1 for a fast look, GOALS='G3 G10' for some"

setup:
	@sh setup/packages.sh
	@sh setup/venv.sh

# what only tests need: a machine that cannot have it still runs the others
test-setup: setup
	@sh setup/packages.sh tests

demo: setup
	@$(BIN)/pawl demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check test-setup
	@sh tests/run.sh -n $(WORKERS) -m "not faults" $(PYTEST_ARGS)

faults: check test-setup
	@sh tests/run.sh -n $(WORKERS) $(PYTEST_ARGS)

# GOALS="G3 G10" measures those alone, QUICK=1 takes a fast look, JSON=file writes the result there too
bench: setup
	@$(BIN)/python benchmarks/run.py $(GOALS) $(if $(QUICK),--quick) $(if $(JSON),--json "$(JSON)") \
		$(if $(DISK),--disk "$(DISK)")
