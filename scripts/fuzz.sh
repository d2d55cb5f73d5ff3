#!/usr/bin/env bash
# Runs each program of fuzz/ for a while, from the seeds in the repository and what earlier runs have found. A crash fails
# and names the file that brings it about.
#   fuzz.sh [seconds for each target, 10] [target …]
# Stable Rust will do: the compiler's coverage counters are no nightly feature, only the sanitizers are.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(wire sdp txt resume handshake rtc_sdp)

scripts/install-deps.sh build
target_dir=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# As cargo-fuzz has them. With --target, build scripts and macros are built without.
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
RUSTFLAGS=$flags cargo build --release --bins --manifest-path fuzz/Cargo.toml --target "$host" \
  --target-dir "$target_dir"

for target in "${targets[@]}"; do
  corpus=$target_dir/corpus/$target
  crashes=$target_dir/crashes/$target
  log=$target_dir/$target.log
  mkdir -p "$corpus" "$crashes"
  options=(-max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1)
  [ ! -f "fuzz/$target.dict" ] || options+=(-dict="fuzz/$target.dict")
  if ! "$target_dir/$host/release/$target" "${options[@]}" -artifact_prefix="$crashes/" \
    "$corpus" "fuzz/seeds/$target" >"$log" 2>&1; then
    grep -v '^#[0-9]' "$log" | tail -n 40 >&2
    printf 'fuzz %s: FAILED. Again: %s %s\n' "$target" "$target_dir/$host/release/$target" \
      "$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)" >&2
    exit 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  covered=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
  printf 'fuzz %s: ok, %s runs, %s\n' "$target" "$runs" "$covered"
done
