#!/usr/bin/env bash
# Fails parts of a cluster under ACCOLADE_WAGERS_PER_SECOND, ACCOLADE_ROUNDS times each. Tests start services
# of their own, with one broker and with three, which are stopped and removed at the end. Arguments name some
# of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ACCOLADE_TEST_PORTS_FROM=${ACCOLADE_TEST_PORTS_FROM:-23000}
finish() {
    local ports
    for ports in "$ACCOLADE_TEST_PORTS_FROM" "$((ACCOLADE_TEST_PORTS_FROM + 100))"; do
        ACCOLADE_SERVICES_DIR="$PWD/target/test-cluster-$ports" ACCOLADE_PORTS_FROM=$ports \
            scripts/services/cluster.sh clean >/dev/null
    done
}
trap finish EXIT
cargo test --workspace --test cluster -- --ignored --nocapture --test-threads=1 "$@"
