# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
DEMO := demo
HOST := Na3Zr2Si2PO12

.PHONY: demo test lint format types wheel clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	mkdir -p $(VENV)/typing && ln -sfn ../.. $(VENV)/typing/ionscout
	touch $@

# The Materials Project's server software pins other versions than ours: it gets a folder of its own, for one test.
$(VENV)/materials-project-server: tests/training/materials_project_server.txt | $(VENV)/installed-dev
	rm -rf $@
	$(BIN)/python -m pip install --quiet --no-deps --target $@ --requirement $<
	touch $@

demo: $(VENV)/installed
	$(BIN)/ionscout train
	$(BIN)/ionscout dopants $(HOST) --site Zr --dopants all --x 0.1,0.2,0.3 \
		--output $(DEMO)/candidates.csv --refused $(DEMO)/refused.csv
	$(BIN)/ionscout predict --input $(DEMO)/candidates.csv --output $(DEMO)/predictions.csv
	$(BIN)/ionscout rank --input $(DEMO)/predictions.csv --output $(DEMO)/ranking.csv --plot $(DEMO)/ranking.png \
		--report $(DEMO)/report.html --refused $(DEMO)/refused.csv

test: $(VENV)/installed-dev $(VENV)/materials-project-server
	$(BIN)/python -m pytest --numprocesses auto --quiet

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/pyright

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/installed-dev
	$(BIN)/python -m build

clean:
	rm -rf build dist $(DEMO) *.egg-info
