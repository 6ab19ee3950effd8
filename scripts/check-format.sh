#!/usr/bin/env bash
# Fails where a file is not gofmt'ed, and names it.
set -euo pipefail
bad=$(gofmt -l $(git ls-files '*.go' 2>/dev/null || find . -name '*.go'))
[ -z "$bad" ] || { printf "not gofmt'ed:\n%s\n" "$bad"; exit 1; }
