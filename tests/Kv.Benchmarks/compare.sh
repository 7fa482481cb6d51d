#!/usr/bin/env bash
# Runs the same loads in turn against ours and a real etcd 3.5 on this machine, and prints medians and ratios.
#
#   tests/Kv.Benchmarks/compare.sh                      all scenarios, 5 pairs
#   PAIRS=1 tests/Kv.Benchmarks/compare.sh put range    some of them, once each
#
# Scenarios:  put            h2load, 100 connections x 10 streams, one key, 256-byte values
#             range          the same for a linearizable range of one key
#             serializable   the same for a serializable one
#             put1           one client
#             range10k       h2load, 4 connections, ranges of 10,000 keys of 1 KiB, and the server's peak memory
#             watch          100 watchers of one prefix under 5,000 puts a second
#             million        1,000,000 keys of 256 bytes: memory after load and after restart, time to serving
# Settings:   PAIRS (5), WARMUP (300000) and REQUESTS (100000) of h2load, SECONDS_EACH of the timed ones (10),
#             DATA (where data goes), SIDES ("ours etcd"; "etcd etcd" tries the script itself), KV_CACHE
# Each server is fresh for each run, with its data on the same disk. Nothing runs longer than its bound.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PAIRS=${PAIRS:-5}
WARMUP=${WARMUP:-300000}
REQUESTS=${REQUESTS:-100000}
SECONDS_EACH=${SECONDS_EACH:-10}
MILLION=${MILLION:-1000000}
read -r -a sides <<< "${SIDES:-ours etcd}"
scenarios=("$@")
[ ${#scenarios[@]} -gt 0 ] || scenarios=(put range serializable put1 range10k watch million)

data=$(mktemp -d "${DATA:-/tmp}/kv-compare.XXXXXX")
results=$data/results
server_pid=
client=127.0.0.1:23790
peer=127.0.0.1:23800

finish() {
    stop_server
    rm -rf "$data"
}
trap finish EXIT

prepare() {
    etcd=$("$root/tests/tools/get-etcd.sh" 3.5.30)/usr/bin/etcd
    dotnet build "$root/tests/Kv.Benchmarks" -c Release -v q --nologo >&2
    dotnet publish "$root/node/Kv.Server" -c Release -r "linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')" \
        -o "$data/node" -v q --nologo >&2
    bench=(dotnet "$root/artifacts/bin/Kv.Benchmarks/release/kv-bench.dll")
    node=("$data/node/kv-node")
    "${bench[@]}" frame put > "$data/put.frame"
    "${bench[@]}" frame range > "$data/range.frame"
    "${bench[@]}" frame range --serializable > "$data/serializable.frame"
    "${bench[@]}" frame range --span 10000 --keys 10100 --sequential > "$data/range10k.frame"
}

start_server() { # ours|etcd
    local program
    if [ "$1" = ours ]; then program=("${node[@]}"); else program=("$etcd"); fi
    "${program[@]}" --name m1 --data-dir "$data/m1" --log-level warn --quota-backend-bytes 8589934592 \
        --listen-client-urls "http://$client" --advertise-client-urls "http://$client" \
        --listen-peer-urls "http://$peer" --initial-advertise-peer-urls "http://$peer" \
        --initial-cluster "m1=http://$peer" > "$data/log" 2>&1 &
    server_pid=$!
    local tries
    for tries in $(seq 1 6000); do
        if curl -s -o /dev/null --max-time 5 -f "http://$client/health"; then return 0; fi
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.02
    done
    echo "$1 does not serve:" >&2
    tail -n 20 "$data/log" >&2
    exit 1
}

stop_server() {
    [ -n "$server_pid" ] || return 0
    kill -TERM "$server_pid" 2>/dev/null || true
    local tries
    for tries in $(seq 1 750); do
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.02
    done
    kill -KILL "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

cpu_ticks() { sed 's/.*) //' "/proc/$server_pid/stat" | awk '{ print $12 + $13 }'; }
memory() { awk -v name="$1:" '$1 == name { print $2 * 1024 }' "/proc/$server_pid/status"; }

note() { echo "$scenario $column $1 $2" >> "$results"; } # metric value

kv_bench() { timeout 600 "${bench[@]}" "$@" --endpoints "http://$client" --pid "$server_pid" > "$data/out" || {
    echo "kv-bench $*:" >&2; cat "$data/out" >&2; exit 1; }; }
told() { awk -v name="$1" '$1 == name { print $2 }' "$data/out"; }

h2load_run() { # method, frame
    # A server is started for months: what its first seconds cost (compiling, growing) is not measured, on either side.
    h2load_measure "$1" "$2" 100 10 "$WARMUP" "$REQUESTS"
}

h2load_measure() { # method, frame, connections, streams, requests to warm up, requests to measure
    local before after load=(timeout 300 h2load -c "$3" -m "$4" -t 1 "--data=$2"
        -H 'content-type: application/grpc' -H 'te: trailers')
    "${load[@]}" -n "$5" "http://$client$1" > /dev/null
    before=$(cpu_ticks)
    "${load[@]}" -n "$6" --log-file="$data/h2.log" "http://$client$1" > "$data/out"
    after=$(cpu_ticks)
    grep -q " $6 succeeded, 0 failed, 0 errored" "$data/out" || { cat "$data/out" >&2; exit 1; }
    note per_second "$(sed -nE 's/^finished in .*, ([0-9.]+) req\/s.*/\1/p' "$data/out")"
    note p99_us "$(sort -n -k3,3 "$data/h2.log" | awk '{ v[NR] = $3 } END { print v[int(NR * 0.99 + 0.5)] }')"
    note cpu_us "$(awk -v t=$((after - before)) -v n="$6" 'BEGIN { print t * 10000 / n }')"
    rm -f "$data/h2.log"
}

# A refused put answers with HTTP 200 too; only the revision shows what was really written.
must_have_written() {
    local revision
    revision=$(curl -s "http://$client/metrics" |
        awk '$1 == "etcd_debugging_mvcc_current_revision" { printf "%d", $2 }')
    [ "$revision" -gt "$((REQUESTS + WARMUP))" ] || { echo "only $revision revisions after $REQUESTS puts" >&2; exit 1; }
}

run_put() { h2load_run /etcdserverpb.KV/Put "$data/put.frame"; must_have_written; }

run_range() {
    kv_bench put --sequential --total 1 --keys 1
    h2load_run /etcdserverpb.KV/Range "$data/range.frame"
}

run_serializable() {
    kv_bench put --sequential --total 1 --keys 1
    h2load_run /etcdserverpb.KV/Range "$data/serializable.frame"
}

run_put1() {
    kv_bench put --clients 1 --connections 1 --duration "$SECONDS_EACH"
    note per_second "$(told per_second)"
    note p99_us "$(told p99_us)"
    note cpu_us "$(told cpu_us_per_request)"
}

run_range10k() {
    kv_bench txn --sequential --span 100 --total 101 --keys 10100 --value-bytes 1024 --clients 4
    h2load_measure /etcdserverpb.KV/Range "$data/range10k.frame" 4 1 100 400
    note peak_rss "$(memory VmHWM)"
}

run_watch() {
    kv_bench watch --watchers 100 --connections 10 --clients 100 --rate 5000 --duration "$SECONDS_EACH" --keys 10000
    note events_per_second "$(told items_per_second)"
    note p99_us "$(told p99_us)"
    note cpu_seconds "$(told cpu_seconds)"
}

run_million() {
    kv_bench txn --sequential --span 100 --total $((MILLION / 100)) --keys "$MILLION" --clients 16 --duration 300
    note rss_loaded "$(memory VmRSS)"
    stop_server
    local start end
    start=$(date +%s%N)
    start_server "$side"
    end=$(date +%s%N)
    note restart_ms $(((end - start) / 1000000))
    note rss_restarted "$(memory VmRSS)"
}

print_table() {
    echo "| scenario | metric | ours | etcd 3.5.30 | ours / etcd |"
    echo "|---|---|---|---|---|"
    sort "$results" | awk '
        function median(key,   n, i, j, t, v) {
            n = split(all[key], v, " ")
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
            return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
        }
        {
            row = $1 SUBSEP $3
            if (!(row in seen)) { seen[row] = 1; order[++rows] = row }
            all[row, $2] = all[row, $2] " " $4
        }
        END {
            for (i = 1; i <= rows; i++) {
                row = order[i]
                split(row, name, SUBSEP)
                a = median(row SUBSEP "first")
                b = median(row SUBSEP "second")
                ratio = (b > 0) ? sprintf("%.2f", a / b) : "-"
                printf("| %s | %s | %.0f | %.0f | %s |\n", name[1], name[2], a, b, ratio)
            }
        }'
}

prepare
: > "$results"
for scenario in "${scenarios[@]}"; do
    for pair in $(seq 1 "$PAIRS"); do
        # Who goes first changes from pair to pair.
        if [ $((pair % 2)) = 1 ]; then turns="0 1"; else turns="1 0"; fi
        for turn in $turns; do
            side=${sides[$turn]}
            rm -rf "$data/m1"
            start_server "$side"
            column=first
            [ "$turn" = 0 ] || column=second
            "run_$scenario"
            stop_server
            echo "$scenario, pair $pair of $PAIRS: $side done" >&2
        done
    done
done
print_table
