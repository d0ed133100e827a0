# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154
# For tools/bench: P-256 and whole handshakes of other libraries on a small core, the chip emulator's rate, and what a handshake
# costs on the bus. $dir, row(), step(), rpc() are the bench's.

bench_chip_rate() {
    local name rate
    step "the chip emulator's rate"
    while read -r name rate; do
        row "$name" "/s" - "$rate"
    done < <(build/test/bench/chip_rate)
}

# Thousands of instructions on the ESP8266's core, ours beside two libraries'.
bench_p256() {
    local name count
    step "P-256 on lx106: ours, mbedTLS's, BearSSL's"
    tools/bench-p256 >"$dir/p256"
    while read -r name count; do
        row "$name" kinst - "$count"
    done <"$dir/p256"
}

# Whole handshakes there, and what memory and code the libraries take.
bench_handshake() {
    local name unit count
    step "a handshake on lx106: mbedTLS's with its defaults, BearSSL's"
    tools/bench-handshake >"$dir/handshake"
    while read -r name unit count; do
        row "lx106-${name/mbedtls-/mbedtls-default-}" "$unit" - "$count"
    done <"$dir/handshake"
}

# bus_bytes LOG: bytes of all transfers in a log of limpet chip serve, addresses included.
bus_bytes() { awk '$2 == "W" || $2 == "R" {n += 1 + length($5) / 2} END {print n + 0}' "$1"; }
bus_commands() { awk '$2 == "W" && $4 == "ack" && $5 ~ /^03/ {n++} END {print n + 0}' "$1"; }

# One connection of a board that is set up, seen from the bus: bytes, commands, time.
bench_bus() { # CHIP LOG
    local setting
    for setting in chip software; do
        rpc board Config.Set "{\"config\":{\"identity\":{\"ecdhe\":\"$setting\"}}}" >/dev/null
        rpc board Config.Save >/dev/null
        : >"$2"
        rpc board Sys.Reboot >/dev/null
        sleep 0.5
        wait_for 20 is_state board connected
        row "bus-bytes-$1-ecdhe-$setting" B - "$(bus_bytes "$2")"
        row "bus-commands-$1-ecdhe-$setting" n - "$(bus_commands "$2")"
        row "chip-time-$1-ecdhe-$setting" ms - "$(rpc board Cloud.Status | jq .tls.chip_ms)"
    done
}
