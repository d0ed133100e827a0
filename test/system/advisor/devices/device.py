#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A device that shares nothing with Limpet: OpenSSL through Python, MQTT 3.1.1 by hand.

Without arguments it does everything right. Each argument is one thing that it does wrong.
Where to go is in LIMPET_ADVISOR_*, as `limpet advisor run --device-command` sets it.
"""
import json
import os
import random
import socket
import ssl
import struct
import sys
import time

BAD = set(sys.argv[1:])
HOST, PORT = os.environ["LIMPET_ADVISOR_HOST"], int(os.environ["LIMPET_ADVISOR_PORT"])
THING = os.environ["LIMPET_ADVISOR_THING"]
PERSISTENT = os.environ["LIMPET_ADVISOR_PERSISTENT"] == "1" and "clean" not in BAD
KEEP_ALIVE, CONNACK_S, RETRY_S = 2, 0.7, 0.7
BASE_S, MAX_S, BUFFER = 0.2, 2.0, 4096
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME
SHADOW, JOBS = f"$aws/things/{THING}/shadow/", f"$aws/things/{THING}/jobs/"


class Gone(Exception):
    pass


def context():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(os.environ["LIMPET_ADVISOR_CA"])
    if "no-cert" not in BAD:
        c.load_cert_chain(os.environ["LIMPET_ADVISOR_CERT"], os.environ["LIMPET_ADVISOR_KEY"])
    c.set_ciphers("ECDHE+AESGCM")
    if "any-name" in BAD or "any-ca" in BAD:
        c.check_hostname = False
    if "any-ca" in BAD:
        c.verify_mode = ssl.CERT_NONE
    if "any-date" in BAD:
        c.verify_flags |= NO_CHECK_TIME
    if "odd-suites" in BAD:
        c.maximum_version = ssl.TLSVersion.TLSv1_2
        c.set_ciphers("DHE-RSA-AES128-GCM-SHA256")
    if "more-suites" in BAD:
        c.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    if "old-suites" in BAD:
        c.maximum_version = ssl.TLSVersion.TLSv1_2
        c.set_ciphers("ECDHE-RSA-AES128-SHA256")
    return c


class Tls:
    """TLS through memory, so that a small buffer and a swallowed alert can be had."""

    def __init__(self):
        self.sock = socket.create_connection((HOST, PORT), timeout=5)
        self.inp, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = CONTEXT.wrap_bio(self.inp, self.out, server_hostname=HOST)
        self.tail = b""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.push()
                self.pull(5)
            except ssl.SSLError as e:
                if "no-alert" not in BAD:
                    self.push()
                raise Gone(str(e)) from e
        self.push()

    def push(self):
        data = self.out.read()
        if data:
            try:
                self.sock.sendall(data)
            except OSError as e:
                raise Gone(str(e)) from e

    def pull(self, seconds):
        self.sock.settimeout(max(seconds, 0.01))
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, socket.timeout):
            return
        except OSError as e:
            raise Gone(str(e)) from e
        if not data:
            raise Gone("closed")
        self.check_records(data)
        self.inp.write(data)

    def check_records(self, data):
        self.tail += data
        while len(self.tail) >= 5:
            length = struct.unpack("!H", self.tail[3:5])[0]
            if "small-buffer" in BAD and length > BUFFER:
                raise Gone("record too large")
            if len(self.tail) < 5 + length:
                break
            self.tail = self.tail[5 + length:]

    def send(self, data):
        self.tls.write(data)
        self.push()

    def receive(self, seconds):
        for is_last in (False, True):
            try:
                data = self.tls.read(65536)
                if not data:
                    raise Gone("close_notify")
                return data
            except ssl.SSLWantReadError:
                if not is_last:
                    self.pull(seconds)
            except ssl.SSLError as e:
                raise Gone(str(e)) from e
        return b""

    def close(self):
        self.sock.close()


def text(s):
    b = s.encode()
    return struct.pack("!H", len(b)) + b


def packet(first, body):
    n, length = len(body), b""
    while True:
        length += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if n == 0:
            return bytes([first]) + length + body


class Session:
    """What outlives a connection."""
    next_id, unacked, has_subscribed, state = 1, {}, False, {"power": "on"}


S = Session()


def new_id():
    S.next_id += 1
    return S.next_id


class Connection:
    def __init__(self):
        self.tls = Tls()
        self.buf = b""
        self.last_sent = self.ping_due = time.monotonic()
        self.ping_sent = 0.0
        self.sub = None  # (id, packet, due)
        self.is_up = False

    def send(self, data):
        self.last_sent = time.monotonic()
        self.tls.send(data)

    def login(self):
        flags = 0 if PERSISTENT else 2
        flags |= 1 if "bad-connect" in BAD else 0
        keep = 0 if "no-keep-alive" in BAD else KEEP_ALIVE
        name = "MQIsdp" if "old-name" in BAD else "MQTT"
        self.send(packet(0x10, text(name) + bytes([4, flags]) + struct.pack("!H", keep) + text(THING)))

    def subscribe(self, packet_id):
        body = struct.pack("!H", packet_id)
        for topic in ("advisor/trigger", SHADOW + "update/delta", JOBS + "notify-next"):
            body += text(topic) + bytes([0 if "qos0-only" in BAD else 1])
        self.sub = (packet_id, body, time.monotonic() + RETRY_S)
        self.send(packet(0x82, body))

    def publish(self, topic, payload, qos=1, packet_id=None, dup=False):
        body = text(topic)
        if qos:
            packet_id = packet_id or new_id()
            S.unacked[packet_id] = (topic, payload, time.monotonic() + RETRY_S)
            body += struct.pack("!H", packet_id)
        self.send(packet(0x30 | qos << 1 | (8 if dup else 0), body + payload.encode()))

    def on_connack(self, present):
        self.is_up = True
        forgets = "no-resubscribe" in BAD and S.has_subscribed
        if ("resubscribe" in BAD or not present) and "no-subscribe" not in BAD and not forgets:
            self.subscribe(new_id())
        if "no-publish" not in BAD:
            self.publish("advisor/hello", "hello", 1 if "qos1-only" in BAD else 0)
            self.publish("advisor/important", "important")
        if "no-shadow" not in BAD:
            self.report()

    def report(self):
        member = "desired" if "wrong-member" in BAD else "reported"
        self.publish(SHADOW + "update", json.dumps({"state": {member: S.state}}))

    def on_message(self, topic, payload):
        try:
            document = json.loads(payload)
        except ValueError:
            return
        if topic == SHADOW + "update/delta" and "ignore-delta" not in BAD:
            S.state.update(document["state"])
            self.report()
        execution = document.get("execution") if topic == JOBS + "notify-next" else None
        if execution and execution["status"] == "QUEUED" and "ignore-job" not in BAD:
            end = "FAILED" if "job-fails" in BAD else "SUCCEEDED"
            for status in ("IN_PROGRESS",) if "job-hangs" in BAD else ("IN_PROGRESS", end):
                self.publish(f"{JOBS}{execution['jobId']}/update", json.dumps({"status": status}))

    def on_publish(self, first, body):
        n = struct.unpack("!H", body[:2])[0]
        topic, rest = body[2:2 + n].decode(), body[2 + n:]
        if first >> 1 & 3:
            packet_id = struct.unpack("!H", rest[:2])[0]
            rest = rest[2:]
            if "wrong-puback" in BAD:
                self.send(packet(0x40, struct.pack("!H", packet_id + 100)))
            elif "no-puback" not in BAD:
                self.send(packet(0x40, struct.pack("!H", packet_id)))
        self.on_message(topic, rest)

    def on_packet(self, first, body):
        kind = first >> 4
        if kind == 2:
            self.on_connack(body[0] & 1)
        elif kind == 3:
            self.on_publish(first, body)
        elif kind == 4:
            S.unacked.pop(struct.unpack("!H", body)[0], None)
        elif kind == 9:
            self.sub = None
            S.has_subscribed = True
        elif kind == 13:
            self.ping_sent = 0.0

    def packets(self):
        while len(self.buf) >= 2:
            length, at, shift = 0, 1, 0
            while True:
                if at == len(self.buf):
                    return
                byte = self.buf[at]
                length |= (byte & 127) << shift
                at, shift = at + 1, shift + 7
                if byte < 128:
                    break
            if len(self.buf) < at + length:
                return
            first, body = self.buf[0], self.buf[at:at + length]
            self.buf = self.buf[at + length:]
            self.on_packet(first, body)

    def retry(self, now):
        if "no-retry" in BAD:
            return
        if self.sub and now > self.sub[2]:
            if "leave" in BAD:
                raise Gone("no SUBACK")
            packet_id, body, _ = self.sub
            packet_id = new_id() if "new-id" in BAD else packet_id
            self.sub = (packet_id, body, now + RETRY_S)
            self.send(packet(0x82, struct.pack("!H", packet_id) + body[2:]))
        for packet_id, (topic, payload, due) in list(S.unacked.items()):
            if now > due:
                if "leave" in BAD:
                    raise Gone("no PUBACK")
                if "new-id" in BAD:
                    del S.unacked[packet_id]
                    packet_id = None
                self.publish(topic, payload, 1, packet_id, "no-dup" not in BAD)

    def ping(self, now):
        if "no-ping" in BAD or "no-keep-alive" in BAD:
            return
        if self.ping_sent and now - self.ping_sent > KEEP_ALIVE and "patient" not in BAD:
            raise Gone("no PINGRESP")
        if not self.ping_sent and now - self.ping_due > KEEP_ALIVE / 2:
            self.ping_sent = self.ping_due = now
            self.send(b"\xc0\x00")

    def run(self):
        self.login()
        started = time.monotonic()
        while True:
            data = self.tls.receive(0.05)
            self.buf += data
            self.packets()
            now = time.monotonic()
            if not self.is_up and now - started > CONNACK_S and "wait-forever" not in BAD:
                raise Gone("no CONNACK")
            if self.is_up:
                self.retry(now)
                self.ping(now)


def wait(tries):
    if "constant" in BAD:
        return 0.6
    if "linear" in BAD:
        return 0.5 * (tries + 1)
    if "exponential" in BAD:
        return 0.3 * 2 ** tries
    full = min(MAX_S, BASE_S * 2 ** tries)
    if "random" in BAD:
        return (0.9, 0.2, 0.7, 0.5, 0.3, 0.8)[tries % 6]
    return full * random.uniform(0.55, 1.0) if tries % 2 else full * random.uniform(0.2, 0.6)


CONTEXT = context()
TRIES = 0
while True:
    connection = None
    try:
        connection = Connection()
        connection.run()
    except (Gone, OSError) as gone:
        print(gone, file=sys.stderr)
    if connection:
        connection.tls.close()
    time.sleep(wait(TRIES) * float(os.environ.get("DEVICE_SLOWNESS", "1")))
    TRIES = 0 if "resets" in BAD else TRIES + 1
