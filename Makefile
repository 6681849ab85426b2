# Everything a newcomer or a machine needs: make demo, make test. Python 3.11+, a C++ compiler and make are all that must be there.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check architecture sanitize format bench docs clean

setup: $(STAMP)

# Pinned versions, CPU PyTorch. Where pip has an index of its own configured (a mirror), torch comes from there; elsewhere from
# PyTorch's CPU index, because the ordinary one brings gigabytes of CUDA on Linux.
$(STAMP): pyproject.toml constraints.txt CMakeLists.txt $(wildcard cpp/*.?pp cpp/*/*.?pp)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gyeol needs Python 3.11 or newer; found $$($(PYTHON) --version). Set PYTHON=python3.12, say"; exit 2; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@if $(BIN)/pip config list | grep -E 'index-url|find-links|no-index' > /dev/null; then $(BIN)/pip install -q -c constraints.txt torch; \
	 else $(BIN)/pip install -q -c constraints.txt --index-url https://download.pytorch.org/whl/cpu torch || $(BIN)/pip install -q -c constraints.txt torch; fi
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m gyeol.kernels
	@touch $@

demo: setup
	$(BIN)/gyeol demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/contracts/house/file_length.py
	$(BIN)/python tests/contracts/house/folder_size.py
	$(BIN)/python tests/contracts/house/import_circles.py

# The tables of docs/architecture.md, drawn from the code anew.
architecture: setup
	$(BIN)/python -m tests.contracts.house.architecture

# The kernels' tests, watched for wrong memory, undefined behaviour and races: GCC on Linux, about ten minutes.
sanitize: setup
	$(BIN)/python tests/kernels/sanitize.py

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# On a machine that does nothing else: minutes each, and one JSON object each in build/bench/.
bench: setup
	@mkdir -p build/bench
	@for name in layers lengths step fit language translate vectors word2vec; do echo "$$name -> build/bench/$$name.json"; \
	 $(BIN)/gyeol bench $$name --json > build/bench/$$name.json || exit $$?; done

clean:
	rm -rf $(VENV) build dist demo-model
