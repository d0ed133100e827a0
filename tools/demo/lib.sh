# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# What the demo is made of: its folder, its processes, its checks and their report.

limpet=$PWD/build/limpet
board_kind=posix
declare -A board_targets=([qemu-mps2]=cortex-m3 [qemu-lx106]=lx106)
all_checks=(chip-detected config-locked-verified key-born-in-chip mutual-tls message-acknowledged
    key-not-in-flash bus-recorded clone-refused chip-missing-refused revoked-refused second-run-changes-nothing
    software-key-warned)
chip_checks=(chip-detected config-locked-verified key-born-in-chip key-not-in-flash bus-recorded clone-refused
    chip-missing-refused)

declare -A result=() why=() pid=()
patience_s=60 # for what must come; a busy computer takes its time

# known_checks LIST: true when each name of the comma-separated list is a check.
known_checks() {
    local name
    for name in ${1//,/ }; do
        [[ " ${all_checks[*]} " == *" $name "* ]] || return 1
    done
}

begin() {
    started=$(date +%s.%N)
    dir=$(mktemp -d "${TMPDIR:-/tmp}/limpet-demo.XXXXXX")
    chmod 700 "$dir"
    mkdir -m 700 "$dir/run" "$dir/state" "$dir/board"
    export XDG_RUNTIME_DIR=$dir/run XDG_STATE_HOME=$dir/state
    unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_ENDPOINT_URL
    trap stop_all EXIT
    trap 'exit 130' INT TERM
}

stop_all() {
    local name
    for name in "${!pid[@]}"; do
        kill "${pid[$name]}" 2>/dev/null || true
    done
    "$limpet" cloud down --dir "$dir/cloud" >/dev/null 2>&1 || true
    if [ -n "${keep:-}" ]; then
        say "left in $dir"
    else
        rm -rf "$dir"
    fi
}

# start NAME COMMAND...: runs it in the background, its output in NAME.log.
start() {
    local name=$1
    shift
    "$@" >"$dir/$name.log" 2>&1 </dev/null &
    pid[$name]=$!
}

stop() {
    [ -n "${pid[$1]:-}" ] || return 0
    kill "${pid[$1]}" 2>/dev/null || true
    wait "${pid[$1]}" 2>/dev/null || true
    unset "pid[$1]"
}

# wait_for SECONDS COMMAND...: polls until it succeeds.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# check NAME REASON-IF-NOT COMMAND...: the one place where a promise is kept or broken.
check() {
    local name=$1 reason=$2
    shift 2
    if "$@" >>"$dir/checks.log" 2>&1; then
        [ "${result[$name]:-true}" = false ] || result[$name]=true
    else
        result[$name]=false
        why[$name]=$reason
    fi
}

# report NAME TEXT: the line on the screen that says how the check went.
report() {
    if [ "${result[$1]}" = true ]; then
        say "  ${green}ok${plain}  $2 ${dim}[$1]${plain}"
    else
        say "  ${red}NOT OK${plain}  $1: ${why[$1]}"
    fi
}

is_broken() { [[ ",$broken," == *",$1,"* ]]; }

finish() {
    local name ok=true list='' seconds
    seconds=$(awk -v a="$started" -v b="$(date +%s.%N)" 'BEGIN {printf "%.1f", b - a}')
    for name in "${all_checks[@]}"; do
        # A board without a chip has nothing to show about one; those checks are left out, not passed.
        if [ "$chip" = none ] && [[ " ${chip_checks[*]} " == *" $name "* ]]; then continue; fi
        if [ "$chip" != none ] && [ "$name" = software-key-warned ]; then continue; fi
        # The small board has no room for a bus key; it says so at each boot.
        if [ "$board_kind" = qemu-lx106 ] && [ "$name" = bus-recorded ]; then continue; fi
        [ "${result[$name]:-false}" = true ] || ok=false
        list+="${list:+,}{\"name\":\"$name\",\"ok\":${result[$name]:-false}}"
    done
    say ""
    if [ "$ok" = true ]; then
        say "${green}Every promise held${plain} ($seconds s). Try it by hand: docs/first-board.md"
    else
        say "${red}A promise was broken${plain} ($seconds s)."
    fi
    [ -z "$json" ] || echo "{\"ok\":$ok,\"checks\":[$list],\"seconds\":$seconds}"
    [ "$ok" = true ]
}
