#!/usr/bin/env bash
# Proves every rule by its fixture on the major versions given (13,18; without,
# all of them), and prints a table. A second argument chooses one of the passes,
# least_privilege or superuser.
set -uo pipefail
majors=$(scripts/majors.sh "${1:-13,14,15,16,17,18}")
[ -n "$majors" ] || { echo "none of PostgreSQL ${1:-13 to 18} is here" >&2; exit 1; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
PGMEND_MAJORS=$majors go test -json -timeout 30m -run "^TestRules\$/./././${2:-.}" ./healer/rulestest >"$out" 2>&1
status=$?
go run ./scripts/matrix "$out" || status=1
exit "$status"
