# SPDX-License-Identifier: Apache-2.0
"""The deepest chains of calls in the image of a board, from what the compiler says of its functions.

usage: stack.py CALLGRAPH-FOLDER SYMBOLS LOOP-BYTES FIBER-BYTES

CALLGRAPH-FOLDER has the .ci files of -fcallgraph-info=su, SYMBOLS the names of the functions that the image kept (nm).
Where a call goes through a pointer, the way is one of WAYS: pieces of calls by name, from a function to the one that
makes the next call through a pointer, and at the end the deepest of the functions that may be called there. Calls
through pointers inside of the last piece are not seen: what was painted on a running board is the other half of the
truth. Ends with 1 when a stack (LOOP-BYTES, FIBER-BYTES) is smaller than a way on it and an interrupt."""
import pathlib
import re
import sys

MAIN = ("lp_board_main@boards", "lp_loop_turn@core")
WAYS = {  # pieces (from, to), then where the last function may be
    "loop: a timer or an event": ([MAIN], ["os/", "apps/", "ports/bare/"]),
    "loop: a request on the console": ([MAIN, ("on_event@lines.c", "on_event@lines.c"), ("on_stream@rpc_channel.c", "lp_rpc_handle_frame@rpc.c")], ["os/svc/"]),
    "loop: a message from the broker": ([MAIN, ("on_event@sec/src/tls.c", "tell@sec/src/tls.c"), ("on_stream@os/net", "mqtt_message_piece@os/net"),
                                         ("lp_svc_cloud_on_message@", "lp_svc_cloud_on_message@"), ("on_message@svc/src/thing.c", "on_message@svc/src/thing.c")],
                                        ["on_delta@svc_shadow", "on_accepted@svc_shadow", "on_next@svc_jobs", "on_started@svc_jobs"]),
    "loop: a record of TLS": ([MAIN, ("on_event@sec/src/tls.c", "tell@sec/src/tls.c"), ("on_stream@os/net", "mqtt_receive@os/net")], ["tls_read@sec/src/tls.c"]),
    "loop: frames and timers of lwIP": ([(MAIN[0], "lp_port_wait@bare"), ("lp_bare_net_poll@", "lp_bare_net_poll@")], ["third_party/src/lwip"]),
    "fiber: handshake": ([], ["entry@tls_fiber"]),
    "interrupt": ([], ["lp_lx106_exception@"]),
}

folder, symbols, loop_bytes, fiber_bytes = sys.argv[1:]
room = {"loop": int(loop_bytes), "fiber": int(fiber_bytes)}
kept = set(pathlib.Path(symbols).read_text().split())
size, place, calls = {}, {}, {}

for path in pathlib.Path(folder).rglob("*.ci"):
    for line in path.read_text(errors="replace").splitlines():
        node = re.match(r'node: \{ title: "([^"]+)" label: "[^"]*\\n\.{0,2}/?([^":]*):\d+:\d+\\n(\d+) bytes', line)
        edge = re.match(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', line)
        if node:
            size[node[1]], place[node[1]] = int(node[3]), node[2]
        elif edge:
            calls.setdefault(edge[1], set()).add(edge[2])


def short(name):
    return name.rsplit(":", 1)[-1].split(".")[0]


alive = {f for f in size if short(f) in kept or f.rsplit(":", 1)[-1] in kept}
called = {g for f in alive for g in calls.get(f, ())}


def find(spec):
    name, _, file = spec.partition("@")
    return [f for f in alive if short(f) == name and file in place[f]]


def deepest(f, goal=None, path=()):
    """(bytes, chain) of the deepest way by name from f, to one of `goal` or to its end; None: there is none."""
    if goal and f in goal:
        return size[f], (short(f),)
    ways = [deepest(g, goal, path + (f,)) for g in calls.get(f, ()) if g in alive and g not in path and g != f]
    ways = [w for w in ways if w is not None]
    if not ways:
        return None if goal else (size[f], (short(f),))
    best = max(ways)
    return size[f] + best[0], (short(f),) + best[1]


def memoised(f, memo={}):
    if f not in memo:
        memo[f] = deepest(f)
    return memo[f]


need = {}
for name, (pieces, last) in WAYS.items():
    total, chain = 0, ()
    for begin, end in pieces:
        if not find(end):
            sys.exit(f"stack: there is no function {end}: has the code changed?")
        piece = max((w for w in (deepest(f, set(find(end))) for f in find(begin)) if w), default=None)
        if piece is None:
            sys.exit(f"stack: no way from {begin} to {end}: has the code changed?")
        total += piece[0]
        chain += piece[1]
    ends = [f for spec in last for f in (find(spec) if "@" in spec else [g for g in alive - called if spec in place[g]])]
    if not ends or any("@" in spec and not find(spec) for spec in last):
        sys.exit(f"stack: not all of {', '.join(last)} are in the image: has the code changed?")
    best = max(memoised(f) for f in ends)
    stack = name.split(":")[0]
    need[stack] = max(need.get(stack, 0), total + best[0])
    print(f"{name:36} {total + best[0]:6}  {' > '.join(chain + ('...',) + best[1][:6])}")
print(f"{'largest frames':36}        {', '.join(f'{short(f)} {size[f]}' for f in sorted(alive, key=lambda f: -size[f])[:8])}")
is_fine = True
for stack, has in room.items():
    is_fine = is_fine and need[stack] + need["interrupt"] <= has
    print(f"{stack}: {need[stack]} + {need['interrupt']} of an interrupt, of {has} bytes")
sys.exit(0 if is_fine else 1)
