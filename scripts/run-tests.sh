#!/usr/bin/env bash
# Runs the tests, shows what failed and what was skipped, and ends with a
# summary: N passed, N failed.
set -uo pipefail
out=$(mktemp)
trap 'rm -f "$out"' EXIT
go test -json "$@" >"$out" 2>&1
status=$?
go run ./scripts/summary "$out" || status=1
exit "$status"
