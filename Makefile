# make run    the hotline on this machine: sets up what is missing, then answers calls until Ctrl-C
# make test   everything that can be checked, with real telephones, a real browser, a real database
.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-gate screenshots clean setup setup-test

BIN := .venv/bin
ARGS ?=

help:
	@echo "make run          set up what is missing, then run the hotline (Ctrl-C ends it)"
	@echo "make test         install what the tests need, then check everything"
	@echo "make check        only the quick checks: style, types, imports, flows"
	@echo "make bench        timings; make bench-gate fails when one is missed"
	@echo "make screenshots  pictures of the panel for docs/"
	@echo "make clean        remove what was built (not data/, not hotline.toml)"

# `exec`, so that Ctrl-C reaches the hotline itself and its exit code is the answer.
run: setup
	@exec $(BIN)/hotline serve $(ARGS)

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hotline check

# First what only waits and computes, side by side; then real calls one after the other: sound must not be hurried.
# A machine that pauses for a moment is heard: a story of real calls may be told again (the report names it as "rerun").
REAL_CALLS := tests/e2e tests/contract tests/sip tests/cli/test_serve.py tests/cli/test_asterisk.py
test: check
	$(BIN)/python -m pytest -q -n 3 --dist loadfile $(ARGS) $(REAL_CALLS:%=--ignore=%)
	$(BIN)/python -m pytest -q --reruns 2 --reruns-delay 5 $(ARGS) $(REAL_CALLS)

bench bench-gate: setup-test
	$(BIN)/python bench/run.py $(if $(filter bench-gate,$@),--gate) $(ARGS)

screenshots: setup-test
	$(BIN)/python scripts/screenshots.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
