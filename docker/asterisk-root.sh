#!/bin/sh
# Makes DIR a root folder with Asterisk 22 from Debian's `forky` suite, for machines without their own.
#
#   docker/asterisk-root.sh DIR      (as root; about 360 MB; at once when it is there already)
#
# Debian 12 and Ubuntu have no Asterisk with ARI over one WebSocket (22.4 and later). The tests and
# `make run ENGINE=asterisk` run it from here by chroot; nothing is installed into the machine itself.
# The mirror, proxies and the like are those of the machine's own apt.
set -eu

suite=forky
dir=${1:?usage: docker/asterisk-root.sh DIR}
here=$(cd "$(dirname "$0")" && pwd)
packages=$(tr '\n' ',' <"$here/asterisk-packages")
stamp=$suite:$packages

if [ "$(cat "$dir/.complete" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi
fail() {
    printf '%s\n' "$*" >&2
    exit 3
}
[ "$(id -u)" = 0 ] || fail "a root folder is made by root: sudo $0 $dir"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing: apt-get install mmdebstrap"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "Debian's keys are missing: apt-get install debian-archive-keyring"

# A Debian machine's own mirror; anything else takes the public one.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null |
    sed 's|/*$||' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
mirror=${mirror:-http://deb.debian.org/debian}

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
exec 9>"$dir.lock"
flock 9
# Somebody else may have made it while we waited.
[ "$(cat "$dir/.complete" 2>/dev/null)" = "$stamp" ] && exit 0
work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
# How this machine reaches its mirror (proxy, retries, certificates), but nothing else of its apt.
apt-config dump | grep -E '^Acquire::' | grep -vE '^Acquire::(CompressionTypes|IndexTargets|Changelogs)' >"$work/acquire.conf"
# A mirror kept as it was on some day has an index past its date; the signature is checked all the same.
printf 'Acquire::Check-Valid-Until "false";\nAcquire::Retries "3";\n' >>"$work/acquire.conf"

mmdebstrap --quiet --mode=root --variant=apt --include="${packages%,}" --keyring="$keyring" \
    --aptopt="$work/acquire.conf" --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --skip=cleanup/reproducible --customize-hook='mkdir -p "$1/var/spool/asterisk/recording"' \
    --customize-hook='rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/archives/*.deb' \
    "$suite" "$work/root" "$mirror"

rm -rf "$dir"
mv "$work/root" "$dir"
printf '%s' "$stamp" >"$dir/.complete"
