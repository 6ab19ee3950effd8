#!/usr/bin/env bash
# throwaway-machine.sh DIR COMMAND…: boots systemd in a throwaway copy of this
# machine, runs a command there as root, prints what it prints, and ends as it
# ends. DIR is /given there, to be read.
#
# The copy is an overlay over / whose changes are in memory: nothing that is
# done in it is left on this machine, and nothing of this machine can be written
# from it. Its /dev, /run, /tmp and network are its own, its /sys and /proc/sys
# cannot be written. That matters: a booting systemd empties /tmp.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    [ "$(id -u)" = 0 ] || exec sudo -E "$0" "$@"
    given=$(realpath "$1")
    shift
    control=$(findmnt -n -t cgroup2 -o TARGET | head -1)
    [ -n "$control" ] || { echo "throwaway-machine: there is no cgroup2 mounted, and systemd needs it" >&2; exit 1; }
    work=$(mktemp -d)
    group=$control/$(basename "$work")
    mkdir "$work/machine" "$work/out" "$group"
    : >"$work/out/said"
    clean() {
        find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
        rm -rf "$work"
    }
    trap clean EXIT
    tail -f -n +1 "$work/out/said" &
    tail=$!
    status=0
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        exec timeout --kill-after=10s "${TIMEOUT:-10m}" \
            unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net "$0" --inside "$work" "$given" "$@"
    ) >"$work/console" 2>&1 </dev/null || status=$?
    sleep 1 # what tail has not read yet
    kill "$tail"
    wait "$tail" 2>/dev/null || true
    if [ "$status" != 0 ]; then
        echo "throwaway-machine: ended with $status; its console:" >&2
        tail -n 40 "$work/console" >&2
    fi
    exit "$status"
fi

# In namespaces of its own, whose mounts end with it.
shift
work=$1 given=$2
shift 2
root=$work/machine/root
mount -t tmpfs -o mode=755 machine "$work/machine"
mkdir "$work/machine/upper" "$work/machine/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$work/machine/upper,workdir=$work/machine/work" machine "$root"
mkdir -p "$root/given" "$root/out"
mount --bind "$given" "$root/given"
mount -o remount,bind,ro "$root/given"
mount --bind "$work/out" "$root/out"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
for path in sys sysrq-trigger; do
    [ -e "$root/proc/$path" ] || continue
    mount --bind "$root/proc/$path" "$root/proc/$path"
    mount -o remount,bind,ro "$root/proc/$path"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    read -r name major minor <<<"$node"
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for fd in fd:/proc/self/fd stdin:/proc/self/fd/0 stdout:/proc/self/fd/1 stderr:/proc/self/fd/2; do ln -s "${fd#*:}" "$root/dev/${fd%%:*}"; done
mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev run "$root/run"
mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"

# Nothing that this machine starts at its boot, and no ban on starting services.
rm -rf "$root"/etc/systemd/system/*.wants "$root/usr/sbin/policy-rc.d"
{
    printf '[Unit]\nRequires=basic.target\nAfter=basic.target systemd-journald.service\nSuccessAction=exit-force\nFailureAction=exit-force\n'
    printf '[Service]\nType=oneshot\nTimeoutStartSec=infinity\nStandardOutput=append:/out/said\nStandardError=inherit\nWorkingDirectory=/given\n'
    printf 'Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PGMEND_THROWAWAY=1 LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive\n'
    printf 'ExecStart='
    printf '"%s" ' "$@"
    printf '\n'
} >"$root/etc/systemd/system/throwaway.service"
printf '[Unit]\nRequires=throwaway.service\nAllowIsolate=yes\n' >"$root/etc/systemd/system/throwaway.target"

mkdir -p "$root/old"
cd "$root"
pivot_root . old
umount -l /old
exec env -i container=throwaway PATH=/usr/bin:/bin:/usr/sbin:/sbin \
    setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-mknod,-syslog \
    /lib/systemd/systemd --unit=throwaway.target --log-target=console --show-status=no
