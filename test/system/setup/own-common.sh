# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A place of its own, a CA, a real mosquitto and boards, for the tests of limpet setup.

build=$PWD/${LIMPET_BUILD:-build}
limpet=$build/limpet
work=$(mktemp -d)
chmod 700 "$work"
mkdir -m 700 "$work/run" "$work/state" "$work/tokens"
export XDG_RUNTIME_DIR=$work/run XDG_STATE_HOME=$work/state XDG_DATA_HOME=$work/data
export SOFTHSM2_CONF=$work/softhsm.conf
echo "directories.tokendir = $work/tokens" >"$SOFTHSM2_CONF"
mosquitto=$(PATH=$PATH:/usr/sbin command -v mosquitto)
pids=()

# shellcheck disable=SC2317  # called by the trap
clean_up() {
    kill "${pids[@]}" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
broker_up() { # DIR PORT, with what is in DIR/broker; mosquitto as root would become somebody who may not read it
    { sed 's/^listener .*/& localhost/' "$1/broker/mosquitto.conf"; echo "user $(id -un)"; } >"$1/run.conf"
    "$mosquitto" -c "$1/run.conf" -v >>"$1/broker.log" 2>&1 &
    broker_pid=$!
    pids+=("$broker_pid")
    wait_until 30 listens "$2"
}
broker_down() {
    kill "$broker_pid"
    wait "$broker_pid" 2>/dev/null
}
chip() { # NAME
    "$limpet" chip new --model atecc608b --state "$work/$1.state" >/dev/null
    "$limpet" chip serve --model atecc608b --state "$work/$1.state" --listen "unix:$work/$1.sock" >"$work/$1.chip.log" 2>&1 &
    pids+=($!)
    wait_until 30 test -S "$work/$1.sock"
}
board() { # NAME I2C
    "$build/limpet-board" --flash "$work/$1.bin" --i2c "$2" --uart "pty:$work/$1.tty" >>"$work/$1.log" 2>&1 &
    board_pid=$!
    pids+=("$board_pid")
    wait_until 30 test -e "$work/$1.tty"
}
setup() { # NAME ARGUMENT...
    local name=$1
    shift
    "$limpet" setup --broker "mqtts://localhost:$port" --ca "$ca" --port "$work/$name.tty" "$@"
}
rpc() { "$limpet" call --port "$work/$1.tty" "$2" "${3:-{\}}"; }
exits() { # CODE COMMAND...
    local expected=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" = "$expected" ] || { echo "exit code $status, expected $expected"; return 1; }
}
says() { # WORDS COMMAND...
    local words=$1
    shift
    "$@" >"$work/said" 2>&1
    grep -qF -- "$words" "$work/said" || { cat "$work/said"; return 1; }
}
id_of() { rpc "$1" Sys.GetInfo | jq -r .id; }
connected() { [ "$(rpc "$1" Cloud.Status | jq -r .state)" = connected ]; }
live() { # NAME: certificates of this board that are valid
    "$limpet" ca list --dir "$ca" --json "$(id_of "$1")" | jq -s 'map(select(.kind == "device")) | length'
}
uses_the_live_one() {
    [ "$(live "$1")" = 1 ] && connected "$1" &&
        [ "$(rpc "$1" Cloud.Status | jq -r .cert_id)" = "$("$limpet" ca list --dir "$ca" --json "$(id_of "$1")" | jq -r .certificate_id)" ]
}

ca=$work/ca
port=$(free_port)
makes_a_ca() {
    "$limpet" ca new --dir "$ca" --server localhost,127.0.0.1 --broker-port "$port" && broker_up "$ca" "$port"
}
register() { wc -l <"$ca/issued.log"; }
makes_another_ca() { "$limpet" ca new --dir "$work/other" >/dev/null 2>&1; }
