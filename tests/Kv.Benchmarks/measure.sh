# Sourced by compare.sh, compare-cluster.sh and others: servers of ours and of a real etcd 3.5 started in turn, loads on
# them, and a table of medians and ratios. Wants: scenarios (an array, each with a function run_NAME) and members (how many).
#
# Settings:   PAIRS (5), WARMUP (300000) and REQUESTS (100000) of h2load, SECONDS_EACH of the timed ones (10),
#             DATA (where data goes), SIDES ("ours etcd"; "etcd etcd" tries the script itself), KV_CACHE
# Each server is fresh for each run, with its data on the same disk. Nothing runs longer than its bound.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PAIRS=${PAIRS:-5}
WARMUP=${WARMUP:-300000}
REQUESTS=${REQUESTS:-100000}
SECONDS_EACH=${SECONDS_EACH:-10}
read -r -a sides <<< "${SIDES:-ours etcd}"

data=$(mktemp -d "${DATA:-/tmp}/kv-compare.XXXXXX")
results=$data/results
pids=()              # by the member's number, from 1; none at 0
extra=()             # more flags of the servers
headers=()           # more options of h2load
leader=1
initial=

finish() {
    stop_servers
    rm -rf "$data"
}
trap finish EXIT

prepare() {
    etcd=$("$root/tests/tools/get-etcd.sh" 3.5.30)/usr/bin/etcd
    dotnet build "$root/tests/Kv.Benchmarks" -c Release -v q --nologo >&2
    bash "$root/tests/tools/publish-node.sh" "$data/node" >&2
    bench=(dotnet "$root/artifacts/bin/Kv.Benchmarks/release/kv-bench.dll")
    node=("$data/node/kv-node")
    "${bench[@]}" frame put > "$data/put.frame"
    "${bench[@]}" frame range > "$data/range.frame"
    "${bench[@]}" frame range --serializable > "$data/serializable.frame"
    "${bench[@]}" frame range --span 10000 --keys 10100 --sequential > "$data/range10k.frame"
    for number in $(seq "$members"); do
        initial+="${initial:+,}m$number=http://$(peer_of "$number")"
    done
}

client_of() { echo "127.0.3.$1:23790"; }
peer_of() { echo "127.0.3.$1:23800"; }

start_member() { # ours|etcd, number
    local program client peer
    if [ "$1" = ours ]; then program=("${node[@]}"); else program=("$etcd"); fi
    client=$(client_of "$2")
    peer=$(peer_of "$2")
    "${program[@]}" --name "m$2" --data-dir "$data/m$2" --log-level warn --quota-backend-bytes 8589934592 \
        --listen-client-urls "http://$client" --advertise-client-urls "http://$client" \
        --listen-peer-urls "http://$peer" --initial-advertise-peer-urls "http://$peer" \
        --initial-cluster "$initial" ${extra[@]+"${extra[@]}"} > "$data/log$2" 2>&1 &
    pids[$2]=$!
}

await_member() { # number
    local tries
    for tries in $(seq 1 6000); do
        if curl -s -o /dev/null --max-time 5 -f "http://$(client_of "$1")/health"; then return 0; fi
        kill -0 "${pids[$1]}" 2>/dev/null || break
        sleep 0.02
    done
    echo "member $1 does not serve:" >&2
    tail -n 20 "$data/log$1" >&2
    exit 1
}

metric() { # member, name
    curl -s --max-time 5 "http://$(client_of "$1")/metrics" | awk -v name="$2" '$1 == name { printf "%d", $2 }'
}

start_servers() { # ours|etcd
    local number
    for number in $(seq "$members"); do start_member "$1" "$number"; done
    for number in $(seq "$members"); do await_member "$number"; done
    find_leader
}

find_leader() {
    local number tries
    for tries in $(seq 1 500); do
        for number in "${!pids[@]}"; do
            if [ "$(metric "$number" etcd_server_is_leader)" = 1 ]; then
                leader=$number
                return
            fi
        done
        sleep 0.02
    done
    echo "no leader" >&2
    exit 1
}

stop_member() { # number, signal
    local pid=${pids[$1]} tries
    unset "pids[$1]"
    kill "-$2" "$pid" 2>/dev/null || true
    for tries in $(seq 1 750); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

stop_servers() {
    local number
    for number in "${!pids[@]}"; do stop_member "$number" TERM; done
}

# Of all members together.
cpu_ticks() {
    local pid
    for pid in "${pids[@]}"; do sed 's/.*) //' "/proc/$pid/stat"; done | awk '{ sum += $12 + $13 } END { print sum }'
}

# Of the leader, in bytes.
memory() { awk -v name="$1:" '$1 == name { print $2 * 1024 }' "/proc/${pids[$leader]}/status"; }

note() { echo "$scenario $column $1 $2" >> "$results"; } # metric value

kv_bench() {
    timeout 600 "${bench[@]}" "$@" --endpoints "http://$(client_of "$leader")" --pid "${pids[$leader]}" \
        > "$data/out" || { echo "kv-bench $*:" >&2; cat "$data/out" >&2; exit 1; }
}
told() { awk -v name="$1" '$1 == name { print $2 }' "$data/out"; }

h2load_run() { # method, frame
    # A server is started for months: what its first seconds cost (compiling, growing) is not measured, on either side.
    h2load_measure "$1" "$2" 100 10 "$WARMUP" "$REQUESTS"
}

# Of a log of h2load, in microseconds.
p99_of() { sort -n -k3,3 "$1" | awk '{ v[NR] = $3 } END { print v[int(NR * 0.99 + 0.5)] }'; }

h2load_measure() { # method, frame, connections, streams, requests to warm up, requests to measure
    local before after url load=(timeout 300 h2load -c "$3" -m "$4" -t 1 "--data=$2"
        -H 'content-type: application/grpc' -H 'te: trailers' ${headers[@]+"${headers[@]}"})
    url="http://$(client_of "$leader")$1"
    "${load[@]}" -n "$5" "$url" > /dev/null
    before=$(cpu_ticks)
    "${load[@]}" -n "$6" --log-file="$data/h2.log" "$url" > "$data/out"
    after=$(cpu_ticks)
    grep -q " $6 succeeded, 0 failed, 0 errored" "$data/out" || { cat "$data/out" >&2; exit 1; }
    note per_second "$(sed -nE 's/^finished in .*, ([0-9.]+) req\/s.*/\1/p' "$data/out")"
    note p99_us "$(p99_of "$data/h2.log")"
    note cpu_us "$(awk -v t=$((after - before)) -v n="$6" 'BEGIN { print t * 10000 / n }')"
    rm -f "$data/h2.log"
}

# A refused put answers with HTTP 200 too; only the revision shows what was really written.
must_have_written() {
    local revision
    revision=$(metric "$leader" etcd_debugging_mvcc_current_revision)
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

print_table() { # names of the two columns
    echo "| scenario | metric | $1 | $2 | $1 / ${2%% *} |"
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

# Runs each scenario PAIRS times on both sides, and prints the table.
run_scenarios() {
    local pair turn turns side
    prepare
    : > "$results"
    for scenario in "${scenarios[@]}"; do
        for pair in $(seq 1 "$PAIRS"); do
            # Who goes first changes from pair to pair.
            if [ $((pair % 2)) = 1 ]; then turns="0 1"; else turns="1 0"; fi
            for turn in $turns; do
                side=${sides[$turn]}
                rm -rf "$data"/m[0-9]*
                column=first
                [ "$turn" = 0 ] || column=second
                extra=()
                ! declare -F "flags_$scenario" > /dev/null || "flags_$scenario"
                start_servers "$side"
                "run_$scenario"
                stop_servers
                echo "$scenario, pair $pair of $PAIRS: $side done" >&2
            done
        done
    done
    print_table ours "etcd 3.5.30"
}
