# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Power, cable, chip, broker and the servers for names and time taken away at any moment between power-on and the first
# acknowledged message: the board is back by itself each time, and never by a restart. Source it with `kind` and `target` set.
# LIMPET_CUTS: how many; LIMPET_SEED. It runs in a network of its own, where the board's names and time come from names.py.
if [ -z "${LIMPET_OWN_NETWORK:-}" ]; then
    export LIMPET_OWN_NETWORK=1
    as_root=(--map-root-user)
    unshare --net --mount --map-root-user true 2>/dev/null || as_root=() # root already, where nobody may map
    exec unshare --net --mount "${as_root[@]}" bash "$0" "$@"
fi
ip link set lo up || exit 1
# shellcheck source=test/system/boards/rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/rig.sh"

RANDOM=${LIMPET_SEED:-$$}
cuts=${LIMPET_CUTS:-6}
window_ms=${LIMPET_CUT_WINDOW_MS:-2500} # from the first line of the log on
faults=(power names cable chip time broker)
declare -A seen=()

# QEMU's name server for the board asks the one of this computer: here that is ours.
servers_up() {
    printf 'nameserver 127.0.0.1\n' >"$work/resolv.conf" && mount --bind "$work/resolv.conf" "$(readlink -f /etc/resolv.conf)" || return 1
    python3 test/system/boards/names.py "$work" 10.0.2.2 >"$work/names.ready" &
    pid[servers]=$!
    wait_until 30 test -s "$work/names.ready"
}
behaves() { echo "$2" >"$work/$1.mode"; } # SERVER MODE

is_set_up() {
    servers_up && board_on && "$limpet" aws-iot-setup --yes && comes_back &&
        rpc Config.Set '{"config":{"cloud":{"backoff_ms":100,"backoff_max_s":1,"timeout_s":3}}}' && rpc Config.Save && acknowledges
}

# What the board had come to, by the last line of its log that says so.
phase() {
    local line
    line=$(tail -n +"$from_line" "$work/board.log" | grep -aoE ' app: |the cable is in|net: address|the time server was asked|chip: .*(508A|608)|cloud: dialing|cloud: connected|first message acknowledged' | tail -n 1)
    case $line in
        *cable*) echo link ;;
        *address*) echo dhcp ;;
        *time*) echo time ;;
        *chip:*) echo chip ;;
        *dialing*) echo handshake ;;
        *connected*) echo publish ;;
        *acknowledged*) echo online ;;
        *) echo boot ;;
    esac
}
has_begun() { [ "$(wc -l <"$work/board.log")" -ge "$from_line" ]; }

power_on() {
    from_line=$(($(wc -l <"$work/board.log") + 1))
    tools/board "$kind" --flash "$work/flash.bin" --i2c "$chip_bus" --monitor "$work/monitor" --utc none --sntp time.limpet.test --log-level debug \
        >>"$work/board.log" 2>&1 &
    pid[board]=$!
    wait_until 60 has_begun
}

take_away() { # FAULT
    case $1 in
        power) stop board; power_on ;;
        cable)
            local card
            card=$(card)
            monitor "set_link $card off"
            sleep 0.6
            monitor "set_link $card on"
            ;;
        chip) stop chip; sleep 0.4; chip_on ;;
        names | time) behaves "$1" "$bad"; sleep 1.2; behaves "$1" good ;;
        broker) "$limpet" cloud down --quiet --dir "$work/cloud"; cloud_up "$mqtt" ;;
    esac
}

# (Not called cut: that is a program, which says why a step failed.)
comes_back_from() { # FAULT AT_MS; a server is bad from that moment on, or from power-on until then
    local expected modes=(silent failing garbled) is_from_start=$((RANDOM % 2)) asked
    stop board
    asked=$(wc -l <"$work/names.log")
    case $1 in
        names | time)
            bad=${modes[RANDOM % 3]}
            [ "$is_from_start" = 0 ] || behaves "$1" "$bad"
            ;;
    esac
    power_on
    sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
    last_phase=$(phase)
    seen[$last_phase]=1
    take_away "$1"
    expected=$((boots_so_far + 1))
    [ "$1" != power ] || expected=$((expected + 1))
    wait_until 60 rpc RPC.Ping && comes_back && acknowledges || return 1
    # What it knows now, it was told after this start.
    tail -n +$((asked + 1)) "$work/names.log" >"$work/asked" && grep -q '^names good' "$work/asked" && grep -q '^time good' "$work/asked" || return 1
    boots_so_far=$(boots)
    # A power cut may come before the board has counted its start.
    { [ "$boots_so_far" = "$expected" ] || { [ "$1" = power ] && [ "$boots_so_far" = $((expected - 1)) ]; }; } &&
        [ "$(rpc Sys.GetInfo | jq -r .boot.reason)" = power-on ] && ! grep -aqE 'exception [0-9]+ at|watchdog' "$work/board.log"
}

# Every fault in turn, spread over the window; what fails is named with the moment and the phase.
survives_cuts() {
    local i at fault failed=0
    boots_so_far=$(boots)
    for ((i = 0; i < cuts; i++)); do
        fault=${faults[i % ${#faults[@]}]}
        at=$((RANDOM % window_ms >> 2 * (RANDOM % 2))) # half of them early, where phases are short
        bad=''
        if comes_back_from "$fault" "$at"; then
            echo "$fault${bad:+ ($bad)} away after $at ms, in $last_phase: back"
        else
            echo "$fault ($bad) away after $at ms, in $last_phase: NOT BACK"
            tail -n 5 "$work/names.log"
            rpc Cloud.Status
            rpc Sys.GetInfo
            tail -n 20 "$work/board.log"
            failed=1
            boots_so_far=$(boots)
        fi
    done >"$work/cuts.log" 2>&1
    cat "$work/cuts.log"
    [ "$failed" = 0 ]
}
# A long run must have met every phase; a short one a few of them.
has_met_the_phases() {
    echo "met: ${!seen[*]}"
    [ "$cuts" -lt 40 ] || [ ${#seen[@]} -ge 5 ]
}

try "${kind}_is_set_up" is_set_up
try "${kind}_comes_back_from_cuts" survives_cuts
try "${kind}_cuts_met_the_phases" has_met_the_phases
[ -z "${LIMPET_CUTS:-}" ] || grep -a away "$work/cuts.log"
done_testing
