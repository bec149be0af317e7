#!/usr/bin/env bash
# Licences, bans and sources of everything that is linked, as deny.toml wants them, and known
# vulnerabilities. Their database is a git repository at GitHub; ADVISORIES says where it comes from:
#
#   (not set)   it is fetched where its host answers; where not, vulnerabilities are not checked, and that is said
#   fetch       it is fetched, and to fail to is an error
#   stored      as it is in ~/.cargo/advisory-dbs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

database=https://github.com/rustsec/advisory-db
deny=$(scripts/setup.sh deny)
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"

# Offline, it reads the sources of what is linked, which a machine that has built nothing lacks.
cargo fetch --locked --quiet
"$deny" --offline check --hide-inclusion-graph bans licenses sources

case ${ADVISORIES:-} in
    '')
        if why=$(GIT_TERMINAL_PROMPT=0 timeout 30 git ls-remote --quiet "$database" HEAD 2>&1); then
            "$deny" check --hide-inclusion-graph advisories
        else
            printf 'advisories NOT CHECKED: %s\n' "${why:-$database does not answer}"
        fi
        ;;
    fetch) "$deny" check --hide-inclusion-graph advisories ;;
    stored) "$deny" --offline check --hide-inclusion-graph advisories ;;
    *)
        printf 'ADVISORIES is `fetch`, `stored` or not set, not `%s`\n' "$ADVISORIES" >&2
        exit 2
        ;;
esac
