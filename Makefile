# The two commands: make demo, make test. The rest: make help.

# Python 3.11 to 3.13; the first that is found when empty.
PYTHON ?=
# Where torch comes from: auto is the build with CUDA where there is a GPU, else the small one; empty is pip's own index.
TORCH_INDEX ?= auto
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --profile workflow/profiles/default
SCALE ?= demo
MINUTES ?= 45
# Other results than those published (exit status 1) are told, and are no failure.
COMPARE = $(BIN)/reprosep compare results/$(SCALE) --if-published || [ $$? -eq 1 ]
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo smoke real preview papers plan record s3 test test-all test-devices test-slurm life gpu gpu-wheels lint format docs docs-picture clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo
	@echo "Another scale: make demo SCALE=smoke, or snakemake --configfile workflow/scales/paper.yaml (in .venv/bin)."

demo: .venv/ready ## Install what is missing and reproduce every table and figure: results/demo/report.html
	@$(BIN)/reprosep reproduce $(SCALE)
	@$(COMPARE)

smoke: ## The same, as small as can be: results/smoke/report.html
	@$(MAKE) --no-print-directory demo SCALE=smoke

real: .venv/ready ## The published scores of 31 methods on real songs (SiSEC 2018): results/real/report.html
	@$(MAKE) --no-print-directory demo SCALE=real

preview: ## Real music, no account: downloads MUSDB18-7 (147 MB), about fifty minutes: results/preview/report.html
	@$(MAKE) --no-print-directory demo SCALE=preview

papers: .venv/ready ## The same with every paper: M-U-Net, Slakh, Activity and our own questions too (an hour more, as estimated)
	@$(BIN)/reprosep reproduce $(SCALE) --configfile workflow/examples/all-papers.yaml
	@$(COMPARE)

plan: .venv/ready ## Print what would be run, and why
	@$(SNAKEMAKE) -n --configfile workflow/scales/$(SCALE).yaml

record: .venv/ready ## Record all results in dvc.lock, to be committed and pushed (dvc push)
	@$(BIN)/reprosep record $(SCALE)

s3: .venv/ready ## Install what a DVC remote on S3 needs
	@sh envs/install.sh s3 "$(TORCH_INDEX)" $(PYTHON)

test: .venv/ready-test ## Install what is missing and run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: .venv/ready-test ## The same with the slow tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m ""

test-devices: .venv/ready-test ## Run the tests of one training on several processes (two minutes)
	@timeout 900 $(BIN)/python -m pytest tests/distributed

test-slurm: .venv/ready-test ## Run the tests on a Slurm of their own (as root; installs slurm-wlm and munge): half an hour
	@tests/slurm/run.sh $(MINUTES) $(TESTS)

life: .venv/ready-test ## Go through a result's whole life with DVC and an SSH server (two hours at most)
	@$(BIN)/python tests/life/life.py --scale smoke --limit 2400
	@$(BIN)/python tests/life/parameters.py --limit 1800
	@$(BIN)/python tests/life/additions.py --limit 1200
	@$(BIN)/python tests/life/disturbances.py --limit 2400

# What a day on a GPU is kept in (wheels, packages, records and the page), and options of tests/gpu/day.py.
GPU ?= build/gpu
DAY ?=

gpu: ## Measure all that needs a GPU, in ten minutes: build/gpu/day/index.html (a try anywhere: DAY="--tiny --device cpu")
	@PYTHON="$(PYTHON)" sh tests/gpu/gpu.sh "$(GPU)" $(DAY)

gpu-wheels: ## Collect what that needs on a machine without a network: build/gpu/wheels (WITHOUT="numpy scipy", PYTHONS=3.12: less)
	@PYTHONPATH=src $(or $(PYTHON),python3) tests/gpu/wheels.py collect "$(GPU)/wheels" $(if $(WITHOUT),--without $(WITHOUT)) $(if $(PYTHONS),--python $(PYTHONS))

lint: .venv/ready-test ## Run the linters and the type checker
	$(BIN)/ruff check src tests docs
	$(BIN)/ruff format --check src tests docs
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: .venv/ready-test ## Format the code
	$(BIN)/ruff check --fix src tests docs
	$(BIN)/ruff format src tests docs
	$(BIN)/snakefmt Snakefile workflow

docs: .venv/ready-docs ## Build the documentation into site/: open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-picture: .venv/ready ## Draw the picture of the report that README and documentation show (needs Chromium)
	@sh docs/images/report.sh results/$(SCALE)/report.html

clean: ## Remove results and stand-in recordings (not the environment)
	rm -rf results resources/standin-* .snakemake

# A .venv that was moved, or whose Python is gone, is made anew.
ifneq ($(shell [ -x .venv/bin/python ] && sed -n 2p .venv/ready 2>/dev/null),$(realpath .venv))
.venv/ready: anew
endif
.PHONY: anew
anew:

.venv/ready: envs/requirements.lock envs/requirements-build.lock envs/requirements-cuda.lock pyproject.toml envs/install.sh envs/system.sh
	@sh envs/install.sh run "$(TORCH_INDEX)" $(PYTHON)

.venv/ready-test: .venv/ready envs/requirements-test.lock envs/requirements-tensorboard.lock envs/requirements-markdown.lock envs/requirements-test-no-deps.lock envs/requirements-crate.lock
	@sh envs/install.sh test "$(TORCH_INDEX)" $(PYTHON)

.venv/ready-docs: .venv/ready envs/requirements-docs.lock envs/requirements-markdown.lock
	@sh envs/install.sh docs "$(TORCH_INDEX)" $(PYTHON)
