# README's commands. `make run` and `make test` need Rust and Node; what else a Debian or Ubuntu lacks they install.
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# Passed to Earshot: make run ARGS="--name Ann --headless"
ARGS ?=

UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print)
BUILT := $(or $(CARGO_TARGET_DIR),target)/debug
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools
TAURI_CLI := npx --yes @tauri-apps/cli@2.12.5

.PHONY: all run test check fmt clippy ui-check ui-test generate fuzz bench server package screenshots icons clean

run: ui/dist/index.html
	@scripts/install-deps.sh run
	cargo build -p earshot
	@cargo run --quiet -p earshot -- $(ARGS)

# The whole workspace is selected each time, so that every crate is compiled once, with one set of features.
test: ui-test all $(TOOLS)/bin/tauri-driver
	cargo test --workspace --no-fail-fast --lib --bins
	scripts/fuzz.sh
	scripts/test.sh

check: fmt ui-check clippy
	cargo test --workspace --test generated --test vectors

fmt:
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

clippy: ui/dist/index.html
	@scripts/install-deps.sh run
	cargo clippy --workspace --all-targets -- -D warnings

ui-check: ui/node_modules/.package-lock.json
	cd ui && npm run check && npm run lint

ui-test: ui/node_modules/.package-lock.json
	cd ui && npm test

# The TypeScript twins of the protocol's types, and what the twin of seals and codes is measured by.
generate:
	EARSHOT_GENERATE=1 cargo test -p earshot-protocol --test generated
	EARSHOT_GENERATE=1 cargo test -p earshot-identity --test vectors
	WEBVIEW_RTC_GENERATE=1 cargo test -p webview-rtc --test generated

# Ten seconds for each target of fuzz/, or ARGS="600 sdp": longer, and only that one.
fuzz:
	scripts/fuzz.sh $(ARGS)

# Measures beside what this machine can do at best; prints a table. ARGS: see benches/src/main.rs.
bench: all
	$(BUILT)/earshot-benches $(ARGS)

# The pictures in the documents: of real calls, and of meetings larger than one machine holds.
screenshots: all
	$(BUILT)/earshot-screenshots $(ARGS)
	cd ui && scripts/docs-pictures.sh

all: ui/dist/index.html
	@scripts/install-deps.sh test
	cargo build --workspace --all-targets

# The server for a company: one file with the UI in it.
server: ui/dist/index.html
	cargo build --release -p earshot-server

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
	@scripts/install-deps.sh build
	cd ui && npm ci --no-audit --no-fund
	@touch $@

# The shell and the servers carry the UI within them, so it comes first.
ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build
	@touch $@

$(TOOLS)/bin/tauri-driver:
	CARGO_TARGET_DIR=$(or $(CARGO_TARGET_DIR),target) cargo install --root $(TOOLS) --locked tauri-driver --version 2.1.0
