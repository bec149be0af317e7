#!/usr/bin/env bash
# A PostgreSQL server on this machine, reached over TCP with a password.
#
#   postgres.sh start|stop|restart
#   postgres.sh stop-at-once      as after a crash: the next start recovers
#   postgres.sh status|address
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

folder=$services/postgres
data=$folder/data
start_seconds=60
stop_seconds=30

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# Debian keeps the server's programs outside of PATH, by version.
find_programs() {
    local initdb
    initdb=$({ ls -d /usr/lib/postgresql/*/bin/initdb || command -v initdb; } 2>/dev/null | sort -V | tail -n 1)
    [[ -n $initdb ]] ||
        fail 'the PostgreSQL server is missing' \
            'Run scripts/setup.sh services, which installs what is needed.'
    programs=$(dirname "$initdb")
}

# The server refuses to run as root. Its own user may lack the way to the folder (a checkout in
# /root): then it gets the right to pass through folders, and no other.
choose_user() {
    as_user=()
    ((EUID == 0)) || return 0
    id postgres >/dev/null 2>&1 ||
        fail "PostgreSQL does not run as root, and the user of its package, \`postgres\`, is missing"
    chown postgres "$folder"
    as_user=(setpriv --reuid=postgres --regid=postgres --init-groups)
    "${as_user[@]}" test -x "$folder" ||
        as_user+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
}

# Under another name first, so that the data folder is whole or not there.
make_database_cluster() {
    [[ ! -d $data ]] || return 0
    rm -rf "$data.part"
    printf '%s\n' "$postgres_password" >"$folder/password"
    "${as_user[@]}" "$programs/initdb" -D "$data.part" -U postgres --pwfile="$folder/password" \
        -A scram-sha-256 -E UTF8 --locale=C.UTF-8 >"$folder/initdb.log" 2>&1 ||
        fail 'initdb failed:' "$(tail -n 30 "$folder/initdb.log")"
    mv "$data.part" "$data"
}

is_ready() { "$programs/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"; }

# The owner may make roles, as migrations do, and is no superuser: row-level security binds it.
make_database() {
    PGPASSWORD=$postgres_password "$programs/psql" -X -q -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$postgres_port" -U postgres postgres >>"$folder/log" 2>&1 <<END ||
select 'create role $postgres_owner login createrole password ''$postgres_password'''
where not exists (select from pg_roles where rolname = '$postgres_owner') \gexec
select 'create database $postgres_database owner $postgres_owner'
where not exists (select from pg_database where datname = '$postgres_database') \gexec
END
        fail_with_log postgres "the database $postgres_database could not be made"
}

start() {
    find_programs
    mkdir -p "$folder"
    choose_user
    cd / # which every user may enter
    if ! is_running postgres; then
        require_free_port "$postgres_port" postgres
        make_database_cluster
        start_process postgres "${as_user[@]}" "$programs/postgres" -D "$data" -p "$postgres_port" \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories=
    fi
    await postgres "$start_seconds" is_ready
    make_database
}

# Signals of postgres: INT ends sessions and shuts down, QUIT gives up on everything at once.
stop() { stop_process postgres "$1" "$stop_seconds"; }

address() {
    printf 'postgresql://%s:%s@127.0.0.1:%s/%s\n' \
        "$postgres_owner" "$postgres_password" "$postgres_port" "$postgres_database"
}

case ${1:-} in
    start) start ;;
    stop) stop INT ;;
    stop-at-once) require_running postgres; stop QUIT ;;
    restart) stop INT; start ;;
    status) print_status postgres "$postgres_port" ;;
    address) address ;;
    *) usage ;;
esac
