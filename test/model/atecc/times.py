# SPDX-License-Identifier: Apache-2.0
"""How long commands take at most, in ms (Table 9-4; the 608's at its three clock dividers), and tWATCHDOG."""

MAX_508_MS = {0x28: 13, 0x24: 20, 0x1C: 50, 0x43: 58, 0x15: 11, 0x40: 115, 0x11: 23, 0x30: 1,
              0x17: 32, 0x08: 14, 0x16: 7, 0x01: 3, 0x46: 48, 0x1B: 23, 0x02: 1, 0x41: 50, 0x47: 9,
              0x20: 10, 0x45: 58, 0x12: 26}
TYPICAL_508_MS = {0x28: 5, 0x24: 5, 0x1C: 2, 0x43: 38, 0x15: 5, 0x40: 11, 0x11: 13, 0x30: 0.1,
                  0x17: 8, 0x08: 5, 0x16: 0.1, 0x01: 0.1, 0x46: 0.8, 0x1B: 1, 0x02: 0.1, 0x41: 42,
                  0x47: 7, 0x20: 8, 0x45: 38, 0x12: 7}
# Not in a public sheet: the waits that public software uses, at ChipMode bits 7-3 = 0, 5, 13.
MAX_608_MS = {0x02: (5,) * 3, 0x08: (55,) * 3, 0x12: (45,) * 3, 0x15: (25, 35, 35), 0x16: (20,) * 3,
              0x17: (35,) * 3, 0x1B: (23,) * 3, 0x1C: (50,) * 3, 0x20: (10,) * 3, 0x24: (25,) * 3,
              0x28: (40,) * 3, 0x30: (5,) * 3, 0x40: (115, 215, 653), 0x41: (115, 220, 665),
              0x43: (75, 172, 531), 0x45: (105, 295, 1085), 0x46: (50,) * 3, 0x47: (36, 42, 75),
              0x51: (27,) * 3, 0x56: (165,) * 3, 0x77: (250, 625, 2324), 0x80: (80, 160, 480)}
LIMITED_USE_EXTRA_MS = 50  # note 2 of Table 9-4
WATCHDOG_US, WATCHDOG_LONG_US = 1_300_000, 10_000_000  # nominal; ChipMode bit 2 chooses
DIVIDERS = {0x05: 1, 0x0D: 2}


def max_us(memory, opcode):
    if memory.is_508:
        return MAX_508_MS[opcode] * 1000
    return MAX_608_MS[opcode][DIVIDERS.get(memory.config[19] >> 3, 0)] * 1000


def watchdog_us(memory):
    return WATCHDOG_LONG_US if memory.config[19] & 4 else WATCHDOG_US
