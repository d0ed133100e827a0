# SPDX-License-Identifier: Apache-2.0
"""What the host does in a random run: each step is one use of the chip, well or badly done.

A step is a generator: it yields packets (opcode, mode, Param2, data) or bus events and looks at the
model in between, as a host that knows all keys would. Legal uses dominate, so that deep states are
reached; `spoil` makes some of their packets wrong afterwards.
"""

from atecc.cmd_memory import xor
from atecc.chip import sha256

STEPS = {}  # name: (function, weight, on_508, on_608)


def step(weight, *, on_508=True, on_608=True):
    def register(function):
        STEPS[function.__name__] = (function, weight, on_508, on_608)
        return function

    return register


def packet(opcode, mode=0, param2=0, data=b""):
    return bytes([opcode, mode]) + (param2 & 0xFFFF).to_bytes(2, "little") + bytes(data)


class World:
    """What a step may look at: the model and dice of its own."""

    def __init__(self, chip, rng):
        self.chip, self.rng, self.memory = chip, rng, chip.memory

    @property
    def temp_key(self):
        return self.chip.volatile.temp_key

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, wanted=lambda slot: True):
        """Mostly a slot that fits, sometimes any."""
        fitting = [n for n in range(16) if wanted(self.memory.slot(n))]
        if fitting and self.chance(0.92):
            return self.rng.choice(fitting)
        return self.rng.randrange(16)

    def source_bit(self, bit=4):
        right = bit if self.temp_key.source else 0
        return right if self.chance(0.92) else right ^ bit


def is_secret_key(slot):
    return not slot.private


def is_private(slot):
    return slot.private and slot.key_type == 4


def is_public(slot):
    return slot.has_public_key


# ---- state and simple commands ---------------------------------------------------------------------


@step(14)
def info_state(w):
    yield packet(0x30, 2)


@step(3)
def info_other(w):
    mode = w.rng.choice((0, 1, 1, 1, 3, 4, 4, 5, w.rng.randrange(256)))
    yield packet(0x30, mode, w.rng.choice((w.rng.randrange(16), 0, 2, 3)))


@step(2)
def random(w):
    yield packet(0x1B, w.rng.choice((0, 0, 1, 2)), 0 if w.chance(0.95) else 1)


@step(4)
def counter(w):
    yield packet(0x24, w.rng.choice((0, 1, 1, 2)), w.rng.choice((0, 1, 0, 1, 2)))


@step(2)
def update_extra(w):
    mode = w.rng.choice((0, 1, 2, 3, 4))
    slot = w.pick(lambda slot: slot.limited_use)
    yield packet(0x20, mode, slot if mode & 2 else w.rng.choice((0, 1, 0x5A, 0x07, 0x100)))


@step(1, on_608=False)
def pause(w):
    right = w.memory.config[85]
    yield packet(0x01, right if w.chance(0.8) else w.rng.randrange(256), 0 if w.chance(0.95) else 1)


@step(1, on_508=False)
def self_test(w):
    yield packet(0x77, w.rng.choice((0, 1, 4, 8, 0x10, 0x20, 0x3D, 0x3B, 0x40)), 0)


@step(5)
def lock(w):
    kind = w.rng.random()
    if kind < 0.75:
        again = w.chance(0.15)
        slot = w.pick(lambda slot: slot.lockable and slot.unlocked != again)
        yield packet(0x17, slot << 2 | 2 | w.rng.choice((0, 0, 0x80)), w.rng.choice((0, 0x1234)))
    elif kind < 0.9:
        from atecc.crc import crc16
        zone = w.rng.randrange(2)
        content = w.memory.config
        if zone:
            slots = (n for n in range(16) if not w.memory.slot(n).private)
            content = b"".join(w.memory.read_slot(n, 0, w.memory.slot(n).size) for n in slots)
            content += w.memory.otp
        right = crc16(content)
        yield packet(0x17, zone | (0x80 if w.chance(0.15) else 0),
                     right if w.chance(0.8) else right ^ 1)
    else:
        yield packet(0x17, w.rng.randrange(256), w.rng.randrange(65536))


# ---- nonces and digests in TempKey -----------------------------------------------------------------


@step(16)
def nonce(w):
    if w.chance(0.55):
        yield packet(0x16, w.rng.choice((0, 0, 0, 1)), 0, w.rng.randbytes(20))
    else:
        yield packet(0x16, 3, 0, w.rng.randbytes(32))


@step(2)
def nonce_calculated(w):
    yield packet(0x16, w.rng.choice((0, 1)), 0x8000, w.rng.randbytes(20))


@step(5, on_508=False)
def nonce_608(w):
    mode = w.rng.choice((0x03, 0x23, 0x43, 0x63, 0x83, 0xA3))
    yield packet(0x16, mode, 0, w.rng.randbytes(64 if mode & 0x20 else 32))


def gen_dig_of(w, number, spoil_data=True):
    """GenDig of a slot with the data it wants."""
    slot = w.memory.slot(number)
    data = b""
    if slot.no_mac and w.memory.data_locked:
        data = w.rng.randbytes(4)
    elif spoil_data and w.chance(0.1):
        data = w.rng.randbytes(w.rng.choice((4, 32)))
    return packet(0x15, 2, number | (w.rng.choice((0x10, 0x700)) if w.chance(0.05) else 0), data)


@step(12)
def gen_dig_slot(w):
    if not w.temp_key.valid and w.chance(0.9):
        yield from nonce(w)
    yield gen_dig_of(w, w.pick(is_secret_key))


@step(6)
def gen_dig_other(w):
    if not w.temp_key.valid and w.chance(0.9):
        yield from nonce(w)
    zone = w.rng.choice((0, 1, 3, 3, 4, 5, 6))
    data = w.rng.randbytes(32) if zone == 3 else b""
    key_id = w.rng.randrange({0: 5, 1: 3, 4: 3, 5: 17}.get(zone, 16))
    if zone == 3 and w.chance(0.5):
        key_id |= 0x8000
    yield packet(0x15, zone, key_id, data)


@step(1)
def gen_dig_transport(w):
    yield packet(0x16, 3, 0, w.rng.randbytes(32))
    yield packet(0x15, 2, 0x8000 | w.rng.randrange(16), b"")


# ---- MAC family ------------------------------------------------------------------------------------


def fresh_nonce(w, probability=0.7):
    if not w.temp_key.valid and w.chance(probability):
        yield from nonce(w)


@step(8)
def mac(w):
    yield from fresh_nonce(w)
    mode = w.rng.randrange(4) | w.rng.choice((0, 0x40))
    mode |= w.source_bit() if mode & 3 else w.rng.choice((0, 0, 0, 4))
    data = b"" if mode & 1 else w.rng.randbytes(32)
    yield packet(0x08, mode, _key_id(w, w.pick(is_secret_key)), data)


def _key_id(w, slot):
    return slot | (w.rng.choice((0x10, 0x8000, 0x0120)) if w.chance(0.03) else 0)


@step(3, on_608=False)
def hmac(w):
    yield from fresh_nonce(w)
    yield packet(0x11, w.source_bit() | w.rng.choice((0, 0x40)), _key_id(w, w.pick(is_secret_key)))


def check_mac_packet(w, number, mode, right):
    chip, temp_key = w.chip, w.temp_key
    challenge, other = w.rng.randbytes(32), w.rng.randbytes(13)
    first = temp_key.value if mode & 2 else chip.memory.key(number)
    second = temp_key.value if mode & 1 else challenge
    serial = chip.memory.serial()
    response = sha256(first, second, other[0:4], bytes(8), other[4:7], serial[8:9], other[7:11],
                      serial[0:2], other[11:13])
    if not right:
        response = xor(response, w.rng.choice((b"\x01" + bytes(31), bytes(31) + b"\x80")))
    return packet(0x28, mode, number, challenge + response + other)


@step(9)
def check_mac(w):
    yield from fresh_nonce(w)
    mode = w.rng.choice((0, 1, 1, 1, 2, 3))
    mode |= w.source_bit() if mode & 3 else 0
    yield check_mac_packet(w, w.pick(is_secret_key), mode, w.chance(0.85))


def authorize(w, number):
    """CheckMac or Verify with the key that another one asks for."""
    slot = w.memory.slot(number)
    yield packet(0x16, 0, 0, w.rng.randbytes(20))
    if slot.has_public_key:
        from steps_ecc import signature_for
        yield packet(0x45, 0, number, signature_for(w, number, w.temp_key.value))
    else:
        yield check_mac_packet(w, number, 1, True)


@step(8)
def use_authorized(w):
    """Authorize for some key, then use that key."""
    number = w.pick(lambda slot: slot.req_auth)
    slot = w.memory.slot(number)
    yield from authorize(w, slot.auth_key)
    if w.chance(0.3):
        yield packet(0x30, 2)
    if slot.private:
        yield packet(0x16, 3, 0, w.rng.randbytes(32))
        yield packet(*w.rng.choice(((0x41, 0x80, number), (0x40, 0, number), (0x40, 4, number))))
    else:
        yield packet(0x16, 0, 0, w.rng.randbytes(20))
        yield w.rng.choice((packet(0x08, 1, number), gen_dig_of(w, number, False),
                            check_mac_packet(w, number, 1, True)))
    if w.chance(0.7):
        yield packet(0x30, 2)


@step(5)
def derive_key(w):
    yield from fresh_nonce(w, 0.95)
    number = w.pick(lambda slot: slot.write_config & 2 and not slot.private)
    slot = w.memory.slot(number)
    mode = w.source_bit()
    head = packet(0x1C, mode, number)
    mac_value = b""
    if bool(slot.write_config & 8) == w.chance(0.85):
        parent = w.memory.key(slot.write_key)
        mac_value = sha256(parent, head, w.chip.serial_tail())
        if w.chance(0.1):
            mac_value = w.rng.randbytes(32)
    yield head + mac_value


# ---- reading and writing ---------------------------------------------------------------------------


def slot_address(w, number):
    slot = w.memory.slot(number)
    block = w.rng.randrange(slot.blocks + (1 if w.chance(0.05) else 0))
    return block << 8 | number << 3 | (w.rng.randrange(8) if w.chance(0.4) else 0)


@step(8)
def read(w):
    zone = w.rng.choice((0, 1, 2, 2, 2))
    size = w.rng.choice((0, 0x80))
    if zone == 2:
        number = w.pick(lambda slot: not slot.is_secret and not slot.private)
        yield packet(0x02, size | 2, slot_address(w, number))
    else:
        yield packet(0x02, size | zone, w.rng.randrange(34 if zone == 0 else 18))


def data_key(w, number):
    """Nonce and GenDig, so that TempKey protects data for or from a slot."""
    kind = (0, 20) if w.chance(0.85) else (3, 32)
    yield packet(0x16, kind[0], 0, w.rng.randbytes(kind[1]))
    if w.memory.slot(number).req_auth and w.chance(0.8):
        yield from authorize(w, w.memory.slot(number).auth_key)
        yield packet(0x16, 0, 0, w.rng.randbytes(20))
    yield gen_dig_of(w, number if w.chance(0.92) else w.pick(is_secret_key))


def false_data_key(w, number):
    """TempKey with the right KeyID, but made by GenKey and not by GenDig, or by Nonce alone."""
    yield packet(0x16, 0, 0, w.rng.randbytes(20))
    if number == 0 and w.chance(0.5):
        return
    if w.memory.slot(number).private:
        yield packet(0x40, 0x08, number)
    else:
        yield packet(0x40, 0x10, number, w.rng.randbytes(3))


@step(3)
def false_key_for_data(w):
    def can_be_keyed(slot):
        key = w.memory.slot(slot.write_key if slot.write_config & 4 else slot.read_key)
        return key.number == 0 or key.has_public_key or is_private(key)

    number = w.pick(lambda slot: can_be_keyed(slot) and (
        slot.encrypt_read or slot.write_config & 4 and (slot.unlocked or slot.private)))
    slot = w.memory.slot(number)
    if slot.encrypt_read and w.chance(0.5):
        yield from false_data_key(w, slot.read_key)
        yield packet(0x02, 0x82, slot_address(w, number))
        return
    yield from false_data_key(w, slot.write_key)
    if slot.private:
        yield encrypted_key(w, number, w.rng.randbytes(32))
    else:
        yield encrypted_value(w, 0x82, slot_address(w, number), w.rng.randbytes(32))


@step(6)
def read_encrypted(w):
    number = w.pick(lambda slot: slot.is_secret and slot.encrypt_read and not slot.private)
    yield from data_key(w, w.memory.slot(number).read_key)
    yield packet(0x02, 0x82 if w.chance(0.95) else 0x02, slot_address(w, number))


@step(8)
def write_clear(w):
    zone = w.rng.choice((0, 1, 2, 2, 2, 2))
    size = w.rng.choice((0, 0x80, 0x80))
    number = w.pick(lambda slot: slot.write_config in (0, 1) and not slot.private)
    address = slot_address(w, number) if zone == 2 else w.rng.randrange(34 if zone == 0 else 18)
    if zone == 0 and not w.memory.config_locked and w.chance(0.1):
        yield packet(0x12, 0xC0, w.rng.choice((8, 24)), w.rng.randbytes(64))
        return
    if zone == 0 and not w.memory.config_locked:
        size, address = w.rng.choice(((0, w.rng.choice((4, 21, 22, 23, 30))), (0x80, 8), (0x80, 24)))
    value = w.rng.randbytes(32 if size else 4)
    if zone == 0 and not w.memory.config_locked:
        at = (address & 0x18 if size else address) * 4
        value = bytes(w.memory.config[at:at + len(value)])  # keep the configuration meaningful
        if address == 22:
            value = w.rng.choice((value, b"\xfe\xff\0\0"))
    yield packet(0x12, size | zone | (0x40 if w.chance(0.03) else 0), address, value)


def encrypted_value(w, mode, address, plain, right=True):
    head = packet(0x12, mode, address)
    value = w.temp_key.value
    mac_value = sha256(value, head, w.chip.serial_tail(), bytes(25), plain)
    if not right:
        mac_value = xor(mac_value, bytes(w.rng.randrange(32)) + b"\x01" + bytes(31))[:32]
    return head + xor(plain, value) + mac_value


@step(10)
def write_encrypted(w):
    number = w.pick(lambda slot: slot.write_config & 4 and not slot.private and slot.unlocked)
    yield from data_key(w, w.memory.slot(number).write_key)
    mode = 0x82 | w.rng.choice((0, 0x40)) if w.memory.data_locked else 0xC2
    address, plain = slot_address(w, number), w.rng.randbytes(32)
    if w.chance(0.06):
        mode, address = 0xC1, w.rng.choice((0, 8))
    wrong = (bytes(31) + b"\x01",)
    if not w.chance(0.88):
        good = encrypted_value(w, mode, address, plain)
        yield good[:-32] + xor(good[-32:], wrong[0])
    else:
        yield encrypted_value(w, mode, address, plain)


def encrypted_key(w, number, plain):
    plain = plain.rjust(36, b"\0")
    head, value = packet(0x46, 0x40, number), w.temp_key.value
    mac_value = sha256(value, head, w.chip.serial_tail(), bytes(21), plain)
    return head + xor(plain, value + sha256(value)[:4]) + mac_value


@step(5)
def priv_write(w):
    number = w.pick(lambda slot: is_private(slot) and (slot.unlocked or w.chance(0.2)))
    scalar = w.rng.randbytes(32) if w.chance(0.93) else w.rng.choice((bytes(32), b"\xff" * 32))
    plain = (bytes(4) if w.chance(0.97) else b"\0\0\0\1") + scalar
    if not w.memory.data_locked and w.chance(0.4) or w.chance(0.05):
        yield packet(0x46, 0, number, plain + (bytes(32) if w.chance(0.5) else b""))
        return
    yield from data_key(w, w.memory.slot(number).write_key)
    good = encrypted_key(w, number, plain)
    yield good if w.chance(0.9) else good[:-1] + bytes([good[-1] ^ 1])


# ---- nonsense --------------------------------------------------------------------------------------


@step(4)
def nonsense(w):
    from atecc.parts import opcodes
    known = opcodes(w.memory.part)
    opcode = w.rng.choice(known) if w.chance(0.8) else w.rng.randrange(256)
    if opcode == 0x15 and w.temp_key.source == 0:
        opcode = 0x16  # values of transport keys and so their digests are not public
    data = w.rng.randbytes(w.rng.choice((0, 0, 1, 4, 16, 20, 32, 36, 64, 68, 77, 128, 148)))
    yield packet(opcode, w.rng.choice((0, 1, 2, 3, 4, w.rng.randrange(256))),
                 w.rng.choice((0, w.rng.randrange(16), w.rng.randrange(65536))), data)
