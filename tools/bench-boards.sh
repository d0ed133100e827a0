# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# For tools/bench: what the firmware costs on the ESP8266's CPU core. One instruction is a nanosecond of the board's
# time there, so the time of the core is the number of instructions. $dir, $runs, row() and the story are the bench's.

# The image of QEMU, a cloud that such a board can name.
emulated_begin() {
    LIMPET_NO_SETUP=1 tools/build --preset lx106
    "$limpet" cloud down --dir "$dir/cloud" >/dev/null 2>&1
    board_kind=qemu-lx106
    cloud_up
}

# stamp WORDS: the board's time in ms of the first line of its log that has these words.
stamp() {
    tr -d '\r' <"$dir/board.log" | awk -v words="$1" 'index($0, words) && !n++' | sed -nE 's/^[IDWE] ([0-9]+)\.([0-9]{3}) .*/\1\2/p' | sed 's/^0*\([0-9]\)/\1/'
}

# The way from power-on to the first message that the broker acknowledged, as a chart.
phases() { # NAME
    local -a names=(start address chip dial connect acknowledge) ends
    ends=("$(stamp ' app: ')" "$(stamp 'net: address')" "$(stamp ' chip: ')" "$(stamp 'cloud: dialing')" "$(stamp 'cloud: connected')"
        "$(stamp 'cloud: first message acknowledged')")
    local i
    for ((i = 0; i < ${#names[@]}; i++)); do echo "${names[i]} ${ends[i]:-0}"; done | sort -s -n -k 2 |
        awk -v name="$1" '{t[NR] = $2; n[NR] = $1} END {
            printf "%s: power-on to the first acknowledged message, %d ms of the board\n", name, t[NR]
            for (i = 1; i <= NR; i++) {
                bar = ""; from = i > 1 ? t[i - 1] : 0
                for (j = 0; j < 60; j++) bar = bar (j >= int(60 * from / (t[NR] + 1)) && j <= int(60 * t[i] / (t[NR] + 1)) ? "#" : ".")
                printf "  %-12s %6d ms  %s\n", n[i], t[i] - from, bar
            }}' >&2
}

# An image with a bus key, which the small board has no room for without giving up half of its queues.
build_with_bus_key() {
    local here=build-lx106-bus
    CFLAGS=-DLP_SMALL_BUS_KEY cmake --preset lx106 -B "$here" -Wno-dev >/dev/null &&
        cmake --build "$here" --target sensor -- --quiet >/dev/null ||
        die bench-build "the image with a bus key does not build" "" "cmake --build $here"
    export LIMPET_BOARD_IMAGE=$PWD/$here/sensor.elf
}

bench_emulated() { # CHIP VERIFY [ECDHE]
    local i name=lx106-$1 status cpu=() peak=() stack=() boot=() chip_waits=() bus=none
    [ "$2" = software ] || name+=-verify-$2
    [ -z "${3:-}" ] || name+=-ecdhe-$3
    chip=$1
    [ -d "$dir/lx-$chip" ] || mkdir -m 700 "$dir/lx-$chip"
    if [ "$chip" != none ]; then
        [ -n "${pid[lx-$chip]:-}" ] || chip_serve "lx-$chip"
        bus=$(bus_of "lx-$chip")
    fi
    board_start board "lx-$chip" "$bus" --log-level debug
    "$limpet" aws-iot-setup --port "$dir/board.tty" --yes --quiet >"$dir/bench.log" 2>&1 ||
        die bench-setup "the set-up failed" "$(tail -n 3 "$dir/bench.log")"
    rpc board Config.Set "{\"config\":{\"identity\":{\"verify\":\"$2\",\"ecdhe\":\"${3:-auto}\"}}}" >/dev/null && rpc board Config.Save >/dev/null
    for ((i = 0; i < runs; i++)); do
        stop board
        board_start board "lx-$chip" "$bus" --log-level debug
        wait_for 60 is_acknowledged || die bench-board "the board does not connect" "$(tail -n 3 "$dir/board.log")"
        status=$(rpc board Cloud.Status)
        cpu+=("$(jq .tls.cpu_us <<<"$status")")
        peak+=("$(jq .tls.arena_peak <<<"$status")")
        stack+=("$(jq .tls.stack_peak <<<"$status")")
        chip_waits+=("$(jq '.tls.chip_ms // 0' <<<"$status")")
        boot+=("$(stamp 'cloud: first message acknowledged')")
    done
    local budget=50000
    [ "$chip" = none ] || budget=4000
    row "$name-handshake" kinst $budget "${cpu[@]}"
    [ "$chip" = none ] || row "$name-of-it-in-chip" ms - "${chip_waits[@]}"
    if [ -n "${3:-}" ]; then
        stop board
        return
    fi
    row "$name-tls-arena-peak" byte 13312 "${peak[@]}"
    row "$name-tls-stack-peak" byte - "${stack[@]}"
    row "$name-boot-to-ack" ms - "${boot[@]}"
    phases "$name"
    stop board
}
is_acknowledged() { rpc board Cloud.Status | jq -e '.acked >= 1'; }

bench_boards() {
    emulated_begin
    bench_emulated none software
    bench_emulated atecc508a software
    bench_emulated atecc508a chip
    build_with_bus_key
    bench_emulated atecc508a software chip
    bench_emulated atecc508a software sealed
    bench_emulated atecc608b software chip
    bench_emulated atecc608b software sealed
    unset LIMPET_BOARD_IMAGE
}
