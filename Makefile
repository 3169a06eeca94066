# Two commands: `make demo` renders the demo, `make test` runs every check. Both set up what they need in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := deploy/locks
# A studio's own certificate authority stands in the system's store, where there is one.
CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),UV_SYSTEM_CERTS=1)
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) UV_NO_PROGRESS=1 $(CERTS) $(BIN)/uv
OUT ?= out/demo
SEED ?= 1
# A farm is many processes: each would compile torch and Ray anew where this forbids them to keep what they compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-full test check unit again laws chaos pods simulate bench pictures image locks clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: $(VENV)/.runtime ## render jobs/demo/shots.csv at 720p and say what to open
	@$(BIN)/farm render jobs/demo/shots.csv --out $(OUT)

demo-full: $(VENV)/.runtime ## the same at 1080p
	@$(BIN)/farm render jobs/demo/shots.csv --out $(OUT)-full --size 1920x1080

# The types take a minute of one processor: beside the tests, behind them in the queue, and told when these have ended.
test: $(VENV)/.all ## every check: format, lint, types, floors, tests
	@mkdir -p build; nice $(MAKE) --no-print-directory check >build/check.log 2>&1 & check=$$!; \
	$(MAKE) --no-print-directory unit; unit=$$?; \
	wait $$check; checked=$$?; cat build/check.log; exit $$((unit || checked))

check: $(VENV)/.all
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m dashboards --check

unit: $(VENV)/.all
	$(BIN)/pytest -n 3

again: check ## every check but for the tests, and of those what failed last, one at a time
	$(BIN)/pytest -n 0 --last-failed --last-failed-no-failures none

laws: $(VENV)/.all ## what holds for whatever is drawn, tried twelve times as often as by `make test`, and drawn anew
	LAWS=5 $(BIN)/pytest -n 2 -m hypothesis

chaos: $(VENV)/.all ## kill workers, nodes and drivers of a farm at work 200 times, and audit what is left; half an hour
	$(BIN)/python tests/chaos --seed $(SEED) --jobs 37 --kills 200
	$(BIN)/python tests/chaos --seed $(SEED) --jobs 8 --kills 40 --postgresql
	CHAOS_FROZEN_S=60 $(BIN)/pytest -n 0 tests/chaos/test_stopped.py

pods: $(VENV)/.all ## run what the Helm chart renders as pods of this machine: a list, and a worker told to go; needs root
	$(BIN)/pytest -n 0 -m pods -rs tests/helm

simulate: $(VENV)/.all ## every scenario of the simulator with 20 seeds
	$(BIN)/farm simulate all --seeds 20

bench: $(VENV)/.all ## measure the lines of the targets; prints a table, writes build/bench.json
	$(BIN)/python tests/benchmarks

pictures: $(VENV)/.all ## draw the dashboards for the docs: a night on a farm of paper, and a real render under a Prometheus
	$(BIN)/python -m dashboards.picture.night docs/images
	PYTHONPATH=tests/support $(BIN)/python tests/monitoring/draw_watched.py docs/images

image: ## build the container image with buildah, and run what it is for; TARGETS="cpu cuda" for both
	@deploy/docker/build $(or $(TARGETS),cpu)

locks: $(BIN)/uv ## resolve the lock files; UPGRADE=--upgrade takes the newest releases
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--extra diffusion --group build --group dev $(UPGRADE) --output-file $(LOCKS)/all.txt
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--group build --constraint $(LOCKS)/all.txt --output-file $(LOCKS)/runtime.txt
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--extra cluster --constraint $(LOCKS)/all.txt --output-file $(LOCKS)/cpu.txt
	$(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--extra cluster --extra diffusion --constraint $(LOCKS)/all.txt --output-file $(LOCKS)/cuda.txt
	echo hatchling | $(UV) pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--constraint $(LOCKS)/all.txt --output-file $(LOCKS)/wheel.txt
	echo uv | $(UV) pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--output-file $(LOCKS)/uv.txt

clean: ## remove what the targets made
	rm -rf $(VENV) out build

$(BIN)/uv: $(LOCKS)/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "farm needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/uv.txt
	@touch $@

$(VENV)/.runtime: $(BIN)/uv $(LOCKS)/runtime.txt pyproject.toml
	$(UV) pip install --quiet --require-hashes -r $(LOCKS)/runtime.txt
	$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.all: $(VENV)/.runtime $(LOCKS)/all.txt
	$(UV) pip install --quiet --require-hashes -r $(LOCKS)/all.txt
	@touch $@
