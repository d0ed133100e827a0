# SPDX-License-Identifier: Apache-2.0
"""The I2C side, sections 6 and 9.1.6: asleep, idle or awake, what a write and a read do."""

from . import crc, times
from .status import AFTER_WAKE, SELF_TEST

ASLEEP, IDLE, AWAKE = "asleep", "idle", "awake"
RESET, SLEEP, STANDBY, COMMAND = 0, 1, 2, 3  # word addresses, Table 6-2
WAKE_DELAY_US = 1500  # tWHI
GROUP_MAX = 155  # 9.1.1


class Bus:
    """One chip on a bus. Answers are what the master sees; None stands for no acknowledge."""

    def __init__(self, chip):
        self.chip = chip
        self.now_us = self.woken_us = 0
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
            self.woken_us = self.now_us
            self.span_us = times.watchdog_us(self.chip.memory)
            self.output = crc.group(bytes([self._first_status()]))
            self._prepare_pin()
        self.wait(WAKE_DELAY_US)

    def _first_status(self):
        """608: ChipOptions bit 0 runs the self-tests at every wake."""
        volatile = self.chip.volatile
        volatile.failed_tests = 0
        if self.chip.memory.is_508 or not self.chip.memory.chip_options() & 1:
            return AFTER_WAKE
        volatile.failed_tests = self.chip.broken_tests
        return SELF_TEST if volatile.failed_tests else AFTER_WAKE

    def _prepare_pin(self):
        """Table 7-1: outputs are driven from the first wake after power-up on."""
        control, volatile = self.chip.memory.config[16], self.chip.volatile
        is_output = control & 3 == 3 or control & 0xB == 1
        if is_output and self.chip.memory.is_single_wire and not volatile.pin_is_ready:
            volatile.pin_driven = control >> 2 & 1
        volatile.pin_is_ready = True

    def left_us(self):
        return self.woken_us + self.span_us - self.now_us

    def wait(self, microseconds):
        """Time passes. The watchdog runs while awake and puts to sleep; idle has none."""
        self.now_us += microseconds
        if self.state == AWAKE and self.left_us() <= 0:
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
        # "Values outside this range [4 to 155] will cause [...] an I/O Error", 9.1.1: nobody waits
        # for the rest of a group that cannot be.
        if len(self.input) < count <= GROUP_MAX:
            return True
        group, self.input = self.input[:max(count, 1)], b""
        self.chip.time_left_us = self.left_us()
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
