# `make demo` and `make test` need nothing beforehand but Python 3.11+ and a C compiler (cargo where present).

ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# The installation is keyed by whether cargo is here, so that adding Rust later builds the native modules.
HAS_CARGO := $(shell command -v cargo 2>/dev/null)
BUILDER := $(ENVIRONMENT)/.builder
SYNCED := $(ENVIRONMENT)/.synced
INSTALLED := $(ENVIRONMENT)/.installed-$(if $(HAS_CARGO),with,without)-cargo
RUST_SOURCES := $(shell find native -name target -prune -o -type f \( -name '*.rs' -o -name 'Cargo.*' \) -print)

NATIVE := --manifest-path native/Cargo.toml
PROTOS := $(wildcard protos/ringfence/v1/*.proto)
SERVICES := $(wildcard protos/ringfence/v1/*_service.proto)
PROTOC := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc --proto_path=protos
RELEASED := protos/released.binpb
REGENERATED := $(ENVIRONMENT)/.regenerated
COMPILE_LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url pyproject.toml
EXTRAS := chains console postgresql telemetry # of an image that can be each of the servers
INTEROP := tests/interop/node_modules/.package-lock.json
SOLIDITY := contracts/node_modules/.package-lock.json
FRONT := console/node_modules/.package-lock.json
ANALYSER := $(ENVIRONMENT)/analyser
ANALYSED := $(ANALYSER)/.installed
BENCHMARKS := $(patsubst benchmarks/%.py,%,$(wildcard benchmarks/[a-z]*.py))

# Where it is set, every program that a test starts compiles all of its modules again.
export PYTHONDONTWRITEBYTECODE :=

# Further words for the tools: `make test ARGS="-k liquidation"`, `make bench ARGS=--quick`.
ARGS ?=

CYAN := $(if $(NO_COLOR),,\033[36m)
YELLOW := $(if $(NO_COLOR),,\033[33m)
PLAIN := $(if $(NO_COLOR),,\033[0m)
say = @printf '$(CYAN)==>$(PLAIN) %s\n' '$(1)'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  $(CYAN)%-14s$(PLAIN) %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Set-up ------------------------------------------------------------------------------------

.PHONY: setup
setup: ## Create the environment from the lock file and build the native core
	@$(MAKE) --jobs=2 installation

# Two at a time: in the end the compiler is busy on one core for a minute, and what was downloaded is installed meanwhile.
.PHONY: installation
installation: $(SYNCED) $(INSTALLED)
	@:

$(BIN)/python:
	$(call say,creating $(ENVIRONMENT))
	@.ci/create-environment $(ENVIRONMENT)

# What builds is a part of what is locked for development: who finds it there leaves it alone.
$(BUILDER): requirements/build.lock | $(BIN)/python
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

$(SYNCED): requirements/dev.lock $(BUILDER)
	$(call say,installing the locked dependencies)
	@$(PIP) install --no-warn-conflicts --require-hashes --requirement $<
	@touch $@

# Old native modules go first: better none than one that no longer matches the sources.
$(INSTALLED): pyproject.toml $(BUILDER) $(RUST_SOURCES)
	$(call say,installing ringfence and building the native core)
	@rm -f */_native*.so $(ENVIRONMENT)/.installed-*
	@MAKEFLAGS= $(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import margin._native, snark._native' 2>/dev/null || printf '$(YELLOW)%s$(PLAIN)\n' \
		'The native core was not built; the reference backend does all the work, slower. `ringfence doctor` says what mends it.'
	@touch $@

.PHONY: native
native: $(SYNCED) ## Build the native core again, showing what the compiler says
	@rm -f */_native*.so $(ENVIRONMENT)/.installed-*
	@$(BIN)/python -m pip install --verbose --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import margin._native, snark._native'
	@touch $(INSTALLED)

# --- Work --------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## Set up and run the main job
	@$(BIN)/ringfence demo $(ARGS)

.PHONY: test
test: setup ## Set up and run the default tests
	$(call say,testing)
	@$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal $(ARGS)

.PHONY: test-slow
test-slow: setup ## Run the tests that take longer than a few seconds
	$(call say,testing what is slow)
	@$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal -m slow $(ARGS)

.PHONY: interop
interop: setup $(INTEROP) ## Compare with the tools of the circom ecosystem, of chains and of another language (needs node and npm)
	$(call say,comparing with snarkjs, ethers, grpc-js and an EVM)
	@$(BIN)/python -m pytest --quiet -m 'slow or not slow' tests/interop $(ARGS)

$(INTEROP): tests/interop/package.json tests/interop/package-lock.json
	$(call say,installing snarkjs, ethers, grpc-js, solc and an EVM)
	@cd tests/interop && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: contracts
contracts: setup $(SOLIDITY) ## Compile the contracts (needs node and npm)
	$(call say,compiling the contracts)
	@node contracts/compile.mjs

.PHONY: abi
abi: setup $(SOLIDITY) ## Write the faces of the contracts into chains/abi, and docs/bridge/failures.md (needs node and npm)
	$(call say,writing chains/abi)
	@node contracts/compile.mjs --abi
	@$(BIN)/python -m tests.packaging.failure_table

.PHONY: test-contracts
test-contracts: contracts ## Test the contracts, and what reads and writes chains, on real nodes (needs node and npm)
	$(call say,testing the contracts on real nodes)
	@$(BIN)/python -m pytest --quiet -m 'slow or not slow' tests/contracts tests/chains $(ARGS)

.PHONY: test-pages
test-pages: setup $(FRONT) ## Click through the pages of console and prover in a real browser (needs node, npm and chromium)
	$(call say,looking at the pages in a browser)
	@$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal -m 'slow or not slow' tests/console $(ARGS)

.PHONY: analyse
analyse: $(SOLIDITY) $(ANALYSED) ## Read the contracts with slither; what it finds has to be judged (needs node and npm)
	$(call say,analysing the contracts)
	@$(ANALYSER)/bin/python contracts/analysis/analyse.py

$(ANALYSED): contracts/analysis/requirements.lock
	$(call say,installing slither)
	@.ci/create-environment $(ANALYSER)
	@$(ANALYSER)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes --requirement $<
	@touch $@

$(SOLIDITY): contracts/package.json contracts/package-lock.json
	$(call say,installing solc, OpenZeppelin and anvil)
	@cd contracts && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: console
console: $(FRONT) ## Build the pages of console and prover into ringfence/console/pages and prover/page/pages (needs node and npm)
	$(call say,building the pages of console and prover)
	@cd console && npm run --silent build

$(FRONT): console/package.json console/package-lock.json
	$(call say,installing what the pages of the console are built with)
	@cd console && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: bench
bench: setup ## Run every benchmark and print its table
	@for name in $(BENCHMARKS); do \
		printf '$(CYAN)==>$(PLAIN) %s\n' "benchmarking $$name"; \
		$(BIN)/python -m benchmarks.$$name $(ARGS) || exit 1; \
	done

.PHONY: bench-proofs
bench-proofs: setup ## Measure the proof system, save the results, write the tables and the plot of its pages
	@$(BIN)/python -m benchmarks.verifying --json benchmarks/results/verifying.json
	@$(BIN)/python -m benchmarks.proving --json benchmarks/results/proving.json --plot docs/snark/proving.svg
	@$(BIN)/python -m benchmarks.measurement.quotation

.PHONY: bench-venues
bench-venues: setup ## Measure trees on the disk and proofs of solvency, save the results, write the tables and the plot of their pages
	@$(BIN)/python -m benchmarks.trees --json benchmarks/results/trees.json
	@$(BIN)/python -m benchmarks.solvency --large --json benchmarks/results/solvency.json --plot docs/solvency.svg
	@$(BIN)/python -m benchmarks.measurement.quotation

.PHONY: bench-contracts
bench-contracts: contracts $(INTEROP) ## Measure the gas of the contracts beside snarkjs and how fast a gate opens, save the results, write the tables of their pages
	@$(BIN)/python -m benchmarks.gas --json benchmarks/results/gas.json
	@$(BIN)/python -m benchmarks.bridging --json benchmarks/results/bridging.json
	@$(BIN)/python -m benchmarks.measurement.quotation

.PHONY: docs
docs: setup ## Build the site into site/
	$(call say,building the site)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: format
format: setup ## Format everything that has a formatter
	$(call say,formatting)
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/buf format --write
	@$(if $(HAS_CARGO),cargo fmt $(NATIVE) --all,:)

# --- The gate ----------------------------------------------------------------------------------

.PHONY: check
check: check-format check-lint check-types check-imports check-layout check-protos check-native ## Run the whole gate
	$(call say,all checks passed)

.PHONY: check-format
check-format: setup
	$(call say,format)
	@$(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --diff .; exit 1; }

.PHONY: check-lint
check-lint: setup
	$(call say,lint)
	@$(BIN)/ruff check --quiet .

.PHONY: check-types
check-types: setup
	$(call say,types)
	@$(BIN)/mypy --no-error-summary

.PHONY: check-imports
check-imports: setup
	$(call say,import contracts)
	@$(BIN)/lint-imports --no-logo >$(ENVIRONMENT)/.import-contracts || { cat $(ENVIRONMENT)/.import-contracts; exit 1; }

.PHONY: check-layout
check-layout: setup
	$(call say,layout and spelling)
	@$(BIN)/python -m pytest --quiet --no-header tests/packaging/test_layout.py

.PHONY: check-protos
check-protos: setup
	$(call say,protos)
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf breaking --against $(RELEASED)
	@rm -rf $(REGENERATED) && mkdir -p $(REGENERATED)
	@$(PROTOC) --python_out=$(REGENERATED) --pyi_out=$(REGENERATED) $(PROTOS)
	@$(PROTOC) --grpc_python_out=$(REGENERATED) --mypy_grpc_out=quiet:$(REGENERATED) $(SERVICES)
	@diff -r --exclude='__*__*' $(REGENERATED)/ringfence/v1 ringfence/v1 \
		|| { echo 'ringfence/v1 is not what protos/ says: run `make protos`'; exit 1; }

.PHONY: check-native
# The tests are programs and not modules of Python, but nothing of it is called: they need no libpython.
check-native: export PYO3_BUILD_EXTENSION_MODULE := 1
check-native: setup
ifeq ($(HAS_CARGO),)
	@printf '$(YELLOW)%s$(PLAIN)\n' 'No cargo on this machine: the native core was not checked.'
else
	$(call say,native core)
	@cargo fmt $(NATIVE) --all --check
	@cargo clippy $(NATIVE) --workspace --all-targets --locked --quiet -- -D warnings
	@cargo test $(NATIVE) --workspace --locked --quiet
endif

# --- What is generated and committed -----------------------------------------------------------

.PHONY: protos
protos: $(SYNCED) ## Generate ringfence/v1 and docs/wire.md from protos/, and docs/errors.md
	$(call say,generating ringfence/v1)
	@rm -f ringfence/v1/*_pb2*.py*
	@$(PROTOC) --python_out=. --pyi_out=. $(PROTOS)
	@$(PROTOC) --grpc_python_out=. --mypy_grpc_out=quiet:. $(SERVICES)
	@$(BIN)/python -m tests.packaging.wire_reference
	@$(BIN)/python -m tests.packaging.error_catalogue

.PHONY: protos-release
protos-release: $(SYNCED) ## Take the wire as it is now as the one that may not be broken
	$(call say,recording the released wire)
	@test ! -e $(RELEASED) || $(BIN)/buf breaking --against $(RELEASED)
	@$(BIN)/buf build --exclude-source-info --output $(RELEASED)

.PHONY: sizes
sizes: setup ## Measure every circuit and write circuits/sizes.csv
	$(call say,measuring circuits)
	@$(BIN)/python -m tests.circuits.sizes

.PHONY: reference
reference: $(SYNCED) ## Write the signatures and commands of docs/reference/, and the plots of docs/performance.md
	$(call say,writing docs/reference)
	@$(BIN)/python -m tests.packaging.interface_reference
	@$(BIN)/python -m benchmarks.measurement.gathering

.PHONY: statements
statements: setup ## Put the statements through the laboratory and write docs/statements/ (ARGS="perp": one of them)
	$(call say,examining statements)
	@$(BIN)/python -m tests.circuits.pages $(ARGS)

.PHONY: lock
lock: setup ## Resolve the dependencies anew and write requirements/*.lock
	$(call say,locking)
	@$(COMPILE_LOCK) --upgrade --group dev --output-file requirements/dev.lock
	@$(COMPILE_LOCK) --constraint requirements/dev.lock --group test --output-file requirements/test.lock
	@$(COMPILE_LOCK) --constraint requirements/dev.lock --output-file requirements/run.lock
	@$(COMPILE_LOCK) --constraint requirements/dev.lock $(EXTRAS:%=--extra %) --output-file requirements/serve.lock
	@$(subst pyproject.toml,--group build,$(COMPILE_LOCK)) --constraint requirements/dev.lock --output-file requirements/build.lock
	@$(subst pyproject.toml,contracts/analysis/requirements.in,$(COMPILE_LOCK)) --upgrade --output-file contracts/analysis/requirements.lock

.PHONY: clean
clean: ## Remove the environment and everything that was built
	rm -rf $(ENVIRONMENT) build dist site native/target *.egg-info */_native*.so
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
