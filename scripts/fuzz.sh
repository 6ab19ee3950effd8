#!/usr/bin/env bash
# Runs every fuzz target for the time given.
set -euo pipefail
for file in $(grep -rl --include='*_test.go' '^func Fuzz' .); do
    for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
        printf '== %s in %s\n' "$target" "$(dirname "$file")"
        go test -run '^$' -fuzz "^$target\$" -fuzztime "${1:-30s}" -fuzzminimizetime 10x "$(dirname "$file")"
    done
done
