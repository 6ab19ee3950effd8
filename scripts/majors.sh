#!/usr/bin/env bash
# Prints which of the major versions given, comma-separated, have server
# binaries here, comma-separated too.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then cache=/var/cache/pgmend/pg; else cache="$HOME/.cache/pgmend/pg"; fi
out=
for major in ${1//,/ }; do
    if [ -x "/usr/lib/postgresql/$major/bin/postgres" ] || [ -x "/usr/pgsql-$major/bin/postgres" ] || [ -x "$cache/$major/bin/postgres" ]; then
        out="$out${out:+,}$major"
    fi
done
echo "$out"
