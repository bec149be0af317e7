#!/usr/bin/env bash
# One Kafka broker that encrypts, asks who is there and has rules who may do what: for tests of these.
#
#   secure-broker.sh start|stop|status|address|clean
#
# Its folder has `ca.pem`, the authority that vouches for it, and `other-ca.pem`, one that does not.
# Users, over SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN, each with the password NAME-secret:
#
#   accolade    may do everything with topics, groups and transactions whose names begin with `secure-`
#   reader      may look at these topics and read them
#   stranger    may do nothing
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=process.sh
source "$here/process.sh"

name=secure-kafka
folder=$services/$name
# Behind the ports of three brokers.
port=$((kafka_port + 3 * kafka_port_step))
users=(accolade reader stranger)

usage() {
    sed -n '2,/^here=/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

make_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj "/CN=$1" -keyout "$folder/$1.key" -out "$folder/$1.pem" 2>>"$folder/openssl.log"
}

make_certificates() {
    [[ ! -e $folder/keystore.pem ]] || return 0
    require_command openssl
    make_authority ca
    make_authority other-ca
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=broker \
        -keyout "$folder/broker.key" -out "$folder/broker.csr" 2>>"$folder/openssl.log"
    openssl x509 -req -in "$folder/broker.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" \
        -CAcreateserial -days 3650 -extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost') \
        -out "$folder/broker.pem" 2>>"$folder/openssl.log"
    cat "$folder/broker.key" "$folder/broker.pem" >"$folder/keystore.part"
    mv "$folder/keystore.part" "$folder/keystore.pem"
}

# Requests to the controller come over a listener of its own, as ANONYMOUS; nobody does over the other.
write_properties() {
    local user plain='org.apache.kafka.common.security.plain.PlainLoginModule required'
    local scram='org.apache.kafka.common.security.scram.ScramLoginModule required;'
    local admin='username="admin" password="admin-secret"'
    local known='user_admin="admin-secret"'
    for user in "${users[@]}"; do known+=" user_$user=\"$user-secret\""; done
    cat >"$folder/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=SASL_SSL://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
advertised.listeners=SASL_SSL://127.0.0.1:$port
inter.broker.listener.name=SASL_SSL
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=$folder/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/ca.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=$plain $admin $known;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=$scram
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$scram
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
log.dirs=$folder/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
END
    cat >"$folder/admin.properties" <<END
security.protocol=SASL_SSL
ssl.truststore.type=PEM
ssl.truststore.location=$folder/ca.pem
sasl.mechanism=PLAIN
sasl.jaas.config=$plain $admin;
END
}

format() {
    local user scram=()
    [[ ! -e $folder/data/meta.properties ]] || return 0
    for user in "${users[@]}"; do
        scram+=(--add-scram "SCRAM-SHA-256=[name=$user,password=$user-secret]")
        scram+=(--add-scram "SCRAM-SHA-512=[name=$user,password=$user-secret]")
    done
    rm -rf "$folder/data" "$folder/rules"
    "$here/kafka.sh" tool kafka.tools.StorageTool format -t "$(
        head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '='
    )" -c "$folder/server.properties" "${scram[@]}" >"$folder/format.log" 2>&1 ||
        fail "$name could not be formatted:" "$(tail -n 30 "$folder/format.log")"
}

allow() {
    "$here/kafka.sh" tool org.apache.kafka.tools.AclCommand --add --force \
        --bootstrap-server "127.0.0.1:$port" --command-config "$folder/admin.properties" \
        --resource-pattern-type prefixed --allow-principal "User:$1" "${@:2}" \
        >>"$folder/rules.log" 2>&1 ||
        fail "rules of $name could not be made:" "$(tail -n 30 "$folder/rules.log")"
}

make_rules() {
    [[ ! -e $folder/rules ]] || return 0
    allow accolade --operation All --topic secure- --group secure- --transactional-id secure-
    allow reader --operation Describe --operation DescribeConfigs --operation Read --topic secure-
    touch "$folder/rules"
}

is_ready() { grep -qF 'Kafka Server started' <(log_of_run "$name"); }

start() {
    mkdir -p "$folder"
    make_certificates
    if ! is_running "$name"; then
        require_free_port "$port" "$name"
        require_free_port $((port + 1)) "$name"
        write_properties
        format
        JAVA_TOOL_OPTIONS="-Dlog4j2.configurationFile=$here/log4j2.properties" \
            start_process "$name" "$here/kafka.sh" tool kafka.Kafka "$folder/server.properties"
    fi
    await "$name" 90 is_ready
    make_rules
}

case ${1:-} in
    start) start ;;
    stop) stop_process "$name" TERM 20 ;;
    status) print_status "$name" "$port" ;;
    address) printf '127.0.0.1:%s\n' "$port" ;;
    clean) stop_process "$name" TERM 20; rm -rf "$folder" ;;
    *) usage ;;
esac
