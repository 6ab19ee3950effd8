#!/usr/bin/env bash
# Measures `pgmend logs report` on a log that a real server wrote, against
# pgBadger on the same file in the same run, and against grep -c, which does
# nothing but look for the ends of lines; then on the csvlog and the jsonlog of
# the same run of the server. PGMEND_BENCH_LOG names a log to use, with what is
# called .csv and .json beside it; otherwise one of 200 MB is made with pgbench.
# PGMEND_BENCH_MB is its size.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || run_as_owner "$bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT

# The server refuses to run as root.
run_as_owner() {
    if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$(printf '%q ' "$@")"; else "$@"; fi
}

install() {
    echo "bench-logs: installing $1, which it needs" >&2
    if [ "$(id -u)" = 0 ]; then apt-get install -y -qq "$1" >/dev/null; else sudo apt-get install -y -qq "$1" >/dev/null; fi
}

make_log() {
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
    if [ -z "$bin" ] || [ ! -x "$bin/pgbench" ]; then
        install postgresql
        bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
    fi
    [ "$(id -u)" != 0 ] || chown postgres "$work"
    destination=stderr,csvlog
    [ "$("$bin/postgres" --version | awk '{ print int($3) }')" -lt 15 ] || destination=$destination,jsonlog
    run_as_owner "$bin/initdb" -D "$work/data" -U postgres -A trust >/dev/null
    cat >>"$work/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
synchronous_commit = off
logging_collector = on
log_directory = '$work'
log_filename = 'bench.log'
log_destination = '$destination'
log_min_duration_statement = 0
log_line_prefix = '%m [%p] %q%u@%d '
log_rotation_size = 0
CONF
    run_as_owner "$bin/pg_ctl" -D "$work/data" -w -l "$work/start.log" start >/dev/null
    server=1
    run_as_owner "$bin/pgbench" -h "$work" -U postgres -i -q -s 10 postgres >/dev/null 2>&1
    while [ "$(stat -c %s "$log")" -lt $((${PGMEND_BENCH_MB:-200} << 20)) ]; do
        run_as_owner "$bin/pgbench" -h "$work" -U postgres -n -c 4 -j 2 -T 10 postgres >/dev/null 2>&1
    done
    run_as_owner "$bin/pg_ctl" -D "$work/data" -m fast -w stop >/dev/null
    server=
}

log=${PGMEND_BENCH_LOG:-$work/bench.log}
[ -n "${PGMEND_BENCH_LOG:-}" ] || make_log
[ -x /usr/bin/time ] || install time
command -v pgbadger >/dev/null || install pgbadger

# measure NAME COMMAND…: wall seconds into the variable, and the peak memory.
measure() {
    local name=$1
    shift
    /usr/bin/time -f '%e %U %S %M' -o "$work/$name" "$@" >"$work/$name.out" 2>"$work/$name.err" ||
        { cat "$work/$name.err" >&2; exit 1; }
}

bytes=$(stat -c %s "$log")
cat "$log" >/dev/null # both find it in the page cache
best() { # the fastest of three: the machine may be busy
    local name=$1 i
    shift
    for i in 1 2 3; do
        measure "$name.$i" "$@"
    done
    sort -n "$work/$name.1" "$work/$name.2" "$work/$name.3" | head -1 >"$work/$name"
    cp "$work/$name.1.out" "$work/$name.out"
}
best pgmend bin/pgmend logs report --output json "$log"
best grep grep -c . "$log"
# pgbadger draws its progress on a terminal's width of stdout; -q leaves it out.
measure pgbadger pgbadger -q -j 2 -x json -o "$work/pgbadger.json" -p '%m [%p] %q%u@%d ' "$log"

for format in csv json; do
    [ ! -e "${log%.log}.$format" ] || best "$format" bin/pgmend logs report --output json "${log%.log}.$format"
done

counted() { sed -n 's/^  "statements": \([0-9]*\),$/\1/p' "$work/$1.out"; }
statements=$(counted pgmend)
[ "${statements:-0}" -gt 0 ] || { echo "bench-logs: no statement was found in the log" >&2; exit 1; }
awk -v bytes="$bytes" -v statements="$statements" '
    FILENAME ~ /pgmend$/ { ours = $1; cpu = $2 + $3; memory = $4 }
    FILENAME ~ /grep$/ { grep = $1 }
    FILENAME ~ /pgbadger$/ { badger = $1; badger_cpu = $2 + $3; badger_memory = $4 }
    END {
        printf "log                  %.0f MB, %d statements\n", bytes / 1e6, statements
        printf "pgmend logs report   %.2f s, %.0f MB/s, %.0f statements/s, %.2f s of processors, %.0f MB at the most\n", ours, bytes / 1e6 / ours, statements / ours, cpu, memory / 1024
        printf "pgbadger -j 2        %.2f s, %.1f MB/s, %.2f s of processors, %.0f MB at the most\n", badger, bytes / 1e6 / badger, badger_cpu, badger_memory / 1024
        printf "grep -c              %.2f s, %.0f MB/s\n", grep, bytes / 1e6 / grep
        printf "as fast as pgbadger  %.0f times (by processor time %.0f times)\n", badger / ours, badger_cpu / cpu
        printf "the time of grep -c  %.1f times\n", ours / (grep > 0 ? grep : 0.01)
    }' "$work/pgmend" "$work/grep" "$work/pgbadger"
for format in csv json; do
    [ -e "$work/$format" ] || continue
    awk -v name="${format}log" -v bytes="$(stat -c %s "${log%.log}.$format")" -v statements="$(counted "$format")" '{
        printf "%-20s %.0f MB, %d statements: %.2f s, %.0f MB/s, %.2f s of processors, %.0f MB at the most\n", name, bytes / 1e6, statements, $1, bytes / 1e6 / $1, $2 + $3, $4 / 1024
    }' "$work/$format"
done
