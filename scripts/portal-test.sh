#!/usr/bin/env bash
# The portal: its types, its parts, how much of it a browser loads first, and tasks of persons in a headless Chromium at nodes
# of the tests' binary. Pictures of all that was seen are left in portal/app/dist-tests.
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
[[ ${1:-} == build ]] && exit 0

scripts/setup.sh page >/dev/null
target=$(realpath "${CARGO_TARGET_DIR:-target}")
[[ -x $target/debug/accolade ]] || cargo build -p accolade
export ACCOLADE_BINARY=$target/debug/accolade
PORTAL_CHROMIUM=$(command -v chromium)
export PORTAL_CHROMIUM
cd portal/app
rm -rf dist-tests
npm run --silent check
npm run --silent size
npm run --silent test
npm run --silent test:pages
