#!/usr/bin/env bash
# Makes base images for the test that builds ours, without pulling any: Debian with a linker by debootstrap, and the .NET
# runtime of this machine on top.
#
#   tests/tools/make-base-images.sh STORAGE      leaves  localhost/kv-base  and  localhost/kv-runtime  in STORAGE
#
# STORAGE is a folder of buildah's for this alone. What debootstrap made is kept in ${KV_CACHE:-<repository>/.cache}.
set -euo pipefail

storage=${1:?usage: make-base-images.sh STORAGE}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${KV_CACHE:-$root/.cache}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
tarball=$cache/debian-$suite-gcc.tar

# The Debian that this machine itself is kept from.
mirror() {
    {
        sed -nE 's/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
            sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+).*/\2/p'
    } | sed 's,/*$,,' | grep -E '/debian(/[0-9]{8}T[0-9]{6}Z)?$' | head -n 1
}

if [ ! -f "$tarball" ]; then
    mkdir -p "$cache"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    debootstrap --variant=minbase --include=ca-certificates,libssl3,gcc,libc6-dev "$suite" "$scratch/tree" "$(mirror)" >&2
    tar -C "$scratch/tree" -cf "$tarball.part" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
        --exclude='./dev/*' .
    mv "$tarball.part" "$tarball"
fi

buildah() { command buildah --root "$storage/root" --runroot "$storage/run" "$@"; }

if buildah inspect --type image localhost/kv-runtime > /dev/null 2>&1; then
    exit 0
fi

dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
made=$(buildah from scratch)
buildah add -q "$made" "$tarball" / > /dev/null
# The SDK, which a build is lent, is found where it will be, and does without ICU.
buildah config --env PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/share/dotnet \
    --env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$made"
buildah commit -q "$made" localhost/kv-base > /dev/null
for part in dotnet host shared; do
    if [ -d "$dotnet/$part" ]; then
        buildah copy -q "$made" "$dotnet/$part" "/usr/share/dotnet/$part" > /dev/null
    else
        buildah copy -q "$made" "$dotnet/$part" /usr/share/dotnet/ > /dev/null
    fi
done
buildah commit -q "$made" localhost/kv-runtime > /dev/null
buildah rm "$made" > /dev/null
