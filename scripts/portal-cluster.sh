#!/usr/bin/env bash
# Two nodes of a cluster, over a broker and an object storage of their own, for as long as a command runs: it finds them in
# PORTAL_NODES, and in PORTAL_KEY the key of an operator.
#
#   portal-cluster.sh BINARY COMMAND...
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

accolade=$(realpath "$1")
shift
home=$project/target/portal-cluster ports=26000
export ACCOLADE_SERVICES_DIR=$home/services ACCOLADE_PORTS_FROM=$ports KAFKA_HEAP=${KAFKA_HEAP:-512m}
nodes=()

finish() {
    for node in "${nodes[@]}"; do kill -9 "$node" 2>/dev/null || true; done
    for service in kafka s3; do "$project"/scripts/services/$service.sh stop >/dev/null; done
    rm -rf "$home"
}
trap finish EXIT
trap 'exit 130' INT TERM

settings() {
    export ACCOLADE_NODE=node-$1 ACCOLADE_DATA_DIR=$home/node-$1
    export ACCOLADE_LISTEN=127.0.0.1:$((ports + 50 + $1)) ACCOLADE_ADDRESS=http://127.0.0.1:$((ports + 60 + $1))
}

ready() {
    local waited=0
    until curl --silent --fail --output /dev/null "http://127.0.0.1:$((ports + 50 + $1))/readyz"; do
        sleep 0.2
        waited=$((waited + 1))
        if ((waited > 300)) || ! kill -0 "${nodes[$1 - 1]}" 2>/dev/null; then
            tail -n 20 "$home/node-$1.log" >&2
            exit 1
        fi
    done
}

rm -rf "$home" && mkdir -p "$home"
for service in kafka s3; do "$project"/scripts/services/$service.sh start >/dev/null; done
ACCOLADE_BROKERS=$("$project"/scripts/services/kafka.sh addresses)
cat >"$home/accolade.toml" <<END
[ship]
to = "s3://accolade/portal"
endpoint = "$("$project"/scripts/services/s3.sh address)"
region = "us-east-1"
END
export ACCOLADE_BROKERS ACCOLADE_CONFIG=$home/accolade.toml ACCOLADE_PARTITIONS=4 ACCOLADE_CLUSTER_SECRET=only-for-this-machine
export ACCOLADE_REPLICATION=1 AWS_ACCESS_KEY_ID=accolade AWS_SECRET_ACCESS_KEY=accolade-secret

for node in 1 2; do
    (settings "$node" && exec "$accolade" serve --log-format text) >"$home/node-$node.log" 2>&1 &
    nodes+=($!)
    disown
done
for node in 1 2; do ready "$node"; done
(settings 1 && "$accolade" operator add operator-789) >"$home/key"
PORTAL_KEY=$(grep --only-matching 'acc_[0-9a-f]*' "$home/key")
PORTAL_NODES=http://127.0.0.1:$((ports + 51)),http://127.0.0.1:$((ports + 52))
export PORTAL_KEY PORTAL_NODES
unset ACCOLADE_CONFIG ACCOLADE_BROKERS
"$@"
