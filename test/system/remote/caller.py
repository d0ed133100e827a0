# SPDX-License-Identifier: Apache-2.0
# A caller of a board over the network that can do what a good client never would. Written from RFC 7616, RFC 9112 and
# RFC 6455 alone.
import base64
import hashlib
import json
import os
import re
import socket
import struct
import time

LIMIT_S = 60


def sha(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


class Closed(Exception):
    pass


class Line:
    """A connection; keeps what was read too far."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self.rest = b""

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed
        self.rest += data

    def until(self, mark):
        while mark not in self.rest:
            self.more()
        text, self.rest = self.rest.split(mark, 1)
        return text

    def take(self, length):
        while len(self.rest) < length:
            self.more()
        data, self.rest = self.rest[:length], self.rest[length:]
        return data

    def is_closed(self):
        try:
            while True:
                self.more()
        except Closed:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.sock.close()


# -- HTTP


class Answer:
    def __init__(self, line):
        head = line.until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(head[0].split(" ")[1])
        self.fields = {}
        for field in head[1:]:
            name, value = field.split(":", 1)
            self.fields[name.lower()] = value.strip()
        self.body = line.take(int(self.fields.get("content-length", 0)))

    def json(self):
        return json.loads(self.body)


def request(target, body="", host="127.0.0.1", fields=(), method="POST"):
    body = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post(port, target, body="", host="127.0.0.1", fields=()):
    line = Line(port)
    try:
        line.send(request(target, body, host, fields))
        return Answer(line)
    finally:
        line.close()


def challenge(answer):
    text = answer.fields["www-authenticate"]
    assert text.startswith("Digest ")
    return {name: quoted or plain for name, quoted, plain in re.findall(r'([a-z]+)=(?:"([^"]*)"|([^ ,]+))', text[7:])}


def field(user, password, target, asked, nc=1, qop="auth", body=b"", cnonce="0a4f113b", **over):
    """The field Authorization; `over` replaces single parameters of it."""
    realm, nonce = asked["realm"], asked["nonce"]
    a2 = f"POST:{target}" + (f":{sha(body)}" if qop == "auth-int" else "")
    count = f"{nc:08x}"
    proof = sha(f"{sha(f'{user}:{realm}:{password}')}:{nonce}:{count}:{cnonce}:{qop}:{sha(a2)}")
    params = {
        "username": f'"{user}"', "realm": f'"{realm}"', "nonce": f'"{nonce}"', "uri": f'"{target}"',
        "algorithm": "SHA-256", "qop": qop, "nc": count, "cnonce": f'"{cnonce}"', "response": f'"{proof}"',
    }
    params.update(over)
    return "Authorization: Digest " + ", ".join(f"{k}={v}" for k, v in params.items() if v is not None)


# -- frames


def frame_auth(user, password, asked, method, params_text, nc=1, cnonce="0a4f113b"):
    a2 = f"RPC:/rpc/{method}:{sha(params_text)}"
    ha1 = sha(f"{user}:{asked['realm']}:{password}")
    proof = sha(f"{ha1}:{asked['nonce']}:{nc:08x}:{cnonce}:auth-int:{sha(a2)}")
    return {"realm": asked["realm"], "username": user, "nonce": asked["nonce"], "cnonce": cnonce, "nc": nc,
            "algorithm": "SHA-256", "response": proof}


def frame(method, params=None, auth=None, ident=1):
    text = None if params is None else json.dumps(params, separators=(",", ":"))
    parts = [f'"id":{ident}', f'"method":{json.dumps(method)}']
    if text is not None:
        parts.append(f'"params":{text}')
    if auth is not None:
        parts.append(f'"auth":{json.dumps(auth(text or ""))}')
    return "{" + ",".join(parts) + "}"


class Caller:
    """Logs in with every frame, as rpc.md says. Subclasses know how frames travel."""

    def __init__(self, user=None, password=None):
        self.user, self.password = user, password
        self.asked, self.nc, self.ident = None, 0, 0

    def raw(self, text):
        self.put(text)
        return json.loads(self.get())

    def once(self, method, params):
        self.ident += 1
        auth = None
        if self.user is not None and self.asked is not None:
            self.nc += 1
            auth = lambda text: frame_auth(self.user, self.password, self.asked, method, text, self.nc)
        return self.raw(frame(method, params, auth, self.ident))

    def call(self, method, params=None):
        answer = self.once(method, params)
        if answer.get("error", {}).get("code") == 401 and self.user is not None:
            self.asked, self.nc = json.loads(answer["error"]["message"]), 0
            answer = self.once(method, params)
        assert answer["id"] == self.ident, answer
        return answer


class TcpCaller(Caller):
    def __init__(self, port, user=None, password=None):
        super().__init__(user, password)
        self.line = Line(port)

    def put(self, text):
        self.line.send(text + "\n")

    def get(self):
        while True:
            text = self.line.until(b"\n").strip()
            if text.startswith(b"{"):
                return text


class WsCaller(Caller):
    def __init__(self, port, user=None, password=None, fields=(), host="127.0.0.1"):
        super().__init__(user, password)
        self.line = Line(port)
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.send("\r\n".join([
            "GET /rpc HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *fields]) + "\r\n\r\n")
        self.answer = Answer(self.line)
        if self.answer.status == 101:
            want = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            assert self.answer.fields["sec-websocket-accept"] == want.decode()

    def frame(self, opcode, payload, fin=True, mask=True):
        head = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if mask else 0
        if len(payload) < 126:
            head += bytes([bit | len(payload)])
        elif len(payload) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
        if mask:
            key = os.urandom(4)
            head += key
            payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
        self.line.send(head + payload)

    def put(self, text):
        self.frame(1, text.encode())

    def read(self):
        first, second = self.line.take(2)
        assert second & 0x80 == 0, "a server does not mask"
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.line.take(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.line.take(8))[0]
        return first & 0x0F, self.line.take(length)

    def get(self):
        opcode, payload = self.read()
        assert opcode == 1, (opcode, payload)
        return payload

    def closes_with(self):
        while True:
            opcode, payload = self.read()
            if opcode == 8:
                return struct.unpack(">H", payload[:2])[0]


# -- tests

failed = 0


def check(name, function):
    global failed
    begun = time.monotonic()
    try:
        function()
        print(f"ok {name}  # {time.monotonic() - begun:.1f} s", flush=True)
    except Exception as problem:  # every kind of trouble is a failed test
        failed += 1
        print(f"not ok {name}\n    {type(problem).__name__}: {problem}", flush=True)
