# shellcheck shell=bash
# Processes that outlive the script which starts them. The service NAME has the folder
# $services/NAME, with `pid`, `log` and whatever else it needs.
# shellcheck source=settings.sh
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"

fail() {
    printf 'services: %s\n' "$@" >&2
    exit 1
}

fail_with_log() {
    printf 'services: %s\n' "$2" "the end of $services/$1/log:" >&2
    log_of_run "$1" | tail -n 30 >&2
    exit 1
}

# Takes the first word of the pid file; the second is where in the log this run begins.
pid_of() {
    local pid
    { read -r pid _ <"$services/$1/pid"; } 2>/dev/null && [[ -n $pid ]] && printf '%s' "$pid"
}

# A pid file alone proves nothing: the number may be another process's by now. So the command line
# must name a file of the service's folder. (A zombie has no command line.)
is_running() {
    local pid
    pid=$(pid_of "$1") && grep -zqF -- "$services/$1/" "/proc/$pid/cmdline" 2>/dev/null
}

is_frozen() {
    is_running "$1" && grep -q '^State:[[:space:]]*T' "/proc/$(pid_of "$1")/status"
}

# start_process NAME COMMAND...: in a session of its own, with nothing of the caller's left open.
start_process() {
    local name=$1 folder=$services/$1 log_bytes
    shift
    mkdir -p "$folder"
    touch "$folder/log"
    log_bytes=$(stat -c %s "$folder/log")
    setsid "$@" </dev/null >>"$folder/log" 2>&1 8>&- 9>&- &
    printf '%s %s\n' "$!" "$log_bytes" >"$folder/pid"
    # On a busy machine it is still a copy of this script for a while.
    while ! is_running "$name" && kill -0 "$!" 2>/dev/null; do sleep 0.02; done
}

# What the present run has logged.
log_of_run() {
    local log_bytes
    read -r _ log_bytes <"$services/$1/pid"
    tail -c "+$((log_bytes + 1))" "$services/$1/log"
}

# await NAME SECONDS COMMAND...: until the command succeeds.
await() {
    local name=$1 seconds=$2 deadline=$((SECONDS + $2))
    shift 2
    until "$@"; do
        # In the moment of its exec a process has no command line.
        is_running "$name" || { sleep 0.1 && is_running "$name"; } ||
            fail_with_log "$name" "$name ended while it was starting"
        if ((SECONDS >= deadline)); then
            signal "$name" KILL
            fail_with_log "$name" "$name did not come up within $seconds s and was ended"
        fi
        sleep 0.1
    done
}

signal() {
    ! is_running "$1" || kill -s "$2" "$(pid_of "$1")" 2>/dev/null || true
}

# Tests ask for these: what does not run cannot be killed, and a test that believes it did proves nothing.
require_running() { is_running "$1" || fail "$1 does not run"; }

kill_process() {
    require_running "$1"
    signal "$1" KILL
    await_end "$1" 10
}

freeze_process() {
    require_running "$1"
    signal "$1" STOP
}

thaw_process() {
    require_running "$1"
    signal "$1" CONT
}

# print_status NAME PORT
print_status() {
    local state=stopped
    if is_frozen "$1"; then state=frozen; elif is_running "$1"; then state=running; fi
    printf '%-10s %-8s 127.0.0.1:%s\n' "$1" "$state" "$2"
}

# await_end NAME SECONDS: a process that takes longer is killed.
await_end() {
    local deadline=$((SECONDS + $2))
    while is_running "$1"; do
        if ((SECONDS >= deadline)); then
            printf 'services: %s has not ended within %s s and is killed\n' "$1" "$2" >&2
            signal "$1" KILL
            deadline=$((SECONDS + 10))
        fi
        sleep 0.05
    done
    rm -f "$services/$1/pid"
}

# stop_process NAME SIGNAL SECONDS: a frozen process is thawed, or it would never hear of it.
stop_process() {
    is_running "$1" || return 0
    signal "$1" "$2"
    signal "$1" CONT
    await_end "$1" "$3"
}

accepts() {
    { : <>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null
}

require_free_port() {
    local deadline=$((SECONDS + 5))
    # One that was killed is gone a moment before its ports are free.
    while accepts "$1"; do
        ((SECONDS < deadline)) ||
            fail "port $1 is taken by another program, so $2 cannot start" \
                "Give other ports with ACCOLADE_PORTS_FROM (docs/services.md), or end that program."
        sleep 0.1
    done
}

require_command() {
    command -v "$1" >/dev/null ||
        fail "\`$1\` is missing" "Run scripts/setup.sh services, which installs what is needed."
}
