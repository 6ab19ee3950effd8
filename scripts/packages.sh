#!/usr/bin/env bash
# Builds the .deb and the .rpm into bin/packages, from what make install
# installs. VERSION is theirs; without it, the tag, or the last commit's time.
set -euo pipefail
scripts/ensure-ops.sh packages

export ARCH STAGE VERSION GLIBC SOURCE_DATE_EPOCH
ARCH=$(go env GOARCH)
STAGE=bin/stage
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
if [ -z "${VERSION:-}" ]; then
    VERSION=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || true)
    VERSION=${VERSION#v}
    VERSION=${VERSION:-0.0.0~git$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).$(git rev-parse --short HEAD)}
fi

# Position independent, with nothing to overwrite in its tables: a part of it
# reads what anybody may write into the log.
rm -rf "$STAGE"
mkdir -p "$STAGE" bin/packages
go build -trimpath -buildmode=pie \
    -ldflags "-s -w -X main.release=$VERSION -linkmode=external -extldflags '-Wl,-z,relro,-z,now'" -o "$STAGE/pgmend" ./cmd/pgmend
make --no-print-directory install-built PROGRAM="$STAGE/pgmend" DESTDIR="$STAGE/tree"

program=$STAGE/tree/usr/bin/pgmend
GLIBC=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -V | tail -1)
GLIBC=${GLIBC#GLIBC_}
mv "$STAGE/tree/usr/share/zsh/site-functions/_pgmend" "$STAGE/zsh"
rm -r "$STAGE/tree/usr/share/zsh"
find "$STAGE/tree/usr/share/man" -type f -exec gzip -9n {} +
"$program" config init >"$STAGE/config.yaml"
docs=$STAGE/tree/usr/share/doc/pgmend
cp README.md "$docs/"
mkdir "$docs/docs"
cp docs/*.md "$docs/docs/"
cat >"$STAGE/changelog.yaml" <<END
- semver: "$VERSION"
  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
  packager: The pgmend authors <pgmend@users.noreply.github.com>
  deb:
    urgency: medium
    distributions: [unstable]
  changes:
    - note: "Built from $(git rev-parse --short HEAD); what changed is in its history."
END
# What make left is no reason for a package to differ.
find "$STAGE/tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
for format in deb rpm; do .bin/nfpm package --config packaging/nfpm.yaml --packager "$format" --target bin/packages/; done
