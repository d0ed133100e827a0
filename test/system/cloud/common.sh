# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A cloud of its own for one script: $limpet, $cloud (folder), $work, aws(), device(), mqtt().
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh

limpet=$PWD/${LIMPET_BUILD:-build}/limpet
work=$(mktemp -d)
cloud=$work/cloud

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    local lock
    for lock in "$work"/*/cloud.lock; do
        [ -e "$lock" ] && "$limpet" cloud down --quiet --dir "${lock%/cloud.lock}"
    done
    rm -rf "$work"
}
trap clean_up EXIT

cloud_up() {
    "$limpet" cloud up --quiet --dir "$cloud" "$@" || exit 1
    eval "$("$limpet" cloud env --dir "$cloud")"
    mqtt_port=$(jq .portMqtt "$cloud/cloud.json")
    {
        echo "aws-sigv4 = \"aws:amz:us-east-1:iot\""
        echo "user = \"$(sed -n 's/^aws_access_key_id = //p' "$cloud/credentials" | head -n 1):$(
            sed -n 's/^aws_secret_access_key = //p' "$cloud/credentials" | head -n 1)\""
        echo "cacert = \"$cloud/ca.pem\""
    } >"$work/curlrc"
}

# Debian's aws does not read AWS_ENDPOINT_URL.
aws() { awscli --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

# rest METHOD PATH [CURL-ARGUMENT...]: the same calls by curl, which signs too and starts in no time.
rest() {
    local method=$1 path=$2
    shift 2
    curl -sS --fail-with-body -K "$work/curlrc" -X "$method" "$@" "$AWS_ENDPOINT_URL$path"
}

# is VALUE EXPECTED
is() {
    [ "$1" = "$2" ] || { echo "got: $1"; echo "expected: $2"; return 1; }
}

# fails_with ERROR COMMAND...: aws refuses, and with this error.
fails_with() {
    local error=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "it worked: $out"
        return 1
    fi
    grep -qF "($error)" <<<"$out" || { echo "$out"; return 1; }
}

# key NAME: a P-256 key and its CSR.
key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key" &&
        openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr"
}

# certificate NAME: an active certificate; $work/NAME.arn, .id, .pem.
certificate() {
    key "$1" &&
        jq -Rs '{certificateSigningRequest: .}' "$work/$1.csr" |
        rest POST '/certificates?setAsActive=true' --data-binary @- >"$work/$1.json" &&
        jq -r .certificatePem "$work/$1.json" >"$work/$1.pem" &&
        jq -r .certificateArn "$work/$1.json" >"$work/$1.arn" &&
        jq -r .certificateId "$work/$1.json" >"$work/$1.id"
}

# issue NAME: the same by awscli.
issue() {
    key "$1" &&
        aws iot create-certificate-from-csr --set-as-active --certificate-signing-request "file://$work/$1.csr" >"$work/$1.json" &&
        jq -r .certificatePem "$work/$1.json" >"$work/$1.pem" && jq -r .certificateArn "$work/$1.json" >"$work/$1.arn" &&
        jq -r .certificateId "$work/$1.json" >"$work/$1.id"
}

# The least a device needs, by variables.
device_policy='{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iot:Connect","Resource":"arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},
 {"Effect":"Allow","Action":["iot:Publish","iot:Receive","iot:RetainPublish"],
  "Resource":"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/*"},
 {"Effect":"Allow","Action":"iot:Subscribe",
  "Resource":"arn:aws:iot:*:*:topicfilter/dt/${iot:Connection.Thing.ThingName}/*"},
 {"Effect":"Deny","Action":"iot:Publish",
  "Resource":"arn:aws:iot:*:*:topic/dt/${iot:Connection.Thing.ThingName}/ro"}]}'

attach_policy() { rest PUT "/target-policies/$1" -d "{\"target\":\"$2\"}"; }
detach_policy() { rest POST "/target-policies/$1" -d "{\"target\":\"$2\"}"; }
attach_thing() { rest PUT "/things/$1/principals" -H "x-amzn-principal: $2"; }
detach_thing() { rest DELETE "/things/$1/principals" -H "x-amzn-principal: $2"; }
set_status() { rest PUT "/certificates/$(cat "$work/$1.id")?newStatus=$2"; }
make_policy() { jq -n --arg d "$2" '{policyDocument: $d}' | rest POST "/policies/$1" --data-binary @- >/dev/null; }

# device NAME: thing, certificate, policy "device" (made when missing), all attached.
device() {
    certificate "$1" &&
        { rest GET /policies/device >/dev/null 2>&1 || make_policy device "$device_policy"; } &&
        rest POST "/things/$1" -d '{}' >/dev/null && attach_policy device "$(cat "$work/$1.arn")" &&
        attach_thing "$1" "$(cat "$work/$1.arn")"
}

# mqtt pub|sub NAME CLIENT-ID ARGUMENT...: as this device.
mqtt() {
    local tool=mosquitto_$1 name=$2 client=$3
    shift 3
    timeout 60 "$tool" --cafile "$cloud/ca.pem" --cert "$work/$name.pem" --key "$work/$name.key" \
        -h localhost -p "$mqtt_port" -i "$client" "$@"
}

# mqtt_end PID: ends what "mqtt ... &" started. The PID is that of a shell around it: a client that only loses its shell connects
# again and again, and takes the place of the next one of its name.
mqtt_end() {
    pkill -P "$1"
    wait "$1" 2>/dev/null
    return 0
}

# logged FILTER: an event of the log for which the jq filter is true. event FILTER: the same within a while, since
# the broker's plugin writes events a tick later.
logged() {
    "$limpet" cloud watch --dir "$cloud" --since 0 --timeout 0 --json | jq -e -s "any(.[]; $1)" >/dev/null
}
event() { wait_until 30 logged "$1"; }
