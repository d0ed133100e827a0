# SPDX-License-Identifier: Apache-2.0
"""Devices that publish with QoS 1 while parts of the cluster die, and a look into the stream afterwards.

  nats_load.py ports COUNT                          free ports, one a line
  nats_load.py leader NATS-PORT STREAM              the name of the stream's leader
  nats_load.py limit NATS-PORT STREAM MESSAGES|none it takes no more than it has now and so many
  nats_load.py healthy NATS-PORT... STREAM          ends well when the stream has all its copies
  nats_load.py load FOLDER WORK PORT-A PORT-B       publishes until there is WORK/enough; each has to be acknowledged
  nats_load.py refused NATS-PORT USER               ends well when a client with this certificate (or "") gets no answer
  nats_load.py denied NATS-PORT USER SUBJECT        ends well when this user may not publish there
  nats_load.py route NODE-PORT USER                 ends well when a node with this certificate is welcome
  nats_load.py ask FOLDER WORK NAME PORT CLIENT-ID TOPIC PAYLOAD
                                                    publishes, and prints what comes on TOPIC/accepted
  nats_load.py plain PORT-FILE HEARD                a server without TLS for one connection; says what it heard
  nats_load.py seed FILE                            an NKey of a user: FILE.seed and FILE.public
  nats_load.py creds FILE                           a user by JWT: FILE.creds, and FILE.conf for the server
  nats_load.py verify WORK NATS-PORT STREAM PREFIX  compares what was acknowledged, stored and received
"""
import base64
import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time

import raw_mqtt
from raw_mqtt import Client, Closed, binary, packet

PUBLISHERS = 4
WINDOW = 25
PACE_S = 0.02  # the front lets 100 a second through
UNANSWERED_S = 5  # then the connection is made anew, and all that is open is sent again
PATIENCE_S = 240


def read_line(sock):
    """No byte more, since TLS begins behind it."""
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            raise OSError("the server went away")
        line += byte
    return line


def user_context(name):
    work = os.environ["LIMPET_TEST_NATS"]
    context = ssl.create_default_context(cafile=os.path.join(work, "nodes-ca.pem"))
    if name:
        context.load_cert_chain(os.path.join(work, name + ".pem"), os.path.join(work, name + ".key"))
    return context


class Nats:
    """Just enough of NATS' protocol of lines to ask JetStream something."""

    def __init__(self, port, user="watcher"):
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.greeting = read_line(raw)
        self.sock = user_context(user).wrap_socket(raw, server_hostname="localhost")
        self.file = self.sock.makefile("rb")
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


def limit(port, stream, more):
    nats = Nats(port)
    info = nats.info(stream)
    most = -1 if more == "none" else info["state"]["messages"] + int(more)
    config = info["config"] | {"max_msgs": most, "discard": "old" if more == "none" else "new"}
    answer = nats.ask(f"$JS.API.STREAM.UPDATE.{stream}", json.dumps(config))
    sys.exit(str(answer["error"]) if "error" in answer else 0)


def talk(port, user, line):
    """What a server says to a client: lines until PONG, or an error."""
    nats = Nats(port, user)
    nats.sock.settimeout(10)
    nats.sock.sendall(line.encode() + b"PING\r\n")
    said = b""
    while b"PONG" not in said and b"-ERR" not in said:
        got = nats.file.readline()
        if not got:
            raise OSError("the server went away")
        said += got
    return said


def refused(port, user):
    try:
        said = talk(port, user, "")
    except (OSError, ssl.SSLError) as e:
        print(repr(e))
        return
    if b"PONG" in said:
        sys.exit(f"the server answers: {said}")


def denied(port, user, subject):
    said = talk(port, user, f"PUB {subject} 0\r\n\r\n")
    print(said)
    sys.exit(0 if b"Permissions Violation" in said else 1)


def route(port, user):
    """Between nodes TLS comes before everything else."""
    try:
        raw = socket.create_connection(("127.0.0.1", port), timeout=10)
        said = read_line(user_context(user).wrap_socket(raw, server_hostname="localhost"))
    except (OSError, ssl.SSLError) as e:
        sys.exit(repr(e))
    print(said)
    sys.exit(0 if said.startswith(b"INFO") else 1)


def ask(folder, work, name, port, client_id, topic, payload):
    cloud = raw_mqtt.Cloud(folder, work)
    client = connect(cloud, cloud.context(name), client_id, port)
    client.send(packet(0x32, binary(topic) + b"\0\1" + payload.encode()))
    while got := client.read(20):
        end = 2 + int.from_bytes(got[2][:2], "big")
        if got[0] == raw_mqtt.PUBLISH and got[2][2:end].decode().startswith(topic + "/"):
            text = got[2][end:].decode()
            print(text)
            sys.exit(0 if got[2][2:end].decode() == topic + "/accepted" else f"rejected: {text}")
    sys.exit("no answer")


def plain(port_file, heard):
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(30)
    with open(port_file, "w", encoding="utf-8") as f:
        f.write(str(server.getsockname()[1]))
    sock, _ = server.accept()
    info = {"server_id": "x", "version": "2.9.10", "proto": 1, "host": "127.0.0.1", "headers": True, "max_payload": 1048576}
    sock.sendall(b"INFO " + json.dumps(info).encode() + b"\r\n")
    sock.settimeout(10)
    got = b""
    with contextlib.suppress(OSError):
        while chunk := sock.recv(4096):
            got += chunk
    with open(heard, "w", encoding="utf-8") as f:
        f.write(f"connections: 1, bytes: {len(got)}")


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc.to_bytes(2, "little")


def write_secret(path, text):
    with open(path, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write(text)


class NKey:
    """An Ed25519 key as NATS writes it."""

    KINDS = {"operator": 14 << 3, "account": 0, "user": 20 << 3}

    def __init__(self, work, kind, name=None):
        self.pem = os.path.join(work, f"nkey-{name or kind}.pem")
        write_secret(self.pem, self.openssl("genpkey", "-algorithm", "ed25519").decode())
        raw = self.openssl("pkey", "-in", self.pem, "-outform", "DER")[-32:]
        public = self.openssl("pkey", "-in", self.pem, "-pubout", "-outform", "DER")[-32:]
        prefix = self.KINDS[kind]
        self.seed = self.encode(bytes([18 << 3 | prefix >> 5, prefix << 3 & 0xFF]) + raw)
        self.public = self.encode(bytes([prefix]) + public)

    @staticmethod
    def openssl(*args, data=None):
        return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout

    @staticmethod
    def encode(data):
        return base64.b32encode(data + crc16(data)).decode().rstrip("=")

    def jwt(self, kind, subject, more):
        """Says of `subject` that it is a `kind`, signed by this key."""
        claims = {"jti": kind, "iat": int(time.time()), "iss": self.public, "name": kind, "sub": subject.public}
        claims["nats"] = {"type": kind, "version": 2, **more}
        text = b".".join(map(base64url, ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)))
        with open(self.pem + ".text", "wb") as f:
            f.write(text)
        signature = self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.pem, "-in", self.pem + ".text")
        return (text + b"." + base64url(signature)).decode()


def base64url(data):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def seed(path):
    key = NKey(os.path.dirname(path), "user")
    write_secret(path + ".seed", key.seed + "\n")
    write_secret(path + ".public", key.public + "\n")


def creds(path):
    operator, account, user = (NKey(os.path.dirname(path), kind) for kind in NKey.KINDS)
    system = NKey(os.path.dirname(path), "account", "system")
    some = dict.fromkeys("subs data payload imports exports conn leaf".split(), -1) | {"wildcards": True}
    storage = dict.fromkeys("mem_storage disk_storage streams consumer".split(), -1)
    limits = {account: {"limits": some | storage}, system: {"limits": some}}
    accounts = (f"{a.public}: {operator.jwt('account', a, limits[a])}" for a in limits)
    user_jwt = account.jwt("user", user, dict.fromkeys(["subs", "data", "payload"], -1))
    write_secret(
        path + ".conf",
        f"operator: {operator.jwt('operator', operator, {})}\nresolver: MEMORY\n"
        f"system_account: {system.public}\nresolver_preload: {{ {', '.join(accounts)} }}\n",
    )
    write_secret(
        path + ".creds",
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n",
    )


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
        self.enough = os.path.join(work, "enough")

    def is_enough(self):
        return os.path.exists(self.enough)

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
    def __init__(self, cloud, ledger, me, ports):
        super().__init__()
        self.cloud, self.ledger, self.me, self.ports = cloud, ledger, me, ports
        self.number = me
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
        if len(self.open) < WINDOW and not self.ledger.is_enough():
            number, self.number = self.number, self.number + PUBLISHERS
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
            while self.open or not self.ledger.is_enough():
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


def load(folder, work, port_a, port_b):
    cloud = raw_mqtt.Cloud(folder, work)
    ledger = Ledger(work)
    listener = Listener(cloud, ledger, port_b)
    listener.start()
    publishers = [Publisher(cloud, ledger, i, (port_a, port_b)) for i in range(PUBLISHERS)]
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
    sys.exit(1 if faults or len(acked) != len(ledger.sent) else 0)


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
    """Ports that the system gives to nobody by itself: those begin at 32768."""
    sockets = []
    while len(sockets) < count:
        try:
            sockets.append(socket.create_server(("127.0.0.1", random.randrange(18000, 32000))))
        except OSError:
            continue
    print("\n".join(str(s.getsockname()[1]) for s in sockets))


def main(what, *args):
    if what == "ports":
        free_ports(int(args[0]))
    elif what == "leader":
        print(Nats(int(args[0])).info(args[1])["cluster"]["leader"])
    elif what == "healthy":
        healthy([int(p) for p in args[:-1]], args[-1])
    elif what == "limit":
        limit(int(args[0]), args[1], args[2])
    elif what == "refused":
        refused(int(args[0]), args[1])
    elif what == "denied":
        denied(int(args[0]), args[1], args[2])
    elif what == "route":
        route(int(args[0]), args[1])
    elif what == "ask":
        ask(args[0], args[1], args[2], int(args[3]), *args[4:])
    elif what == "plain":
        plain(args[0], args[1])
    elif what == "seed":
        seed(args[0])
    elif what == "creds":
        creds(args[0])
    elif what == "load":
        load(args[0], args[1], int(args[2]), int(args[3]))
    else:
        verify(args[0], int(args[1]), args[2], args[3])


if __name__ == "__main__":
    main(*sys.argv[1:])
