#!/usr/bin/env bash
# Makes sure that there are the tools for make test-ops and make test-packages,
# and says so. The log daemons and promtool are unpacked beside the host, not
# installed: they would take each other's place, and start services. With
# "packages", lintian and rpm are installed and nfpm is built.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then cache=/var/cache/pgmend/ops; else cache="$HOME/.cache/pgmend/ops"; fi
say() { printf 'ensure-ops: %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
nfpm=v2.45.0

# A package with what it needs and is not installed here, unpacked.
unpack() {
    local package=$1 debs
    [ -e "$cache/$package/done" ] && return 0
    say "unpacking $package into $cache/$package"
    debs=$(mktemp -d)
    mkdir -p "$debs/partial" "$cache/$package"
    as_root apt-get install -y -qq --no-install-recommends --download-only \
        -o Dir::Cache::archives="$debs" -o APT::Sandbox::User=root "$package" >/dev/null
    for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$cache/$package"; done
    as_root rm -rf "$debs"
    touch "$cache/$package/done"
}

command -v apt-get >/dev/null || { say "apt-get is needed; these tests are written for Debian and Ubuntu"; exit 1; }
if [ "${1:-}" = packages ]; then
    if ! command -v lintian >/dev/null || ! command -v rpm >/dev/null; then
        say "installing lintian and rpm"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends lintian rpm >/dev/null
    fi
    if ! go version -m .bin/nfpm 2>/dev/null | grep -q "nfpm/v2[[:space:]]$nfpm"; then
        say "building nfpm $nfpm"
        GOBIN="$PWD/.bin" go install "github.com/goreleaser/nfpm/v2/cmd/nfpm@$nfpm"
    fi
    exit 0
fi
command -v systemd-analyze >/dev/null || {
    say "installing systemd, for systemd-analyze; it is not started"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd >/dev/null
}
for package in rsyslog syslog-ng-core prometheus pgbouncer; do
    [ -e "$cache/$package/done" ] || { as_root apt-get update -qq; break; }
done
for package in rsyslog syslog-ng-core prometheus pgbouncer; do unpack "$package"; done
echo "$cache"
