#!/usr/bin/env bash
# What make test-packages does: lintian, then packaging/machine_test.go in a
# throwaway copy of this machine, with the .deb and the .rpm as they are and
# those of a later version.
set -euo pipefail
given=$(mktemp -d)
trap 'rm -rf "$given"' EXIT
mkdir "$given/older" "$given/newer"

rm -rf bin/packages
scripts/packages.sh
version=$(dpkg-deb -f bin/packages/*.deb Version)
echo "lintian"
lintian --allow-root --fail-on error,warning bin/packages/*.deb
mv bin/packages/* "$given/older/"
VERSION="${version%-*}+newer" scripts/packages.sh >/dev/null
mv bin/packages/* "$given/newer/"
cp "$given"/older/* bin/packages/

go test -c -tags packages -o "$given/test" ./packaging
TIMEOUT=16m scripts/throwaway-machine.sh "$given" /given/test -test.v -test.timeout 15m
