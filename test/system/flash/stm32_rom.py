# SPDX-License-Identifier: Apache-2.0
# stm32_rom.py LINK FLASH SIZE [STALL]: the boot loader in an STM32F103's ROM on a pty, for tests: GET, GID, READ, WRITE,
# ERASE, GO as application note AN3155 describes them. FLASH is the file behind the flash, NOR as the real one: writing over what
# is not erased fails. After STALL written blocks it says nothing any more, as when power goes.
import os
import pty
import sys
import tty

ACK, NACK = b'\x79', b'\x1f'
BASE, PAGE, RAM = 0x08000000, 1024, 0x20000000
link, path, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
stall = int(sys.argv[4]) if len(sys.argv) > 4 else -1
master, slave = pty.openpty()
tty.setraw(slave)
if os.path.islink(link):
    os.unlink(link)
if not os.path.exists(path):
    open(path, 'wb').write(b'\xff' * size)
os.symlink(os.ttyname(slave), link)
ram = bytearray(0x5000)


def get(n):
    out = b''
    while len(out) < n:
        out += os.read(master, n - len(out))
    return out


def put(data):
    os.write(master, data)


def xor(data, start=0):
    for b in data:
        start ^= b
    return start


def load():
    return bytearray(open(path, 'rb').read())


def store(flash):
    with open(path, 'r+b') as f:
        f.write(flash)


def address():
    a = get(5)
    if xor(a[:4]) != a[4]:
        put(NACK)
        return None
    at = int.from_bytes(a[:4], 'big')
    if not (BASE <= at < BASE + size or RAM <= at < RAM + len(ram) or 0x1FFFF000 <= at < 0x20000000):
        put(NACK)
        return None
    put(ACK)
    return at


def read_memory():
    put(ACK)
    at = address()
    if at is None:
        return
    n, check = get(2)
    if n ^ 0xFF != check:
        put(NACK)
        return
    put(ACK)
    data = load()[at - BASE:at - BASE + n + 1] if at < RAM and at >= BASE and at < 0x1FFFF000 else b''
    put((bytes(data) + b'\0' * (n + 1))[:n + 1])


def write_memory():
    global stall
    put(ACK)
    at = address()
    if at is None:
        return
    n = get(1)
    data = get(n[0] + 2)
    if xor(data[:-1], n[0]) != data[-1]:
        put(NACK)
        return
    if stall == 0:
        while True:
            get(1)
    stall -= 1
    data = data[:-1]
    if BASE <= at < BASE + size:
        flash = load()
        if any(b != 0xFF for b in flash[at - BASE:at - BASE + len(data)]) or at - BASE + len(data) > size:
            put(NACK)
            return
        flash[at - BASE:at - BASE + len(data)] = data
        store(flash)
    put(ACK)


def erase():
    put(ACK)
    n = get(1)[0]
    flash = load()
    if n == 0xFF:
        get(1)
        flash = bytearray(b'\xff' * size)
        open(path + '.mass', 'w').close()
    else:
        pages = get(n + 2)
        if xor(pages[:-1], n) != pages[-1]:
            put(NACK)
            return
        for page in pages[:-1]:
            flash[page * PAGE:(page + 1) * PAGE] = b'\xff' * PAGE
    store(flash)
    put(ACK)


def go():
    put(ACK)
    if address() is not None:
        open(path + '.started', 'w').close()


COMMANDS = {0x11: read_memory, 0x21: go, 0x31: write_memory, 0x43: erase}
is_ready = False
while True:
    c = get(1)[0]
    if c == 0x7F and not is_ready:
        is_ready = True
        put(ACK)
        continue
    if not is_ready:
        continue
    check = get(1)[0]
    if c ^ 0xFF != check:
        put(NACK)
    elif c == 0x00:
        commands = bytes([0x22, 0, 1, 2, 0x11, 0x21, 0x31, 0x43])
        put(ACK + bytes([len(commands) - 1]) + commands + ACK)
    elif c == 0x01:
        put(ACK + b'\x22\x00\x00' + ACK)
    elif c == 0x02:
        put(ACK + b'\x01\x04\x10' + ACK)  # STM32F10xxx, medium density
    elif c in COMMANDS:
        COMMANDS[c]()
    else:
        put(NACK)
