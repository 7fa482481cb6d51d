#!/usr/bin/env bash
# Builds everything and runs every test, as continuous integration does:
#
#   tests/run.sh                     all test projects
#   tests/run.sh Kv.Node.Tests       only those named
#
# Wants a Debian machine with the .NET SDK; what else the tests need, such as a real etcd to compare with, it installs
# (as root or by sudo) if it is missing, without starting it as a service. The last line says how it went, and the exit
# code is not 0 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

etcd_version=3.5.30          # the one that answers are compared with
project_seconds_max=1800     # a test that hangs must not hang the run

passed=0
failed=0

say() { printf '== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# A package may start its service when it is installed; policy-rc.d is Debian's way to say no.
install_packages() {
    local policy=/usr/sbin/policy-rc.d made=no status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod +x "$policy" && made=yes
    fi
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null || status=$?
    [ "$made" = no ] || as_root rm -f "$policy"
    return "$status"
}

ensure_tools() {
    local missing=()
    command -v etcd >/dev/null || missing+=(etcd-server)
    command -v etcdctl >/dev/null || missing+=(etcd-client)
    command -v gcc >/dev/null && command -v objcopy >/dev/null || missing+=(gcc libc6-dev)
    command -v h2load >/dev/null || missing+=(nghttp2-client)
    command -v xz >/dev/null || missing+=(xz-utils)
    command -v curl >/dev/null || missing+=(curl)
    command -v npm >/dev/null || missing+=(npm)
    command -v unzip >/dev/null || missing+=(unzip)
    command -v buildah >/dev/null || missing+=(buildah)
    command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    command -v ip >/dev/null || missing+=(iproute2)
    if [ "${#missing[@]}" -gt 0 ]; then
        say "installing ${missing[*]}"
        install_packages "${missing[@]}" || say "could not install ${missing[*]}: tests that need them will fail"
    fi
    bash tests/tools/get-etcd.sh "$etcd_version" >/dev/null ||
        say "no etcd $etcd_version: tests that need it will fail"
    bash tests/tools/get-s3rver.sh >/dev/null || say "no s3rver: tests that need it will fail"
    bash tests/tools/get-kubernetes-models.sh >/dev/null || say "no schemas of Kubernetes: tests that need them will fail"
    local kubectl # and helm, and helm3
    if kubectl=$(bash tests/tools/get-kubectl.sh); then
        export PATH=$kubectl:$PATH
    else
        say "no kubectl: tests that need it will fail"
    fi
    local promtool
    if promtool=$(bash tests/tools/get-promtool.sh); then
        export PATH=$promtool:$PATH
    else
        say "no prometheus: tests that need it will fail"
    fi
}

# A step that must succeed counts as one test.
step() {
    local name=$1
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "$name FAILED"
        return 1
    fi
}

build() {
    dotnet restore KvOperator.sln --locked-mode -v q --nologo &&
        dotnet build KvOperator.sln -c Release --no-restore --disable-build-servers -v q --nologo
}

# The node as it is published, compiled ahead of time: tests that start hundreds of them are done sooner.
publish() {
    bash tests/tools/publish-node.sh artifacts/published --disable-build-servers &&
        export KV_NODE="$PWD/artifacts/published/kv-node"
}

# Adds up what a test executable says in its summary: "Total: 5, Errors: 0, Failed: 1, Skipped: 0, Not Run: 0".
run_tests() {
    local project=$1 log code=0 total errors wrong skipped unrun
    log=$(mktemp)
    say "$project"
    timeout "$project_seconds_max" \
        dotnet "artifacts/bin/$project/release/$project.dll" -noLogo -noColor 2>&1 | tee "$log" | grep -v '^ *$' || code=$?
    read -r total errors wrong skipped unrun < <(
        sed -nE 's/.*Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+), Not Run: ([0-9]+).*/\1 \2 \3 \4 \5/p' \
            "$log" | tail -n 1)
    rm -f "$log"
    if [ -z "${total:-}" ]; then
        say "$project ended without a summary"
        failed=$((failed + 1))
        return
    fi
    passed=$((passed + total - wrong - skipped - unrun))
    failed=$((failed + wrong + errors))
    if [ "$code" -ne 0 ] && [ "$((wrong + errors))" -eq 0 ]; then
        say "$project exited with $code"
        failed=$((failed + 1))
    fi
}

test_projects() {
    local file
    for file in tests/*.Tests/*.Tests.csproj; do
        basename "$file" .csproj
    done
}

ensure_tools
if step "build" build; then
    step "publish" publish
    step "format" dotnet format KvOperator.sln --verify-no-changes --no-restore
    for project in ${*:-$(test_projects)}; do
        run_tests "$project"
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
