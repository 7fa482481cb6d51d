#!/usr/bin/env bash
# Fetches Prometheus and promtool from Debian's package without installing it, for the tests of the charts' alerts.
#
#   tests/tools/get-promtool.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/promtool  with both programs
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/promtool

if [ ! -x "$target/promtool" ] || [ ! -x "$target/prometheus" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    # A scratch folder of root's alone cannot be written by the user that apt fetches as.
    (cd "$scratch" && apt-get -o APT::Sandbox::User=root -q=2 download prometheus > /dev/null)
    dpkg -x "$scratch"/prometheus_*.deb "$scratch/tree"
    mkdir -p "$target"
    cp "$scratch/tree/usr/bin/promtool" "$scratch/tree/usr/bin/prometheus" "$target"
fi
echo "$target"
