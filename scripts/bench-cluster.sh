#!/usr/bin/env bash
# The bars of the cluster form, over one broker, an S3 server and PostgreSQL of its own, which are stopped
# and removed at the end. Arguments are those of `accolade bench`, such as `--only P9 --seconds 60`; the
# binary is the one that was built, or that ACCOLADE names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export BROKERS=1
export ACCOLADE_SERVICES_DIR="$PWD/target/bench-cluster/services"
export ACCOLADE_PORTS_FROM=${ACCOLADE_BENCH_PORTS_FROM:-25000}
home="$PWD/target/bench-cluster"

finish() {
    scripts/services/cluster.sh clean >/dev/null
    rm -rf "$home"
}
trap finish EXIT

mkdir -p "$home"
scripts/services/cluster.sh up >&2
cat >"$home/cluster.toml" <<END
[cluster]
brokers = "127.0.0.1:$((ACCOLADE_PORTS_FROM + 10))"
name = "bench"
address = "http://127.0.0.1:1"
secret = "only-for-this-benchmark"
replication = 1

[ship]
to = "s3://accolade/bench"
endpoint = "http://127.0.0.1:$ACCOLADE_PORTS_FROM"
region = "us-east-1"
END
# Not in the file: the second node of P13 keeps no tables.
export ACCOLADE_POSTGRES_URL=postgres://accolade:accolade@127.0.0.1:$((ACCOLADE_PORTS_FROM + 1))/accolade
export AWS_ACCESS_KEY_ID=accolade AWS_SECRET_ACCESS_KEY=accolade-secret
"${ACCOLADE:-${CARGO_TARGET_DIR:-target}/release/accolade}" bench --config "$home/cluster.toml" --dir "$home" "$@"
