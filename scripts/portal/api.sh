#!/usr/bin/env bash
# Writes portal/app/src/api/description.ts: the types of the API, from the description that a node answers. The binary is
# ACCOLADE_BINARY, or that of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-target}
binary=$(realpath "${ACCOLADE_BINARY:-$target/debug/accolade}")
work=$(mktemp -d)
: >"$work/log"
node=
end() {
    [[ -z $node ]] || { kill "$node" && wait "$node"; } 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

env -i PATH="$PATH" "$binary" serve --data-dir "$work/data" --listen 127.0.0.1:0 --first-operator operator-789 \
    --log-format json >"$work/printed" 2>"$work/log" &
node=$!
address=
for ((tries = 0; tries < 600; tries++)); do
    address=$(sed -n 's/.*"message":"listening".*"api":"\([^"]*\)".*/\1/p' "$work/log")
    [[ -z $address ]] || break
    kill -0 "$node" 2>/dev/null || break
    sleep 0.1
done
if [[ -z $address ]]; then
    cat "$work/log" >&2
    exit 1
fi

cd portal/app
node scripts/describe.mjs "$address/api/v1/openapi.json" src/api/description.ts
