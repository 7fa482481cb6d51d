#!/usr/bin/env bash
# What auth costs a lone member of ours that knows USERS (1000) users and ROLES (100) roles: puts and ranges of one of
# them with auth on, and the same without, in turn; then the 99th percentile of 500 puts a second while 50 log in each
# second (bcrypt cost 10), and while nobody does.
#
#   tests/Kv.Benchmarks/auth.sh                 5 pairs
#
# Settings: those of measure.sh but SIDES, USERS, ROLES
set -euo pipefail

members=1
source "$(dirname "$0")/measure.sh"
USERS=${USERS:-1000}
ROLES=${ROLES:-100}
answers=$data/answers

base64_of() { printf '%s' "$1" | base64 -w 0; }

api() { # path, JSON
    curl -sS -f --max-time 10 "http://$(client_of 1)/v3/$1" -d "$2"
}

# Many calls by one curl: a line for each on the input, path and JSON.
api_all() {
    local path json between=
    while read -r path json; do
        printf '%surl = "http://%s/v3/%s"\ndata = "%s"\n' "$between" "$(client_of 1)" "$path" "${json//\"/\\\"}"
        between=$'next\n'
    done > "$data/calls"
    curl -sS --max-time 300 -K "$data/calls" > "$answers"
    ! grep -q '"code"' "$answers" || { grep -m 3 '"code"' "$answers" | cut -c 1-500 >&2; exit 1; }
}

make_users() {
    local all number
    all="\"key\":\"AA==\",\"range_end\":\"AA==\""
    {
        for number in $(seq 1 "$ROLES"); do
            echo "auth/role/add {\"name\":\"role$number\"}"
            echo "auth/role/grant {\"name\":\"role$number\",\"perm\":{\"permType\":\"READWRITE\",\"key\":\"$(base64_of "/$number/")\",\"range_end\":\"$(base64_of "/${number}0")\"}}"
        done
        for number in $(seq 1 "$USERS"); do
            echo "auth/user/add {\"name\":\"user$number\",\"password\":\"secret\"}"
            echo "auth/user/grant {\"user\":\"user$number\",\"role\":\"role$((number % ROLES + 1))\"}"
        done
        echo 'auth/role/add {"name":"root"}'
        echo "auth/role/add {\"name\":\"all\"}"
        echo "auth/role/grant {\"name\":\"all\",\"perm\":{\"permType\":\"READWRITE\",$all}}"
        echo 'auth/user/add {"name":"root","password":"secret"}'
        echo 'auth/user/grant {"user":"root","role":"root"}'
    } | api_all
}

# The one whose load is measured: her password has been hashed at the usual cost.
make_bench() {
    printf '%s\n' 'auth/user/add {"name":"bench","password":"secret"}' 'auth/user/grant {"user":"bench","role":"all"}' \
        'auth/user/grant {"user":"bench","role":"role1"}' | api_all
}

token() { # user
    api auth/authenticate "{\"name\":\"$1\",\"password\":\"secret\"}" | sed -nE 's/.*"token": ?"([^"]+)".*/\1/p'
}

turn_on() {
    api auth/enable '{}' > "$answers"
    headers=(-H "authorization: $(token bench)")
}

turn_off() {
    curl -sS -f --max-time 10 -H "authorization: $(token root)" "http://$(client_of 1)/v3/auth/disable" -d '{}' > "$answers"
    headers=()
}

measure_all() { # column
    column=$1
    scenario=put
    h2load_run /etcdserverpb.KV/Put "$data/put.frame"
    scenario=range
    h2load_run /etcdserverpb.KV/Range "$data/range.frame"
}

paced() { # seconds, connections, requests a second of each, frame, method, log
    rm -f "$6" # h2load would go on with it
    timeout 60 h2load -c "$2" -m 10 -t 1 --rps "$3" -D "$1" "--data=$4" --log-file="$6" \
        -H 'content-type: application/grpc' -H 'te: trailers' "${headers[@]}" \
        "http://$(client_of 1)/etcdserverpb.$5" > "$data/paced.$(basename "$6")"
}

logged_in() {
    curl -s --max-time 5 "http://$(client_of 1)/metrics" \
        | awk '/^grpc_server_handled_total.*"OK".*"Authenticate"/ { printf "%d", $2 }'
}

measure_logins() {
    local pid before
    scenario=puts_500_per_s
    paced 3 50 10 "$data/put.frame" KV/Put "$data/warm.log" # and to warm up
    for pair in $(seq 1 "$PAIRS"); do
        column=second
        paced "$SECONDS_EACH" 50 10 "$data/put.frame" KV/Put "$data/puts.log"
        note p99_us "$(p99_of "$data/puts.log")"
        column=first
        before=$(logged_in)
        paced $((SECONDS_EACH + 2)) 5 10 "$data/login.frame" Auth/Authenticate "$data/logins.log" &
        pid=$!
        sleep 1
        paced "$SECONDS_EACH" 50 10 "$data/put.frame" KV/Put "$data/puts.log"
        note p99_us "$(p99_of "$data/puts.log")"
        wait "$pid"
        echo "with logins: $(wc -l < "$data/logins.log") asked for, $(($(logged_in) - before)) of them granted" >&2
    done
    print_table "with logins" without
}

prepare
# AuthenticateRequest of user bench with password secret.
printf '\0\0\0\0\017\012\005bench\022\006secret' > "$data/login.frame"
: > "$results"
extra=(--bcrypt-cost 4)
start_servers ours
make_users
stop_servers
extra=()
start_servers ours
make_bench
for pair in $(seq 1 "$PAIRS"); do
    # Who goes first changes from pair to pair.
    if [ $((pair % 2)) = 1 ]; then turns="off on"; else turns="on off"; fi
    for turn in $turns; do
        if [ "$turn" = off ]; then
            measure_all second
        else
            turn_on
            measure_all first
            turn_off
        fi
    done
    echo "pair $pair of $PAIRS done" >&2
done
print_table "auth on" off
: > "$results"
turn_on
measure_logins
