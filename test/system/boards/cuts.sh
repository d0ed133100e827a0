# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Power, cable, chip and broker taken away at any moment between power-on and the first acknowledged message: the board is
# back by itself each time, and never by a restart. Source it with `kind` and `target` set. LIMPET_CUTS: how many; LIMPET_SEED.
# shellcheck source=test/system/boards/rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/rig.sh"

RANDOM=${LIMPET_SEED:-$$}
cuts=${LIMPET_CUTS:-4}
window_ms=${LIMPET_CUT_WINDOW_MS:-900} # from the first line of the log on
faults=(power cable chip broker)
declare -A seen=()

is_set_up() {
    board_on && "$limpet" aws-iot-setup --yes && comes_back &&
        rpc Config.Set '{"config":{"cloud":{"backoff_ms":100,"backoff_max_s":1,"timeout_s":3}}}' && rpc Config.Save && acknowledges
}

# What the board had come to, by the last line of its log that says so.
phase() {
    local line
    line=$(tail -n +"$from_line" "$work/board.log" | grep -aoE ' app: |the cable is in|net: address|chip: .*(508A|608)|cloud: dialing|cloud: connected|first message acknowledged' | tail -n 1)
    case $line in
        *cable*) echo link ;;
        *address*) echo dhcp ;;
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
    tools/board "$kind" --flash "$work/flash.bin" --i2c "$chip_bus" --monitor "$work/monitor" --host "$cloud_name=10.0.2.2" --log-level debug \
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
        broker) "$limpet" cloud down --quiet --dir "$work/cloud"; cloud_up "$mqtt" ;;
    esac
}

cut() { # FAULT AT_MS
    local expected
    stop board
    power_on
    sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
    last_phase=$(phase)
    seen[$last_phase]=1
    take_away "$1"
    expected=$((boots_so_far + 1))
    [ "$1" != power ] || expected=$((expected + 1))
    wait_until 60 rpc RPC.Ping && comes_back && acknowledges || return 1
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
        fault=${faults[i % 4]}
        at=$((RANDOM % window_ms >> 2 * (RANDOM % 2))) # half of them early, where phases are short
        if cut "$fault" "$at"; then
            echo "$fault away after $at ms, in $last_phase: back"
        else
            echo "$fault away after $at ms, in $last_phase: NOT BACK"
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
