#!/usr/bin/env bash
# Runs the web-platform-tests that scripts/wpt.txt names in the window, from a checkout of
# github.com/web-platform-tests/wpt that is somewhere on this machine. `make all` comes first.
#   scripts/wpt.sh CHECKOUT [--chromium] [--from NAME] [--within SECONDS] [NAME...]
# Prints each file's passes and failures, and their sum; --chromium runs them in Chromium, to compare.
set -euo pipefail

[ $# -gt 0 ] || { printf 'usage: %s CHECKOUT [--chromium] [--from NAME] [--within SECONDS] [NAME...]\n' "$0" >&2; exit 1; }
root=$(cd "$(dirname "$0")/.." && pwd)
checkout=$(cd "$1" && pwd)
shift
exec "${CARGO_TARGET_DIR:-$root/target}/debug/earshot-wpt" "$checkout" "$root/scripts/wpt.txt" "$@"
