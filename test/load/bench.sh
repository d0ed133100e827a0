# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# For tools/bench: a thousand devices against the cloud and against a bare mosquitto with the same certificates, in
# turns, and what a change of the registry costs with as many sessions. $dir, $limpet, $runs, row(), step() are the bench's.

load_devices=1000
load_messages=20 # of each; 100 a second is what the front lets through

load_call() { # METHOD PATH [CURL-ARGUMENT...]
    local method=$1 path=$2 keys=$dir/load/credentials
    shift 2
    curl -sS --fail-with-body --aws-sigv4 aws:amz:us-east-1:iot --cacert "$dir/load/ca.pem" -X "$method" \
        -K <(printf 'user = "%s:%s"\n' "$(sed -n 's/^aws_access_key_id = //p' "$keys" | head -n 1)" \
            "$(sed -n 's/^aws_secret_access_key = //p' "$keys" | head -n 1)") \
        "$@" "https://localhost:$(jq .portHttps "$dir/load/cloud.json")$path"
}

# One certificate that may do everything, for all client ids.
load_certificate() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/load.key" &&
        openssl req -new -key "$dir/load.key" -subj /CN=load -out "$dir/load.csr" &&
        jq -Rs '{certificateSigningRequest: .}' "$dir/load.csr" |
        load_call POST '/certificates?setAsActive=true' --data-binary @- >"$dir/load.json" &&
        jq -r .certificatePem "$dir/load.json" >"$dir/load.pem" &&
        jq -n '{policyDocument: ({Version: "2012-10-17", Statement: [{Effect: "Allow", Action: "iot:*", Resource: "*"}]} | tojson)}' |
        load_call POST /policies/load --data-binary @- >/dev/null &&
        load_call PUT /target-policies/load -d "{\"target\":\"$(jq -r .certificateArn "$dir/load.json")\"}"
}

# The same port every time would be in somebody's way; the front's ports are free when the cloud is not up.
load_bare_start() {
    load_bare_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf '%s\n' "user $(id -un)" 'allow_anonymous true' 'max_inflight_messages 100' "listener $load_bare_port 127.0.0.1" \
        "capath $dir/load/trust" "certfile $dir/load/server.pem" "keyfile $dir/load/server.key" 'require_certificate true' >"$dir/bare.conf"
    (ulimit -n "$(ulimit -Hn)" && exec "$(PATH=$PATH:/usr/sbin command -v mosquitto)" -c "$dir/bare.conf") >"$dir/bare.log" 2>&1 &
    load_bare=$!
    wait_for 10 nc_works "$load_bare_port"
}
nc_works() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

load_run() { # PORT
    build/test/load/load_mqtt "$1" "$dir/load/ca.pem" "$dir/load.pem" "$dir/load.key" "$load_devices" "$load_messages"
}

bench_load() {
    local i bare ours connects=() bare_connects=() messages=() bare_messages=() shares=()
    "$limpet" cloud up --quiet --dir "$dir/load" --port-https 0 --port-http 0 --port-mqtt 0
    load_certificate
    load_bare_start
    for ((i = 0; i < runs; i++)); do
        step "$load_devices devices against a bare mosquitto and against the cloud, $((i + 1)) of $runs"
        bare=$(load_run "$load_bare_port")
        ours=$(load_run "$(jq .portMqtt "$dir/load/cloud.json")")
        bare_connects+=("$(jq .connects_per_s <<<"$bare")")
        connects+=("$(jq .connects_per_s <<<"$ours")")
        shares+=("$(jq -n --argjson ours "$ours" --argjson bare "$bare" '100 * $ours.connects_per_s / $bare.connects_per_s | round')")
        bare_messages+=("$(jq .messages_per_s <<<"$bare")")
        messages+=("$(jq .messages_per_s <<<"$ours")")
    done
    kill "$load_bare"
    "$limpet" cloud down --quiet --dir "$dir/load"
    row connects-bare-mosquitto /s - "${bare_connects[@]}"
    row connects-cloud /s - "${connects[@]}"
    row connects-cloud-of-bare % ">=80" "${shares[@]}"
    row messages-bare-mosquitto /s - "${bare_messages[@]}"
    row messages-cloud /s - "${messages[@]}"
    row change-among-1000-sessions us - \
        "$(LOAD_CSR=$(<"$dir/load.csr") build/test/load/load_sessions "$load_devices" | jq '.unrelated_change_ms * 1000 | round')"
}
