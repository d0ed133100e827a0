# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# The story: a local cloud, a bare board with a blank chip, one command.

thing=''
cert_id=''

cloud_up() {
    local -a options=()
    [ "$board_kind" = posix ] || options=(--endpoint own)
    "$limpet" cloud up "${options[@]}" --dir "$dir/cloud" --port-https 0 --port-http 0 --port-mqtt 0 >"$dir/cloud.log" 2>&1 || {
        cat "$dir/cloud.log" >&2
        die demo-cloud "the local cloud did not come up" "" "read the lines above"
    }
    eval "$("$limpet" cloud env --dir "$dir/cloud")"
}

# in_cloud ARGS...: Debian's awscli against the local cloud (it does not read AWS_ENDPOINT_URL by itself).
in_cloud() { AWS_PAGER='' aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

# Where the chip NAME is: on a socket, or for an emulated board, whose time it lives in, on a terminal of this computer.
listen_of() { if [ "$board_kind" = posix ]; then echo "unix:$dir/$1.bus"; else echo "pty:$dir/$1.bus"; fi; }
bus_of() { if [ "$board_kind" = posix ]; then echo "unix:$dir/$1.bus"; else echo "$dir/$1.bus"; fi; }

chip_serve() { # NAME: a chip with its own state and bus
    [ -f "$dir/$1.state" ] || "$limpet" chip new --model "$chip" --state "$dir/$1.state" >"$dir/$1.new.log"
    start "$1" "$limpet" chip serve --model "$chip" --state "$dir/$1.state" --listen "$(listen_of "$1")" --log "$dir/$1.bus.log"
    wait_for $patience_s test -e "$dir/$1.bus" || die demo-chip "the virtual chip did not start" "see $dir/$1.log"
}

# The board of this story: a process, or firmware on bare metal in QEMU, to which localhost is itself.
run_board() {
    if [ "$board_kind" = posix ]; then exec build/limpet-board "$@"; fi
    exec tools/board "$board_kind" --host "$(jq -r .endpointName "$dir/cloud/cloud.json")=10.0.2.2" "$@"
}

# board_start NAME FLASH-FOLDER I2C [OPTION...]: its port is found by its own name.
board_start() {
    start "$1" run_board --flash "$dir/$2/flash.bin" --i2c "$3" --uart "pty:$dir/$1.tty" "${@:4}"
    wait_for $patience_s test -e "$dir/$1.tty" || {
        cat "$dir/$1.log" >&2
        die demo-board "the virtual board did not start" "see $dir/$1.log"
    }
}

# rpc NAME METHOD [PARAMS]: the answer of a board as JSON.
rpc() {
    "$limpet" call --port "$dir/$1.tty" "$2" "${3:-{\}}"
}

# state NAME: what the board says of its connection.
state() { rpc "$1" Cloud.Status | jq -r .state; }
is_state() { [ "$(state "$1")" = "$2" ]; }

# events: what the cloud saw, one JSON object a line.
events() { "$limpet" cloud watch --dir "$dir/cloud" --json --since 0 --timeout 0; }
saw() { events | jq -se "map(select($1)) | length > 0"; }

start_board_and_chip() {
    local bus=none
    if [ "$chip" != none ]; then
        chip_serve chip
        bus=$(bus_of chip)
    fi
    board_start board board "$bus"
}

run_setup() { # LOG
    "$limpet" aws-iot-setup --port "$dir/board.tty" --yes 2> >(tee "$dir/$1" >&2)
}

tell_story() {
    say "${bold}1  A cloud on this computer${plain}"
    cloud_up
    "$limpet" cloud status --dir "$dir/cloud" >&2
    say ""
    say "${bold}2  A bare board${plain} ($board_kind), chip: $chip, nothing provisioned"
    start_board_and_chip
    say ""
    say "${bold}3  One command:${plain} limpet aws-iot-setup"
    run_setup setup.log || say "${red}aws-iot-setup failed with exit code $?${plain}"
    thing=$(rpc board Cloud.Status | jq -r .client_id)
    cert_id=$(rpc board Cloud.Status | jq -r '.cert_id // ""')
    say ""
    say "${bold}4  Telemetry arrives${plain}"
    show_telemetry
    say ""
}

show_telemetry() {
    rpc board Config.Set '{"config":{"telemetry":{"interval_s":1}}}' >/dev/null && rpc board Config.Save >/dev/null || true
    wait_for $patience_s saw '.type == "publish" and (.topic | endswith("/telemetry"))' || true
    events | jq -r 'select(.type == "publish") | "  \(.topic)  \(.payload)"' | tail -n 3 >&2
}
