# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# The proofs: each looks at what is there, from the outside, and can fail. Under `--break NAME` the
# promise is broken first, so that a test can show that the check notices.

chip_json() { "$limpet" chip show --state "$dir/$1.state" --json; }

# --- the chip was found without a word about it, and it is the one that is there
chip_was_named() {
    local serial
    serial=$(chip_json chip | jq -r .serial | tr -d ' ' | tr '[:lower:]' '[:upper:]')
    ! is_broken chip-detected || serial=0123000000000000EE
    [ -n "$serial" ] && tr -d ' ' <"$dir/setup.log" | grep -qi "${chip}.*$serial"
}

# --- configuration and data zones are locked, and the configuration is the plan, read back by the board
chip_is_locked() {
    local shown=chip
    if is_broken config-locked-verified; then
        "$limpet" chip new --model "$chip" --state "$dir/unlocked.state" >/dev/null
        shown=unlocked
    fi
    [ "$(chip_json $shown | jq -c '[.lock.config, .lock.data]')" = '[true,true]' ] &&
        [ "$(rpc board Chip.Info | jq -r .plan.state)" = match ]
}

cert_pem() {
    in_cloud iot describe-certificate --certificate-id "$cert_id" --query certificateDescription.certificatePem \
        --output text
}

# --- the certificate's key is the chip's key, and the chip made it
key_is_the_chips() {
    local of_cert of_chip
    of_cert=$(cert_pem | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 64 | xxd -p -c 64)
    of_chip=$(chip_json chip | jq -r '.slots[0].public_key' | tr '[:upper:]' '[:lower:]' | tr -d ' ')
    ! is_broken key-born-in-chip || of_chip=$(head -c 64 /dev/urandom | xxd -p -c 64)
    [ ${#of_cert} = 128 ] && [ "$of_cert" = "$of_chip" ] && [ "$(chip_json chip | jq -r '.slots[0].origin')" = genkey ]
}

# --- the broker takes this certificate and nobody without one
is_refused_without_certificate() {
    ! mosquitto_pub -h localhost -p "$mqtt_port" --cafile "$AWS_CA_BUNDLE" -i intruder -t x -m x
}
is_refused_without_tls() {
    ! timeout 5 mosquitto_pub -h localhost -p "$mqtt_port" -i intruder -t x -m x
}
connection_is_mutual() {
    local expected=$cert_id
    ! is_broken mutual-tls || expected=$(printf '%064d' 0)
    mqtt_port=$("$limpet" cloud status --dir "$dir/cloud" --json | jq -r .ports.mqtt)
    saw ".type == \"connect\" and .cert_id == \"$expected\"" && is_refused_without_certificate &&
        is_refused_without_tls && rpc board Cloud.Status | jq -e '.tls.version | test("1\\.[23]")'
}

# --- the device has its acknowledgement and the cloud has the message
message_was_acknowledged() {
    local topic=limpet/$thing/proof
    ! is_broken message-acknowledged || topic=limpet/$thing/other
    [ "$(rpc board Cloud.Status | jq .acked)" -ge 1 ] &&
        saw ".type == \"publish\" and .qos == 1 and .topic == \"$topic\"" &&
        in_cloud iot-data get-retained-message --topic "$topic" --query payload --output text |
            base64 -d | jq -e ".cert_id == \"$cert_id\""
}

# --- the private key is in no file of the board and in nothing that was logged
# finds_key HEX FOLDER...: true when the key is there in raw (either byte order), hex or base64 form.
finds_key() {
    local key=$1
    shift
    local reversed
    reversed=$(fold -w2 <<<"$key" | tac | tr -d '\n')
    local shift64
    for form in "$key" "$reversed"; do
        if find "$@" -type f -exec xxd -p -c 0 {} \; | grep -qi "$form"; then return 0; fi
        if grep -rqiF "$form" "$@"; then return 0; fi
        for shift64 in 0 1 2; do
            local text
            text=$({ head -c "$shift64" /dev/zero; xxd -r -p <<<"$form"; } | base64 -w0)
            if grep -rqF "${text:4:36}" "$@"; then return 0; fi
        done
    done
    return 1
}
key_is_nowhere() {
    local key
    key=$("$limpet" chip show --state "$dir/chip.state" --json --reveal-private-keys |
        jq -r '.slots[0].private_key' | tr '[:upper:]' '[:lower:]' | tr -d ' ')
    [ ${#key} = 64 ] || return 1
    # The search must be able to find it: once against a planted copy.
    mkdir -p "$dir/planted"
    xxd -r -p <<<"$key" | cat <(printf xyz) - >"$dir/planted/raw"
    finds_key "$key" "$dir/planted" || return 1
    rm -r "$dir/planted"
    ! is_broken key-not-in-flash || xxd -r -p <<<"$key" >>"$dir/board/notes.bin"
    ! finds_key "$key" "$dir/board" "$dir/cloud" "$dir/state" "$dir"/*.log
}

# --- who recorded the two wires of the chip has the secret of no connection
# An exchange is in clear when a chip answers ECDH (0x43) with 32 bytes and no more.
exchanges() { # all|clear
    awk -v which="$1" '
        $2 == "W" && substr($5, 1, 2) == "03" {is_ecdh = substr($5, 5, 2) == "43"}
        $2 == "R" && $4 == "ack" && is_ecdh {is_ecdh = 0; all++; clear += substr($5, 1, 2) == "23"}
        END {print (which == "clear" ? clear : all) + 0}' "$dir/chip.bus.log"
}
go_back_to_clear() {
    local before
    before=$(exchanges all)
    rpc board Config.Set '{"config":{"identity":{"ecdhe":"chip"}}}' && rpc board Config.Save '{"reboot":true}'
    wait_for $patience_s more_exchanges_than "$before"
    wait_for $patience_s is_state board connected
}
more_exchanges_than() { [ "$(exchanges all)" -gt "$1" ]; }
recorder_learns_nothing() {
    ! is_broken bus-recorded || go_back_to_clear
    echo "exchanges on the wires: $(exchanges all), in clear: $(exchanges clear)"
    [ "$(rpc board Chip.Info | jq -r .bus)" = sealed ] && [ "$(exchanges all)" -ge 1 ] && [ "$(exchanges clear)" = 0 ]
}

# --- a copy of the board with another chip is refused, whatever firmware the cloner runs
clone_is_refused() {
    ! is_broken clone-refused || { clone_with_the_same_chip; return; }
    clone_board_stays_out && forger_stays_out -tls1_2 && forger_stays_out -tls1_3 && is_state board connected
}

count_connects() { events | jq -s 'map(select(.type == "connect")) | length'; }

# The broker's events are written a tick later, so an earlier connection may still show up: counts until it stays the same.
settled_connects() {
    local last='' now
    now=$(count_connects)
    until [ "$last" = "$now" ]; do
        last=$now
        sleep 1
        now=$(count_connects)
    done
    echo "$now"
}

# Limpet's own firmware notices that its chip is not the one the certificate is for.
clone_board_stays_out() {
    local before last
    cp -r "$dir/board" "$dir/clone"
    chip_serve chip2
    board_start clone clone "$(bus_of chip2)"
    give_own_key clone
    before=$(settled_connects)
    wait_for $patience_s has_tls_trouble clone
    last=$(rpc clone Cloud.Status)
    stop clone
    echo "$last"
    [ "$before" = "$(settled_connects)" ] && [ "$(jq -r .state <<<"$last")" != connected ] &&
        jq -e '.last_error.name | test("LP_E_TLS")' <<<"$last"
}
has_tls_trouble() { rpc "$1" Cloud.Status | jq -e '.last_error.name | test("LP_E_TLS")'; }

# ec_key HEX-PRIVATE HEX-PUBLIC: a private key file; nothing makes the two halves belong together.
ec_key() {
    {
        printf '30770201010420%sa00a06082a8648ce3d030107a14403420004%s' "$1" "$2" | xxd -r -p
    } | openssl ec -inform DER 2>/dev/null
}

# Firmware of the cloner's own does not care: it presents the copied certificate and signs with the key it
# has. Only the broker can refuse it, and it must be the signature that it refuses.
forger_stays_out() { # TLS-VERSION
    local public answer
    [ -p "$dir/silence" ] || mkfifo "$dir/silence"
    exec 8<>"$dir/silence"
    cert_pem >"$dir/copied.pem"
    public=$(openssl x509 -in "$dir/copied.pem" -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 64 | xxd -p -c 64)
    ec_key "$(openssl rand -hex 31 | sed 's/^/00/')" "$public" >"$dir/forged.key"
    # The end of its input would end the client before the broker's answer: there is none, and the broker ends it.
    answer=$(timeout $patience_s openssl s_client -connect "localhost:$mqtt_port" -servername localhost -CAfile "$AWS_CA_BUNDLE" "$1" \
        -cert "$dir/copied.pem" -key "$dir/forged.key" 2>&1 <&8 8<&-)
    rm -f "$dir/forged.key"
    grep -qi 'alert decrypt error\|alert number 51' <<<"$answer" || { echo "$answer"; return 1; }
}

# The promise broken: a copy that has the very same chip gets in, so this returns true and the check must not.
clone_with_the_same_chip() {
    cp -r "$dir/board" "$dir/clone"
    stop board
    board_start clone clone "$(bus_of chip)"
    local got_in=false
    ! wait_for $patience_s is_state clone connected || got_in=true
    stop clone
    board_start board board "$(bus_of chip)"
    wait_for $patience_s is_state board connected
    [ $got_in = false ]
}

# A cloner who does everything right with his own chip: configured, locked, a key of its own in slot 0.
give_own_key() {
    local serial crc
    serial=$(rpc "$1" Chip.Info | jq -r .serial)
    crc=$(rpc "$1" Chip.Configure "{\"confirm\":\"$serial\"}" | jq -r .crc)
    rpc "$1" Chip.Lock "{\"zone\":\"config\",\"crc\":\"$crc\",\"confirm\":\"$serial\"}"
    rpc "$1" Identity.GenKey "{\"key\":\"atca:0\",\"confirm\":\"$serial\",\"replace\":true}"
    rpc "$1" Sys.Reboot
    wait_for $patience_s rpc "$1" RPC.Ping
}

# --- with the chip taken off the board says so and uses no other key
chip_missing_is_said() {
    stop board
    local bus=none
    ! is_broken chip-missing-refused || bus=$(bus_of chip)
    local before after last
    before=$(settled_connects)
    board_start board board "$bus"
    wait_for $patience_s is_decided board
    last=$(rpc board Cloud.Status)
    after=$(settled_connects)
    stop board
    cp "$dir/board.log" "$dir/missing.log" # what it said without its chip
    board_start board board "$(bus_of chip)"
    echo "$last"
    [ "$before" = "$after" ] && [ "$(jq -r .state <<<"$last")" = no-key ] &&
        jq -e '.last_error.name == "LP_E_CHIP_MISSING"' <<<"$last" && grep -qi 'no crypto chip' "$dir/missing.log" &&
        wait_for $patience_s is_state board connected
}

is_decided() {
    rpc "$1" Cloud.Status | jq -e '.state == "connected" or (.state == "no-key" and .last_error.name == "LP_E_CHIP_MISSING")'
}

# --- the command run again changes nothing
certificates() { in_cloud iot list-certificates --query 'certificates[].[certificateId,status]' --output text | sort; }
cloud_state() {
    certificates
    in_cloud iot list-things --output json
    in_cloud iot list-policies --output json
    "$limpet" cloud status --dir "$dir/cloud" --json | jq .changes
}
second_run_is_quiet() {
    local before after config
    before=$(cloud_state)
    config=$(rpc board Config.Get)
    run_setup second.log || return 1
    ! is_broken second-run-changes-nothing || in_cloud iot create-keys-and-certificate >/dev/null
    after=$(cloud_state)
    diff <(echo "$before") <(echo "$after") && [ "$config" = "$(rpc board Config.Get)" ] &&
        grep -qi 'nothing to do' "$dir/second.log" && [ "$(certificates | wc -l)" = 1 ]
}

# --- an INACTIVE certificate: the live connection is kicked, the next one refused
set_inactive() {
    if command -v aws >/dev/null 2>&1; then
        in_cloud iot update-certificate --certificate-id "$cert_id" --new-status INACTIVE
    else
        "$limpet" aws-iot-revoke --certificate "$cert_id"
    fi
}
revoked_is_refused() {
    wait_for $patience_s is_state board connected || return 1
    local mark limit_s=$patience_s
    ! is_broken revoked-refused || limit_s=10 # nothing will come
    mark=$(events | jq -s 'map(.id) | max')
    is_broken revoked-refused || set_inactive
    wait_for $limit_s saw ".id > $mark and .type == \"disconnect\"" || return 1
    wait_for $patience_s saw ".id > $mark and .type == \"refused\" and .cert_id == \"$cert_id\"" || return 1
    ! is_state board connected
}

# --- without a chip both the tool and the board warn
software_key_is_said() {
    ! is_broken software-key-warned || sed -i '/software key/d' "$dir/board.log"
    grep -qi 'warning: .*software key' "$dir/setup.log" &&
        grep -q '^W .*software key' "$dir/board.log"
}

show_proofs() {
    say "${bold}5  The proofs${plain}"
    if [ "$chip" != none ]; then
        check chip-detected "setup did not name the chip that is there" chip_was_named
        report chip-detected "the chip was found and named without a word about it"
        check config-locked-verified "the chip is not locked with the plan" chip_is_locked
        report config-locked-verified "the slot plan was read back and both zones are locked"
        check key-born-in-chip "the certificate's key is not one the chip made" key_is_the_chips
        report key-born-in-chip "the certificate's key was made in slot 0"
    else
        check software-key-warned "the tool or the board did not warn of the software key" software_key_is_said
        report software-key-warned "no chip: the key is in flash; the tool and the board say so"
    fi
    check mutual-tls "not mutual TLS with that certificate, or somebody else got in" connection_is_mutual
    report mutual-tls "mutual TLS; without a certificate nobody gets in"
    check message-acknowledged "no acknowledged message" message_was_acknowledged
    report message-acknowledged "QoS 1 message acknowledged, and read back from the cloud"
    [ "$chip" = none ] || prove_chip_attacks
    check second-run-changes-nothing "the second run changed something" second_run_is_quiet
    report second-run-changes-nothing "aws-iot-setup run again changes nothing"
    check revoked-refused "the revoked certificate still works" revoked_is_refused
    report revoked-refused "certificate INACTIVE: kicked, and refused from then on"
}

prove_chip_attacks() {
    check key-not-in-flash "the private key was found outside of the chip" key_is_nowhere
    report key-not-in-flash "the private key is in no file of the board, in no log"
    if [ "$board_kind" != qemu-lx106 ]; then
        check bus-recorded "a recording of the bus has the secret of a connection in it" recorder_learns_nothing
        report bus-recorded "a recording of the chip's wires has the secret of no connection in it"
    fi
    check clone-refused "the clone was let in" clone_is_refused
    report clone-refused "a copy of the board with another chip is refused by the broker"
    check chip-missing-refused "the board without its chip did not stop" chip_missing_is_said
    report chip-missing-refused "with the chip taken off, the board says so and uses no other key"
}
