# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What system tests share. A test is an executable script that prints "ok NAME" or "not ok NAME" for each
# thing it shows and ends with done_testing; why a step failed is shown below its line.

tests_failed=0
tests_run=0
tests_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# try NAME COMMAND...: runs the command (or shell function) and reports.
try() {
    local try_name=$1 try_out try_status=0
    shift
    tests_run=$((tests_run + 1))
    try_out=$(mktemp -d)
    exec {BASH_XTRACEFD}>"$try_out/steps"
    set -x
    "$@" >"$try_out/said" 2>&1 || try_status=$?
    { set +x; } 2>/dev/null
    exec {BASH_XTRACEFD}>&-
    unset BASH_XTRACEFD
    if [ "$try_status" = 0 ]; then
        echo "ok $try_name"
    else
        echo "not ok $try_name"
        show_reason "$try_out" "$try_status" | sed 's/^/    /'
        tests_failed=$((tests_failed + 1))
    fi
    rm -rf "$try_out"
}

# show_reason FOLDER STATUS: the end of what the step said, of its commands, and of the logs that were written meanwhile.
show_reason() {
    local log
    tail -n 30 "$1/said" | cut -c 1-400
    echo "-- ended with $2; its last commands:"
    tail -n 15 "$1/steps" | cut -c 1-400
    [ -d "${work:-}" ] || return 0
    find "$work" -maxdepth 1 -name '*.log' -newer "$1" | head -n 6 | while read -r log; do
        echo "-- ${log#"$work/"}:"
        tail -n 8 "$log" | tr -d '\0\r' | cut -c 1-400
    done
}

done_testing() {
    [ "$tests_run" -gt 0 ] && [ "$tests_failed" = 0 ]
    exit $?
}

# wait_until SECONDS COMMAND...: polls until it succeeds; says what did not.
wait_until() {
    local traced=${-//[^x]/}
    { set +x; } 2>/dev/null
    local limit=$1 end=$((SECONDS + $1 + 1)) turn=0
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "within $limit s not true: $*" >&2
            [ -z "$traced" ] || set -x
            return 1
        fi
        # A look often costs a quarter of that: who waits for long looks less often.
        if [ $((turn++)) -lt 10 ]; then sleep 0.1; else sleep 0.25; fi
    done
    [ -z "$traced" ] || set -x
}

# kill as the shell has it, for processes of this script only. A number may be somebody else's soon after its process has ended:
# there are thirty thousand of them on a small computer, and all tests together come round within minutes.
export TESTS_TOKEN=$$.$RANDOM.$RANDOM
is_ours() { # PID: started from here, whoever its parent is now
    local at=$1 stat
    # A bare return in a trap would return what the script ends with.
    grep -zqxF "TESTS_TOKEN=$TESTS_TOKEN" "/proc/$1/environ" 2>/dev/null && return 0
    while [ "$at" -gt 1 ]; do
        [ "$at" != $$ ] || return 0
        stat=$(cat "/proc/$at/stat" 2>/dev/null) || return 1
        read -r _ at _ <<<"${stat##*) }"
    done
    return 1
}
kill() {
    local word kill_args=() n=0
    for word; do
        if [[ $word =~ ^[0-9]+$ ]]; then
            is_ours "$word" || continue
            n=$((n + 1))
        elif [[ $word == %* || $word == *$'\n'* ]]; then
            n=$((n + 1))
        fi
        kill_args+=("$word")
    done
    [ "$n" -gt 0 ] && builtin kill "${kill_args[@]}"
}

# free_port [udp]: a port of this computer that nobody has, and that the system gives to nobody by itself: those begin at 32768.
free_port() {
    /usr/bin/python3 -I -S -c 'import random, socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1:] == ["udp"] else socket.SOCK_STREAM
while True:
    port = random.randrange(18000, 32000)
    try:
        with socket.socket(socket.AF_INET, kind) as s:
            s.bind(("", port))
    except OSError:
        continue
    print(port)
    break' "$@"
}

# awscli ARGUMENT...: AWS's command line; the one that tools/test keeps in memory for all scripts, where there is one.
awscli() {
    if [ -S "${LIMPET_WARM_AWS:-}" ]; then
        /usr/bin/python3 -I -S "$tests_home/warm_aws.py" call "$LIMPET_WARM_AWS" "$@"
    else
        /usr/bin/aws "$@"
    fi
}

# awscli_for_others FOLDER: the same for programs that look for aws by PATH: makes FOLDER/aws where there is one in memory.
awscli_for_others() {
    [ -S "${LIMPET_WARM_AWS:-}" ] || return 0
    mkdir -p "$1" && printf '#!/bin/sh\nexec /usr/bin/python3 -I -S "%s" call "%s" "$@"\n' "$tests_home/warm_aws.py" "$LIMPET_WARM_AWS" >"$1/aws" &&
        chmod +x "$1/aws"
}
