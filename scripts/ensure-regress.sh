#!/usr/bin/env bash
# Makes sure that PostgreSQL's own regression tests can be run, and prints the
# directory that has them: the suite of the distribution's source package, and
# its library built against the server's headers. They are unpacked beside the
# host, with package lists of their own; nothing is installed.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then cache=/var/cache/pgmend/regress; else cache="$HOME/.cache/pgmend/regress"; fi
say() { printf 'ensure-regress: %s\n' "$*" >&2; }
command -v apt-get >/dev/null || { say "apt-get is needed; the suite is taken from Debian's or Ubuntu's source package"; exit 1; }

postgres=$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1)
[ -n "$postgres" ] || { say "there is no server of the distribution: apt install postgresql"; exit 1; }
bin=$(dirname "$postgres")
[ -x "$bin/psql" ] || { say "psql runs them, and there is no $bin/psql: apt install postgresql-client"; exit 1; }
major=$(basename "$(dirname "$bin")")
version=$(dpkg-query -W -f='${source:Version}' "postgresql-$major")
here=$cache/$major/$version
if [ ! -e "$here/done" ]; then
    say "fetching the regression tests of PostgreSQL $version into $here"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial" "$work/unpacked"
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -e "$list" ] && sed 's/^Types:.*/Types: deb deb-src/' "$list" >"$work/parts/$(basename "$list")"
    done
    touch "$work/list"
    [ -e /etc/apt/sources.list ] && sed -n 's/^deb\(-src\)\? \(.*\)/deb \2\ndeb-src \2/p' /etc/apt/sources.list >"$work/list"
    apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/list" -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
        -o "Dir::Cache::archives=$work/archives" -o APT::Sandbox::User=root -o Debug::NoLocking=true)
    cd "$work"
    "${apt[@]}" update
    "${apt[@]}" source --download-only "postgresql-$major=$version"
    "${apt[@]}" download "postgresql-server-dev-$major"
    dpkg-deb -x ./postgresql-server-dev-*.deb unpacked
    tar xf ./*.orig.tar.* --wildcards --strip-components=1 '*/src/test/regress'
    include=$work/unpacked/usr/include/postgresql
    cc -O2 -fPIC -shared -I"$include/$major/server" -I"$include" -o src/test/regress/regress.so src/test/regress/regress.c
    rm -rf "$here"
    mkdir -p "$here"
    mv src/test/regress/* "$here/"
    # contrib's, which the suite expects beside its own.
    ln -s "/usr/lib/postgresql/$major/lib/autoinc.so" "/usr/lib/postgresql/$major/lib/refint.so" "$here/"
    chmod -R a+rX "$cache"
    touch "$here/done"
fi
echo "$here"
