# shellcheck shell=bash disable=SC2034
# Where the services of one instance are: folders, ports, keys. Two instances can run side by side
# when both ACCOLADE_SERVICES_DIR and ACCOLADE_PORTS_FROM differ.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

# Every service has a folder here, with its pid, its log and its data.
services=$(realpath -m "${ACCOLADE_SERVICES_DIR:-$project/target/services}")

# What was downloaded or compiled once, for all instances.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/accolade

if [[ -n ${ACCOLADE_PORTS_FROM:-} ]]; then
    s3_port=$ACCOLADE_PORTS_FROM
    postgres_port=$((ACCOLADE_PORTS_FROM + 1))
    redis_port=$((ACCOLADE_PORTS_FROM + 2))
    # Three servers, whose cluster speaks three ports further.
    redis_cluster_port=$((ACCOLADE_PORTS_FROM + 3))
    kafka_port=$((ACCOLADE_PORTS_FROM + 10))
    kafka_port_step=10
else
    s3_port=${ACCOLADE_S3_PORT:-19000}
    postgres_port=${ACCOLADE_POSTGRES_PORT:-15432}
    redis_port=${ACCOLADE_REDIS_PORT:-16379}
    redis_cluster_port=${ACCOLADE_REDIS_CLUSTER_PORT:-16380}
    kafka_port=${ACCOLADE_KAFKA_PORT:-19092}
    kafka_port_step=100
fi

s3_access_key=accolade
s3_secret_key=accolade-secret
s3_bucket=accolade

postgres_database=accolade
postgres_owner=accolade
postgres_password=accolade
