# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The firmware on bare metal in QEMU, with nothing faked but the silicon: the life of a board, for each
# of the emulated ones. Source it with `kind` and `target` set.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh
: "${kind:?}" "${target:?}"

limpet=$PWD/build/limpet
work=$(mktemp -d)
chmod 700 "$work"
mkdir -m 700 "$work/run" "$work/state"
export XDG_RUNTIME_DIR=$work/run XDG_STATE_HOME=$work/state
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
declare -A pid=()

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    kill "${pid[@]}" 2>/dev/null
    "$limpet" cloud down --quiet --dir "$work/cloud"
    rm -rf "$work"
}
trap clean_up EXIT

LIMPET_NO_SETUP=1 tools/build --preset "$target" || exit 1

cloud_up() { "$limpet" cloud up --endpoint own --quiet --dir "$work/cloud" --port-https 0 --port-http 0 --port-mqtt "${1:-0}"; }
stop() { kill "${pid[$1]}" 2>/dev/null; wait "${pid[$1]}" 2>/dev/null; unset "pid[$1]"; }

# On a board with a single UART the chip's bridge is a terminal of this computer.
chip_on() {
    local bus=unix:$work/bus
    [ "$kind" != qemu-lx106 ] || bus=pty:$work/bus
    "$limpet" chip serve --state "$work/chip.state" --listen "$bus" >>"$work/chip.log" 2>&1 &
    pid[chip]=$!
    wait_until 20 test -e "$work/bus"
}
board_on() { # OPTION...
    local bus=unix:$work/bus
    [ "$kind" != qemu-lx106 ] || bus=$work/bus
    tools/board "$kind" --flash "$work/flash.bin" --i2c "$bus" --monitor "$work/monitor" --host "$cloud_name=10.0.2.2" \
        --host "wrong.limpet.test=10.0.2.2" "$@" >>"$work/board.log" 2>&1 &
    pid[board]=$!
    wait_until 60 rpc RPC.Ping
}
rpc() { "$limpet" call "$1" "${2:-{\}}"; } # the board is found by itself
status() { rpc Cloud.Status | jq -r "$1"; }
is_state() { [ "$(status .state)" = "$1" ]; }
boots() { rpc Sys.GetInfo | jq .boot.count; }
monitor() { printf '%s\n' "$1" | socat - "unix-connect:$work/monitor" >/dev/null; }

cloud_up || exit 1
eval "$("$limpet" cloud env --dir "$work/cloud")"
cloud_name=$(jq -r .endpointName "$work/cloud/cloud.json")
mqtt=$(jq -r .portMqtt "$work/cloud/cloud.json")
"$limpet" chip new --model atecc508a --state "$work/chip.state" >/dev/null
chip_on

board_boots() {
    board_on && [ "$(rpc Sys.GetInfo | jq -r .port)" = "$kind" ] && [ "$(boots)" = 1 ] &&
        [ "$(stat -c %a "$work/flash.bin")" = 600 ] && grep -q 'the flash is blank' "$work/board.log"
}
set_up() { "$limpet" aws-iot-setup --yes; }
is_proven() {
    is_state connected && [ "$(status .tls.key_source)" = chip ] && [ "$(status .acked)" -ge 1 ]
}
second_setup_is_quiet() { "$limpet" aws-iot-setup --yes 2>&1 | grep 'Nothing to do'; }

comes_back() { wait_until 60 is_state connected || { rpc Cloud.Status; tail -n 5 "$work/board.log"; false; }; }
acknowledges() { rpc Cloud.Prove "{\"nonce\":\"$(openssl rand -hex 16)\"}"; }
reboot_by_call() {
    local before
    before=$(boots)
    rpc Sys.Reboot && wait_until 60 is_booted_since "$before" &&
        [ "$(rpc Sys.GetInfo | jq -r .boot.reason)" = software ] && comes_back && acknowledges
}
is_booted_since() { [ "$(boots)" = $(($1 + 1)) ]; }
power_cut() {
    local before
    before=$(boots)
    stop board
    board_on && is_booted_since "$before" && [ "$(rpc Sys.GetInfo | jq -r .boot.reason)" = power-on ] && comes_back && acknowledges
}
broker_restart() {
    "$limpet" cloud down --quiet --dir "$work/cloud"
    wait_until 60 is_not_connected && cloud_up "$mqtt" && comes_back && acknowledges
}
is_not_connected() { ! is_state connected; }
# A cable that is out: the board says so, and is back by itself once it is in.
cable_pull() {
    local card
    card=$(printf 'info network\n' | socat -t 1 - "unix-connect:$work/monitor" | sed -nE 's/^([a-z0-9_.]+):.*type=nic.*/\1/p' | head -n 1)
    monitor "set_link $card off" && wait_until 60 last_of_cable out && monitor "set_link $card on" &&
        wait_until 60 last_of_cable in && comes_back && acknowledges
}
last_of_cable() { grep -a 'net: the cable is' "$work/board.log" | tail -n 1 | grep "cable is $1"; }
chip_restart() {
    stop chip
    chip_on
    rpc Sys.Reboot && wait_until 20 is_not_connected
    comes_back && acknowledges
}
# A server with the cloud's own certificate under a name that is not in it, and that does not mind.
wrong_name_is_refused() {
    local port
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    openssl s_server -accept "127.0.0.1:$port" -cert "$work/cloud/server.pem" -key "$work/cloud/server.key" -quiet \
        >"$work/s_server.log" 2>&1 &
    pid[imposter]=$!
    rpc Config.Set "{\"config\":{\"cloud\":{\"server\":\"wrong.limpet.test:$port\"}}}" && rpc Config.Save '{"reboot":true}' &&
        { wait_until 60 says_wrong_name || { status .last_error; false; }; } && is_not_connected
}
says_wrong_name() { [ "$(status '.last_error.name')" = LP_E_TLS_NAME ]; }
unknown_clock_is_no_pass() {
    rpc Config.Set "{\"config\":{\"cloud\":{\"server\":\"$cloud_name:$mqtt\"}}}" && rpc Config.Save
    stop board
    board_on --utc none && wait_until 30 is_state wait-time && stop board && board_on && comes_back
}

# A clock that stops with the power: the network is asked, and only the answer to the question counts.
time_from_the_network() {
    local off
    python3 test/system/boards/sntp-server.py >"$work/sntp.port" &
    pid[sntp]=$!
    wait_until 20 test -s "$work/sntp.port" && stop board &&
        board_on --utc none --sntp "10.0.2.2:$(cat "$work/sntp.port")" && wait_until 90 is_state connected || return 1
    off=$(($(rpc Sys.GetInfo | jq .utc_s) - $(date +%s)))
    [ "${off#-}" -le 5 ] && grep -aq 'the time server gives no time' "$work/board.log" && acknowledges
}

# Malformed frames of every layer, while the board believes to be connected: it must neither stop nor restart.
hostile_frames() {
    local before to from mac
    read -r to from < <(python3 -c 'import socket
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*(x.getsockname()[1] for x in s))')
    read -r mac <"$work/flash.bin.hwid"
    stop board
    board_on --cable "$to:$from" || return 1
    before=$(boots)
    echo "seed ${LIMPET_SEED:=$RANDOM}"
    python3 test/system/boards/hostile-frames.py "$to" "$from" "$mac" "${LIMPET_FRAMES:-4000}" "$LIMPET_SEED" &&
        [ "$(boots)" = "$before" ] && stop board && board_on && comes_back && acknowledges
}

try "${kind}_boots_blank" board_boots
try "${kind}_is_set_up_with_its_key_in_the_chip" set_up
try "${kind}_is_connected_and_acknowledged" is_proven
try "${kind}_second_setup_changes_nothing" second_setup_is_quiet
try "${kind}_reboot_comes_back" reboot_by_call
try "${kind}_power_cut_comes_back" power_cut
try "${kind}_broker_restart_is_survived" broker_restart
try "${kind}_cable_pull_is_survived" cable_pull
try "${kind}_chip_unplugged_and_back" chip_restart
try "${kind}_hostile_frames_are_survived" hostile_frames
try "${kind}_wrong_server_name_is_refused" wrong_name_is_refused
try "${kind}_unknown_clock_is_no_pass" unknown_clock_is_no_pass
try "${kind}_time_comes_from_the_network" time_from_the_network
done_testing
