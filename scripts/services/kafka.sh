#!/usr/bin/env bash
# Apache Kafka brokers on this machine, each a combined broker and controller (KRaft).
#
#   kafka.sh start|stop|kill|freeze|thaw|restart [NODE...]    all nodes unless some are named
#   kafka.sh status|addresses
#   kafka.sh tool CLASS [ARGUMENT...]                         one of Kafka's own tools
#
# BROKERS=1 or 3 says how many nodes a new cluster has, KAFKA_HEAP how much memory each gets.
# A node of several only comes up where most of them run, so name all that are down in one `start`.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

version=4.3.1
jars=$cache/kafka-$version
start_seconds=180
stop_seconds=20

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

# The size of a cluster is fixed when it is made.
cluster_size() {
    local made
    if made=$(cat "$services/kafka-brokers" 2>/dev/null); then
        [[ -z ${BROKERS:-} || $BROKERS == "$made" ]] ||
            fail "the cluster in $services has $made broker(s), not $BROKERS" \
                "Remove it and its data with \`make cluster-clean\`, or name another folder with ACCOLADE_SERVICES_DIR."
        printf '%s' "$made"
    else
        [[ ${BROKERS:-1} == [13] ]] || fail "BROKERS is 1 or 3, not $BROKERS"
        printf '%s' "${BROKERS:-1}"
    fi
}

port_of() { printf '%s' $((kafka_port + kafka_port_step * ($1 - 1))); }

addresses() {
    local node list=
    for ((node = 1; node <= size; node++)); do list+=",127.0.0.1:$(port_of "$node")"; done
    printf '%s\n' "${list#,}"
}

voters() {
    local node list=
    for ((node = 1; node <= size; node++)); do
        list+=",$node@127.0.0.1:$(($(port_of "$node") + 1))"
    done
    printf '%s' "${list#,}"
}

# Into a temporary folder first, so that the folder of the jars is whole or not there.
fetch_jars() {
    mkdir -p "$cache"
    (
        flock 8
        [[ ! -d $jars ]] || exit 0
        require_command mvn
        printf 'services: fetching Kafka %s from Maven Central, once\n' "$version" >&2
        rm -rf "$jars.part"
        mvn -q -B -C -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$jars.part" >&2 ||
            fail "the jars of Kafka $version could not be fetched; Maven says why above"
        mv "$jars.part" "$jars"
    ) 8>"$cache/lock"
}

# Groups and transactions need few partitions here, and each costs time when a broker starts. Compacting
# small topics needs little memory.
write_properties() {
    local node=$1 folder=$services/kafka-$1 port replicas=$size in_sync=1
    port=$(port_of "$node")
    ((size == 1)) || in_sync=2
    mkdir -p "$folder"
    cat >"$folder/server.properties" <<END
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$(voters)
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),PROXIED://127.0.0.1:$((port + 2))
advertised.listeners=PLAINTEXT://127.0.0.1:$port,PROXIED://127.0.0.1:$((port + 3))
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
log.dirs=$folder/data
auto.create.topics.enable=false
default.replication.factor=$replicas
min.insync.replicas=$in_sync
unclean.leader.election.enable=false
log.cleaner.dedupe.buffer.size=16777216
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=8
offsets.topic.replication.factor=$replicas
transaction.state.log.num.partitions=8
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$in_sync
END
}

make_cluster() {
    [[ ! -e $services/kafka-brokers ]] || return 0
    mkdir -p "$services"
    # A Kafka cluster's id is 16 bytes in base64; its tools cannot take one that begins with a dash.
    head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=' >"$services/kafka-id"
    printf '%s\n' "$size" >"$services/kafka-brokers"
}

# The folder has its `meta.properties` last, so without it nothing else counts.
format() {
    local folder=$services/kafka-$1
    [[ ! -e $folder/data/meta.properties ]] || return 0
    rm -rf "$folder/data"
    java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.tools.StorageTool format \
        -t "$(cat "$services/kafka-id")" -c "$folder/server.properties" >"$folder/format.log" 2>&1 ||
        fail "kafka-$1 could not be formatted:" "$(tail -n 30 "$folder/format.log")"
}

launch() {
    local node=$1 name=kafka-$1 folder=$services/kafka-$1 heap=${KAFKA_HEAP:-512m} first port
    ! is_running "$name" || return 0
    first=$(port_of "$node")
    for port in "$first" $((first + 1)) $((first + 2)); do require_free_port "$port" "$name"; done
    ((size > 1)) || heap=${KAFKA_HEAP:-1g}
    write_properties "$node"
    format "$node"
    # Pauses of G1 came every second on two busy cores, and took up to 130 ms; these come every few seconds.
    start_process "$name" java "-Xms$heap" "-Xmx$heap" \
        -XX:+UseParallelGC -XX:NewRatio=1 -XX:SurvivorRatio=6 -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
        "-Dlog4j2.configurationFile=$here/log4j2.properties" \
        -cp "$jars/*" kafka.Kafka "$folder/server.properties"
}

# Said only once the controllers have let the broker in, so the port alone would be too early.
is_ready() { grep -qF 'Kafka Server started' <(log_of_run "kafka-$1"); }

start() {
    local node
    require_command java
    fetch_jars
    make_cluster
    for node in "$@"; do launch "$node"; done
    for node in "$@"; do await "kafka-$node" "$start_seconds" is_ready "$node"; done
}

# All are told before any is waited for: the last one alone has nobody to hand its partitions to.
stop() {
    local node
    for node in "$@"; do
        ! is_running "kafka-$node" || { signal "kafka-$node" TERM && signal "kafka-$node" CONT; }
    done
    for node in "$@"; do await_end "kafka-$node" "$stop_seconds"; done
}

each() {
    local command=$1 node
    shift
    for node in "$@"; do "$command" "$node"; done
}

kill_node() { kill_process "kafka-$1"; }
freeze_node() { freeze_process "kafka-$1"; }
thaw_node() { thaw_process "kafka-$1"; }
status_of() { print_status "kafka-$1" "$(port_of "$1")"; }

(($# > 0)) || usage
command=$1
shift
size=$(cluster_size)

if [[ $command == tool ]]; then
    (($# > 0)) || usage
    fetch_jars
    exec java -Xmx256m -XX:TieredStopAtLevel=1 -Dlog4j2.level=error -cp "$jars/*" "$@"
fi

for node in "$@"; do
    [[ $node == [1-"$size"] ]] || fail "\`$node\` is no node of this cluster of $size"
done
if (($# > 0)); then nodes=("$@"); else mapfile -t nodes < <(seq "$size"); fi

case $command in
    start) start "${nodes[@]}" ;;
    stop) stop "${nodes[@]}" ;;
    restart) stop "${nodes[@]}"; start "${nodes[@]}" ;;
    kill) each kill_node "${nodes[@]}" ;;
    freeze) each freeze_node "${nodes[@]}" ;;
    thaw) each thaw_node "${nodes[@]}" ;;
    status) each status_of "${nodes[@]}" ;;
    addresses) addresses ;;
    *) usage ;;
esac
