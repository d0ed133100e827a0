# SPDX-License-Identifier: Apache-2.0
"""Status bytes (Table 9-3) and how a rule says that a command fails."""

OK = 0x00
MISCOMPARE = 0x01
PARSE = 0x03
ECC_FAULT = 0x05
SELF_TEST = 0x07
HEALTH_TEST = 0x08
EXECUTION = 0x0F
AFTER_WAKE = 0x11
WATCHDOG = 0xEE
COMMUNICATION = 0xFF


class Refused(Exception):
    """A rule that is not met. `statuses` are all answers that the sheets allow."""

    def __init__(self, statuses, why):
        super().__init__(why)
        self.statuses = frozenset(statuses)
        self.why = why


class Impossible(Exception):
    """The chip under test answered something that no rule allows; the model cannot go on."""


class Unknowable(Exception):
    """What comes next depends on something that no public source tells."""


def parse_unless(claim, why):
    """Illegal regardless of the chip's state (Table 9-3, 0x03)."""
    if not claim:
        raise Refused({PARSE}, why)


def refuse_unless(claim, why):
    """Illegal in the chip's present state or configuration (Table 9-3, 0x0F)."""
    if not claim:
        raise Refused({EXECUTION}, why)


def error_unless(claim, why):
    """The sheet says "returns an error" and the definitions of 0x03 and 0x0F both fit."""
    if not claim:
        raise Refused({PARSE, EXECUTION}, why)
