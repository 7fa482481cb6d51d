#!/usr/bin/env bash
# What it costs to watch the node: the load `put` of compare.sh on a lone member of ours, in turn
#
#   off       nothing is exported or scraped
#   scraped   /metrics is read every second
#   metrics   metrics are exported by OTLP every second
#   traces    and one put of a hundred is traced (all of them: SAMPLED=1)
#   before    off, with another build of the node: BEFORE=FOLDER/kv-node, else left out
#
# and a table of medians, with the ratio to `off`.
#
#   tests/Kv.Benchmarks/compare-telemetry.sh                                  5 rounds
#   PAIRS=3 BEFORE=/tmp/old/kv-node tests/Kv.Benchmarks/compare-telemetry.sh
#
# Settings: those of measure.sh but SIDES, and SAMPLED (0.01).
set -euo pipefail

members=1
scenarios=(put)
source "$(dirname "$0")/measure.sh"
variants=(off scraped metrics traces)
[ -z "${BEFORE:-}" ] || variants+=(before)
collector=127.0.3.9:24317
collecting=
scraping=

finish_all() {
    [ -z "$collecting" ] || kill "$collecting" 2>/dev/null || true
    [ -z "$scraping" ] || kill "$scraping" 2>/dev/null || true
    finish
}
trap finish_all EXIT

start_variant() {
    local variables=() program=("${node[@]}")
    case $1 in
        before) program=("$BEFORE") ;;
        metrics) variables=("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://$collector" OTEL_METRIC_EXPORT_INTERVAL=1000) ;;
        traces)
            variables=("OTEL_EXPORTER_OTLP_ENDPOINT=http://$collector" OTEL_METRIC_EXPORT_INTERVAL=1000
                OTEL_TRACES_SAMPLER=parentbased_traceidratio "OTEL_TRACES_SAMPLER_ARG=${SAMPLED:-0.01}") ;;
    esac
    local plain=("${node[@]}")
    node=(env ${variables[@]+"${variables[@]}"} "${program[@]}")
    start_servers ours
    node=("${plain[@]}")
    scraping=
    if [ "$1" = scraped ]; then
        (while sleep 1; do curl -s -o /dev/null --max-time 5 "http://$(client_of 1)/metrics" || true; done) &
        scraping=$!
    fi
}

stop_variant() {
    if [ -n "$scraping" ]; then
        kill "$scraping" 2>/dev/null || true
        wait "$scraping" 2>/dev/null || true
        scraping=
    fi
    stop_servers
}

prepare
"${bench[@]}" collector "$collector" > "$data/collector.log" 2>&1 &
collecting=$!
: > "$results"
for round in $(seq 1 "$PAIRS"); do
    # Who goes first changes from round to round.
    for turn in $(seq 0 $((${#variants[@]} - 1))); do
        variant=${variants[$(((turn + round - 1) % ${#variants[@]}))]}
        rm -rf "$data"/m[0-9]*
        scenario=put
        column=$variant
        start_variant "$variant"
        run_put
        stop_variant
        echo "round $round of $PAIRS: $variant done" >&2
    done
done

echo "| variant | puts per second | p99 µs | CPU µs per put | puts, of \`off\` |"
echo "|---|---|---|---|---|"
off=
for variant in "${variants[@]}"; do
    row="| $variant |"
    for metric in per_second p99_us cpu_us; do
        value=$(awk -v c="$variant" -v m="$metric" '$2 == c && $3 == m { print $4 }' "$results" | sort -n \
            | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }')
        if [ "$metric" = per_second ]; then
            [ -n "$off" ] || off=$value
            rate=$value
        fi
        row+=" $(printf '%.1f' "$value") |"
    done
    echo "$row $(awk -v a="$rate" -v b="$off" 'BEGIN { printf "%.3f", a / b }') |"
done
