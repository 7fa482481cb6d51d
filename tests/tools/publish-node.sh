#!/usr/bin/env bash
# Publishes the node as it ships, compiled ahead of time for this machine (by gcc), into a folder:
#
#   tests/tools/publish-node.sh FOLDER [options of dotnet publish]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
shift
case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) echo "no .NET for $(uname -m)" >&2; exit 1 ;;
esac
dotnet publish "$root/node/Kv.Server" -c Release -r "linux-$machine" -o "$folder" -v q --nologo "$@"
