#!/usr/bin/env bash
# Fetches a real etcd from Debian without installing it, for the tests that compare ours with it.
#
#   tests/tools/get-etcd.sh 3.5.30      leaves  ${KV_CACHE:-<repository>/.cache}/etcd-3.5.30/usr/bin/{etcd,etcdctl,etcdutl}
#
# Where Debian's packages come from is read from this machine's own apt sources, so that a mirror or an archive that it
# is bound to is used here too; only the suite is replaced. apt's own state is left alone.
set -euo pipefail

version=${1:?usage: get-etcd.sh VERSION}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${KV_CACHE:-$root/.cache}
target=$cache/etcd-$version
suites="sid trixie forky"

if [ -x "$target/usr/bin/etcd" ] && [ -x "$target/usr/bin/etcdctl" ]; then
    echo "$target"
    exit 0
fi

mkdir -p "$cache"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{state/lists/partial,cache/archives/partial,download,tree}
apt_options=(
    -o Dir::Etc::sourcelist="$scratch/etcd.list" -o Dir::Etc::sourceparts=-
    -o Dir::State="$scratch/state" -o Dir::State::status=/dev/null -o Dir::Cache="$scratch/cache"
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=3
    -q=2
)

# The addresses of Debian proper among the machine's sources (not of its security archive), then for each that is
# frozen at a date the plain path on the same host: a frozen archive may be older than the version asked for.
addresses() {
    local found
    found=$( {
        sed -nE 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr -s ' ' '\n'
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p'
    } | sed 's,/*$,,' | grep -E '/debian(/[0-9]{8}T[0-9]{6}Z)?$' | sort -u) || true
    [ -n "$found" ] || return 0
    echo "$found"
    echo "$found" | sed -nE 's,^([a-z]+://[^/]+)/.*[0-9]{8}T[0-9]{6}Z$,\1/debian,p'
}

fetch() { # address suite
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $1 $2 main" > "$scratch/etcd.list"
    apt-get "${apt_options[@]}" update >"$scratch/log" 2>&1 || return 1
    local package full
    for package in etcd-server etcd-client; do
        full=$(apt-cache "${apt_options[@]}" madison "$package" | awk -F'|' -v want="$version" '
            { gsub(/ /, "", $2); if (index($2, want "-") == 1 || index($2, want "+") == 1) { print $2; exit } }')
        [ -n "$full" ] || return 1
        (cd "$scratch/download" && apt-get "${apt_options[@]}" download "$package=$full" >>"$scratch/log" 2>&1) || return 1
    done
}

for address in $(addresses); do
    for suite in $suites; do
        if fetch "$address" "$suite"; then
            for package in "$scratch"/download/*.deb; do
                dpkg -x "$package" "$scratch/tree"
            done
            rm -rf "$target"
            mv "$scratch/tree" "$target"
            echo "$target"
            exit 0
        fi
        rm -f "$scratch"/download/*
    done
done

echo "get-etcd.sh: no suite of ($suites) offers etcd $version at the machine's Debian addresses" >&2
tail -n 5 "$scratch/log" >&2 2>/dev/null || true
exit 1
