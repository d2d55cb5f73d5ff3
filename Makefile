# README's commands. `make run` and `make test` need Rust and Node; what else a Debian or Ubuntu lacks they install.
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# Passed to Earshot: make run ARGS="--name Ann --headless"
ARGS ?=

UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print)
TOOLS := target/tools/bin
TAURI_CLI := npx --yes @tauri-apps/cli@2.12.5

.PHONY: run test check fmt clippy ui-check generate bench package screenshots icons clean

run: ui/dist/index.html
	@scripts/install-deps.sh run
	cargo build -p earshot
	@cargo run --quiet -p earshot -- $(ARGS)

# The whole workspace is selected each time, so that every crate is compiled once, with one set of features.
test: ui/dist/index.html $(TOOLS)/tauri-driver
	@scripts/install-deps.sh test
	cd ui && npm test
	cargo build --workspace --all-targets
	cargo test --workspace --lib --bins
	cargo test --workspace --test '*' -- --test-threads=1

check: fmt ui-check clippy
	cargo test --workspace --test generated

fmt:
	cargo fmt --all --check

clippy: ui/dist/index.html
	@scripts/install-deps.sh run
	cargo clippy --workspace --all-targets -- -D warnings

ui-check: ui/node_modules/.package-lock.json
	cd ui && npm run check && npm run lint

# The TypeScript twins of the protocol's types.
generate:
	EARSHOT_GENERATE=1 cargo test -p earshot-protocol --test generated

bench: ui/dist/index.html
	@scripts/install-deps.sh test
	cargo build --workspace --all-targets
	cargo bench --workspace

# Installers for this system, in target/release/bundle.
package: ui/node_modules/.package-lock.json
	@scripts/install-deps.sh run
	$(TAURI_CLI) build

icons:
	scripts/make-icons.sh

clean:
	cargo clean
	rm -rf ui/dist ui/node_modules gen/schemas

ui/node_modules/.package-lock.json: ui/package-lock.json
	@scripts/install-deps.sh run
	cd ui && npm ci --no-audit --no-fund
	@touch $@

# The shell and the servers carry the UI within them, so it comes first.
ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build
	@touch $@

$(TOOLS)/tauri-driver:
	CARGO_TARGET_DIR=target cargo install --root target/tools --locked tauri-driver --version 2.1.0
