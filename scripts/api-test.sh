#!/usr/bin/env bash
# Others' tools on a live node: Redocly checks the description of its API, openapi-typescript makes the types of a
# client of it, and the client in scripts/api asks the node. The binary is that of the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/setup.sh api)
target=${CARGO_TARGET_DIR:-target}
[[ -x $target/debug/accolade ]] || cargo build -p accolade
binary=$(realpath "$target")/debug/accolade
work=$(mktemp -d)
# Whoever looks may be quicker than the node.
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
key=$(awk '$1 == "key" { print $2 }' "$work/printed")
if [[ -z $address || -z $key ]]; then
    cat "$work/log" >&2
    exit 1
fi

cp scripts/api/{package.json,tsconfig.json,describe.mjs,client.ts} "$work"
ln -s "$home/node_modules" "$work/node_modules"
cd "$work"
export REDOCLY_TELEMETRY=off
node describe.mjs "$address" description.json
node_modules/.bin/openapi-typescript description.json --empty-objects-unknown --output description.ts >/dev/null
node_modules/.bin/tsc
node built/client.js "$address" "$key" description.json
