# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The parts of ./dev check: name, limit in seconds, what it shows, how. What they take: docs/ci.md.

part test 3600 "all of ./dev test" tools/test
part lint 600 "format, spelling, shell scripts, layers, sizes of files" tools/lint
part setup-dies 1800 "limpet aws-iot-setup that dies at each lasting act is taken up" with_tool env LIMPET_DIE_STEP=1 test/system/setup/own
part rotate-dies 1800 "limpet aws-iot-rotate that dies at each lasting act, and then the power fails" with_tool env LIMPET_DIE_STEP=1 test/system/setup/rotate
part chip 3600 "the chip emulator against its model, a million commands" check_chip
part advisor 1800 "Limpet's own board through Device Advisor's long case" with_tool env LIMPET_LONG=1 test/system/advisor/good-devices
part reconnects 1800 "ten thousand reconnects, cut off at every phase, in virtual time" check_reconnects
part soak 3600 "a day of virtual time with random faults" check_soak
part cuts-qemu-mps2 2400 "forty cuts of power, cable, chip and broker on Cortex-M3" check_cuts 40 test/system/boards/cuts-qemu-mps2
part cuts-qemu-lx106 2400 "the same on lx106" check_cuts 40 test/system/boards/cuts-qemu-lx106
part cuts-m4 1200 "eight cuts on Cortex-M4" check_cuts_core m4
part cuts-m33 1200 "eight cuts on Cortex-M33" check_cuts_core m33
part frames-qemu-mps2 1800 "twenty thousand malformed frames through the emulated LAN9118" check_frames qemu-mps2
part frames-qemu-lx106 1800 "the same through the emulated OpenCores MAC" check_frames qemu-lx106
part cores 7200 "all unit tests on six cores, the slow ones included" with_tool env LIMPET_CORES_ALL=1 test/system/boards/cores
part conformance 1200 "the port's promises on Cortex-M4 and M33" check_conformance
part web 1200 "HTTP and WebSocket clients on Cortex-M3, among servers that mean ill" check_web
part crashes 2400 "crashes and overflowing stacks on Cortex-M4 and M33, too" with_tool env LIMPET_CORES_ALL=1 test/system/boards/crashes
part port 1200 "a port outside of this tree, as docs/porting.md says it" bash test/system/boards/outside.sh
part stack 1200 "the deepest chains of calls against the stacks of the small board" tools/stack
part cppcheck 2400 "cppcheck with no finding" check_cppcheck
part analyzer 3600 "gcc -fanalyzer with no finding that was not looked at" check_analyzer

with_tool() {
    tools/build || return 1
    "$@"
}

# Sets `seed`: LIMPET_SEED, or a new one; the part says it so that it can be had again.
draw_seed() {
    seed=${LIMPET_SEED:-$((RANDOM * 32768 + RANDOM))}
    say "LIMPET_SEED=$seed"
}

check_chip() {
    draw_seed
    with_tool env LIMPET_DIFF_STEPS=1000000 LIMPET_DIFF_SEED="$seed" test/system/chip/differential
}

check_reconnects() {
    draw_seed
    tools/build --target test_reconnects || return 1
    LIMPET_RECONNECTS=10000 LIMPET_SEED=$seed build/test/unit/svc/test_reconnects
}

check_soak() {
    draw_seed
    tools/build --target test_soak || return 1
    LIMPET_SOAK_MINUTES=1440 LIMPET_SEED=$seed build/test/soak/test_soak
}

check_cuts() { # HOW-MANY SCRIPT
    draw_seed
    with_tool env LIMPET_CUTS="$1" LIMPET_SEED=$((seed % 32768)) "$2"
}

check_cuts_core() { # CORE
    draw_seed
    with_tool env kind="qemu-mps2-$1" target="cortex-$1" LIMPET_CUTS=8 LIMPET_SEED=$((seed % 32768)) bash test/system/boards/cuts.sh
}

check_frames() { # BOARD
    draw_seed
    with_tool env LIMPET_FRAMES=20000 LIMPET_SEED="$seed" "test/system/boards/$1"
}

check_conformance() { LIMPET_PORTS='qemu-mps2-m4 qemu-mps2-m33' with_tool test/system/boards/conformance; }

check_web() { with_tool test/system/network/http qemu-mps2 && test/system/network/ws qemu-mps2; }

check_cppcheck() {
    local -a includes
    need cppcheck
    mapfile -t includes < <(find os sim cloud cli -type d -name include | sort | sed 's/^/-I/')
    cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,performance,portability \
        --suppressions-list=tools/cppcheck.txt "${includes[@]}" os sim cloud cli ports apps
}

# The product alone; a finding that was looked at and is none stands in tools/analyzer.txt with the reason.
check_analyzer() {
    local new
    cmake --preset host -B build-analyze -DCMAKE_C_FLAGS=-fanalyzer -DLP_WERROR=OFF -Wno-dev >/dev/null || return 1
    cmake --build build-analyze --clean-first -- --quiet >build-analyze/findings.log 2>&1 ||
        die check-analyzer "the build for the analyzer failed" "" "see build-analyze/findings.log"
    new=$(sed -nE "s|^$PWD/((os\|sim\|cloud\|cli\|ports\|apps)/[^:]+):[0-9]+:.*\[(CWE[^]]*\] \[)?-W(analyzer-[a-z-]+)\]$|\1 \4|p" \
        build-analyze/findings.log | sort -u | grep -vxFf <(sed 's/ *#.*//' tools/analyzer.txt | grep .)) || true
    [ -z "$new" ] || die check-analyzer "the analyzer has findings" "$new" "see build-analyze/findings.log"
}
