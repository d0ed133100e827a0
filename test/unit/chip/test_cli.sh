#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `limpet chip` as a user types it. Argument: the limpet program.
set -eu
limpet=$1
dir=$(mktemp -d)
pid=
trap 'test -z "$pid" || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# expect EXIT TEXT COMMAND...: the exit code, and TEXT somewhere in the output
expect() {
    want=$1
    text=$2
    shift 2
    code=0
    "$@" >out 2>&1 || code=$?
    test "$code" = "$want" || { cat out; fail "exit $code instead of $want: $*"; }
    grep -q -e "$text" out || { cat out; fail "no \"$text\" from: $*"; }
}

expect 0 'serve' "$limpet" chip --help
expect 2 'did you mean "chip serve"' "$limpet" chip serv
for c in new serve show cert decode diff trace; do
    expect 0 'limpet chip' "$limpet" chip "$c" --help
done

# A chip is made once, with a serial number of its own, and readable to nobody else.
expect 0 'factory new' "$limpet" chip new --model atecc608a --state a --seed 7
expect 0 '"model":"atecc508a"' "$limpet" chip new --state b --serial 0123456789ABCDEFEE --json
expect 0 '0123 4567 89AB CDEF EE' "$limpet" chip show --state b
expect 9 'error\[chip-state-exists\]' "$limpet" chip new --state a
expect 2 'atecc608b' "$limpet" chip new --state c --model atecc999
expect 0 'locked by its maker' "$limpet" chip new --model atecc608b --variant tngtls --state trust
expect 0 'from the factory; signs external digests' "$limpet" chip show --state trust
expect 0 "the device's certificate, compressed: of 2020-01-01, for 28 years" "$limpet" chip show --state trust
expect 0 '"certificate":"-----BEGIN' "$limpet" chip show --state trust --json
expect 0 '"root":"-----BEGIN' "$limpet" chip cert --state trust --json
expect 1 'error\[chip-no-certificate\]' "$limpet" chip cert --state b
expect 2 'state FILE' "$limpet" chip cert
# The chain as somebody else's tool sees it: it leads to the root, and its key is that of slot 0.
"$limpet" chip cert --state trust >chain.pem
"$limpet" chip cert --state trust --root >root.pem
test "$(grep -c BEGIN chain.pem)" = 2 || fail "no chain of two certificates"
awk '/BEGIN/ { n++ } { print > ("cert" n ".pem") }' chain.pem
openssl verify -x509_strict -CAfile root.pem -untrusted cert2.pem cert1.pem >out 2>&1 || { cat out; fail "the chain"; }
key=$(openssl x509 -in cert1.pem -noout -pubkey | openssl pkey -pubin -outform DER | tail -c 64 | od -An -tx1 | tr -d ' \n')
expect 0 "public key $key" "$limpet" chip show --state trust
expect 2 'no such variant' "$limpet" chip new --model atecc508a --variant tngtls --state c
expect 2 'nine bytes' "$limpet" chip new --state c --serial 0123
expect 2 'state FILE' "$limpet" chip new
test "$(stat -c %a a)" = 600 || fail "the state file is not private"

expect 0 'P-256 private key, none yet' "$limpet" chip show --state a
expect 0 '"lock":{"config":false' "$limpet" chip show --state a --json
expect 11 'error\[chip-state-missing\]' "$limpet" chip show --state nothing
expect 1 'atecc608a' "$limpet" chip diff a b
expect 0 'hold the same' "$limpet" chip diff a a
expect 0 'Info' "$limpet" chip decode 03 07 30 00 00 00 03 5d
expect 0 'awake' "$limpet" chip decode 04113343
expect 0 'CRC 5d04 wrong, should be 5d03' "$limpet" chip decode 07 30 00 00 00 04 5d
expect 2 'not hex' "$limpet" chip decode zz

# Damage, another model, somebody else's file: said, and left alone.
cp b damaged
printf 'X' | dd of=damaged bs=1 seek=200 conv=notrunc 2>/dev/null
cp damaged before
expect 11 'error\[chip-state-damaged\]' "$limpet" chip serve --state damaged --listen unix:s
expect 11 'error\[chip-state-damaged\]' "$limpet" chip show --state damaged
cmp -s damaged before || fail "the damaged file was changed"
echo "something else" >foreign
expect 11 'error\[chip-state-foreign\]' "$limpet" chip serve --state foreign --listen unix:s
expect 9 'error\[chip-model\]' "$limpet" chip serve --state b --model atecc608b --listen unix:s
expect 2 'none of unix' "$limpet" chip serve --state b --listen nowhere
expect 2 'typical' "$limpet" chip serve --state b --listen unix:s --timing never
expect 2 'sc18im or kit' "$limpet" chip serve --state never --listen unix:s --protocol i2c
test ! -e never || fail "a refused command made a chip"
expect 2 'nack=1000' "$limpet" chip serve --state b --listen unix:s --fault nonsense
expect 2 'listen WHERE is missing' "$limpet" chip serve --state b
expect 9 'its configuration says 0x60' "$limpet" chip serve --state b --addr 0x61 --listen unix:s
expect 11 'error\[listen\]' "$limpet" chip serve --state b --listen unix:/nonexistent/s

# Two chips on one bus, served, traced, logged; a clean end on SIGTERM.
"$limpet" chip serve --state one --state two --addr 0x60 --addr 0x61 --listen unix:s --trace --log bus.log \
    --timing instant >ready 2>trace &
pid=$!
i=0
while ! grep -q 'listening on unix:s' ready; do
    i=$((i + 1))
    test $i -lt 100 || fail "the server does not get ready"
    sleep 0.05
done
expect 9 'error\[chip-state-busy\]' "$limpet" chip serve --state one --listen unix:t
expect 9 'error\[listen-taken\]' "$limpet" chip serve --state b --listen unix:s
expect 0 'atecc508a' "$limpet" chip show --state one
# shellcheck disable=SC2016
printf 'S\000\000PS\301\004PS\303\004PS\300\010\003\007\060\000\000\000\003\135PS\301\007PR\012P' |
    socat -t 0.5 - UNIX-CONNECT:s >answer
test "$(od -An -tx1 <answer | tr -d ' \n')" = 041133430411334307000050000391f0 ||
    { od -An -tx1 <answer; fail "wrong answer on the bus"; }
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=
test "$code" = 0 || fail "the server ended with $code"
test ! -e s || fail "the socket was left behind"
grep -q 'Info' trace || fail "no trace"
expect 0 '11 awake' "$limpet" chip trace --log bus.log
expect 0 '"words":"Info: 4 bytes 00005000"' "$limpet" chip trace --log bus.log --json
echo 'rubbish' >bad.log
expect 11 'line 1' "$limpet" chip trace --log bad.log
cat >analyser.csv <<'CSV'
Time [s],Packet ID,Address,Data,Read/Write,ACK/NAK
0.001,1,0x60,0x03,Write,ACK
0.001,1,0x60,0x07,Write,ACK
0.001,1,0x60,0x30,Write,ACK
0.001,1,0x60,0x00,Write,ACK
0.001,1,0x60,0x00,Write,ACK
0.001,1,0x60,0x00,Write,ACK
0.001,1,0x60,0x03,Write,ACK
0.001,1,0x60,0x5D,Write,ACK
0.003,2,0x60,0x04,Read,ACK
0.003,2,0x60,0x0F,Read,ACK
0.003,2,0x60,0x23,Read,ACK
0.003,2,0x60,0x42,Read,NAK
CSV
expect 0 '0f execution error' "$limpet" chip trace --csv analyser.csv
# Numbers that no bus has.
for row in '0.001,3,0x1FF,0x03,Write,ACK' '0.001,3,0x60,0x103,Write,ACK' '1e300,3,0x60,0x03,Write,ACK' 'nan,3,0x60,0x03,Write,ACK'; do
    { cat analyser.csv; echo "$row"; } >odd.csv
    expect 11 'line 14' "$limpet" chip trace --csv odd.csv
done

# The kit protocol on TCP: lines in, lines out, a client that leaves in mid-line, the next one.
"$limpet" chip serve --state kit --model atecc608a --listen tcp::0 --protocol kit >ready 2>trace &
pid=$!
i=0
while ! grep -q 'listening on tcp:127.0.0.1:' ready; do
    i=$((i + 1))
    test $i -lt 100 || fail "the server does not get ready"
    sleep 0.05
done
port=$(sed 's/.*://' ready)
printf 'board:device(00)\nECC:p:s(c0)\nhello\ns:w()\ns:t(0730000000035D)\ns:i()\ns:t(07' |
    socat -t 2 - "TCP:127.0.0.1:$port" >answer
printf 'ECC608A TWI 00(C0)\n00()\nC0()\n00(04113343)\n00(07000060028038)\n00()\n' | cmp - answer ||
    { cat answer; fail "wrong answers of the kit"; }
printf 's:w()\ns:s()\n' | socat -t 2 - "TCP:127.0.0.1:$port" >answer
printf '00(04113343)\n00()\n' | cmp - answer || { cat answer; fail "the second client is not served"; }
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=
test "$code" = 0 || fail "the server of lines ended with $code"
echo "limpet chip: all as expected"
