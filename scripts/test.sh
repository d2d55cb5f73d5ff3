#!/usr/bin/env bash
# Runs the tests of whole programs: real browsers, windows and networks in real time, one after the other. What fails here
# may have failed for want of a processor, so that a few that failed are tried once more, alone, and named if they then
# pass: a test that is named often is a defect. What fails twice fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# More failures than these are no accident.
few=3
log=$(mktemp)
trap 'rm -f "$log"' EXIT

tests=(cargo test --workspace --no-fail-fast)
if "${tests[@]}" --test '*' -- --test-threads=1 2>&1 | tee "$log"; then exit 0; fi

# "Running tests/NAME.rs (…)" begins a program's output; the list of its failures comes last, indented, and ends with its
# result.
mapfile -t failed < <(awk '
  /^ +Running tests\// { program = $2; sub(/.*\//, "", program); sub(/\.rs$/, "", program) }
  /^failures:$/ { listing = 1; next }
  /^test result:/ { listing = 0 }
  listing && /^    [A-Za-z0-9_:]+$/ { print program, $1 }
' "$log" | sort -u)
if [ ${#failed[@]} -eq 0 ] || [ ${#failed[@]} -gt $few ]; then
  echo "${#failed[@]} tests failed: ${failed[*]}"
  exit 1
fi

again=0
for one in "${failed[@]}"; do
  read -r program name <<<"$one"
  printf '\n== once more: %s\n' "$one"
  if "${tests[@]}" --test "$program" -- --test-threads=1 --exact "$name"; then
    echo "UNSTEADY: $one failed at first, and passed alone"
  else
    echo "FAILED TWICE: $one"
    again=1
  fi
done
exit $again
