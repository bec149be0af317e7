#!/usr/bin/env bash
# All services of an instance together.
#
#   cluster.sh up        starts what does not run, and prints and writes the configuration of a node over it
#   cluster.sh down      stops what runs; the data stays
#   cluster.sh configuration   of a node over them
#   cluster.sh status    what runs; exit code 1 unless everything does
#   cluster.sh clean     stops what runs and removes the data
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

up() {
    local service
    for service in kafka s3 postgres redis; do "$here/$service.sh" start; done
    status
    describe
}

down() {
    local service
    for service in kafka s3 postgres redis; do env -u BROKERS "$here/$service.sh" stop; done
    "$here/redis.sh" cluster-stop
}

status() {
    local lines
    lines=$(
        for service in kafka s3 postgres redis; do env -u BROKERS "$here/$service.sh" status; done
    )
    printf '%s\n' "$lines"
    [[ $lines != *' stopped '* && $lines != *' frozen '* ]]
}

# Of a node over these services; one more takes a `name`, a `data_dir`, a `listen` and an `address` of its own.
configuration() {
    local brokers
    brokers=$("$here/kafka.sh" addresses)
    cat <<END
data_dir = "$services/node-1"
listen = "127.0.0.1:8080"

[cluster]
brokers = "$brokers"
name = "node-1"
address = "http://127.0.0.1:8081"
secret = "only-for-this-machine"
replication = $(tr ',' '\n' <<<"$brokers" | wc -l)

[ship]
to = "s3://$s3_bucket/cluster"
endpoint = "$("$here/s3.sh" address)"
region = "us-east-1"

[postgres]
url = "$("$here/postgres.sh" address)"

[redis]
url = "$("$here/redis.sh" address)"
END
}

describe() {
    configuration >"$services/cluster.toml"
    cat <<END

data and logs: $services

$services/cluster.toml is the configuration of a node:

$(sed 's/^./    &/' "$services/cluster.toml")

    export AWS_ACCESS_KEY_ID=$s3_access_key AWS_SECRET_ACCESS_KEY=$s3_secret_key
    accolade serve --config $services/cluster.toml
END
}

# One at a time: two that start at once would both find nothing running.
exclusively() {
    mkdir -p "$services"
    exec 9>"$services/lock"
    flock 9
    "$@"
}

case ${1:-} in
    up) exclusively up ;;
    down) if [[ -d $services ]]; then exclusively down; fi ;;
    status) status ;;
    configuration) configuration ;;
    clean)
        if [[ -d $services ]]; then
            exclusively down
            rm -rf "$services"/{kafka-[1-9],kafka-brokers,kafka-id,s3,postgres,redis,redis-[1-3],cluster.toml,node-1}
        fi
        ;;
    *) usage ;;
esac
