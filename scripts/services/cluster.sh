#!/usr/bin/env bash
# All services of an instance together.
#
#   cluster.sh up        starts what does not run, and prints where everything is
#   cluster.sh down      stops what runs; the data stays
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
    for service in kafka s3 postgres; do "$here/$service.sh" start; done
    status
    describe
}

down() {
    local service
    for service in kafka s3 postgres; do env -u BROKERS "$here/$service.sh" stop; done
}

status() {
    local lines
    lines=$(
        for service in kafka s3 postgres; do env -u BROKERS "$here/$service.sh" status; done
    )
    printf '%s\n' "$lines"
    [[ $lines != *' stopped '* && $lines != *' frozen '* ]]
}

describe() {
    cat <<END

data and logs: $services

For cluster.toml:

[kafka]
brokers = "$("$here/kafka.sh" addresses)"

[objects]
url = "s3://$s3_bucket"
endpoint = "$("$here/s3.sh" address)"
region = "us-east-1"
access_key = "$s3_access_key"
secret_key = "$s3_secret_key"

[postgres]
url = "$("$here/postgres.sh" address)"
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
    clean)
        if [[ -d $services ]]; then
            exclusively down
            rm -rf "$services"/{kafka-[1-9],kafka-brokers,kafka-id,s3,postgres}
        fi
        ;;
    *) usage ;;
esac
