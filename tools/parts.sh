# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./dev check and ./dev fuzz share: named parts, one after the other. Each has its log and a limit of time, tells each minute
# where it is, and takes no other part down when it fails; at the end is said which did. Source it after lib.sh.

parts=()          # the names, in the order in which they run
declare -A limit_s=() about=() action=()
parts_tick_s=${LIMPET_PARTS_TICK_S:-60}

# part NAME LIMIT_S ABOUT COMMAND [WORD...]: words without spaces.
part() {
    parts+=("$1")
    limit_s[$1]=$2
    about[$1]=$3
    action[$1]="${*:4}"
}

list_parts() {
    local name
    for name in "${parts[@]}"; do
        printf '%-20s %s\n' "$name" "${about[$name]}"
    done
}

# choose_parts COMMAND [NAME...]: these alone, in the order given; dies when one is not known.
choose_parts() {
    local command=$1 name
    shift
    [ $# -gt 0 ] || return 0
    for name in "$@"; do
        [ -n "${about[$name]:-}" ] || { say "error[usage]: ./dev $command has no part '$name'"; say "  -> ./dev $command --list"; exit 2; }
    done
    parts=("$@")
}

# shellcheck disable=SC2317  # also called by a trap
end_part() {
    [ -n "${part_pid:-}" ] || return 0
    kill -TERM -- "-$part_pid" 2>/dev/null || return 0
    local turn
    for turn in {1..50}; do
        kill -0 -- "-$part_pid" 2>/dev/null || return 0
        sleep 0.2
    done
    : "$turn"
    kill -KILL -- "-$part_pid" 2>/dev/null || true
}

last_words() { tail -n 1 "$1" | tr -d '\0\r' | cut -c 1-100; }

# Sets `outcome`: ok, failed, or slow when the limit ended it.
run_part() { # NAME LOG
    local start=$SECONDS told=0 status=0
    outcome=ok
    set -m # a group of processes of its own, which can be ended as a whole
    # shellcheck disable=SC2086  # words
    (set +m; ${action[$1]}) >"$2" 2>&1 </dev/null &
    part_pid=$!
    set +m
    while kill -0 "$part_pid" 2>/dev/null; do
        if [ $((SECONDS - start)) -ge "${limit_s[$1]}" ]; then
            end_part
            outcome=slow
            break
        fi
        if [ $(((SECONDS - start) / parts_tick_s)) -gt "$told" ]; then
            told=$(((SECONDS - start) / parts_tick_s))
            say "  $1: $((SECONDS - start)) s of at most ${limit_s[$1]}: $(last_words "$2")"
        fi
        sleep 0.2
    done
    wait "$part_pid" 2>/dev/null || status=$?
    part_pid=''
    [ "$outcome" = slow ] || [ "$status" = 0 ] || outcome=failed
}

# run_parts COMMAND FOLDER: the logs go to FOLDER. False when a part failed.
run_parts() {
    local name start bad=() fine=0 summary=()
    mkdir -p "$2"
    trap 'end_part; exit 130' INT TERM
    for name in "${parts[@]}"; do
        start=$SECONDS
        say "$name: ${about[$name]}"
        run_part "$name" "$2/$name.log"
        summary+=("$(printf '%-7s %-20s %5d s' "$outcome" "$name" $((SECONDS - start)))")
        if [ "$outcome" = ok ]; then
            fine=$((fine + 1))
            continue
        fi
        bad+=("$name")
        tail -n 40 "$2/$name.log" | tr -d '\0\r' | cut -c 1-300 | sed 's/^/    /' >&2
        say "error[$1-$name]: $([ "$outcome" = slow ] && echo "stopped after ${limit_s[$name]} s, its limit" || echo "${about[$name]}: failed")"
        say "  -> all that it said is in $2/$name.log; ./dev $1 $name runs it alone"
    done
    trap - INT TERM
    printf '%s\n' "${summary[@]}"
    echo "$fine fine, ${#bad[@]} failed${bad[*]:+: ${bad[*]}}"
    [ ${#bad[@]} = 0 ]
}
