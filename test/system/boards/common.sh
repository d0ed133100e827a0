# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The firmware on bare metal in QEMU, with nothing faked but the silicon: the life of a board, for each
# of the emulated ones. Source it with `kind` and `target` set.
# shellcheck source=test/system/boards/rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/rig.sh"

second_setup_is_quiet() { "$limpet" aws-iot-setup --yes 2>&1 | grep 'Nothing to do'; }

# Settings of all the length that a board takes, while a connection has the memory; gone with a restart, as they were not saved.
trust() { rpc Config.Get '{"key":"trust.ca"}' | jq -r .; }
longest_settings_while_connected() {
    local ca long
    comes_back || return 1
    ca=$(trust)
    printf -v long '%*s\n%s' $((2047 - ${#ca})) '' "$ca"
    rpc Config.Set "$(jq -n --arg ca "$long" '{config: {trust: {ca: $ca}}}')" && [ "$(trust)" = "$long" ] && acknowledges &&
        reboot_by_call && [ "$(trust)" = "$ca" ]
}
reboot_by_call() {
    local before
    before=$(boots)
    rpc Sys.Reboot && wait_until 60 is_booted_since "$before" &&
        [ "$(rpc Sys.GetInfo | jq -r .boot.reason)" = software ] && comes_back && acknowledges
}
# Where the time of a start goes, by the board's own clock.
start_as_a_chart() {
    "$limpet" reboot --chart --json >"$work/chart.json" && jq -e '.is_acknowledged and ([.phases[].at_ms] | . == sort) and
        (["boot", "link", "address", "chip", "CONNACK", "PUBACK"] - [.phases[].name] == [])' "$work/chart.json" && comes_back
}
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
    card=$(card)
    monitor "set_link $card off" && wait_until 60 last_of_cable out && monitor "set_link $card on" &&
        wait_until 60 last_of_cable in && comes_back && acknowledges && events_tell_it
}
# The smallest board has no room for events.
events_tell_it() {
    [ "$kind" = qemu-lx106 ] || { "$limpet" events --once net >"$work/events" && tr -s ' \n' ' ' <"$work/events" | grep 'net\.down.* net\.up [0-9.]* $'; } || { cat "$work/events"; false; }
}
last_of_cable() { grep -a 'net: the cable is' "$work/board.log" | tail -n 1 | grep "cable is $1"; }
chip_restart() {
    stop chip
    chip_on
    rpc Sys.Reboot && wait_until 30 is_not_connected
    comes_back && acknowledges
}
# A server with the cloud's own certificate under a name that is not in it, and that does not mind.
wrong_name_is_refused() {
    local port
    port=$(free_port)
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
    wait_until 30 test -s "$work/sntp.port" && stop board &&
        board_on --utc none --sntp "10.0.2.2:$(cat "$work/sntp.port")" && wait_until 90 is_state connected || return 1
    off=$(($(rpc Sys.GetInfo | jq .utc_s) - $(date +%s)))
    [ "${off#-}" -le 5 ] && grep -aq 'the time server gives no time' "$work/board.log" && acknowledges
}

free_ports() { # two UDP ports of this computer
    local to from
    to=$(free_port udp)
    from=$to
    while [ "$from" = "$to" ]; do from=$(free_port udp); done
    echo "$to $from"
}

# A network without IPv4: an address from the router's announcement, a name with an IPv6 address only. Where the image has
# DHCPv6, the name server is told by it, among lies.
ipv6_alone_is_enough() {
    local to from mac by=''
    [ "$kind" = qemu-lx106 ] || by=dhcp6
    read -r to from < <(free_ports)
    read -r mac <"$work/flash.bin.hwid"
    stop board
    python3 test/system/boards/ipv6-network.py "$to" "$from" "$mac" "$cloud_name" "$mqtt" $by >"$work/ipv6.log" 2>&1 &
    pid[ipv6]=$!
    board_bare --cable "$to:$from" && comes_back && acknowledges && grep -q 'AAAA' "$work/ipv6.log" &&
        grep -q 'by IPv6 from fd00:1::' "$work/ipv6.log" && grep -aq 'net: address FD00:1::' "$work/board.log" &&
        stop board && stop ipv6 && board_on && comes_back
}

# Malformed frames of every layer, while the board believes to be connected: it must neither stop nor restart.
hostile_frames() {
    local before to from mac
    read -r to from < <(free_ports)
    read -r mac <"$work/flash.bin.hwid"
    stop board
    board_on --cable "$to:$from" || return 1
    before=$(boots)
    echo "seed ${LIMPET_SEED:=$RANDOM}"
    python3 test/system/boards/hostile-frames.py "$to" "$from" "$mac" "${LIMPET_FRAMES:-4000}" "$LIMPET_SEED" &&
        [ "$(boots)" = "$before" ] && stop board && board_on && comes_back && acknowledges
}

# The chip lives in the board's time, and what a sleep lasts too long is no time of the board: a computer that has none for
# chip or emulator does not show in the board's figures.
stop_and_go() { # PID...
    local i
    for ((i = 0; i < 10; i++)); do
        kill -STOP "$@"
        sleep 0.15
        kill -CONT "$@"
        sleep 0.02
    done
}
chip_time() {
    comes_back && acknowledges && status .tls.chip_ms
}
chip_time_is_the_boards() {
    local emulator alone disturbed
    stop board && board_on && alone=$(chip_time | tail -n 1) || return 1
    emulator=$(pgrep -P "${pid[board]}" -f qemu-system)
    rpc Sys.Reboot && stop_and_go "${pid[chip]}" "$emulator" && disturbed=$(chip_time | tail -n 1) || return 1
    echo "$alone ms alone, $disturbed ms disturbed"
    [ "$alone" -gt 50 ] && [ "$disturbed" -le $((alone + alone / 8 + 8)) ] && [ "$disturbed" -ge $((alone - alone / 8 - 8)) ]
}

# Two boards that are the same, with a cable to nobody: each line of the log at the same millisecond, each transfer to the chip at the
# same microsecond, give or take what a clock of 25 or 40 MHz cannot tell.
first_start() { # NAME
    local to from
    read -r to from < <(free_ports)
    cp -p "$work/blank.state" "$work/$1.state"
    "$limpet" chip serve --state "$work/$1.state" --listen "pty:$work/$1.bus" --log "$work/$1.transfers" >>"$work/chip.log" 2>&1 &
    pid[twin-chip]=$!
    wait_until 20 test -e "$work/$1.bus" || return 1
    tools/board "$kind" --flash "$work/$1.bin" --hw-id 02000000abcd --utc 1700000000 --cable "$to:$from" --log-level debug \
        --uart "pty:$work/$1.tty" --i2c "$work/$1.bus" >"$work/$1.log" 2>&1 &
    pid[twin]=$!
    wait_until 60 chip_rests "$1"
    stop twin
    stop twin-chip
    tr -d '\r' <"$work/$1.log" | grep -a '^[EWID] [0-9]' >"$work/$1.lines"
    awk 'NR == 1 {begun = $1} {$1 -= begun; print}' "$work/$1.transfers" >"$work/$1.times"
}
same_times() {
    paste "$work/twin1.times" "$work/twin2.times" | awk 'function off(a, b) {return a > b ? a - b : b - a}
        {for (i = 2; i <= NF / 2; i++) if ($i != $(i + NF / 2)) bad = 1} NF % 2 || off($1, $(1 + NF / 2)) > 2 {bad = 1} bad {print; exit 1}'
}
chip_rests() { [ "$(tail -n 1 "$work/$1.transfers" | cut -d ' ' -f 2-)" = 'W 60 ack 02' ]; }
starts_repeat() {
    "$limpet" chip new --model atecc508a --state "$work/blank.state" >/dev/null && first_start twin1 && first_start twin2 &&
        diff "$work/twin1.lines" "$work/twin2.lines" && same_times &&
        grep -q ' chip: ' "$work/twin1.lines" && [ "$(wc -l <"$work/twin1.times")" -gt 20 ]
}

# Deep sleep, which the smallest board has no room for: back by itself, with its clock, its chip and its cloud.
sleeps_deeply() {
    "$limpet" sleep 1 --wait && [ "$(rpc Sys.GetInfo | jq -r '.boot.reason, .power.wake, .power.sleeps' | paste -sd ' ')" = 'timer timer 1' ] &&
        rpc Sys.GetInfo | jq -e '.power.slept_ms >= 1000 and .utc_s > 0' && comes_back && acknowledges
}

try "${kind}_boots_blank" board_boots
try "${kind}_is_set_up_with_its_key_in_the_chip" set_up
try "${kind}_is_connected_and_acknowledged" is_proven
try "${kind}_second_setup_changes_nothing" second_setup_is_quiet
try "${kind}_longest_settings_while_connected" longest_settings_while_connected
try "${kind}_reboot_comes_back" reboot_by_call
try "${kind}_start_as_a_chart" start_as_a_chart
try "${kind}_power_cut_comes_back" power_cut
try "${kind}_broker_restart_is_survived" broker_restart
try "${kind}_cable_pull_is_survived" cable_pull
[ "$kind" = qemu-lx106 ] || try "${kind}_sleeps_deeply" sleeps_deeply
try "${kind}_chip_unplugged_and_back" chip_restart
try "${kind}_chip_time_is_the_boards" chip_time_is_the_boards
try "${kind}_starts_repeat" starts_repeat
try "${kind}_ipv6_alone_is_enough" ipv6_alone_is_enough
try "${kind}_hostile_frames_are_survived" hostile_frames
try "${kind}_wrong_server_name_is_refused" wrong_name_is_refused
try "${kind}_unknown_clock_is_no_pass" unknown_clock_is_no_pass
try "${kind}_time_comes_from_the_network" time_from_the_network
done_testing
