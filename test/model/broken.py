# SPDX-License-Identifier: Apache-2.0
"""Rules of the model broken on purpose, to show that the comparison notices."""

from atecc import counters
from atecc.chip import Chip


def digest_tail():
    """SN<0:1> before SN<8>."""
    Chip.serial_tail = lambda self: self.memory.serial()[0:2] + self.memory.serial()[8:9]


def no_mac():
    """Keys with NoMac may be used by MAC."""
    from atecc import cmd_mac
    cmd_mac._may_not_mac = lambda chip, slot: None


def authorization():
    """Using a key leaves the authorization in place."""

    def keep(self, slot):
        before = self.volatile.auth_valid
        right(self, slot)
        self.volatile.auth_valid = before

    right, Chip.authorized = Chip.authorized, keep


def counter_limit():
    """One count too few."""
    counters.LIMIT -= 1


RULES = {"digest-tail": digest_tail, "no-mac": no_mac, "authorization": authorization,
         "counter-limit": counter_limit}
