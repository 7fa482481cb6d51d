#!/usr/bin/env bash
# Fetches Kubernetes' own schemas, as npm's kubernetes-models has them, without installing them, for the test of what the
# charts render.
#
#   tests/tools/get-kubernetes-models.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/kubernetes-models-4.5.1
set -euo pipefail

version=4.5.1
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/kubernetes-models-$version

if [ ! -d "$target/node_modules/kubernetes-models" ]; then
    mkdir -p "$(dirname "$target")"
    scratch=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$scratch" "kubernetes-models@$version" > /dev/null
    rm -rf "$target"
    mv "$scratch" "$target"
fi
echo "$target"
