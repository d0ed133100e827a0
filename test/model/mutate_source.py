#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Changes the emulator's sources a little, one place at a time, and shows that the comparison notices.

    test/model/mutate_source.py --count 200 --seed 1

A comparison turned round, && for ||, a number off by one, a call left out. What survives is printed with its
place: either nothing can tell the difference, or something is not tested.
"""

import argparse
import concurrent.futures
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import mutate

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "sim/chip/src"
# Served by other tests: the server's sockets, state files, injected faults, other wires, certificates.
ELSEWHERE = {"bridge.c", "faults.c", "image.c", "kit.c", "rules.c", "server.c", "state_file.c",
             "trouble.c", "trust.c", "trust_x509.c", "variant.c", "wires.c"}
FLAGS = ["-std=c17", "-O1", "-w", "-D_GNU_SOURCE", f"-I{SOURCES}", f"-I{ROOT / 'sim/chip/include'}",
         f"-I{ROOT / 'os/base/include'}"]
SWAPS = {"==": "!=", "!=": "==", "<=": "<", ">=": ">", "&&": "||", "||": "&&", "true": "false",
         "false": "true"}
TOKENS = re.compile(r"==|!=|<=|>=|&&|\|\||\btrue\b|\bfalse\b|(?<![\w.])(?:0x[0-9A-Fa-f]+|\d+)u?\b"
                    r"|(?<![<>-])[<>](?![<>=])")
PATIENCE_S = 240  # for one change, many times what it takes: then it runs in a circle
CALL = re.compile(r"^\s+[a-z]\w*\([^;]*\);$")
# Nothing to be seen from outside: wiped memory, array bounds, unused results.
SILENT = re.compile(r"lp_cs_wipe|static_assert|uint8_t \w+\[|\(void\)|memset\(msg|fail_ecc|slow_percent|dice|stuck|tell\(|_US =|rate_hz"
                    r"|^\s+\{OP_|lp_cs_commit")


def places(path):
    """(line number, column, old, new) of every change that can be made to a file."""
    for number, line in enumerate(path.read_text().splitlines()):
        code = line.split("//")[0]
        if line.startswith(("#", "//", "static const char")) or SILENT.search(code):
            continue
        code = re.sub(r'"[^"]*"', lambda match: "_" * len(match.group()), code)
        if CALL.match(code):
            yield number, 0, code, ";"
        for match in TOKENS.finditer(code):
            old = match.group()
            yield number, match.start(), old, SWAPS.get(old) or other(old)


def other(old):
    if old in "<>":
        return old + "="
    digits = old.rstrip("u")
    value = int(digits, 0) + 1
    return (hex(value) if digits.startswith("0x") else str(value)) + old[len(digits):]


def all_places():
    return [(path, *place) for path in sorted(SOURCES.glob("*.c")) if path.name not in ELSEWHERE
            for place in places(path)]


def compile_all(folder):
    sources = [*SOURCES.glob("*.c"), *(ROOT / "os/base").glob("*.c"), ROOT / "test/model/runner.c"]
    for path in sources:
        subprocess.run(["cc", *FLAGS, "-c", path, "-o", object_of(folder, path)], check=True)


def object_of(folder, path):
    return folder / f"{path.parent.name}_{path.stem}.o"


def build(folder, mutant, number):
    """The runner with one file changed; None when that does not compile."""
    path, line, column, old, new = mutant
    lines = path.read_text().splitlines()
    text = lines[line]
    lines[line] = text[:column] + new + text[column + len(old):]
    source, obj = folder / f"mutant{number}.c", folder / f"mutant{number}.o"
    source.write_text("\n".join(lines) + "\n")
    runner = folder / f"runner{number}"
    objects = [o for o in folder.glob("*.o")
               if o != object_of(folder, path) and not o.stem.startswith("mutant")]
    made = subprocess.run(["cc", *FLAGS, "-c", source, "-o", obj], stderr=subprocess.DEVNULL)
    if made.returncode == 0:
        made = subprocess.run(["cc", obj, *objects, "-lcrypto", "-o", runner],
                              stderr=subprocess.DEVNULL)
    source.unlink()
    obj.unlink(missing_ok=True)
    return runner if made.returncode == 0 else None


def lose_patience(_signal, _frame):
    raise TimeoutError("no answer")


def judge(folder, mutant, number, seeds):
    """'noticed', 'survives' or 'does not compile'."""
    runner = build(folder, mutant, number)
    if runner is None:
        return "does not compile"
    signal.signal(signal.SIGALRM, lose_patience)
    signal.alarm(PATIENCE_S)
    try:
        found = mutate.hunt(runner, "", seeds)[1]
    except (EOFError, ValueError, OSError):
        found = 1  # it crashed, talks nonsense or says nothing
    finally:
        signal.alarm(0)
        runner.unlink()
    return "survives" if found is None else "noticed"


def describe(mutant):
    path, line, _, old, new = mutant
    text = path.read_text().splitlines()[line].strip()
    return f"{path.name}:{line + 1}: {old.strip()} -> {new}    in: {text}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="changes to try, of all possible ones")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--seeds", type=int, default=60, help="chips of each part before giving up")
    parser.add_argument("--file", help="only changes in this file")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main():
    args = arguments()
    possible = [place for place in all_places() if args.file in (None, place[0].name)]
    chosen = random.Random(args.seed).sample(possible, min(args.count, len(possible)))
    seeds = range(1, 1 + args.seeds)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, \
            concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        folder = pathlib.Path(name)
        compile_all(folder)
        jobs = [pool.submit(judge, folder, mutant, number, seeds)
                for number, mutant in enumerate(chosen)]
        verdicts = [job.result() for job in jobs]
    for mutant, verdict in zip(chosen, verdicts):
        if verdict == "survives":
            print(f"  survives {describe(mutant)}")
    noticed, survived = verdicts.count("noticed"), verdicts.count("survives")
    print(f"{noticed} of {noticed + survived} changes noticed, of {len(possible)} possible ones "
          f"({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
