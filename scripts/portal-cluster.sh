#!/usr/bin/env bash
# Two nodes of a cluster, over a broker and an object storage of their own, for as long as a command runs: it finds them in
# PORTAL_NODES, and in PORTAL_KEY the key of an operator.
#
#   portal-cluster.sh BINARY COMMAND...
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ports=26000
export ACCOLADE_SERVICES_DIR=$here/../target/portal-cluster ACCOLADE_PORTS_FROM=$ports KAFKA_HEAP=${KAFKA_HEAP:-512m}
# shellcheck source=services/process.sh
source "$here/services/process.sh"

accolade=$(realpath "$1")
shift

# The ports are those of the machine: one run at a time has them.
exec 9>"${TMPDIR:-/tmp}/accolade-portal-cluster.lock"
flock --nonblock 9 || { echo "portal-cluster: waits for another run" >&2 && flock 9; }

finish() {
    for node in 1 2; do signal "node-$node" KILL; done
    for service in kafka s3; do "$here/services/$service.sh" stop >/dev/null; done
    rm -rf "$services"
}
trap finish EXIT
trap 'exit 130' INT TERM

settings() {
    export ACCOLADE_NODE=node-$1 ACCOLADE_DATA_DIR=$services/node-$1/data
    export ACCOLADE_LISTEN=127.0.0.1:$((ports + 50 + $1)) ACCOLADE_ADDRESS=http://127.0.0.1:$((ports + 60 + $1))
}

is_ready() {
    curl --silent --fail --output /dev/null "http://127.0.0.1:$((ports + 50 + $1))/readyz"
}

rm -rf "$services" && mkdir -p "$services"
for service in kafka s3; do "$here/services/$service.sh" start >/dev/null; done
ACCOLADE_BROKERS=$("$here/services/kafka.sh" addresses)
cat >"$services/accolade.toml" <<END
[ship]
to = "s3://$s3_bucket/portal"
endpoint = "$("$here/services/s3.sh" address)"
region = "us-east-1"
END
export ACCOLADE_BROKERS ACCOLADE_CONFIG=$services/accolade.toml ACCOLADE_PARTITIONS=4 ACCOLADE_CLUSTER_SECRET=only-for-this-machine
export ACCOLADE_REPLICATION=1 AWS_ACCESS_KEY_ID=$s3_access_key AWS_SECRET_ACCESS_KEY=$s3_secret_key

for node in 1 2; do
    (settings "$node" && start_process "node-$node" "$accolade" serve --data-dir "$services/node-$node/data" --log-format text)
done
for node in 1 2; do await "node-$node" 60 is_ready "$node"; done
(settings 1 && "$accolade" operator add operator-789) >"$services/key"
PORTAL_KEY=$(grep --only-matching 'acc_[0-9a-f]*' "$services/key")
PORTAL_NODES=http://127.0.0.1:$((ports + 51)),http://127.0.0.1:$((ports + 52))
export PORTAL_KEY PORTAL_NODES
unset ACCOLADE_CONFIG ACCOLADE_BROKERS
"$@"
