#!/usr/bin/env bash
# Redis on this machine: one server, and a cluster of three. Valkey does as well.
#
#   redis.sh start|stop|kill|restart|freeze|thaw|status|address
#   redis.sh cluster-start|cluster-stop|cluster-address
#   redis.sh cluster-kill|cluster-restart NODE      one of 1, 2 and 3
#
# What a server has is on disk within a second; REDIS_KEEPS=no has it forget everything when it ends. Lines of
# `more.conf` in the server's folder are settings of it.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

slots_of=("" "0 5460" "5461 10922" "10923 16383")

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# Debian's package of the server begins one at port 6379, and holds no more than this name for a program of another one.
find_program() {
    local found
    found=$(command -v redis-server || command -v valkey-server || command -v redis-check-rdb || command -v valkey-check-rdb) ||
        fail 'Redis is missing' 'Run scripts/setup.sh services, which installs what is needed.'
    program=$services/$1/redis-server
    mkdir -p "$services/$1"
    ln -sfn "$(readlink -f "$found")" "$program"
    cli=$(command -v redis-cli || command -v valkey-cli)
}

write_configuration() {
    local folder=$services/$1
    cat >"$folder/redis.conf" <<END
bind 127.0.0.1
port $2
dir $folder
save ""
appendonly ${REDIS_KEEPS:-yes}
END
    [[ $1 == redis ]] || cat >>"$folder/redis.conf" <<END
cluster-enabled yes
cluster-port $(($2 + 3))
cluster-node-timeout 2000
END
    [[ ! -e $folder/more.conf ]] || printf 'include %s\n' "$folder/more.conf" >>"$folder/redis.conf"
}

is_ready() { grep -qF 'Ready to accept connections' <(log_of_run "$1"); }

start_server() {
    find_program "$1"
    if ! is_running "$1"; then
        require_free_port "$2" "$1"
        write_configuration "$1" "$2"
        start_process "$1" "$program" "$services/$1/redis.conf"
    fi
    await "$1" 20 is_ready "$1"
}

port_of() { printf '%s' $((redis_cluster_port + $1 - 1)); }

ask() { "$cli" -h 127.0.0.1 -p "$(port_of "$1")" "${@:2}" >>"$services/redis-$1/log" 2>&1; }

is_whole() {
    local node
    for node in 1 2 3; do
        "$cli" -h 127.0.0.1 -p "$(port_of "$node")" cluster info 2>/dev/null |
            tr -d '\r' | grep -qx 'cluster_state:ok' || return 1
        [[ $("$cli" -h 127.0.0.1 -p "$(port_of "$node")" cluster nodes | wc -l) == 3 ]] || return 1
    done
}

cluster_start() {
    local node
    for node in 1 2 3; do start_server "redis-$node" "$(port_of "$node")"; done
    if [[ ! -e $services/redis-1/made ]]; then
        for node in 1 2 3; do
            # shellcheck disable=SC2086
            ask "$node" cluster addslotsrange ${slots_of[node]}
            ask "$node" cluster set-config-epoch "$node"
        done
        for node in 2 3; do ask 1 cluster meet 127.0.0.1 "$(port_of "$node")" $(($(port_of "$node") + 3)); done
        touch "$services/redis-1/made"
    fi
    await redis-1 30 is_whole
}

node_of() {
    [[ ${1:-} == [123] ]] || usage
    printf 'redis-%s' "$1"
}

case ${1:-} in
    start) start_server redis "$redis_port" ;;
    stop) stop_process redis TERM 10 ;;
    kill) kill_process redis ;;
    restart) stop_process redis TERM 10; start_server redis "$redis_port" ;;
    freeze) freeze_process redis ;;
    thaw) thaw_process redis ;;
    status) print_status redis "$redis_port" ;;
    address) printf 'redis://127.0.0.1:%s\n' "$redis_port" ;;
    cluster-start) cluster_start ;;
    cluster-stop) for node in 1 2 3; do stop_process "redis-$node" TERM 10; done ;;
    cluster-kill) kill_process "$(node_of "${2:-}")" ;;
    cluster-restart)
        name=$(node_of "${2:-}")
        stop_process "$name" TERM 10
        start_server "$name" "$(port_of "$2")"
        await redis-1 30 is_whole
        ;;
    cluster-address) printf 'redis://127.0.0.1:%s,redis://127.0.0.1:%s\n' "$(port_of 1)" "$(port_of 2)" ;;
    *) usage ;;
esac
