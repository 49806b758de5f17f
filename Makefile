# Two commands do everything: `make demo` and `make test`. See README.md.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
SERVICES := $(VENV)/.services
PYTEST := $(BIN)/python -m pytest --durations=15

.PHONY: help demo test lint test-services test-long bench bench-long lock vendor serve wheel clean

help:
	@echo "make demo           install, run the example stories on an embedded store"
	@echo "make test           lint, types and tests that need Python only"
	@echo "make test-services  install what they need and run the tests beyond Python; pictures of the pages in screenshots/"
	@echo "make test-long      the same tests at full size"
	@echo "make bench          measure, each figure beside its yardstick"
	@echo "make bench-long     readings up to a hundred million with a plot, typical queries at up to ten million quads"
	@echo "make lock           pin all packages anew, with hashes, bill of materials and licences"
	@echo "make serve          serve on http://127.0.0.1:8000 with the store in ./store"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "FlexKG needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/python -m examples

# three at once on two processors: many tests wait for servers and for the clock; tests of a file stay together
test: $(READY) lint
	$(PYTEST) -n 3 --dist worksteal

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(SERVICES): $(READY) tests/services/install.sh tests/services/package.json
	tests/services/install.sh $(VENV)/node
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,services]'
	@touch $(SERVICES)

test-services: $(SERVICES)
	FLEXKG_TIER=services $(PYTEST) -m services tests/services

test-long: $(READY)
	FLEXKG_TIER=long $(PYTEST) -o faulthandler_timeout=7200 -m long

bench: $(READY)
	$(BIN)/python -m bench

bench-long: $(READY)
	$(BIN)/python -m bench --long --only readings --only fleet
	$(BIN)/python -m bench --only typical --quads 100000 --quads 1000000 --quads 10000000

vendor: $(READY)
	$(BIN)/python vendor.py

lock: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/python lock.py

serve: $(READY)
	$(BIN)/flexkg serve --store store

wheel: $(READY)
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) .demo dist build .pytest_cache .mypy_cache .ruff_cache
