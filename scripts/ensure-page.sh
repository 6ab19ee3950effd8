#!/usr/bin/env bash
# Makes sure that there are Chromium, and beside it what looks at pages in it,
# and prints where both are. Both only serve tests.
set -euo pipefail
say() { printf 'ensure-page: %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

chromium=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$chromium" ]; then
    say "installing the distribution's Chromium"
    as_root apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation fonts-dejavu-core >&2
    chromium=$(command -v chromium)
fi
tool=.bin/page
mkdir -p "$tool"
cp scripts/page/package.json scripts/page/check.mjs "$tool"
if [ ! -d "$tool/node_modules/axe-core" ] || [ ! -d "$tool/node_modules/playwright-core" ]; then
    command -v npm >/dev/null || { say "npm is needed to fetch axe-core and playwright-core"; exit 1; }
    say "fetching axe-core and playwright-core into $tool"
    (cd "$tool" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
fi
printf '%s %s\n' "$chromium" "$PWD/$tool/check.mjs"
