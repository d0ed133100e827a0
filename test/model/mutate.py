#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Switches each rule of the emulator off, one at a time, and shows that the comparison notices.

    test/model/mutate.py --runner build/test/model/chip_runner

A rule nobody misses is a rule nobody tests. The seeds are the same for every rule, and first the whole
emulator has to agree with the model on all of them. Exit 0: every rule was missed, but for those named
in OUT_OF_REACH.
"""

import argparse
import concurrent.futures
import sys
import time

import differential
from atecc.memory import PARTS
from chip_under_test import ChipUnderTest

# Rules that no answer on the bus shows; where else they are tested.
OUT_OF_REACH = {}


def first_difference(emulator, seeds):
    """How many commands it took, or None."""
    sent = 0
    for seed in seeds:
        for part in PARTS:
            case = differential.make(emulator, part, seed)
            counts = differential.collections.Counter()
            if differential.difference(emulator, case, counts=counts) is not None:
                return sent + counts["commands"]
            sent += counts["commands"]
    return None


def hunt(runner, rule, seeds):
    emulator = ChipUnderTest(runner)
    try:
        emulator.without(rule)
        return rule, first_difference(emulator, seeds)
    finally:
        emulator.close()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runner", required=True, help="the built test/model/runner.c")
    parser.add_argument("--seeds", type=int, default=800, help="chips of each part before giving up")
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--rule", action="append", help="only this rule (repeatable)")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main():
    args = arguments()
    seeds = range(args.first, args.first + args.seeds)
    emulator = ChipUnderTest(args.runner)
    rules = args.rule or emulator.rules()
    emulator.close()
    began = time.monotonic()
    if hunt(args.runner, "", seeds)[1] is not None:
        print("the emulator with all its rules differs from the model already: see differential.py")
        return 1
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        found = dict(pool.map(hunt, [args.runner] * len(rules), rules, [seeds] * len(rules)))
    return report(found, time.monotonic() - began)


def report(found, seconds):
    for rule, sent in sorted(found.items(), key=lambda item: item[1] or 0):
        if sent:
            print(f"  noticed {rule:28} after {sent:7} commands")
    missed = [rule for rule, sent in found.items() if sent is None]
    for rule in missed:
        print(f"  SURVIVES {rule:27} {OUT_OF_REACH.get(rule, '')}")
    print(f"{len(found) - len(missed)} of {len(found)} rules are missed when they are gone "
          f"({seconds:.0f} s)")
    return 1 if set(missed) - set(OUT_OF_REACH) else 0


if __name__ == "__main__":
    sys.exit(main())
