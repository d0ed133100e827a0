# SPDX-License-Identifier: Apache-2.0
"""The emulator behind test/model/runner.c, one process for a whole run."""

import subprocess

IMAGE_BYTES = 128 + 64 + 1208


class ChipUnderTest:
    def __init__(self, runner):
        self.process = subprocess.Popen([runner], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.image = bytearray(IMAGE_BYTES)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()  # it runs in a circle
            self.process.wait()
        self.process.stdout.close()

    def _ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode()
        if not answer:
            raise EOFError(f"the emulator died of: {line}")
        if answer.startswith("bad request"):
            raise ValueError(f"the runner does not understand: {line}")
        return answer.rstrip("\n")

    def _with_changes(self, line):
        answer, *changes = self._ask(line).split(" ")
        for change in changes:
            at, value = change.split(":")
            raw = bytes.fromhex(value)
            self.image[int(at):int(at) + len(raw)] = raw
        return answer

    def new(self, part, seed):
        self.image = bytearray.fromhex(self._ask(f"n {part} {seed}"))
        return bytes(self.image)

    def load(self, part, seed, image):
        self.image = bytearray.fromhex(self._ask(f"l {part} {seed} {image.hex()}"))

    def wake(self):
        self._ask("k")

    def power_cycle(self):
        self._ask("p")

    def wait(self, microseconds):
        self._with_changes(f"t {microseconds}")

    def without(self, rule):
        """Chips from now on lack a rule; the empty name: all rules are there."""
        self._ask(f"x {rule}")

    def rules(self):
        return self._ask("z").split()

    def timing(self, name):
        self._ask(f"y {name}")

    def busy_us(self):
        return int(self._ask("u"))

    def break_units(self, health, selftest, ecc):
        self._ask(f"b {int(health)} {selftest} {ecc}")

    def set_pin(self, level):
        self._ask(f"g {level}")

    def write(self, data):
        """True: the address was acknowledged."""
        return self._with_changes(f"w {data.hex()}") == "ok"

    def read(self, count):
        answer = self._ask(f"r {count}")
        return None if answer == "nack" else bytes.fromhex(answer)

    def command(self, group):
        """A group sent and its answer read; None when the chip does not acknowledge."""
        answer = self._with_changes(f"c {group.hex()}")
        return None if answer == "nack" else bytes.fromhex(answer)
