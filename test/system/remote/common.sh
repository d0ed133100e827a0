# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A board that can be called over the network, with an account for each role: $tty, $http, $tcp (ports), $realm,
# uart METHOD [PARAMS], password ROLE.
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh

build=$PWD/${LIMPET_BUILD:-build}
limpet=$build/limpet
work=$(mktemp -d)
mkdir -m 700 "$work/run"
export XDG_RUNTIME_DIR=$work/run
tty=$work/board.tty
pids=()

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    kill "${pids[@]}" 2>/dev/null
    wait "${pids[@]}" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

uart() { "$limpet" call --port "$tty" "$1" "${2:-{\}}"; }
password() { echo "correct-horse-$1"; }

start_board() {
    "$build/limpet-board" --flash "$work/board.bin" --i2c none --hw-id 0000004f21c0 --uart "pty:$tty" >>"$work/board.log" 2>&1 &
    pids+=($!)
    wait_until 30 test -e "$tty"
}

# account ROLE: an account of that name and role.
account() {
    local verifier
    verifier=$(printf '%s:%s:%s' "$1" "$realm" "$(password "$1")" | sha256sum | cut -c 1-64)
    uart Auth.Set "{\"user\":\"$1\",\"role\":\"$1\",\"realm\":\"$realm\",\"verifier\":\"$verifier\"}"
}

read_ports() {
    http=$(uart Remote.Status | jq .http)
    tcp=$(uart Remote.Status | jq .tcp)
}

# open_board SETTING=VALUE...
open_board() {
    start_board || exit 1
    realm=$(uart Auth.Info | jq -r .realm)
    account reader >/dev/null && account operator >/dev/null && account admin >/dev/null || exit 1
    "$limpet" config-set --quiet --port "$tty" rpc.bind=127.0.0.1 rpc.http.enable=true rpc.http.port=0 \
        rpc.tcp.enable=true rpc.tcp.port=0 "$@" || exit 1
    read_ports
}

# is VALUE EXPECTED: ends the function (a subshell) when they differ.
is() {
    [ "$1" = "$2" ] || { echo "got: $1"; echo "expected: $2"; exit 1; }
}
