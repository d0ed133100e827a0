# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts of ./dev share: speaking, failing, and where things are. Source it from the root.

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' red='' green='' dim='' plain=''
fi
# The colours are for the scripts that source this file.
: "$bold" "$red" "$green" "$dim" "$plain"

say() { printf '%s\n' "$*" >&2; }

# die CODE WHAT [WHY] [NEXT]: one clear error, the same shape as the tool's.
die() {
    say "error[$1]: $2"
    [ -z "${3:-}" ] || say "  $3"
    [ -z "${4:-}" ] || say "  -> $4"
    exit 1
}

# need PROGRAM: fails with the way out when PROGRAM is not installed.
need() {
    command -v "$1" >/dev/null 2>&1 || die missing-program "$1 is not installed" "" "./dev setup"
}

# root COMMAND...: runs COMMAND as root, by sudo where needed.
root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die not-root "this needs root and there is no sudo" "wanted to run: $*" "run ./dev setup as root once"
    fi
}
