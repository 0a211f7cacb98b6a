# make run    the hotline on this machine: sets up what is missing, then answers calls until Ctrl-C
#             ENGINE=asterisk: with the Asterisk that answers already, the one on PATH, or one in build/asterisk-root
# make test   everything that can be checked, with real telephones, a real browser, a real database
.DEFAULT_GOAL := help
.PHONY: help run test nightly check bench bench-gate screenshots clean setup setup-test

BIN := .venv/bin
ARGS ?=
ENGINE ?=

help:
	@echo "make run          set up what is missing, then run the hotline (Ctrl-C ends it)"
	@echo "  ENGINE=asterisk     ... on an Asterisk: calls survive a restart of the hotline"
	@echo "make test         install what the tests need, then check everything"
	@echo "make nightly      the same with all of the long series, of which by day a part is told"
	@echo "make check        only the quick checks: style, types, imports, flows"
	@echo "make bench        timings; make bench-gate fails when one is missed"
	@echo "make screenshots  pictures of the panel for docs/"
	@echo "make clean        remove what was built (not data/, not hotline.toml)"

# `exec`, so that Ctrl-C reaches the hotline itself and its exit code is the answer.
run: setup
	@$(ASTERISK) exec $(BIN)/hotline serve $(if $(ENGINE),--engine $(ENGINE)) $(ARGS)

# An Asterisk is started when none answers at [asterisk] url (docs/asterisk.md).
ASTERISK = $(if $(filter asterisk,$(ENGINE)),HOTLINE_ASTERISK_START=true \
	HOTLINE_ASTERISK_ROOT=$${HOTLINE_ASTERISK_ROOT:-build/asterisk-root})

setup:
	@scripts/setup.sh run $(ENGINE)

setup-test:
	@scripts/setup.sh test

check: setup-test
	@scripts/check.sh

# `make check` is part of it.
test: setup-test
	@scripts/test.sh $(ARGS)

nightly: setup-test
	@HOTLINE_NIGHTLY=1 scripts/test.sh $(ARGS)

bench bench-gate: setup-test
	$(BIN)/python bench/run.py $(if $(filter bench-gate,$@),--gate) $(ARGS)

screenshots: setup-test
	$(BIN)/python scripts/screenshots.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
