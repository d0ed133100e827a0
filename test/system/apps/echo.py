# SPDX-License-Identifier: Apache-2.0
"""echo.py WHERE SENT ECHOED: sends a file over a board's serial line and writes what comes back. WHERE is pty:PATH, or unix:PATH at
which the board is waited for. A line has no flow control: no more is under way than the board's ring holds."""
import os
import select
import socket
import sys
import time
import tty

PIECE, LIMIT_S = 32, 60


def connect(where):
    kind, path = where.split(":", 1)
    if kind == "pty":
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        return fd
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(LIMIT_S)
    return listener.accept()[0].detach()


def main(where, sent, echoed):
    fd = connect(where)
    data = open(sent, "rb").read()
    got = b""
    end = time.monotonic() + LIMIT_S
    while len(got) < len(data) and time.monotonic() < end:
        at = len(got)
        os.write(fd, data[at : at + PIECE])
        want = min(at + PIECE, len(data))
        while len(got) < want and select.select([fd], [], [], LIMIT_S)[0]:
            got += os.read(fd, want - len(got))
    open(echoed, "wb").write(got)


main(*sys.argv[1:])
