#!/usr/bin/env bash
# Runs the same loads in turn against three members of ours and of a real etcd 3.5 on this machine, and prints medians
# and ratios. CPU is that of all three members.
#
#   tests/Kv.Benchmarks/compare-cluster.sh                      all scenarios, 5 pairs
#   PAIRS=1 tests/Kv.Benchmarks/compare-cluster.sh put range    some of them, once each
#
# Scenarios:  put, range, serializable    h2load to the leader, 100 connections x 10 streams
#             spread_put, spread_range    h2load to each member, 34 connections x 10 streams each
#             failover                    the leader is killed with -9 under load (20 times with PAIRS=20): the longest
#                                         time without an acknowledged put
#             catchup                     a member that was away for CATCHUP_MIB (1024) of writes is started again and
#                                         sent a snapshot: time until it has all, growth of the leader's memory meanwhile
# Settings:   those of measure.sh
set -euo pipefail

members=3
scenarios=("$@")
[ ${#scenarios[@]} -gt 0 ] || scenarios=(put range serializable spread_put spread_range failover catchup)
source "$(dirname "$0")/measure.sh"
CATCHUP_MIB=${CATCHUP_MIB:-1024}

endpoints() { # of all that run
    local number
    for number in "${!pids[@]}"; do printf 'http://%s ' "$(client_of "$number")"; done
}

# Each member gets its third of the requests from an h2load of its own, all at the same time.
load_all() { # method, frame, requests of each
    local number load=(timeout 300 h2load -c 34 -m 10 -t 1 "--data=$2"
        -H 'content-type: application/grpc' -H 'te: trailers' -n "$3")
    local loads=()
    for number in "${!pids[@]}"; do
        rm -f "$data/h2.log$number"
        "${load[@]}" --log-file="$data/h2.log$number" "http://$(client_of "$number")$1" > "$data/out$number" &
        loads+=($!)
    done
    wait "${loads[@]}"
    for number in "${!pids[@]}"; do
        grep -q " $3 succeeded, 0 failed, 0 errored" "$data/out$number" || { cat "$data/out$number" >&2; exit 1; }
    done
}

spread() { # method, frame
    local before after start end each=$(((REQUESTS + members - 1) / members))
    load_all "$1" "$2" $(((WARMUP + members - 1) / members))
    before=$(cpu_ticks)
    start=$(date +%s%N)
    load_all "$1" "$2" "$each"
    end=$(date +%s%N)
    after=$(cpu_ticks)
    note per_second "$(awk -v t=$((end - start)) -v n=$((each * members)) 'BEGIN { print n * 1e9 / t }')"
    cat "$data"/h2.log[0-9]* > "$data/h2.log"
    note p99_us "$(p99_of "$data/h2.log")"
    note cpu_us "$(awk -v t=$((after - before)) -v n=$((each * members)) 'BEGIN { print t * 10000 / n }')"
}

run_spread_put() { spread /etcdserverpb.KV/Put "$data/put.frame"; must_have_written; }

run_spread_range() {
    kv_bench put --sequential --total 1 --keys 1
    spread /etcdserverpb.KV/Range "$data/range.frame"
}

run_failover() {
    local number killed=$leader pid load
    # shellcheck disable=SC2046
    load=("${bench[@]}" gap --clients 20 --connections 20 --duration 6
        --endpoints $(for number in "${!pids[@]}"; do
            [ "$number" = "$killed" ] || printf 'http://%s ' "$(client_of "$number")"
        done))
    timeout 60 "${load[@]}" > "$data/out" &
    pid=$!
    # Into the run: some seconds of load before, and some after.
    sleep 2
    stop_member "$killed" KILL
    wait "$pid"
    note pause_us "$(told max_us)"
    [ "$(told items_per_second)" -gt 0 ] || { echo "nothing was written" >&2; exit 1; }
}

# etcd 3.5 has the second flag as an experimental one only, and ours has none such.
flags_catchup() {
    local entries=--snapshot-catchup-entries
    [ "$side" = ours ] || entries=--experimental-snapshot-catchup-entries
    extra=(--snapshot-count 1000 "$entries" 100)
}

run_catchup() {
    local away=1 start end before tries wanted
    [ "$leader" != 1 ] || away=2
    stop_member "$away" TERM
    kv_bench txn --sequential --span 100 --total $((CATCHUP_MIB * 10)) --keys $((CATCHUP_MIB * 1000)) \
        --value-bytes 1024 --clients 8 --duration 400
    wanted=$(metric "$leader" etcd_debugging_mvcc_current_revision)
    echo 5 > "/proc/${pids[$leader]}/clear_refs" # the peak begins anew
    before=$(memory VmHWM)
    start=$(date +%s%N)
    start_member "$side" "$away"
    for tries in $(seq 1 6000); do
        [ "$(metric "$away" etcd_debugging_mvcc_current_revision)" != "$wanted" ] || break
        sleep 0.05
    done
    end=$(date +%s%N)
    [ "$(metric "$away" etcd_debugging_mvcc_current_revision)" = "$wanted" ] || { echo "never caught up" >&2; exit 1; }
    note caught_up_ms $(((end - start) / 1000000))
    note leader_growth_bytes $(($(memory VmHWM) - before))
}

run_scenarios
