#!/usr/bin/env bash
# Fetches promtool from Debian's package of Prometheus without installing it, for the tests of the charts' alerts.
#
#   tests/tools/get-promtool.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/promtool  with promtool
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/promtool

if [ ! -x "$target/promtool" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    # A scratch folder of root's alone cannot be written by the user that apt fetches as.
    (cd "$scratch" && apt-get -o APT::Sandbox::User=root -q=2 download prometheus > /dev/null)
    dpkg -x "$scratch"/prometheus_*.deb "$scratch/tree"
    mkdir -p "$target"
    cp "$scratch/tree/usr/bin/promtool" "$target"
fi
echo "$target"
