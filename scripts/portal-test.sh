#!/usr/bin/env bash
# The portal in a headless Chromium, at a node of the tests' binary. Pictures of all that was seen are left in
# target/portal-test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/setup.sh page)
target=${CARGO_TARGET_DIR:-target}
binary=${ACCOLADE_TEST_BINARY:-$target/debug/accolade}
[[ -x $binary ]] || cargo build -p accolade
[[ -f portal/app/dist/index.html ]] || scripts/portal.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp scripts/page/{node,browser}.mjs scripts/page/package.json scripts/portal/portal.test.mjs "$work"
ln -s "$home/node_modules" "$work/node_modules"
PAGE_NODE=$(realpath "$binary")
PAGE_CHROMIUM=$(command -v chromium)
PAGE_SHOTS=$PWD/target/portal-test
PORTAL_DIST=$PWD/portal/app/dist
export PAGE_NODE PAGE_CHROMIUM PAGE_SHOTS PORTAL_DIST
rm -rf "$PAGE_SHOTS"
cd "$work"
node --test portal.test.mjs
