# Short names for the commands of CONTRIBUTING.md.
.DEFAULT_GOAL := help
.PHONY: help install lint pytest test test-runs test-docker test-docker-long acceptance mutate prove docs clean
BIN := .venv/bin
STAMP := .venv/installed-for-make

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: $(STAMP) ## make .venv from requirements.lock
$(STAMP): requirements.lock setup.cfg pyproject.toml
	./run-integration-tests.sh --install-only
	@touch $@

lint: $(STAMP) ## ruff, mypy (strict) and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hivecheck docs --check

# More jobs than cores, because half of the tests wait for real processes most of the time.
pytest: $(STAMP) ## unit, contract and architecture tests
	SSL_CERT_FILE=/dev/null $(BIN)/python -m pytest -m "not docker and not slow" -n 4 --dist worksteal --junitxml=reports/pytest.xml

test-runs: $(STAMP) ## whole runs of the harness, interrupted, killed, red and green; installations; the examples of the guides
	SSL_CERT_FILE=/dev/null $(BIN)/python -m pytest -m "slow and not docker" -n 4 --dist worksteal --junitxml=reports/pytest-runs.xml

test-docker: $(STAMP) ## the tests that need a Docker daemon: contract, capabilities, sandbox, compose
	$(BIN)/python -m pytest -m docker -n 2 --dist loadfile --timeout=600 --junitxml=reports/pytest-docker.xml \
	  tests/contract tests/docker/test_docker_capabilities.py tests/docker/test_docker_sandbox.py tests/docker/test_docker_compose.py tests/docker/test_netagent.py

test-docker-long: $(STAMP) ## minutes: images from nothing, a harness killed at 80 random moments, load from two engines
	$(BIN)/python -m pytest -m docker -n 2 --dist loadfile --timeout=600 --junitxml=reports/pytest-docker-long.xml \
	  tests/docker/test_docker_images.py tests/docker/test_docker_cleanup.py \
	  tests/docker/test_docker_chaos_cleanup.py tests/docker/test_load_containers.py

test: ## lint and pytest at the same time; must be green before a commit
	@$(MAKE) --no-print-directory install
	@$(MAKE) --no-print-directory -j2 lint pytest

acceptance: ## every @integration scenario on the reference stack
	./run-integration-tests.sh

mutate: $(STAMP) ## every scenario detects a mutant, every mutant is detected
	$(BIN)/hivecheck mutate

# The name of the last release; it goes with the next one.
prove: mutate

docs: $(STAMP) ## write the generated pages of docs/
	$(BIN)/hivecheck docs

clean: ## remove .venv and caches; reports/ stays, because it lists the kept stacks
	rm -rf .venv .run .hypothesis .mypy_cache .ruff_cache .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
