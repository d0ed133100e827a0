# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A board that makes the connections it is told to (test/apps/net): uart METHOD [PARAMS], $work with a CA, server.pem for
# localhost and 127.0.0.1, other.pem for somebody else.
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 1
# shellcheck source=test/system/lib.sh
. test/system/lib.sh

build=$PWD/${LIMPET_BUILD:-build}
limpet=$build/limpet
# shellcheck disable=SC2034  # for the scripts
here=$PWD/test/system/network
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
is() { [ "$1" = "$2" ] || { echo "got: $1"; echo "expected: $2"; exit 1; }; }

# certify NAME SUBJECT-ALTERNATIVE-NAMES: NAME.pem for server.key.
certify() {
    openssl req -new -key "$work/server.key" -subj "/CN=$1" -out "$work/$1.csr" &&
        openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 10 \
            -extfile <(echo "subjectAltName=$2") -out "$work/$1.pem"
}
make_papers() {
    for key in ca server; do openssl ecparam -name prime256v1 -genkey -noout -out "$work/$key.key" || return 1; done
    openssl req -x509 -key "$work/ca.key" -subj "/CN=Test CA" -days 30 -out "$work/ca.pem" &&
        certify server DNS:localhost,IP:127.0.0.1 && certify other DNS:elsewhere.example
}

start_net_board() {
    "$build/net-board" --flash "$work/board.bin" --i2c none --hw-id 0000004f21c0 --uart "pty:$tty" >>"$work/board.log" 2>&1 &
    pids+=($!)
    wait_until 30 test -e "$tty"
}

make_papers >"$work/openssl.log" 2>&1 || { cat "$work/openssl.log"; exit 1; }
start_net_board || exit 1
