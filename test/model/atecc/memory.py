# SPDX-License-Identifier: Apache-2.0
"""The EEPROM: three zones and what the bits of the configuration zone say (sections 2.1 - 2.4)."""

ATECC508A, ATECC608A, ATECC608B = "atecc508a", "atecc608a", "atecc608b"
PARTS = (ATECC508A, ATECC608A, ATECC608B)

CONFIG, OTP, DATA = 0, 1, 2  # Table 9-9
SLOT_BYTES = [36] * 8 + [416] + [72] * 7  # Table 2-3
SLOT_START = [sum(SLOT_BYTES[:n]) for n in range(16)]
DATA_BYTES = sum(SLOT_BYTES)

UNLOCKED = 0x55
P256, AES_KEY, NOT_ECC = 4, 6, 7  # KeyConfig.KeyType, Table 2-12
NIBBLE_VALID, NIBBLE_INVALID = 0x5, 0xA  # section 4.1.1


class Slot:
    """Reads SlotConfig (Table 2-6) and KeyConfig (Table 2-12) of one slot."""

    def __init__(self, memory, number):
        self.number = number
        self.slot_config = memory.config[20 + 2 * number] | memory.config[21 + 2 * number] << 8
        self.key_config = memory.config[96 + 2 * number] | memory.config[97 + 2 * number] << 8
        self.size = SLOT_BYTES[number]
        self.blocks = (self.size + 31) // 32
        sc, kc = self.slot_config, self.key_config
        self.write_config = sc >> 12
        self.write_key = sc >> 8 & 0xF
        self.is_secret = bool(sc & 0x80)
        self.encrypt_read = bool(sc & 0x40)
        self.limited_use = bool(sc & 0x20)
        self.no_mac = bool(sc & 0x10)
        self.read_key = sc & 0xF
        self.x509_id = kc >> 14
        self.latch_needed = bool(kc & 0x1000)
        self.auth_key = kc >> 8 & 0xF
        self.req_auth = bool(kc & 0x80)
        self.req_random = bool(kc & 0x40)
        self.lockable = bool(kc & 0x20)
        self.key_type = kc >> 2 & 7
        self.pub_info = bool(kc & 2)
        self.private = bool(kc & 1)
        self.unlocked = bool(memory.slot_locked_bits() >> number & 1)

    @property
    def has_public_key(self):
        return not self.private and self.key_type == P256 and self.number >= 8

    @property
    def is_marked(self):
        """PubInfo without Private: writing leaves the mark of an invalid key (Table 2-12)."""
        return not self.private and self.pub_info and self.number >= 8

    @property
    def needs_validation(self):
        """PubInfo of a public key: usable by Verify only once validated."""
        return self.has_public_key and self.pub_info


class Memory:
    def __init__(self, part, config, otp, data):
        assert part in PARTS and len(config) == 128 and len(otp) == 64 and len(data) == DATA_BYTES
        self.part = part
        self.config, self.otp, self.data = bytearray(config), bytearray(otp), bytearray(data)

    @property
    def is_508(self):
        return self.part == ATECC508A

    @property
    def config_locked(self):
        return self.config[87] != UNLOCKED

    @property
    def data_locked(self):
        return self.config[86] != UNLOCKED

    def slot_locked_bits(self):
        return self.config[88] | self.config[89] << 8

    def slot(self, key_id):
        return Slot(self, key_id & 0xF)

    def serial(self):
        return bytes(self.config[0:4] + self.config[8:13])

    def read_slot(self, number, start, length):
        """Bytes of a slot, zero-extended past its end (Table 9-8)."""
        end = min(start + length, SLOT_BYTES[number])
        base = SLOT_START[number]
        return bytes(self.data[base + start:base + end]).ljust(length, b"\0")

    def write_slot(self, number, start, value):
        """Writes, drops what lies past the end, marks a public key that must be validated again."""
        end = min(start + len(value), SLOT_BYTES[number])
        base = SLOT_START[number]
        self.data[base + start:base + end] = value[:end - start]
        if self.slot(number).is_marked:
            self.set_validity(number, NIBBLE_INVALID)

    def key(self, number):
        """The 32 bytes that a SHA computation takes from a slot."""
        return self.read_slot(number, 0, 32)

    def validity(self, number):
        return self.data[SLOT_START[number]] >> 4

    def set_validity(self, number, nibble):
        at = SLOT_START[number]
        self.data[at] = self.data[at] & 0x0F | nibble << 4

    def public_key(self, number):
        """X and Y of a 72-byte public key slot: 4 pad, X, 4 pad, Y (section 4.1.1)."""
        raw = self.read_slot(number, 0, 72)
        return raw[4:36] + raw[40:72]

    def private_key(self, number):
        return self.read_slot(number, 0, 36)

    @property
    def is_single_wire(self):
        return not self.config[14] & 1

    def chip_options(self):
        return self.config[90] | self.config[91] << 8

    def image(self):
        return bytes(self.config + self.otp + self.data)
