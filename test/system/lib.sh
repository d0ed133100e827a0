# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What system tests share. A test is an executable script that prints "ok NAME" or "not ok NAME" for each
# thing it shows and ends with done_testing; whatever a failing step printed is shown below its line.

tests_failed=0
tests_run=0

# try NAME COMMAND...: runs the command (or shell function) and reports.
try() {
    local name=$1 out
    shift
    tests_run=$((tests_run + 1))
    out=$(mktemp)
    if "$@" >"$out" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/    /' "$out"
        tests_failed=$((tests_failed + 1))
    fi
    rm -f "$out"
}

done_testing() {
    [ "$tests_run" -gt 0 ] && [ "$tests_failed" = 0 ]
    exit $?
}

# wait_until SECONDS COMMAND...: polls until it succeeds.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}
