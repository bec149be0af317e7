#!/usr/bin/env bash
# The page /play and the widget in a headless Chromium, at a node of the tests' binary. Pictures of all that was seen are
# left in target/page-test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/setup.sh page)
target=${CARGO_TARGET_DIR:-target}
[[ -x $target/debug/accolade ]] || cargo build -p accolade
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp scripts/page/*.mjs scripts/page/package.json "$work"
ln -s "$home/node_modules" "$work/node_modules"
PAGE_NODE=$(realpath "$target")/debug/accolade
PAGE_CHROMIUM=$(command -v chromium)
PAGE_SHOTS=$PWD/target/page-test
export PAGE_NODE PAGE_CHROMIUM PAGE_SHOTS
rm -rf "$PAGE_SHOTS"
cd "$work"
node --test page.test.mjs
