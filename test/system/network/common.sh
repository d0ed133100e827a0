# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A board that makes the connections it is told to (test/apps/net): uart METHOD [PARAMS], $work with a CA, server.pem for
# localhost and 127.0.0.1, other.pem for somebody else. $kind: posix, or qemu-mps2, for which this computer is $at.
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
kind=${1:-posix}
# shellcheck disable=SC2034  # for the scripts
case $kind in
    posix) at=127.0.0.1 ;;
    qemu-mps2) at=10.0.2.2 ;;
    *) echo "usage: ${0##*/} [posix|qemu-mps2]" >&2; exit 2 ;;
esac
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
        certify server DNS:localhost,IP:127.0.0.1,IP:10.0.2.2 && certify other DNS:elsewhere.example
}

start_posix() { "$build/net-board" "$@" >>"$work/board.log" 2>&1 & }
start_qemu-mps2() { tools/board qemu-mps2 --image build-cortex-m3/net-board.elf --host localhost=10.0.2.2 "$@" >>"$work/board.log" 2>&1 & }
start_net_board() {
    "start_$kind" --flash "$work/board.bin" --i2c none --hw-id 0200004f21c0 --uart "pty:$tty"
    pids+=($!)
    wait_until 60 uart RPC.Ping
}

[ "$kind" = posix ] || LIMPET_NO_SETUP=1 tools/build --preset cortex-m3 --target net-board.elf || exit 1
make_papers >"$work/openssl.log" 2>&1 || { cat "$work/openssl.log"; exit 1; }
start_net_board || exit 1
