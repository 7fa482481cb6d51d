#!/usr/bin/env bash
# Fetches s3rver, a small store that speaks S3, from npm without installing it, for the tests of snapshots that are kept
# in one.
#
#   tests/tools/get-s3rver.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/s3rver-3.7.1  with node_modules
set -euo pipefail

version=3.7.1
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/s3rver-$version

if [ ! -d "$target/node_modules/s3rver" ]; then
    mkdir -p "$(dirname "$target")"
    scratch=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$scratch" "s3rver@$version" > /dev/null
    rm -rf "$target"
    mv "$scratch" "$target"
fi
echo "$target"
