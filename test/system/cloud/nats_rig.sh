# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A NATS cluster of three as docs/fleet-broker.md has it (TLS for clients and routes, two CAs, users by certificate), and
# gateways on it: $urls, ${port[NAME]}, ${gateway[NAME]}, ${node[nN]}, at(), subscriber().
# shellcheck source=test/system/cloud/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PATH=$PATH:/usr/sbin # where Debian keeps nats-server
declare -A node gateway port
stream='' prefix=''
tool=test/system/cloud/nats_load.py
mapfile -t ports < <(python3 "$tool" ports 6)
urls=tls://localhost:${ports[0]},tls://localhost:${ports[1]},tls://localhost:${ports[2]}
export LIMPET_TEST_NATS=$work # where the tool finds the watcher's certificate

# shellcheck disable=SC2317  # called by the trap
end_all() {
    local pid
    for pid in "${gateway[@]}" "${node[@]}"; do kill -9 "$pid" 2>/dev/null; done
    wait 2>/dev/null
    clean_up
}
trap end_all EXIT

# make_ca NAME; issue_by CA NAME [SAN]: $work/NAME.pem and .key with the subject CN=NAME.
make_ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$work/$1.pem" -subj "/CN=$1" \
        -days 30 2>/dev/null
}
issue_by() {
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$2.key" -subj "/CN=$2" 2>/dev/null |
        openssl x509 -req -CA "$work/$1.pem" -CAkey "$work/$1.key" -CAcreateserial -days 30 -out "$work/$2.pem" \
            -extfile <(echo "${3:-}") 2>/dev/null
}
# What the cluster's owner makes: one CA for the nodes, one for who may use them.
make_certificates() {
    make_ca nodes-ca && make_ca users-ca && issue_by nodes-ca node 'subjectAltName=DNS:localhost' &&
        issue_by users-ca gateway && issue_by users-ca watcher
}

# start_node 0|1|2. $users are further ones.
start_node() {
    cat >"$work/n$1.conf" <<EOF
server_name: n$1
listen: 127.0.0.1:${ports[$1]}
tls { cert_file: "$work/node.pem", key_file: "$work/node.key", ca_file: "$work/users-ca.pem", verify_and_map: true, timeout: 5 }
jetstream { store_dir: "$work/n$1", max_memory_store: 64MB, max_file_store: 256MB }
cluster {
  name: limpet
  listen: 127.0.0.1:${ports[$(($1 + 3))]}
  tls { cert_file: "$work/node.pem", key_file: "$work/node.key", ca_file: "$work/nodes-ca.pem", timeout: 5 }
  routes: [tls://localhost:${ports[3]}, tls://localhost:${ports[4]}, tls://localhost:${ports[5]}]
}
accounts {
  LIMPET {
    jetstream: enabled
    users: [
      { user: "CN=gateway", permissions: $gateway_may }
      { user: "CN=watcher" }
    ]
  }
}
EOF
    nats-server -c "$work/n$1.conf" >>"$work/n$1.log" 2>&1 &
    node[n$1]=$!
}
gateway_may='{
    publish: ["lp.>", "$JS.API.STREAM.CREATE.*", "$JS.API.STREAM.INFO.*", "$JS.API.CONSUMER.CREATE.>", "$JS.API.CONSUMER.INFO.>",
              "$JS.API.CONSUMER.DELETE.>", "$JS.FC.>"]
    subscribe: ["lp.>", "_INBOX.>"] }'

tls_flags=(--nats-ca "$work/nodes-ca.pem" --nats-cert "$work/gateway.pem" --nats-key "$work/gateway.key")
start_gateway() { # NAME
    rm -f "$work/gw-$1.json"
    "$limpet" cloud gateway --dir "$cloud" --name "$1" --nats "$urls" "${tls_flags[@]}" --json >"$work/gw-$1.json" 2>"$work/gw-$1.log" &
    gateway[$1]=$!
}
gateway_up() { # NAME
    wait_until 60 grep -q gateway-up "$work/gw-$1.json" || { cat "$work/gw-$1.json" "$work/gw-$1.log"; return 1; }
    port[$1]=$(jq 'select(.event == "gateway-up") | .ports.mqtt' "$work/gw-$1.json")
}
# at GATEWAY pub|sub NAME CLIENT-ID ARGUMENT...
at() {
    local mqtt_port=${port[$1]}
    shift
    mqtt "$@"
}
refused() { ! "$@"; }
# subscriber GATEWAY OUT CLIENT-ID ARGUMENT...: in the background; comes back when it has subscribed.
subscriber() {
    local gw=$1 out=$2 id=$3
    shift 3
    stdbuf -oL mosquitto_sub -d --cafile "$cloud/ca.pem" --cert "$work/load.pem" --key "$work/load.key" -h localhost \
        -p "${port[$gw]}" -i "$id" "$@" >"$work/$out" 2>&1 &
    sub_pid=$!
    wait_until 30 grep -q 'received SUBACK' "$work/$out" || { cat "$work/$out"; return 1; }
}
end_subscriber() { kill "$sub_pid" 2>/dev/null; wait "$sub_pid" 2>/dev/null || true; }
has_line() { grep -qxF -- "$2" "$work/$1"; }

load_policy='{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive","iot:RetainPublish"],
  "Resource":["arn:aws:iot:*:*:topic/load*","arn:aws:iot:*:*:topic/$aws/things/*"]},
 {"Effect":"Allow","Action":"iot:Subscribe",
  "Resource":["arn:aws:iot:*:*:topicfilter/load*","arn:aws:iot:*:*:topicfilter/+*","arn:aws:iot:*:*:topicfilter/$aws/things/*"]},
 {"Effect":"Deny","Action":"iot:Publish","Resource":"arn:aws:iot:*:*:topic/load/ro"},
 {"Effect":"Deny","Action":"iot:Receive","Resource":"arn:aws:iot:*:*:topic/load/secret"}]}'

set_up() {
    make_certificates && start_node 0 && start_node 1 && start_node 2 && cloud_up --broker none && make_policy load "$load_policy" && certificate load && attach_policy load "$(cat "$work/load.arn")" &&
        rest POST /things/shade -d '{}' >/dev/null && start_gateway a && start_gateway b && gateway_up a && gateway_up b || return 1
    stream=limpet_$(jq -r .accountId "$cloud/cloud.json")_$(jq -r .region "$cloud/cloud.json")
    prefix=lp.$(jq -r .accountId "$cloud/cloud.json").$(jq -r .region "$cloud/cloud.json").
    wait_until 30 python3 "$tool" healthy "${ports[@]:0:3}" "$stream"
}
