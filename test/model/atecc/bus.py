# SPDX-License-Identifier: Apache-2.0
"""The I2C side, sections 6 and 9.1.6: asleep, idle or awake, what a write and a read do."""

from . import crc
from .status import AFTER_WAKE

ASLEEP, IDLE, AWAKE = "asleep", "idle", "awake"
RESET, SLEEP, STANDBY, COMMAND = 0, 1, 2, 3  # word addresses, Table 6-2
SURELY_EXPIRED_US = 2_000_000        # tWATCHDOG is 0.7 s to 1.7 s
SURELY_EXPIRED_LONG_US = 20_000_000  # ChipMode bit 2: 10 s nominal


class Bus:
    """One chip on a bus. Answers are what the master sees; None stands for no acknowledge."""

    def __init__(self, chip):
        self.chip = chip
        self.power_cycle()

    def power_cycle(self):
        self.chip.volatile.power_lost()
        self._fall(ASLEEP)

    def _fall(self, state):
        self.state = state
        self.output, self.at, self.input = b"", 0, b""

    def sleep(self):
        self.chip.volatile.sleep()
        self._fall(ASLEEP)

    def wake(self):
        if self.state != AWAKE:
            self._fall(AWAKE)
            self.output = crc.group(bytes([AFTER_WAKE]))

    def watchdog(self):
        """The time is over: asleep from any awake state; idle has no watchdog."""
        if self.state == AWAKE:
            self.sleep()

    def write(self, data, seen_answer, after):
        """True: acknowledged. A finished command leaves its right answers in `self.answers`."""
        self.answers = None
        if self.state != AWAKE:
            return False
        if not data:
            return True
        if data[0] == RESET:
            self.at, self.input = 0, b""
        elif data[0] == SLEEP:
            self.sleep()
        elif data[0] == STANDBY:
            self._fall(IDLE)
        elif data[0] == COMMAND and len(data) > 1:
            return self._take(data[1:], seen_answer, after)
        return True

    def _take(self, data, seen_answer, after):
        self.input += data
        self.output, self.at = b"", 0
        count = self.input[0]
        surplus = len(self.input) > count  # not acknowledged, section 6.6
        if len(self.input) < count:
            return True
        group, self.input = self.input[:max(count, 1)], b""
        self.answers = self.chip.execute_group(group, seen_answer, after)
        if None in self.answers:  # Pause of another chip
            self._fall(IDLE)
        return not surplus

    def answered(self, payload):
        """What the chip under test answered was right, and is in the output buffer now."""
        self.output, self.at = crc.group(payload), 0

    def read(self, count):
        if self.state != AWAKE:
            return None
        if self.input:
            return b"\xff" * count
        data = self.output[self.at:self.at + count]
        self.at += len(data)
        return data.ljust(count, b"\xff")
