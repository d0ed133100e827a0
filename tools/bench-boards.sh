# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# For tools/bench: what the firmware costs on the ESP8266's CPU core and on a Cortex-M3. One instruction is a nanosecond of the
# board's time there, so the time of the core is the number of instructions. $dir, $runs, row(), step() and the story are the bench's.

# The image of QEMU, a cloud that such a board can name. Rows of lx106 and mps2 begin with that name; what the arena of TLS may
# have is what its image has (os/app/sizes).
emulated_begin() { # lx106|mps2
    local -A arena=([lx106]=13312 [mps2]=77824) connected=([lx106]=7168 [mps2]=-)
    core=$1 arena_budget=${arena[$1]} connected_budget=${connected[$1]} board_kind=qemu-$1
    step "the image of $board_kind"
    LIMPET_NO_SETUP=1 tools/build --preset "${board_targets[$board_kind]}"
    "$limpet" cloud down --dir "$dir/cloud" >/dev/null 2>&1
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

# What of the chip's RAM is in use: all that the image has, and 5 KB of stack for its loop (ports/qemu-lx106/lx106.ld), without
# what nobody has at that time: the rest of the TLS arena, and of the stack of handshakes, which is for long RPC frames else.
symbol_of() { xtensa-lx106-elf-nm -S "$1" | awk -v s="$2" -v f="$3" '$4 == s || $3 == s {print "0x" $f}' | head -n 1; }
ram_row() { # NAME IMAGE ARENA LENT ARENA_PEAK STACK_PEAK
    local arena stack all
    arena=$(($(symbol_of "$2" tls_arena 2)))
    stack=$(($(symbol_of "$2" tls_stack 2)))
    all=$(($(symbol_of "$2" lp_noinit_end 1) - $(symbol_of "$2" lp_data_start 1) + 5120))
    row "$1-ram-handshake" byte 49152 $((all - arena + $5 - stack + $6))
    row "$1-ram-connected" byte 40960 $((all - arena + $3 + $4 - stack))
}

bench_emulated() { # CHIP VERIFY [ECDHE]
    set -- "$1" "$2" "${3:-}"
    local i name=$core-$1 status cpu=() peak=() stack=() boot=() chip_waits=() bus=none
    [ "$2" = software ] || name+=-verify-$2
    [ -z "$3" ] || name+=-ecdhe-$3
    step "$name: set-up, and $runs starts"
    chip=$1
    [ -d "$dir/$core-$chip" ] || mkdir -m 700 "$dir/$core-$chip"
    if [ "$chip" != none ]; then
        [ -n "${pid[$core-$chip]:-}" ] || chip_serve "$core-$chip"
        bus=$(bus_of "$core-$chip")
    fi
    board_start board "$core-$chip" "$bus" --log-level debug --mhz 1000
    "$limpet" aws-iot-setup --port "$dir/board.tty" --yes --quiet >"$dir/bench.log" 2>&1 ||
        die bench-setup "the set-up failed" "$(tail -n 3 "$dir/bench.log")"
    rpc board Config.Set "{\"config\":{\"identity\":{\"verify\":\"$2\",\"ecdhe\":\"${3:-auto}\"}}}" >/dev/null && rpc board Config.Save >/dev/null
    for ((i = 0; i < runs; i++)); do
        stop board
        board_start board "$core-$chip" "$bus" --log-level debug --mhz 1000
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
    [ "$core$3" = lx106 ] || budget=- # the budgets are that board's, and variants have none
    row "$name-handshake" kinst $budget "${cpu[@]}"
    [ "$chip" = none ] || row "$name-of-it-in-chip" ms - "${chip_waits[@]}"
    if [ -n "$3" ]; then
        stop board
        return
    fi
    row "$name-tls-arena-peak" byte "$arena_budget" "${peak[@]}"
    row "$name-tls-arena-connected" byte "$connected_budget" "$(jq .tls.arena <<<"$status")"
    row "$name-tls-stack-peak" byte - "${stack[@]}"
    read -ra figures_of < <(jq -r '.tls | "\(.arena) \(.arena_lent) \(.arena_peak) \(.stack_peak)"' <<<"$status")
    [ "$core" != lx106 ] || ram_row "$name" build-lx106/sensor.elf "${figures_of[@]}"
    row "$name-boot-to-ack" ms - "${boot[@]}"
    phases "$name"
    stop board
}

# Time from the first byte of TLS to the last at so many million instructions a second, beside what of it the crypto chip takes.
# 62 is slower than the real core's 80, 125 than its 160: which of the two looks at the server's signatures sooner.
# With the chip the rest may be 15 % of the chip's time.
bench_wall() { # CHIP VERIFY MHZ
    local i name=$core-$1-verify-$2-at-$3-mhz status all=() waits=() bus budget=-
    step "$name"
    chip=$1
    bus=$(bus_of "$core-$chip")
    board_start board "$core-$chip" "$bus" --mhz 1000
    wait_for 60 rpc board Config.Set "{\"config\":{\"identity\":{\"verify\":\"$2\"}}}" && rpc board Config.Save >/dev/null ||
        die bench-board "the board does not answer" "$(tail -n 3 "$dir/board.log")"
    stop board
    for ((i = 0; i < runs; i++)); do
        board_start board "$core-$chip" "$bus" --mhz "$3"
        wait_for 60 is_acknowledged || die bench-board "the board does not connect" "$(tail -n 3 "$dir/board.log")"
        status=$(rpc board Cloud.Status)
        all+=("$(jq .tls.handshake_ms <<<"$status")")
        waits+=("$(jq .tls.chip_ms <<<"$status")")
        stop board
    done
    row "$name-of-it-in-chip" ms - "${waits[@]}"
    [ "$2" != chip ] || budget=$(printf '%s\n' "${waits[@]}" | sort -n | awk '{v[NR] = $1} END {print int(v[int((NR + 1) / 2)] * 1.15)}')
    row "$name-handshake" ms "$budget" "${all[@]}"
}
is_acknowledged() { rpc board Cloud.Status | jq -e '.acked >= 1'; }

# A reconnect to mosquitto with the ticket of the connection before; and without, to a server whose certificate is known.
bench_resumed() {
    LIMPET_FIGURES=$dir/resumed test/system/boards/resume >"$dir/bench.log" 2>&1 || die bench-resume "the board does not resume" "$(cat "$dir/bench.log")"
    mapfile -t figures_of < <(cut -d ' ' -f 1 "$dir/resumed")
    row lx106-atecc508a-resumed-handshake kinst 2000 "${figures_of[@]}"
    mapfile -t figures_of < <(cut -d ' ' -f 1 "$dir/resumed-full")
    row lx106-atecc508a-reconnect-handshake kinst - "${figures_of[@]}"
}

# The image without elliptic curves in software.
bench_chip_only() {
    LIMPET_FIGURES=$dir/chip-only test/system/boards/chip-only >"$dir/bench.log" 2>&1 || die bench-chip-only "the board does not connect" "$(cat "$dir/bench.log")"
    read -ra figures_of <"$dir/chip-only"
    row lx106-chip-only-handshake kinst 4000 "${figures_of[0]}"
    row lx106-chip-only-tls-arena-peak byte 11264 "${figures_of[3]}"
    ram_row lx106-chip-only build-lx106-chip/sensor.elf "${figures_of[@]:1}"
}

# A message of 64 bytes, QoS 1, from the call to its acknowledgement, with TCP and the network card: an image that does nothing
# else (test/apps/publish). Its log has the least, the median and the most of 31, in microseconds, which are thousands of instructions.
bench_publish() {
    local name=$core-publish figures_of
    step "$name"
    cmake --build "build-$core" --target publish-board -- --quiet >&2 || die bench-build "the image that publishes does not build"
    mkdir -m 700 "$dir/publish"
    chip=none
    board_start board publish none --mhz 1000 --image "$PWD/build-$core/publish-board.elf"
    "$limpet" aws-iot-setup --port "$dir/board.tty" --yes --quiet >"$dir/bench.log" 2>&1 ||
        die bench-setup "the set-up failed" "$(tail -n 3 "$dir/bench.log")"
    wait_for 60 has_published || die bench-publish "the messages were not acknowledged" "$(tail -n 3 "$dir/board.log")"
    read -ra figures_of < <(tr -d '\r' <"$dir/board.log" | sed -n 's/.*bench: .* bytes: \(.*\) us each/\1/p')
    row "$name" kinst 60 "${figures_of[@]}"
    stop board
}
has_published() { grep -aq 'bench: .* us each' "$dir/board.log"; }

bench_mps2() {
    emulated_begin mps2
    bench_emulated none software
    bench_emulated atecc508a software
    bench_emulated atecc508a chip
    bench_emulated atecc608b software
}

bench_lx106() {
    emulated_begin lx106
    bench_emulated none software
    bench_publish
    bench_emulated atecc508a software
    bench_emulated atecc508a chip
    step "a session resumed"
    bench_resumed
    step "the chip-only image"
    bench_chip_only
    bench_wall atecc508a chip 62
    bench_wall atecc508a software 62
    bench_wall atecc508a chip 125
    bench_wall atecc508a software 125
    build_with_bus_key
    bench_emulated atecc508a software chip
    bench_emulated atecc508a software sealed
    bench_emulated atecc608b software chip
    bench_emulated atecc608b software sealed
    unset LIMPET_BOARD_IMAGE
}
