# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := build/demo
# Tests run in two processes, each with its share of the cores; a file stays in one, which makes its models once.
# The heavy files stand in the middle of the order: what comes last is short, so that both end together.
WORKERS ?= 2

.PHONY: demo test install check format clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install
	@mkdir -p $(OUT)
	$(BIN)/danlu forge examples/service-desk --out $(OUT)/service-desk.danlu --minutes 4 --force
	$(BIN)/danlu predict $(OUT)/service-desk.danlu "包裹三天没动静了" "The app crashes when I open my cart"

test: check
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis
