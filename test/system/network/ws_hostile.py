# SPDX-License-Identifier: Apache-2.0
"""ws_hostile.py DIR: WebSocket servers that do not keep to RFC 6455, a path each. Writes DIR/hostile; what a client says
after the opening goes to DIR/heard-PATH, unmasked frame by frame: opcode and payload in hex."""
import base64
import hashlib
import os
import socket
import sys
import threading
import time

DIR = sys.argv[1]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(first, payload, mask=False):
    length = len(payload)
    head = bytes([first, (0x80 if mask else 0) | length]) if length < 126 else bytes([first, 126]) + length.to_bytes(2, "big")
    return head + (b"\0\0\0\0" if mask else b"") + payload


# After a proper opening.
FRAMES = {
    "masked": frame(0x81, b"x", True),
    "reserved": frame(0xC1, b"x"),
    "opcode": frame(0x83, b"x"),
    "continuation": frame(0x80, b"x"),
    "interleaved": frame(0x01, b"a") + frame(0x81, b"b"),
    "long-ping": b"\x89\x7e\x00\x7e" + b"p" * 126,
    "cut-ping": frame(0x09, b"x"),
    "utf8": frame(0x81, b"\xff\xfe"),
    "surrogate": frame(0x81, b"\xed\xa0\x80"),
    "long-length": b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    "padded-length": b"\x82\x7e\x00\x01x",
    "close-1": frame(0x88, b"\x03"),
    "close-999": frame(0x88, b"\x03\xe7"),
    "close-utf8": frame(0x88, b"\x03\xe8\xff"),
    "too-big": b"\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00",
    "gone": b"",
    "half": b"\x81\x05he",
    "early": frame(0x81, b"early"),
    "silent": None,
}


def accept(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def opening(path, key):
    good = accept(key)
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + good]
    changes = {
        "200": lambda: lines.__setitem__(0, b"HTTP/1.1 200 OK"),
        "403": lambda: lines.__setitem__(0, b"HTTP/1.1 403 Forbidden"),
        "no-upgrade": lambda: lines.pop(1),
        "wrong-upgrade": lambda: lines.__setitem__(1, b"Upgrade: h2c"),
        "no-connection": lambda: lines.pop(2),
        "no-accept": lambda: lines.pop(3),
        "wrong-accept": lambda: lines.__setitem__(3, b"Sec-WebSocket-Accept: " + accept(b"x")),
        "two-accepts": lambda: lines.append(b"Sec-WebSocket-Accept: " + accept(b"x")),
        "extension": lambda: lines.append(b"Sec-WebSocket-Extensions: permessage-deflate"),
        "protocol": lambda: lines.append(b"Sec-WebSocket-Protocol: evil"),
    }
    changes.get(path, lambda: None)()
    return b"\r\n".join(lines) + b"\r\n\r\n"


def unmask(data):
    """The frames of a client; False where one is not masked."""
    out = []
    while len(data) >= 6:
        assert data[1] & 0x80, "a client's frame without a mask"
        length, at = data[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(data[2:4], "big"), 4
        mask, payload = data[at : at + 4], data[at + 4 : at + 4 + length]
        out.append(f"{data[0]:02x} {bytes(b ^ mask[i % 4] for i, b in enumerate(payload)).hex()} mask {mask.hex()}")
        data = data[at + 4 + length :]
    return out


def one(s):
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(4096)
    path = data.split(b" ")[1][1:].decode()
    fields = dict(line.split(b": ", 1) for line in data.split(b"\r\n")[1:] if b": " in line)
    key = fields[b"Sec-WebSocket-Key"]
    assert len(base64.b64decode(key)) == 16 and b"Sec-WebSocket-Extensions" not in fields
    s.sendall(opening(path, key) + (FRAMES.get(path) or b""))
    if path in ("gone", "half"):
        s.close()
        return
    heard = b""
    s.settimeout(20)
    try:
        while more := s.recv(4096):
            heard += more
            with open(os.path.join(DIR, "heard-" + path), "w") as file:
                file.write("\n".join(unmask(heard)) + "\n")
    except OSError:
        pass
    s.close()


listener = socket.create_server(("127.0.0.1", 0))
with open(os.path.join(DIR, "hostile.new"), "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename(os.path.join(DIR, "hostile.new"), os.path.join(DIR, "hostile"))
while True:
    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
    time.sleep(0)
