#!/usr/bin/env bash
# Measures what a snapshot of a large store costs those who write meanwhile: a lone member of ours with SNAPSHOT_MIB
# of data takes 500 puts a second, first undisturbed and then while `kv-node snapshot take` runs as the operator's Job does.
#
#   tests/Kv.Benchmarks/measure-snapshot.sh
#
# Prints the 99th percentile of both, and how much memory of its own (RssAnon: mapped pages of files are not counted)
# the member takes more at most, and the Job in all. Fails if the percentile more than doubles, or either is 100 MiB or
# more.
#
# Settings:   SNAPSHOT_MIB (1024), and those of measure.sh
set -euo pipefail

members=1
source "$(dirname "$0")/measure.sh"
SNAPSHOT_MIB=${SNAPSHOT_MIB:-1024}
BYTES_MAX=$((100 * 1024 * 1024))

# The most that a process has of its own until it ends: pid, file for the answer.
follow_peak() {
    local peak=0 now
    while kill -0 "$1" 2>/dev/null; do
        now=$(awk '$1 == "RssAnon:" { print $2 * 1024 }' "/proc/$1/status" 2>/dev/null || true)
        [ "${now:-0}" -le "$peak" ] || peak=$now
        echo "$peak" > "$2"
        sleep 0.05
    done
}

# Not measured: the second in which the generator itself is being compiled.
steady() { kv_bench put --rate 500 --clients 50 --connections 10 --keys 10000 --warmup 1 --duration $(($1 + 1)); }

prepare
start_servers ours
kv_bench put --sequential --total "$SNAPSHOT_MIB" --keys "$SNAPSHOT_MIB" --value-bytes $((1024 * 1024)) --clients 4
sync                     # else what has just been loaded is still being written
steady 30                # to warm up, and to have the log of the loading compacted and its files deleted
# Both alone and meanwhile count by their worst window, of equally long ones: each starts a generator anew.
look() { steady 4; told p99_us; }
look_alone() { for _ in 1 2 3; do look >> "$data/alone"; done; }
look_alone
before=$(memory RssAnon)

DOTNET_GCGen0MaxBudget=400000 timeout 300 "${node[@]}" snapshot take --endpoints "http://$(client_of 1)" --to "file://$data/snapshot.db" \
    --owner measure --scratch "$data" > "$data/taken" 2>&1 &
job=$!
# timeout is a process of its own, and the Job its child.
taker=
for _ in $(seq 1 100); do
    taker=$(pgrep -P "$job" || true)
    [ -z "$taker" ] || break
    sleep 0.02
done
follow_peak "${taker:?the snapshot was over at once}" "$data/job-peak" &
follow_peak "${pids[1]}" "$data/member-peak" &
watcher=$!
started=$(date +%s%N)
while kill -0 "$job" 2>/dev/null; do
    look >> "$data/during"
done
wait "$job" || { cat "$data/taken" >&2; exit 1; }
seconds=$(awk -v ns=$(($(date +%s%N) - started)) 'BEGIN { printf "%.1f", ns / 1e9 }')
kill "$watcher" 2>/dev/null || true

look_alone
alone=$(sort -n "$data/alone" | tail -n 1)
during=$(sort -n "$data/during" | tail -n 1)
growth=$(($(cat "$data/member-peak") - before))
peak=$(cat "$data/job-peak")
echo "| snapshot of | s | p99 alone, us | p99 meanwhile, us | member's growth, bytes | Job's peak, bytes |"
echo "|---|---|---|---|---|---|"
echo "| $SNAPSHOT_MIB MiB | $seconds | $alone | $during | $growth | $peak |"
awk -v a="$alone" -v d="$during" -v g="$growth" -v p="$peak" -v most="$BYTES_MAX" \
    'BEGIN { exit !(d <= 2 * a && g < most && p < most) }' || { echo "out of bounds" >&2; exit 1; }
