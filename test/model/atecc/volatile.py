# SPDX-License-Identifier: Apache-2.0
"""What is lost in sleep: TempKey with its flags, authorization, the SHA context, the 608's buffers."""

RAND, INPUT = 0, 1  # TempKey.SourceFlag, Table 2-16


class TempKey:
    """Table 2-16. `upper` is the second half of the 608's 64-byte register, None when not valid."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.value = bytes(32)
        self.upper = None
        self.valid = False
        self.source = RAND
        self.gen_dig = self.gen_key = self.no_mac = False
        self.key_id = 0
        self.private = False  # the 608's ephemeral private key lies here (GenKey to 0xFFFF)
        self.public = None    # and this is its public half
        self.sha_public = None  # (slot, block, blocks) of a SHA(Public) digest, section 9.17

    def load(self, value, source, upper=None):
        """Something new replaces the register and every flag."""
        self.clear()
        self.value, self.source, self.upper, self.valid = bytes(value), source, upper, True

    def invalidate(self):
        self.valid = False
        self.upper = None
        self.private = False
        self.public = None
        self.sha_public = None

    def flags(self):
        """First byte of Info(State), and the TempKeyFlags byte of an internal signature."""
        return (self.no_mac << 7 | self.gen_key << 6 | self.gen_dig << 5 | self.source << 4
                | self.key_id)


class ShaContext:
    """SHA command's calculation in progress; `key` is None for a plain digest."""

    def __init__(self, key=None, no_mac=False):
        self.message = b""
        self.key = key
        self.no_mac = no_mac
        self.public = None  # (slot, block number) of a SHA(Public)
        self.blocks = 0


class Volatile:
    def __init__(self):
        self.temp_key = TempKey()
        self.power_lost()

    def power_lost(self):
        self.latch = False  # intrusion latch (508) or persistent latch (608)
        self.pin_driven = None  # level that a single-wire part drives, None while it listens
        self.pin_is_ready = False  # the first wake after power-up has been seen
        self.secure_boot_barred = False
        self.sleep()

    def sleep(self):
        self.temp_key.clear()
        self.auth_valid = False
        self.auth_key_id = 0
        self.sha = None
        self.failed_tests = 0        # 608: the failure register of SelfTest
        self.health_failed = False   # 608: of the random number generator
        self.sram_seed = self.eeprom_seed = False
        self.message_digest = None  # 608: 32 or 64 bytes
        self.alt_key = None         # 608: 32 bytes
        self.known_contexts = {}    # 608: what SHA(Read context) has given out
        self.settle()

    def settle(self):
        """Nothing is in doubt."""
        self.doubt_auth = self.doubt_temp_key = self.doubt_digest = self.doubt_flags = False
