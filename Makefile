# The same commands that CI runs, under short names. `make` alone lists them.

# Also finds a Rust that `make setup` has just installed.
SHELL := /bin/bash
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# More words for the command line of `demo`, `bench`, `mutants` and `setup-test`.
ARGS ?=
SEEDS ?= 10000
KILLS ?= 1000
ROUNDS ?= 3
RATE ?= 5000
FAULTS ?=
FUZZ_MS ?= 60000
FUZZ_PROFILE ?= release
MUTANTS ?= domain
# Where the release binaries were built just now.
IS_BUILT ?=
RELEASE = $(abspath $(or $(CARGO_TARGET_DIR),target))/release

.PHONY: help setup setup-test portal build demo demo-cluster test check fmt bench bench-cluster simulate kill-test cluster-test api-test page-test portal-test portal-screenshots fuzz mutants deny clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what a build needs and is missing
	@scripts/setup.sh

setup-test: ## try that on minimal Debian 12 and 13, as root; ARGS="trixie -- make demo-cluster" goes on there
	@scripts/setup-test.sh $(ARGS)

portal: ## build the portal, which the next `make build` takes into the binary; needs Node.js, as nothing else does
	@scripts/portal.sh

build: setup ## build the release binary, target/release/accolade
	cargo build --release -p accolade

demo: setup ## start a node with two sample operators and watch it; ARGS="..." is passed on
	cargo run --release -p accolade --no-default-features -- demo $(ARGS)

demo-cluster: setup ## three nodes over a real broker; one is killed, and balances go on
	@scripts/setup.sh services
	cargo build --release -p accolade
	@scripts/demo-cluster.sh

# What is fuzzed is the build of the tests, and the simulator is built together with the binary that is
# killed: nothing is built twice.
test: setup ## everything that proves it right: licences, tests, the API from outside, pages in a browser, fuzzing, 10,000 seeds of each form, kills, every fault of a cluster
	$(MAKE) --no-print-directory deny
	scripts/portal-test.sh build
	scripts/test.sh
	scripts/api-test.sh
	scripts/page-test.sh
	scripts/portal-test.sh
	$(MAKE) --no-print-directory fuzz FUZZ_MS=3000 FUZZ_PROFILE=test
	cargo build --release -p accolade -p accolade-simulator
	$(MAKE) --no-print-directory IS_BUILT=yes SEEDS=10000 KILLS=50 ROUNDS=1 RATE=2000 simulate kill-test cluster-test

check: ## formatting, lints and documentation, with warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace

fmt: ## format the code
	cargo fmt --all

bench: ## measure the bars on this machine; ARGS="--json" for machines
	cargo run --release -p accolade -- bench $(ARGS)

bench-cluster: ## measure the bars of the cluster form, over services of its own; ARGS="--only P9"
	@scripts/setup.sh services
	cargo build --release -p accolade
	@scripts/bench-cluster.sh $(ARGS)

simulate: ## run the simulator over SEEDS=10000 seeds of each form
	$(if $(IS_BUILT),,cargo build --release -p accolade-simulator)
	$(RELEASE)/accolade-simulator --embedded --seeds $(SEEDS)
	$(RELEASE)/accolade-simulator --cluster --seeds $(SEEDS)

# What is killed is built for release, what kills it as all tests are.
kill-test: ## kill the real binary with -9 under load, KILLS=1000 times
	$(if $(IS_BUILT),,cargo build --release -p accolade)
	ACCOLADE_TEST_BINARY=$(RELEASE)/accolade ACCOLADE_KILLS=$(KILLS) cargo test --workspace --test it -- --ignored --nocapture kill::

cluster-test: ## fail parts of a cluster under RATE=5000 wagers a second, ROUNDS=3 times each; FAULTS="..." for some of them
	@scripts/setup.sh services
	$(if $(IS_BUILT),,cargo build --release -p accolade)
	ACCOLADE_TEST_BINARY=$(RELEASE)/accolade ACCOLADE_ROUNDS=$(ROUNDS) ACCOLADE_WAGERS_PER_SECOND=$(RATE) scripts/cluster-test.sh $(FAULTS)

api-test: setup ## check the API's description by Redocly, and ask a live node with a client that is made of it
	@scripts/api-test.sh

page-test: setup ## show /play and the widget in a headless Chromium, axe looking on; pictures are left in target/page-test
	@scripts/page-test.sh

portal-test: setup ## try the portal: its types, its parts, and persons' tasks in a headless Chromium
	@scripts/portal-test.sh

portal-bench: portal build ## measure what the portal costs somebody who uses it: the first page, the way to others, a ledger of PORTAL_ROWS=1000000 rows
	@scripts/portal-bench.sh $(ARGS)

portal-screenshots: portal-test ## the same, for its pictures: each page, light and dark, on a phone and a desk
	@printf 'portal-screenshots: %s\n' portal/app/dist-tests/*.png

fuzz: ## fuzz each decoder for FUZZ_MS=60000 milliseconds, on stable Rust
	BOLERO_RANDOM_TEST_TIME_MS=$(FUZZ_MS) cargo test --profile $(FUZZ_PROFILE) --workspace --test fuzz

mutants: setup ## change the rules of MUTANTS=domain, or engine, in one place at a time, and show what no test notices; takes hours
	@scripts/mutants.sh $(MUTANTS) $(ARGS)

deny: setup ## check licences, bans, sources and advisories of what is linked; ADVISORIES=fetch insists
	@scripts/deny.sh

clean: ## remove what was built
	cargo clean

.PHONY: cluster-up cluster-down cluster-status cluster-clean

cluster-up: ## start Kafka, an S3 server and PostgreSQL on loopback; BROKERS=3 for three brokers
	@scripts/setup.sh services
	@scripts/services/cluster.sh up

cluster-down: ## stop them; their data stays in target/services
	@scripts/services/cluster.sh down

cluster-status: ## what of them runs, and where
	@scripts/services/cluster.sh status

cluster-clean: ## stop them and remove their data
	@scripts/services/cluster.sh clean

# What is below target/ goes, so nothing may still be writing there.
clean: cluster-down
