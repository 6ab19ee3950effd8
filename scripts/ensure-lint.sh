#!/usr/bin/env bash
# Builds golangci-lint into .bin, once.
set -euo pipefail
version=v2.15.0
if [ -x .bin/golangci-lint ] && .bin/golangci-lint version 2>/dev/null | grep -q "${version#v}"; then
    exit 0
fi
printf 'ensure-lint: building golangci-lint %s\n' "$version"
GOBIN="$PWD/.bin" go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
