# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# An air, and boards with radios on it: $limpet, $work, $tty, air WORD..., board [ID] [OPTION...], uart METHOD [PARAMS].
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh

build=$PWD/${LIMPET_BUILD:-build}
limpet=$build/limpet
work=$(mktemp -d)
mkdir -m 700 "$work/run"
export XDG_RUNTIME_DIR=$work/run LIMPET_PASSWORDS=$work/passwords LIMPET_PAUSE_MS=100
tty=$work/board.tty
sock=$work/air.sock
pids=()

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    [ ! -d "$work/cloud" ] || "$limpet" cloud down --quiet --dir "$work/cloud"
    rm -rf "$work"
}
trap clean_up EXIT

# start_air: the lines of stdin.
start_air() {
    cat >"$work/networks.air"
    "$limpet" air serve "$work/networks.air" --socket "$sock" >"$work/air.log" 2>&1 &
    pids+=($!)
    wait_until 30 grep -q 'air on' "$work/air.log" || exit 1
}
air() { "$limpet" air tell --socket "$sock" "$@"; }

# start_board [OPTION...]: leaves its pid in $board.
start_board() {
    "$build/limpet-board" --flash "$work/board.bin" --i2c none --hw-id 0000004f21c0 --air "$sock" --uart "pty:$tty" "$@" >>"$work/board.log" 2>&1 &
    board=$!
    pids+=("$board")
    wait_until 30 test -e "$tty" && wait_until 30 uart RPC.Ping
}
stop_board() {
    kill "$board"
    wait "$board" 2>/dev/null
    rm -f "$tty"
}
uart() { "$limpet" call --port "$tty" "$1" "${2:-{\}}"; }
# wifi WORD...: the password is stdin.
wifi() { "$limpet" wifi --port "$tty" "$@"; }
status() { uart Wifi.Status | jq -r "$1"; }
# is_status FILTER VALUE
is_status() { [ "$(status "$1")" = "$2" ]; }
becomes() { wait_until 30 is_status "$@"; }
# exits CODE COMMAND...
exits() {
    local expected=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" = "$expected" ] || { echo "exit code $status, expected $expected"; return 1; }
}
