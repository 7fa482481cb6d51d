#!/usr/bin/env bash
# Breaks the rules that keep data safe, one at a time and by one line each, and shows the seed by which the simulator
# notices:
#
#   tests/Kv.Simulation.Tests/mutations.sh                      all of Mutations/*.patch
#   tests/Kv.Simulation.Tests/mutations.sh vote-twice ...       those named
#   tests/Kv.Simulation.Tests/mutations.sh --recorded ...       only the seeds that are written down, one for each
#
# Works in a copy of the sources. Tries first the seed that Mutations/caught.txt has; if that does not notice (any more),
# as many seeds as continuous integration runs, and writes down the one that does. Fails if there is none.
#
#   KV_STEP            a command that each build and each run is passed to, such as "nice"
#   KV_MUTATION_COPY   where the copy is, and stays; by default it is made and removed
#   KV_SIM_SECONDS     how long seeds are looked for, for each break; 240 by default
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
caught=$here/Mutations/caught.txt
seeds_max=500
seconds_max=${KV_SIM_SECONDS:-240}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

if [ -n "${KV_MUTATION_COPY:-}" ]; then
    copy=$KV_MUTATION_COPY
else
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
fi

# What differs gets the time of now, or what was built of a broken source would be taken for up to date.
while IFS= read -r -d '' file; do
    [ -f "$root/$file" ] || continue
    cmp -s "$root/$file" "$copy/$file" && continue
    mkdir -p "$(dirname "$copy/$file")"
    cp "$root/$file" "$copy/$file"
done < <(cd "$root" && git ls-files -z --cached --others --exclude-standard -- . ':!operator' ':!tests/fixtures')

step() { ${KV_STEP:-} "$@"; }

build() {
    step dotnet build "$copy/$1" -c Release -v q --nologo -p:RunAnalyzers=false "${@:2}" >"$copy/build.log" 2>&1 || {
        tail -n 20 "$copy/build.log"
        exit 2
    }
}

# A break changes one assembly, so only that is built, and takes the place of the sound one. It is built again only when
# the product or the break has changed, so that another schedule is soon tried on all of them.
assembly_of() { sed -nE 's,^\+\+\+ b/node/([^/]+)/.*,\1,p' "$1"; }

# What stands for these sources of the copy, and this file.
key_of() {
    (cd "$copy" && git -C "$root" ls-files -z -- "$1/*.cs" "$1/*.csproj" | xargs -0 cat -- "${2:-/dev/null}" 2>/dev/null) |
        sha256sum
}

build_sound() {
    local key
    key="$(key_of node) $(key_of tests/Kv.Testing) $(key_of tests/Kv.Simulation.Tests)"
    [ "$(cat "$copy/sound.key" 2>/dev/null)" = "$key" ] && return
    build tests/Kv.Simulation.Tests
    echo "$key" >"$copy/sound.key"
}

build_broken() {
    local patch=$here/Mutations/$1.patch kept=$copy/kept/$1 assembly key
    assembly=$(assembly_of "$patch")
    key=$(key_of node "$patch")
    if [ "$(cat "$kept/key" 2>/dev/null)" != "$key" ]; then
        patch -s -p1 -d "$copy" <"$patch" || exit 2
        build "node/$assembly" --no-dependencies
        patch -s -R -p1 -d "$copy" <"$patch" || exit 2
        mkdir -p "$kept"
        cp "$copy/artifacts/bin/$assembly/release/$assembly.dll" "$kept/"
        echo "$key" >"$kept/key"
    fi

    rm -rf "$copy/broken"
    cp -r "$copy/artifacts/bin/Kv.Simulation.Tests/release" "$copy/broken"
    cp "$kept/$assembly.dll" "$copy/broken/"
}

run() { step dotnet "$copy/broken/Kv.Simulation.Tests.dll" "$@" >"$copy/run.log" 2>&1; }

# The seed and what was found: the first line after the trace.
finding() { sed -nE 's/^seed ([0-9]+): (.*)/\1 \2/p' "$copy/run.log" | head -n 1 | cut -c1-150; }

record() {
    { grep -v "^$1 " "$caught" 2>/dev/null; echo "$1 $2"; } | LC_ALL=C sort >"$copy/caught.txt"
    cp "$copy/caught.txt" "$caught"
    echo "$1: $2"
}

try() {
    local name=$1 seed=""
    grep -q "^$name " "$caught" 2>/dev/null && seed=$(sed -nE "s/^$name ([0-9]+).*/\1/p" "$caught")
    build_broken "$name"

    if [ -n "$seed" ] && ! run --seed "$seed"; then
        record "$name" "$(finding)"
        return 0
    fi
    if [ -n "$recorded" ]; then
        echo "$name: NOT NOTICED by seed ${seed:-(none is written down)}"
        return 1
    fi
    if run --from 1 --seeds "$seeds_max" --seconds "$seconds_max" || [ -z "$(finding)" ]; then
        echo "$name: NOT NOTICED: $(tail -n 1 "$copy/run.log")"
        return 1
    fi
    record "$name" "$(finding)"
}

recorded=""
if [ "${1:-}" = --recorded ]; then
    recorded=yes
    shift
fi
names=("$@")
if [ "${#names[@]}" -eq 0 ]; then
    for patch in "$here"/Mutations/*.patch; do
        names+=("$(basename "$patch" .patch)")
    done
fi

build_sound
unnoticed=0
for name in "${names[@]}"; do
    try "$name" || unnoticed=$((unnoticed + 1))
done
echo "${#names[@]} broken, $unnoticed not noticed"
[ "$unnoticed" -eq 0 ]
