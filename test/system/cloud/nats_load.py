# SPDX-License-Identifier: Apache-2.0
"""Devices that publish with QoS 1 while parts of the cluster die, and a look into the stream afterwards.

  nats_load.py ports COUNT                          free ports, one a line
  nats_load.py leader NATS-PORT STREAM              the name of the stream's leader
  nats_load.py healthy NATS-PORT... STREAM          ends well when the stream has all its copies
  nats_load.py load FOLDER WORK COUNT PORT-A PORT-B publishes COUNT messages; each has to be acknowledged
  nats_load.py verify WORK NATS-PORT STREAM PREFIX  compares what was acknowledged, stored and received
"""
import base64
import contextlib
import json
import os
import socket
import ssl
import sys
import threading
import time

import raw_mqtt
from raw_mqtt import Client, Closed, binary, packet

PUBLISHERS = 4
WINDOW = 25
PACE_S = 0.011  # the front lets 100 a second through
UNANSWERED_S = 5  # then the connection is made anew, and all that is open is sent again
PATIENCE_S = 240


class Nats:
    """Just enough of NATS' protocol of lines to ask JetStream something."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.sock.makefile("rb")
        self.file.readline()  # INFO
        self.inbox = f"_INBOX.test{os.getpid()}"
        self.sock.sendall(f'CONNECT {{"verbose":false,"pedantic":false}}\r\nSUB {self.inbox} 1\r\n'.encode())

    def ask(self, subject, body=""):
        self.sock.sendall(f"PUB {subject} {self.inbox} {len(body)}\r\n{body}\r\n".encode())
        while True:
            words = self.file.readline().split()
            if not words:
                raise OSError("the server went away")
            if words[0] == b"PING":
                self.sock.sendall(b"PONG\r\n")
            elif words[0] == b"MSG":
                data = self.file.read(int(words[-1]))
                self.file.readline()
                return json.loads(data)

    def info(self, stream):
        return self.ask(f"$JS.API.STREAM.INFO.{stream}")


def healthy(ports, stream):
    for port in ports:
        info = Nats(port).info(stream)
        replicas = info["cluster"]["replicas"]
        if len(replicas) != 2 or not all(r["current"] and not r.get("offline") for r in replicas):
            sys.exit(f"not yet: {info['cluster']}")


class Ledger:
    """What all devices together sent and had acknowledged."""

    def __init__(self, work):
        self.lock = threading.Lock()
        self.sent, self.acked, self.received, self.retries = {}, {}, set(), 0
        self.path = os.path.join(work, "progress")

    def note(self, number, message):
        with self.lock:
            self.acked[number] = message
            count = len(self.acked)
            if count % 20 == 0:
                with open(self.path + ".new", "w", encoding="utf-8") as f:
                    f.write(str(count))
                os.replace(self.path + ".new", self.path)


def connect(cloud, context, name, port):
    """A connection that CONNACK said yes to, or None."""
    try:
        raw = socket.create_connection(("127.0.0.1", port), timeout=5)
        sock = context.wrap_socket(raw, server_hostname="localhost")
        client = Client(sock)
        client.send(packet(0x10, binary("MQTT") + bytes([4, 2, 0, 60]) + binary(name)))
        got = client.read(10)
        return client if got and got[0] == raw_mqtt.CONNACK and got[2][1] == 0 else None
    except (OSError, ssl.SSLError, Closed):
        return None


class Publisher(threading.Thread):
    def __init__(self, cloud, ledger, me, count, ports):
        super().__init__()
        self.cloud, self.ledger, self.me, self.ports = cloud, ledger, me, ports
        self.todo = list(range(me, count, PUBLISHERS))
        self.open = {}  # packet id: (number, message)
        self.context = cloud.context("load")
        self.client, self.tries, self.next_id = None, 0, 0
        self.fault = None

    def message(self, number):
        topic = f"load/pub{self.me}/level {number % 5}.x"
        return topic, f"{number}:{base64.b64encode(os.urandom(24 + number % 300)).decode()}"

    def publish(self, packet_id, message, dup):
        topic, payload = message
        self.client.send(
            packet(0x3A if dup else 0x32, binary(topic) + packet_id.to_bytes(2, "big") + payload.encode())
        )

    def reconnect(self):
        if self.client:
            self.client.close()
        self.client = None
        while self.client is None:
            if time.monotonic() > self.end:
                raise TimeoutError("no gateway lets it in")
            port = self.ports[self.tries % len(self.ports)]
            self.client = connect(self.cloud, self.context, f"load-{self.me}", port)
            if self.client is None:
                self.tries += 1
                time.sleep(0.2)
        for packet_id, (_, message) in list(self.open.items()):
            with self.ledger.lock:
                self.ledger.retries += 1
            self.publish(packet_id, message, True)
            time.sleep(PACE_S)
        self.heard = time.monotonic()

    def hear(self, timeout):
        got = self.client.read(timeout)
        if got and got[0] == raw_mqtt.PUBACK:
            self.heard = time.monotonic()
            done = self.open.pop(int.from_bytes(got[2][:2], "big"), None)
            if done:
                self.ledger.note(*done)
        elif time.monotonic() - self.heard > UNANSWERED_S:
            raise Closed("no answer")

    def turn(self):
        if self.todo and len(self.open) < WINDOW:
            number = self.todo.pop(0)
            message = self.message(number)
            with self.ledger.lock:
                self.ledger.sent[number] = message
            self.next_id = self.next_id % 65535 + 1
            self.open[self.next_id] = (number, message)
            self.publish(self.next_id, message, False)
            self.hear(PACE_S)
        else:
            self.hear(0.2)

    def run(self):
        self.end = time.monotonic() + PATIENCE_S
        try:
            self.reconnect()
            while self.todo or self.open:
                if time.monotonic() > self.end:
                    raise TimeoutError(f"{len(self.open)} messages are not acknowledged")
                try:
                    self.turn()
                except Closed:
                    with contextlib.suppress(Closed):
                        self.reconnect()
            self.client.close()
        except Exception as e:  # pylint: disable=broad-except
            self.fault = repr(e)


class Listener(threading.Thread):
    """Subscribes at the gateway that stays."""

    def __init__(self, cloud, ledger, port):
        super().__init__(daemon=True)
        self.ledger = ledger
        self.client = connect(cloud, cloud.context("load"), "listener", port)
        self.client.send(packet(0x82, b"\0\1" + binary("load/#") + b"\1"))
        got = self.client.read(30)
        assert got and got[0] == raw_mqtt.SUBACK and got[2][2] == 1, got

    def run(self):
        with contextlib.suppress(Closed):
            while True:
                got = self.client.read(20)
                if got is None:
                    self.client.send(packet(0xC0))
                elif got[0] == raw_mqtt.PUBLISH:
                    body = got[2]
                    end = 2 + int.from_bytes(body[:2], "big")
                    self.client.send(packet(0x40, body[end : end + 2]))
                    with self.ledger.lock:
                        self.ledger.received.add((body[2:end].decode(), body[end + 2 :].decode()))


def load(folder, work, count, port_a, port_b):
    cloud = raw_mqtt.Cloud(folder, work)
    ledger = Ledger(work)
    listener = Listener(cloud, ledger, port_b)
    listener.start()
    publishers = [Publisher(cloud, ledger, i, count, (port_a, port_b)) for i in range(PUBLISHERS)]
    for p in publishers:
        p.start()
    for p in publishers:
        p.join()
    acked = {tuple(m) for m in ledger.acked.values()}
    end = time.monotonic() + 60
    while time.monotonic() < end and listener.is_alive() and not acked <= ledger.received:
        time.sleep(0.2)
    with open(os.path.join(work, "ledger.json"), "w", encoding="utf-8") as f:
        json.dump(
            {
                "sent": list(ledger.sent.values()),
                "acked": list(ledger.acked.values()),
                "received": list(ledger.received),
                "retries": ledger.retries,
            },
            f,
        )
    faults = [p.fault for p in publishers if p.fault]
    print(f"{len(ledger.sent)} sent, {len(acked)} acknowledged, {ledger.retries} sent again", faults)
    sys.exit(1 if faults or len(acked) != count else 0)


def topic_of(subject):
    """Written apart from the gateway: the topic of m.a.b%2Ec."""
    levels = []
    for token in subject.split(".")[1:]:
        out, at = "", 0
        while token != "%" and at < len(token):
            if token[at] == "%":
                out, at = out + chr(int(token[at + 1 : at + 3], 16)), at + 3
            else:
                out, at = out + token[at], at + 1
        levels.append(out)
    return "/".join(levels)


def stored(port, stream, prefix):
    nats = Nats(port)
    state = nats.info(stream)["state"]
    found = []
    for seq in range(state["first_seq"], state["last_seq"] + 1):
        got = nats.ask(f"$JS.API.STREAM.MSG.GET.{stream}", json.dumps({"seq": seq}))
        message = got.get("message")
        if message and message["subject"].startswith(prefix + "q1.m.load.pub"):
            found.append(
                (topic_of(message["subject"][len(prefix) + 3 :]), base64.b64decode(message.get("data", "")).decode())
            )
    return found


def verify(work, port, stream, prefix):
    with open(os.path.join(work, "ledger.json"), encoding="utf-8") as f:
        ledger = {k: {tuple(m) for m in v} if isinstance(v, list) else v for k, v in json.load(f).items()}
    found = stored(port, stream, prefix)
    kept = set(found)
    print(f"{len(found)} in the stream, {len(kept)} different ones, {len(ledger['received'])} received")
    faults = {
        "acknowledged and not stored": ledger["acked"] - kept,
        "stored and never sent": kept - ledger["sent"],
        "acknowledged and not delivered": ledger["acked"] - ledger["received"],
        "delivered and never sent": ledger["received"] - ledger["sent"],
    }
    for what, messages in faults.items():
        if messages:
            print(what, len(messages), sorted(messages)[:3])
    sys.exit(1 if any(faults.values()) or not ledger["acked"] else 0)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    print("\n".join(str(s.getsockname()[1]) for s in sockets))


def main(what, *args):
    if what == "ports":
        free_ports(int(args[0]))
    elif what == "leader":
        print(Nats(int(args[0])).info(args[1])["cluster"]["leader"])
    elif what == "healthy":
        healthy([int(p) for p in args[:-1]], args[-1])
    elif what == "load":
        load(args[0], args[1], int(args[2]), int(args[3]), int(args[4]))
    else:
        verify(args[0], int(args[1]), args[2], args[3])


if __name__ == "__main__":
    main(*sys.argv[1:])
