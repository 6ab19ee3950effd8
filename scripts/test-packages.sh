#!/usr/bin/env bash
# What make test-packages does: lintian, then packaging/machine_test.go in a
# throwaway copy of this machine, with the .deb as it is and one of a later
# version.
set -euo pipefail
given=$(mktemp -d)
trap 'rm -rf "$given"' EXIT
mkdir "$given/older" "$given/newer"

rm -rf bin/packages
scripts/packages.sh
version=$(dpkg-deb -f bin/packages/*.deb Version)
echo "lintian"
lintian --allow-root --fail-on error,warning bin/packages/*.deb
mv bin/packages/*.deb "$given/older/"
VERSION="${version%-*}+newer" scripts/packages.sh >/dev/null
mv bin/packages/*newer*.deb "$given/newer/"
rm bin/packages/*newer*
cp "$given"/older/*.deb bin/packages/

go test -c -tags packages -o "$given/test" ./packaging
scripts/throwaway-machine.sh "$given" /given/test -test.v -test.timeout 9m
