#!/usr/bin/env bash
# Mutation testing: each rule of loyalty is changed in one place at a time, and a change that no test notices is an
# error. It takes hours. Changes that make no difference are listed in .cargo/mutants.toml, each with the reason why.
#
#   mutants.sh domain [ARGS...]   the rules, by the tests of domain
#   mutants.sh engine [ARGS...]   how the fold applies them, by the tests of engine
#
# ARGS are those of `cargo mutants`, such as `--file lots.rs`, which replaces the list of files, or `--re 'in spend'`.
# What came out is in target/mutants/domain or engine, below mutants.out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

what=${1:-}
case $what in
    domain)
        files=(tier lots packed_lots packing packed_watches promotion promoting earning redemption reward budget signal account tournament/occurrences tournament/prizes)
        files=("${files[@]/#/crates/domain/src/}")
        optimized=1
        ;;
    engine)
        files=(spending signals lots tier budgets rewards time adjusting exclusion)
        files=("${files[@]/#/crates/engine/src/apply/}" crates/engine/src/settle)
        optimized=0
        ;;
    *)
        printf 'mutants: `domain` or `engine`, not `%s`\n' "$what" >&2
        exit 2
        ;;
esac
shift

listed=()
[[ " $* " == *' --file '* ]] || for file in "${files[@]}"; do listed+=(--file "$file.rs"); done

mutants=$(scripts/setup.sh mutants)
export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
# What is built is the copy that is changed, into a folder that stays. Nobody debugs it, and no smaller example is wanted
# of what is wrong.
export CARGO_TARGET_DIR="$PWD/target/mutants/$what/target"
export CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_DEV_OPT_LEVEL="$optimized"
export PROPTEST_MAX_SHRINK_ITERS=0 PROPTEST_DISABLE_FAILURE_PERSISTENCE=true
# What goes round for ever is ended by what it has used of a processor, however busy the machine is, or of memory.
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${host}_RUNNER=prlimit --cpu=60 --as=8589934592"
mkdir -p "target/mutants/$what"
exec "$mutants" mutants --package "accolade-$what" "${listed[@]}" --output "target/mutants/$what" \
    --timeout "${ACCOLADE_MUTANTS_SECONDS:-300}" --colors never --no-shuffle "$@"
