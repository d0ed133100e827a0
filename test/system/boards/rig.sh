# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A cloud, a chip and an emulated board, not started yet, and what tests do with them. Source it with `kind` and
# `target` set.
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

# The chip's bridge is a terminal of this computer, and the chip lives in the board's time; with chip_line=uart it is behind a
# UART, and the chip lives in the computer's.
case ${chip_line:-terminal} in
    terminal) chip_listen=pty:$work/bus chip_bus=$work/bus ;;
    uart) chip_listen=unix:$work/bus chip_bus=unix:$work/bus ;;
esac
chip_on() {
    "$limpet" chip serve --state "$work/chip.state" --listen "$chip_listen" >>"$work/chip.log" 2>&1 &
    pid[chip]=$!
    wait_until 30 test -e "$work/bus"
}
board_bare() { # OPTION...: without a hosts file
    tools/board "$kind" --flash "$work/flash.bin" --i2c "$chip_bus" --monitor "$work/monitor" "$@" >>"$work/board.log" 2>&1 &
    pid[board]=$!
    wait_until 60 rpc RPC.Ping
}
board_on() { board_bare --host "$cloud_name=10.0.2.2" --host "wrong.limpet.test=10.0.2.2" "$@"; } # OPTION...
rpc() { "$limpet" call "$1" "${2:-{\}}"; } # the board is found by itself
status() { rpc Cloud.Status | jq -r "$1"; }
is_state() { [ "$(status .state)" = "$1" ]; }
boots() { rpc Sys.GetInfo | jq .boot.count; }
# monitor COMMAND: what QEMU answers; it may take its time until its next prompt, and does nothing for who leaves before that.
monitor() {
    python3 -I -S -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
for line in ("", sys.argv[2] + "\n"):
    s.sendall(line.encode())
    said = b""
    while not said.endswith(b"(qemu) "):
        piece = s.recv(4096)
        if not piece:
            sys.exit("the monitor is gone")
        said += piece
sys.stdout.write(said.decode(errors="replace").replace("\r", "").partition("\n")[2].removesuffix("(qemu) "))' "$work/monitor" "$1"
}

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
comes_back() { wait_until 60 is_state connected || { rpc Cloud.Status; tail -n 5 "$work/board.log"; false; }; }
acknowledges() { rpc Cloud.Prove "{\"nonce\":\"$(openssl rand -hex 16)\"}"; }
is_booted_since() { [ "$(boots)" = $(($1 + 1)) ]; }
card() { monitor 'info network' | sed -nE '/type=nic/{s/^([a-z0-9_.]+):.*/\1/p;q}'; } # its name in QEMU
