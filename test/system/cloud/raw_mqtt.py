# SPDX-License-Identifier: Apache-2.0
"""MQTT as bytes on a TLS socket: packets that no client library would send, and answers as they are."""
import contextlib
import json
import os
import socket
import ssl
import struct
import sys
import time

CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 11, 13, 14
PATIENCE_S = 10  # for what must come
QUIET_S = 0.4  # for what must not come


def binary(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">H", len(data)) + data


def varint(n):
    out = b""
    while True:
        n, low = n >> 7, n & 0x7F
        out += bytes([low | (0x80 if n else 0)])
        if not n:
            return out


def packet(first, body=b""):
    return bytes([first]) + varint(len(body)) + body


def properties(props):
    return varint(len(props)) + props


class Closed(Exception):
    """The other side ended the connection."""


class Cloud:
    """A running cloud and the devices that the script made for it."""

    def __init__(self, folder, work):
        self.folder, self.work = folder, work
        with open(os.path.join(folder, "cloud.json"), encoding="utf-8") as f:
            self.info = json.load(f)

    def tls(self, name="lamp", port="portMqtt", sni="localhost", version=None, alpn=None, session=None, context=None):
        if context is None:
            context = self.context(name, version, alpn)
        context.check_hostname = sni is not None
        raw = socket.create_connection(("127.0.0.1", self.info[port]), timeout=PATIENCE_S)
        try:
            return context.wrap_socket(raw, server_hostname=sni, session=session)
        except (ssl.SSLError, OSError):
            raw.close()
            raise

    def context(self, name="lamp", version=None, alpn=None):
        context = ssl.create_default_context(cafile=os.path.join(self.folder, "ca.pem"))
        if name is not None:
            context.load_cert_chain(os.path.join(self.work, name + ".pem"), os.path.join(self.work, name + ".key"))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if alpn is not None:
            context.set_alpn_protocols(alpn)
        return context


class Client:
    """One connection. connect() sends CONNECT and returns the CONNACK's code."""

    def __init__(self, sock, v=4):
        self.sock, self.v, self.buffer = sock, v, b""
        self.props = b""

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ssl.SSLError) as e:
            raise Closed(str(e)) from e

    def read(self, timeout=PATIENCE_S):
        """The next packet as (type, flags, body); None: nothing came in time."""
        end = time.monotonic() + timeout
        while True:
            got = self._cut()
            if got:
                return got
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                return None
            except (OSError, ssl.SSLError) as e:
                raise Closed(str(e)) from e
            if not data:
                raise Closed("end of stream")
            self.buffer += data

    def _cut(self):
        length, shift, at = 0, 0, 1
        while at < len(self.buffer):
            byte = self.buffer[at]
            length |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not byte & 0x80:
                if len(self.buffer) < at + length:
                    return None
                first, body = self.buffer[0], self.buffer[at : at + length]
                self.buffer = self.buffer[at + length :]
                return first >> 4, first & 15, body
        return None

    def connect(self, client_id="lamp", clean=True, keep_alive=60, will=None, props=b"", level=None, name="MQTT", flags=0):
        flags |= 2 if clean else 0
        body = binary(client_id)
        if will is not None:
            topic, payload, qos = will
            flags |= 4 | qos << 3
            body += (properties(b"") if self.v == 5 else b"") + binary(topic) + binary(payload)
        head = binary(name) + bytes([level or self.v, flags]) + struct.pack(">H", keep_alive)
        self.send(packet(0x10, head + (properties(props) if self.v == 5 else b"") + body))
        return self.connack()

    def connack(self):
        kind, _, body = self.read()
        assert kind == CONNACK, kind
        self.session_present = body[0] & 1
        self.props = body[3:] if self.v == 5 else b""
        return body[1]

    def publish_packet(self, topic, payload=b"", qos=0, retain=False, mid=1, props=b""):
        body = binary(topic) + (struct.pack(">H", mid) if qos else b"")
        body += properties(props) if self.v == 5 else b""
        return packet(0x30 | qos << 1 | int(retain), body + (payload.encode() if isinstance(payload, str) else payload))

    def publish(self, *args, **kwargs):
        self.send(self.publish_packet(*args, **kwargs))

    def subscribe(self, *filters, qos=1, mid=9, props=b""):
        body = struct.pack(">H", mid) + (properties(props) if self.v == 5 else b"")
        for name in filters:
            body += binary(name) + bytes([qos])
        self.send(packet(0x82, body))

    def unsubscribe(self, *filters, mid=10):
        body = struct.pack(">H", mid) + (properties(b"") if self.v == 5 else b"")
        self.send(packet(0xA2, body + b"".join(binary(f) for f in filters)))

    def expect(self, kind):
        """The next packet, which is of this kind."""
        got = self.read()
        assert got is not None and got[0] == kind, f"expected type {kind}, got {got}"
        return got[2]

    def message(self, timeout=PATIENCE_S):
        """The next message as (topic, payload, retained) or None; acknowledges it."""
        got = self.read(timeout)
        if got is None:
            return None
        kind, flags, body = got
        assert kind == PUBLISH, got
        n = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2 : 2 + n].decode(), body[2 + n :]
        if flags & 6:
            self.send(packet(0x40, rest[:2]))
            rest = rest[2:]
        if self.v == 5:
            assert rest[0] < 128
            rest = rest[1 + rest[0] :]
        return topic, rest.decode(), bool(flags & 1)

    def goodbye(self):
        self.send(packet(0xE0))
        self.close()

    def ended(self):
        """The connection ends; the reason of the DISCONNECT that came before it, or None."""
        reason = None
        try:
            while True:
                got = self.read()
                assert got is not None, "the connection is still there"
                if got[0] == DISCONNECT:
                    reason = got[2][0] if got[2] else 0
        except Closed:
            return reason


def run(tests, *args):
    """Prints ok or not ok for each and exits like the script that called."""
    failed = 0
    for name, test in tests:
        try:
            test(*args)
            print(f"ok {name}", flush=True)
        except Exception as e:  # whatever it is, it is told
            failed += 1
            print(f"not ok {name}\n    {type(e).__name__}: {e}", flush=True)
    sys.exit(1 if failed else 0)
