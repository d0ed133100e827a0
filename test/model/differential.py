#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random command sequences on the emulator and on the model: every answer and every EEPROM byte.

    test/model/differential.py --runner build/test/model/chip_runner --steps 100000 --seed 7

Exit 0: no difference. Exit 1: the shortest sequence that still shows one, decoded.
"""

import argparse
import collections
import random
import sys
import time

import broken
import decode
import differ
import scenario
from atecc.memory import PARTS, Memory
from chip_under_test import ChipUnderTest

STEPS_PER_CHIP = 60


def make(emulator, part, seed):
    rng = random.Random(f"{part} {seed}")
    factory = emulator.new(part, seed or 1)
    image = scenario.image(rng, part, factory)
    steps = differ.choose_steps(rng, part, rng.randrange(5, 2 * STEPS_PER_CHIP), not image[14] & 1)
    return differ.Scenario(part, seed or 1, image, steps)


def difference(emulator, case, trace=None, counts=None, packets=None):
    """None, or what the two do not agree on."""
    run = differ.Run(emulator, case, trace)
    run.packets = packets
    try:
        run.go()
        return None
    except differ.Difference as why:
        return str(why)
    finally:
        if counts is not None:
            counts["commands"] += run.sent
            counts.update(run.opcodes)
            counts.update(run.refusals)


def shrink(emulator, case):
    """Fewer steps that still differ: halves, quarters, ... single ones."""
    steps, chunk = list(case.steps), len(case.steps)
    while chunk:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + chunk:]
            trial = differ.Scenario(case.part, case.seed, case.image, fewer)
            if difference(emulator, trial) is not None:
                steps = fewer
            else:
                at += chunk
        chunk //= 2
    return differ.Scenario(case.part, case.seed, case.image, steps)


def report(emulator, case, seed):
    print(f"the emulator and the model differ: {case.part}, seed {seed}")
    smallest = shrink(emulator, case)
    print(decode.chip(smallest.part, smallest.image, sorted(slots_of(emulator, smallest))))
    for step in smallest.steps:
        print(f"# {step.name}{' (spoiled)' if step.spoil else ''}")
    print("sequence:")
    why = difference(emulator, smallest, trace=print)
    print(f"DIFFERENCE {why}")


def slots_of(emulator, case):
    """The slots that a case names, with those that they point to."""
    packets = []
    difference(emulator, case, packets=packets)
    memory = Memory(case.part, case.image[:128], case.image[128:192], case.image[192:])
    named = set()
    for raw in packets:
        in_address = raw[0] in (0x02, 0x12) and raw[1] & 3 == 2
        named.add((raw[2] >> 3 if in_address else raw[2]) & 0xF)
    for number in list(named):
        slot = memory.slot(number)
        named |= {slot.write_key, slot.read_key, slot.auth_key, number | 1}
    return named


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True, help="the built test/model/runner.c")
    parser.add_argument("--steps", type=int, default=20000, help="commands to compare")
    parser.add_argument("--seed", type=int, default=1, help="first of the seeds used")
    parser.add_argument("--part", choices=PARTS, help="only this part (default: all in turn)")
    parser.add_argument("--keep-going", type=int, default=1, metavar="N",
                        help="report up to N differences")
    parser.add_argument("--coverage", action="store_true", help="what was answered how often")
    parser.add_argument("--break", dest="broken", choices=broken.RULES,
                        help="break this rule of the model; a difference must be found")
    return parser.parse_args()


def main():
    args = arguments()
    if args.broken:
        broken.RULES[args.broken]()
    emulator = ChipUnderTest(args.runner)
    counts = collections.Counter()
    chips, found, seed, began = 0, 0, args.seed, time.monotonic()
    while counts["commands"] < args.steps and found < args.keep_going:
        for part in (args.part,) if args.part else PARTS:
            case = make(emulator, part, seed)
            chips += 1
            if difference(emulator, case, counts=counts) is not None:
                found += 1
                report(emulator, case, seed)
                if found >= args.keep_going:
                    break
        seed += 1
    emulator.close()
    seconds = time.monotonic() - began
    print(f"{counts['commands']} commands on {chips} chips from seed {args.seed} to {seed - 1}: "
          f"{found} differences, {counts['commands'] / seconds:.0f} commands a second")
    if args.coverage:
        print_coverage(counts)
    return 1 if found else 0


def print_coverage(counts):
    """How often each command gave each answer and was refused by each rule of the model."""
    lines = []
    for (opcode, what), number in ((key, n) for key, n in counts.items() if key != "commands"):
        name = decode.NAMES.get(opcode, "no command")
        if not isinstance(what, str):
            what = "-> data" if what is None else "-> " + decode.STATUS.get(what, hex(what))
        lines.append(f"  {name:12} {what:60}")
        lines[-1] += f" {number}"
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    sys.exit(main())
