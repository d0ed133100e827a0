# SPDX-License-Identifier: Apache-2.0
"""servers.py DIR: web servers, good and hostile, for test/system/network/http. Writes DIR/ports (JSON). DIR has server.pem
and server.key, and other.pem, whose name is another's."""
import hashlib
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time

DIR = sys.argv[1]
OK = b"HTTP/1.1 200 OK\r\n"


class Handler(http.server.BaseHTTPRequestHandler):
    """What servers do when all is well."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                assert self.rfile.readline() == b"\r\n"
            assert self.rfile.readline() == b"\r\n"
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def answer(self, data, status=200, fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do(self):
        data = self.body()
        path, _, query = self.path.partition("?")
        what = path.split("/")[1]
        seen = [("X-Seen", f"{self.command} {self.path} {self.headers.get('Host')} {self.headers.get('X-Secret', '-')} {len(data)}")]
        if what == "echo":
            self.answer(data or b"nothing", fields=seen)
        elif what == "hash":
            self.answer(hashlib.sha256(data).hexdigest().encode(), fields=seen)
        elif what == "big":
            self.answer(b"0123456789" * (int(query) // 10), fields=seen)
        elif what == "chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for i in range(int(query)):
                piece = str(i % 10).encode() * (1 + i % 700)
                self.wfile.write(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        elif what == "reading":  # what courier posts is kept, a line each
            with open(os.path.join(DIR, "readings"), "ab") as file:
                file.write(b"%d %s\n" % (self.connection.getsockname()[1], data))
            time.sleep(float(query or 0))
            self.answer(b"taken")
        elif what == "status":
            status = int(query)
            self.send_response(status)
            if status not in (204, 304):
                self.send_header("Content-Length", "2")
            self.end_headers()
            if status not in (204, 304) and self.command != "HEAD":
                self.wfile.write(b"ok")
        elif what == "to":
            status, _, place = query.partition(",")
            self.answer(b"moved", int(status), [("Location", place)])
        elif what == "round":
            self.answer(b"", 302, [("Location", "/round?" + str(int(query or 0) + 1))])
        else:
            self.answer(b"not here", 404, seen)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do


def context(pem):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(os.path.join(DIR, pem), os.path.join(DIR, "server.key"))
    return c


def serve(tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def drip(s):
    for byte in OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 100:
        s.sendall(bytes([byte]))
        time.sleep(0.2)


def endless(s, part):
    s.sendall(OK)
    for _ in range(100000):
        s.sendall(part)


# A name, and the bytes of an answer, or what is done.
HOSTILE = {
    "cut": OK + b"Content-Length: 10\r\n\r\nhalf",
    "cut-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\nhalf",
    "two-lengths": OK + b"Content-Length: 2\r\nContent-Length: 50\r\n\r\nok",
    "length-and-chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "negative": OK + b"Content-Length: -2\r\n\r\nok",
    "huge": OK + b"Content-Length: 99999999999999999999\r\n\r\nok",
    "huge-chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nok",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "folded": OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "nul": OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok",
    "garbage": os.urandom(3000),
    "http2": b"\0\0\x12\x04\0\0\0\0\0" + b"\0" * 40,
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "silence": lambda s: time.sleep(60),
    "drip": drip,
    "fields-without-end": lambda s: endless(s, b"X: y\r\n"),
    "field-without-end": lambda s: endless(s, b"a" * 100),
    "interim-without-end": lambda s: [s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n") for _ in range(10000)],
    "body-without-end": lambda s: endless(s, b"\r\n" + b"x" * 1000),
    "nothing": b"",
    # a response, and one more that nobody asked for
    "extra": OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 4\r\n\r\nevil",
    # closed after each answer without saying so
    "forgetful": OK + b"Content-Length: 2\r\n\r\nok",
    "long-line": OK + b"X: " + b"y" * 65536 + b"\r\nContent-Length: 2\r\n\r\nok",
}
# These over TLS as well, as "tls-NAME".
ALSO_SECURE = ("cut", "nothing", "two-lengths", "fields-without-end", "body-without-end", "long-line", "drip", "garbage")


def hostile(name, what, tls=None):
    listener = socket.create_server(("127.0.0.1", 0))

    def one(s):
        try:
            s = tls.wrap_socket(s, server_side=True) if tls else s
            s.recv(65536)
            what(s) if callable(what) else s.sendall(what)
            if name == "forgetful":
                time.sleep(0.3)
            s.shutdown(socket.SHUT_WR)  # TLS does not say goodbye
            while name not in ("forgetful",) and s.recv(65536):
                pass
        except OSError:
            pass
        s.close()

    def run():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    return listener.getsockname()[1]


ports = {"http": serve(), "https": serve(context("server.pem")), "other": serve(context("other.pem"))}
ports |= {name: hostile(name, what) for name, what in HOSTILE.items()}
ports |= {"tls-" + name: hostile(name, HOSTILE[name], context("server.pem")) for name in ALSO_SECURE}
with open(os.path.join(DIR, "ports.new"), "w") as file:
    json.dump(ports, file)
os.rename(os.path.join(DIR, "ports.new"), os.path.join(DIR, "ports"))
threading.Event().wait()
