#!/usr/bin/env bash
# Every test that this machine can run. Services that adapters are tested against are started in an
# instance of their own, beside a developer's, and stopped at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh services

export ACCOLADE_SERVICES_DIR="$PWD/target/test-services"
export ACCOLADE_PORTS_FROM=${ACCOLADE_TEST_PORTS_FROM:-22000}
stop() {
    scripts/services/secure-broker.sh clean
    scripts/services/cluster.sh clean
}
trap stop EXIT
scripts/services/cluster.sh up
scripts/services/secure-broker.sh start

ACCOLADE_TEST_S3=http://127.0.0.1:$ACCOLADE_PORTS_FROM
ACCOLADE_TEST_POSTGRES=postgres://accolade:accolade@127.0.0.1:$((ACCOLADE_PORTS_FROM + 1))/accolade
ACCOLADE_TEST_REDIS=redis://127.0.0.1:$((ACCOLADE_PORTS_FROM + 2))
ACCOLADE_TEST_KAFKA=127.0.0.1:$((ACCOLADE_PORTS_FROM + 10))
ACCOLADE_TEST_KAFKA_SECURE=$(scripts/services/secure-broker.sh address)
ACCOLADE_TEST_KAFKA_CA=$ACCOLADE_SERVICES_DIR/secure-kafka/ca.pem
ACCOLADE_TEST_OIDC_PROVIDER=$(scripts/setup.sh oidc)
export ACCOLADE_TEST_OIDC_PROVIDER
export ACCOLADE_TEST_S3 ACCOLADE_TEST_POSTGRES ACCOLADE_TEST_REDIS ACCOLADE_TEST_KAFKA
export ACCOLADE_TEST_KAFKA_SECURE ACCOLADE_TEST_KAFKA_CA
cargo test --workspace
