#!/usr/bin/env bash
# Runs the same loads in turn against a lone member of ours and of a real etcd 3.5 on this machine, and prints medians
# and ratios.
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
# Settings:   MILLION (1000000), and those of measure.sh
set -euo pipefail

members=1
scenarios=("$@")
[ ${#scenarios[@]} -gt 0 ] || scenarios=(put range serializable put1 range10k watch million)
source "$(dirname "$0")/measure.sh"
MILLION=${MILLION:-1000000}

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
    stop_servers
    local start end
    start=$(date +%s%N)
    start_member "$side" 1
    await_member 1
    end=$(date +%s%N)
    note restart_ms $(((end - start) / 1000000))
    note rss_restarted "$(memory VmRSS)"
}

run_scenarios
