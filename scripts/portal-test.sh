#!/usr/bin/env bash
# The portal: its types, its parts, how much of it a browser loads first; then each page, and tasks of persons, in a headless
# Chromium at nodes of the tests' binary, some of them also at nodes of a cluster. Pictures of all that was seen are left in
# target/portal-test.
#
#   portal-test.sh build   only builds it, so that the next build of a binary takes it in
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian 12 has a Node.js that Vite does not run on.
if ! scripts/setup.sh portal >/dev/null; then
    if command -v node >/dev/null && ! scripts/setup.sh portal-node; then
        printf 'portal-test: %s\n' "left out: it takes Node.js 20.19 or later, and here is $(node --version)" >&2
        exit 0
    fi
    exit 1
fi
scripts/portal.sh
[[ ${1:-} != build ]] || exit 0

home=$(scripts/setup.sh page)
target=$(realpath "${CARGO_TARGET_DIR:-target}")
binary=${ACCOLADE_TEST_BINARY:-$target/debug/accolade}
[[ -x $binary ]] || cargo build -p accolade
binary=$(realpath "$binary") project=$PWD
shots=$PWD/target/portal-test
rm -rf "$shots"

(
    cd portal/app
    npm run --silent check
    npm run --silent size
    npm run --silent test
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp scripts/page/{node,browser}.mjs scripts/page/package.json scripts/portal/portal.test.mjs "$work"
ln -s "$home/node_modules" "$work/node_modules"
PAGE_NODE=$binary PAGE_CHROMIUM=$(command -v chromium) PAGE_SHOTS=$shots/pages PORTAL_DIST=$PWD/portal/app/dist \
    node --test "$work/portal.test.mjs"

cd portal/app
ACCOLADE_BINARY=$binary PORTAL_CHROMIUM=$(command -v chromium) PORTAL_SHOTS=$shots/tasks \
    npm run --silent test:pages

"$project"/scripts/setup.sh services >/dev/null
PORTAL_CHROMIUM=$(command -v chromium) PORTAL_SHOTS=$shots/cluster "$project"/scripts/portal-cluster.sh "$binary" npm run --silent test:cluster
