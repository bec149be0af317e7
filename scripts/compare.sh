#!/usr/bin/env bash
# Measures two builds in turn, and prints what the second is to the first.
#
#   compare.sh [-n ROUNDS] OLD NEW -- bench --only P11 [ARGUMENT...]
#   compare.sh [-n ROUNDS] OLD NEW -- bench-cluster --only P9 [ARGUMENT...]
#
# OLD and NEW are binaries of `accolade`. Each round (3 unless told) measures both, every other one the new
# one first, so that a machine that slows down burdens both. Each figure gets the medians of both, and the
# median, least and greatest of the rounds' ratios; whether more is better is the figure's own.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

rounds=3
if [[ ${1:-} == -n ]]; then
    [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage
    rounds=$2
    shift 2
fi
[[ $# -ge 4 && $3 == -- && ($4 == bench || $4 == bench-cluster) ]] || usage
declare -A binary
binary[old]=$(realpath "$1") binary[new]=$(realpath "$2")
form=$4
shift 4

runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

measure() {
    local side=$1 round=$2
    shift 2
    printf 'compare: round %s of %s, %s\n' "$round" "$rounds" "$side" >&2
    case $form in
        bench) "${binary[$side]}" bench "$@" ;;
        bench-cluster) ACCOLADE=${binary[$side]} "$root/scripts/bench-cluster.sh" "$@" ;;
    esac >"$runs/$side.$round.txt"
}

for ((round = 1; round <= rounds; round++)); do
    if ((round % 2 == 1)); then order=(old new); else order=(new old); fi
    for side in "${order[@]}"; do measure "$side" "$round" "$@"; done
done

# The columns of the report: 4 of the measure, 58 of what was measured, 18 of figure and unit.
awk -v rounds="$rounds" '
    function median(values, count,    i, j, held) {
        for (i = 2; i <= count; i++)
            for (j = i; j > 1 && values[j - 1] > values[j]; j--) {
                held = values[j]; values[j] = values[j - 1]; values[j - 1] = held
            }
        return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
    }
    FNR == 1 { split(FILENAME, name, "/"); split(name[length(name)], part, ".") }
    /^P[0-9]/ {
        what = substr($0, 1, 63); figure = substr($0, 65, 18)
        gsub(/^ +/, "", figure); unit = figure
        sub(/^[^ ]* */, "", unit); sub(/ .*/, "", figure); gsub(/,/, "", figure)
        if (!(what in units)) { order[++many] = what; units[what] = unit }
        found[what, part[1], part[2]] = figure + 0
    }
    END {
        printf "%-63s %14s %14s  %s\n", "", "old", "new", "new / old (least to greatest)"
        for (at = 1; at <= many; at++) {
            what = order[at]; both = 0
            for (round = 1; round <= rounds; round++) {
                if (!((what, "old", round) in found) || !((what, "new", round) in found)) continue
                both++
                olds[both] = found[what, "old", round]; news[both] = found[what, "new", round]
                ratios[both] = olds[both] == 0 ? 1 : news[both] / olds[both]
            }
            if (both == 0) continue
            ratio = median(ratios, both)
            printf "%-63s %14.10g %14.10g  %.3f (%.3f to %.3f) %s\n", what, median(olds, both), \
                median(news, both), ratio, ratios[1], ratios[both], units[what]
        }
    }' "$runs"/*.txt
