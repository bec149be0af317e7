#!/usr/bin/env bash
# Builds the portal into portal/app/dist, from where the next build of the binary takes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -f portal/app/package-lock.json ]]; then
    printf 'portal: %s\n' 'there is no portal/app here: nothing is built' >&2
    exit 1
fi
home=$(scripts/setup.sh portal)
# Whoever works on it may have packages of their own there.
if [[ -L portal/app/node_modules || ! -e portal/app/node_modules ]]; then
    ln -sfn "$home/node_modules" portal/app/node_modules
fi
cd portal/app
npm run --silent build
