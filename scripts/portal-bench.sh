#!/usr/bin/env bash
# What the portal costs somebody who uses it, in a headless Chromium at a node of its own: its first page over a slow line, the
# way from page to page, and a ledger of a million rows. ACCOLADE is the binary, or the one that was built for release.
#
#   portal-bench.sh [--json]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=$(scripts/setup.sh page)
binary=$(realpath "${ACCOLADE:-${CARGO_TARGET_DIR:-target}/release/accolade}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp scripts/page/{node.mjs,package.json} scripts/portal/bench.mjs "$work"
ln -s "$home/node_modules" "$work/node_modules"
PORTAL_BINARY=$binary PORTAL_CHROMIUM=$(command -v chromium) node "$work/bench.mjs" "$@"
