# SPDX-License-Identifier: Apache-2.0
"""Runs one scenario on the emulator and on the model and stops at the first difference."""

import random
from dataclasses import dataclass

import decode
import steps
import steps_bus
import steps_ecc  # noqa: F401  (registers its steps)
from atecc import bus, crc, parts
from atecc.memory import ATECC508A
from atecc.status import Impossible, Unknowable
from scenario import PEER_OF

assert steps_ecc


SHA_WRITE_CONTEXT = b"\x47\x07"  # its layout is not public, so a changed one means nothing


class Difference(Exception):
    """What the two do not agree on, in words."""


@dataclass(frozen=True)
class Step:
    name: str
    seed: int
    spoil: bool  # one packet of the step is changed before it is sent


@dataclass
class Scenario:
    part: str
    seed: int
    image: bytes
    steps: list


def choose_steps(rng, part, count, single_wire=False):
    column = 2 if part == ATECC508A else 3
    barred = steps_bus.ON_I2C_ONLY if single_wire else ()
    names = [name for name, entry in steps.STEPS.items() if entry[column] and name not in barred]
    weights = [steps.STEPS[name][1] * (4 if single_wire and name in steps_bus.ON_SINGLE_WIRE else 1)
               for name in names]
    return [Step(name, rng.getrandbits(48), rng.random() < 0.08)
            for name in rng.choices(names, weights, k=count)]


class Run:
    """One chip, two opinions."""

    def __init__(self, under_test, scenario, trace=None):
        self.emulator, self.scenario, self.trace = under_test, scenario, trace
        image = scenario.image
        self.model = parts.chip_from_image(scenario.part, image[:128], image[128:192], image[192:])
        self.model.peers = PEER_OF
        self.bus = bus.Bus(self.model)
        self.sent = 0
        self.packets = None  # a list, to learn what was sent
        self.refusals = {}  # (opcode, rule): how often
        self.opcodes = {}  # (opcode, first byte of a status or None): how often
        under_test.load(scenario.part, scenario.seed, image)

    def go(self):
        self._event(steps_bus.WAKE)
        try:
            for step in self.scenario.steps:
                self._step(step)
        except Unknowable:
            pass  # the rest of this chip's life cannot be foretold

    def _step(self, step):
        rng = random.Random(step.seed)
        world = steps.World(self.model, rng)
        for action in steps.STEPS[step.name][0](world):
            if isinstance(action, steps_bus.Event):
                self._event(action)
                continue
            if step.spoil and rng.random() < 0.6 and action[:2] != SHA_WRITE_CONTEXT:
                action = spoil(rng, action)
            self._command(action)
            self._settle_doubts()
        if self.bus.state != bus.AWAKE:
            self._event(steps_bus.WAKE)

    # ---- commands --------------------------------------------------------------------------------

    def _command(self, packet):
        self.sent += 1
        if self.packets is not None:
            self.packets.append(packet)
        raw = self.emulator.command(crc.group(packet))
        seen = self._payload(packet, raw)
        before = self.model.memory.image() if self.trace else None
        try:
            acknowledged = self.bus.write(b"\x03" + crc.group(packet), seen or b"",
                                          self._content())
        except Impossible as why:
            self._note(packet, seen, before)
            raise Difference(str(why)) from None
        self._note(packet, seen, before)
        if not acknowledged or None in self.bus.answers:
            if raw is not None:
                raise Difference(f"no answer expected, got {raw.hex()}")
            return
        self._compare(seen)

    def _payload(self, packet, raw):
        if raw is None:
            return None
        if len(raw) < 4 or crc.group(raw[1:-2]) != raw:
            self._note(packet, raw, None)
            raise Difference(f"not a group: {raw.hex()}")
        return raw[1:-2]

    def _compare(self, seen):
        answers = self.bus.answers
        if seen not in answers:
            raise Difference("expected " + " or ".join(sorted(decode.answer(a) for a in answers))
                             + ", got " + decode.answer(seen))
        self.bus.answered(seen)
        # As a driver does, the whole answer has been read.
        self.bus.at = len(self.bus.output)
        self._same_content()

    def _content(self):
        image = self.emulator.image
        return parts.Memory(self.scenario.part, image[:128], image[128:192], image[192:])

    def _same_content(self):
        model = self.model.memory.image()
        if model != self.emulator.image:
            raise Difference("EEPROM: " + decode.image_difference(model, self.emulator.image))

    def _settle_doubts(self):
        volatile = self.model.volatile
        if self.bus.state != bus.AWAKE:
            return
        if volatile.doubt_auth or volatile.doubt_temp_key or volatile.doubt_flags:
            self._command(steps.packet(0x30, 2))
            state = self.bus.output[1:-2]
            if len(state) == 4:
                self.model.take_over_state(state)

    # ---- below commands --------------------------------------------------------------------------

    def _event(self, event):
        if self.trace:
            self.trace(f"  {event!r}")
        getattr(self, "_on_" + event.kind)(event.arg)

    def _on_wake(self, _):
        self.emulator.wake()
        self.bus.wake()

    def _on_power(self, _):
        self.emulator.power_cycle()
        self.bus.power_cycle()

    def _on_defects(self, defects):
        health, self.model.broken_tests, self.model.ecc_faults = defects
        self.model.volatile.health_failed = bool(health)
        self.emulator.break_units(*defects)

    def _on_pin(self, level):
        model = self.model
        if model.pin_outside and not level:
            model.volatile.latch = False  # "any falling edge", Table 7-1
        model.pin_outside = level
        self.emulator.set_pin(level)

    def _on_wait(self, microseconds):
        self.emulator.wait(microseconds)
        self.bus.wait(microseconds)

    def _on_write(self, data):
        acknowledged = self.emulator.write(data)
        # A finished command executes at once; what it answered is seen by reading all of it and
        # rewinding, which the model is spared.
        wanted = self.bus.write(data, b"", self._content())
        if acknowledged != wanted:
            raise Difference(f"write {data.hex()}: acknowledged {acknowledged}, expected {wanted}")
        if self.bus.answers is not None:
            if len(self.bus.answers) > 1:
                self._adopt()
            else:
                self.bus.answered(next(iter(self.bus.answers)))
        self._same_content()

    def _adopt(self):
        raw = self.emulator.read(4)
        self.emulator.write(bytes([bus.RESET]))
        if raw is None or raw[1:2] not in self.bus.answers:
            raise Difference(f"answer {raw and raw.hex()} is none of the right ones")
        self.bus.answered(raw[1:2])

    def _on_read(self, count):
        seen, wanted = self.emulator.read(count), self.bus.read(count)
        if seen != wanted:
            raise Difference(f"read {count}: got {seen and seen.hex()}, "
                             f"expected {wanted and wanted.hex()}")

    # ---- telling ---------------------------------------------------------------------------------

    def _note(self, packet, seen, before):
        status = seen[0] if seen is not None and len(seen) == 1 else None
        key = packet[0], status
        self.opcodes[key] = self.opcodes.get(key, 0) + 1
        if self.model.refusal:
            why = packet[0], self.model.refusal
            self.refusals[why] = self.refusals.get(why, 0) + 1
        if self.trace:
            self.trace(f"  {decode.packet(packet)} -> {decode.answer(seen)}")
            changes = before and decode.image_difference(before, self.model.memory.image())
            if changes:
                self.trace(f"      EEPROM {changes}")


def spoil(rng, packet):
    """A small change: one bit of a parameter or of the data, or another length."""
    packet = bytearray(packet)
    kind = rng.randrange(5)
    if kind == 0:
        packet[1] ^= 1 << rng.randrange(8)
    elif kind == 1:
        packet[2] ^= 1 << rng.randrange(5)
    elif kind == 2:
        packet[3] ^= 1 << rng.randrange(8)
    elif kind == 3 and len(packet) > 4:
        packet[rng.randrange(4, len(packet))] ^= 1 << rng.randrange(8)
    elif rng.random() < 0.5 and len(packet) > 4:
        del packet[-1]
    elif len(packet) < 140:
        packet += rng.randbytes(rng.choice((1, 4, 32)) if len(packet) < 110 else 1)
    return bytes(packet)
