#!/usr/bin/env bash
# Three nodes over a real broker and object storage; one is killed, and balances go on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ACCOLADE_SERVICES_DIR="$PWD/target/demo-cluster/services" ACCOLADE_PORTS_FROM=24000
home="$PWD/target/demo-cluster" accolade=$(realpath "${CARGO_TARGET_DIR:-target}")/release/accolade
players=(anna ben carla dev elif femi gita hugo)
declare -A nodes=()

finish() {
    for id in "${nodes[@]}"; do kill -9 "$id" 2>/dev/null || true; done
    scripts/services/cluster.sh clean >/dev/null
    rm -rf "$home"
}
trap finish EXIT

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

settings() {
    export ACCOLADE_CONFIG="$ACCOLADE_SERVICES_DIR/cluster.toml" ACCOLADE_PARTITIONS=8 ACCOLADE_SHIP_EVERY_SECONDS=2
    export AWS_ACCESS_KEY_ID=accolade AWS_SECRET_ACCESS_KEY=accolade-secret
    export ACCOLADE_NODE="node-$1" ACCOLADE_LISTEN="127.0.0.1:2405$1" ACCOLADE_ADDRESS="http://127.0.0.1:2406$1"
    export ACCOLADE_DATA_DIR="$home/node-$1"
}

start() {
    (settings "$1" && exec "$accolade" serve --log-format text) >"$home/node-$1.log" 2>&1 &
    nodes[$1]=$!
    disown
}

ready() {
    local waited=0
    until curl --silent --fail --output /dev/null "http://127.0.0.1:2405$1/readyz"; do
        sleep 0.2
        waited=$((waited + 1))
        if ((waited > 300)); then
            tail -n 20 "$home/node-$1.log"
            exit 1
        fi
    done
}

# A wager of 10 for each player, through the node on port $1; asked again until somebody answers.
play() {
    local lines='' at player
    at=$(date -u +%FT%TZ)
    number=$((number + 1))
    for player in "${players[@]}"; do
        lines+='{"wagerId":"demo-'$number-$player'","playerId":"'$player'","operatorId":"demo","gameId":"g",'
        lines+='"gameCategory":"slots","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta","timestamp":"'$at'"}'$'\n'
    done
    until curl --silent --fail --output /dev/null --header "Authorization: Bearer $key" \
        --header 'Content-Type: application/x-ndjson' --data-binary "$lines" \
        "http://127.0.0.1:2405$1/api/v1/wagers"; do
        sleep 0.2
    done
}

balances() {
    local line='' player balance
    for player in "${players[@]}"; do
        balance=$(curl --silent --header "Authorization: Bearer $key" \
            "http://127.0.0.1:2405$1/api/v1/players/$player/balance" |
            sed -n 's/.*"pointsBalance":\([0-9.]*\).*/\1/p')
        line+="$player ${balance:-(moving)}  "
    done
    say "by node $1: $line"
}

rm -rf "$home" && mkdir -p "$home"
say 'starting a broker, an S3 server and PostgreSQL'
scripts/services/cluster.sh up >/dev/null
say 'starting three nodes'
for node in 1 2 3; do start $node; done
for node in 1 2 3; do ready $node; done
(
    settings 1
    "$accolade" operator add demo >"$home/key"
    printf 'currency: EUR\nearning: { multipliers: { default: 0.1 } }\n' >"$home/program.yaml"
    "$accolade" program publish "$home/program.yaml" --operator demo --why demo --effective-from '1 day ago' >/dev/null
)
key=$(grep --only-matching 'acc_[0-9a-f]*' "$home/key")
number=0
say 'every player wagers 10 again and again, for a point each; any node takes them'
for _ in 1 2 3 4 5; do play 1 && play 2 && play 3; done
for node in 1 2 3; do balances $node; done

say 'kill -9 node 1: its partitions stand until its session has ended, then the others take them'
kill -9 "${nodes[1]}"
unset 'nodes[1]'
for _ in 1 2 3 4 5 6; do
    for _ in 1 2 3 4 5; do play 2 && play 3; done
    balances 2
    sleep 2
done
say 'node 1 comes back, and takes its share'
start 1
ready 1
sleep 4
for _ in 1 2 3 4 5; do play 1 && play 2 && play 3; done
sleep 1
for node in 1 2 3; do balances $node; done
expected=$number
say "each player has wagered $expected times; every balance must be $expected.00"
for player in "${players[@]}"; do
    curl --silent --header "Authorization: Bearer $key" "http://127.0.0.1:24053/api/v1/players/$player/balance" |
        grep --quiet "\"pointsBalance\":$expected.00" || { say "$player has another balance"; exit 1; }
done
say 'they are'
