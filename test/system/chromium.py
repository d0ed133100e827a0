# SPDX-License-Identifier: Apache-2.0
# What tests with a real browser share: Chromium, a server of somebody else's pages, and a name that is pointed at our server once its
# page has come.
import http.server
import json
import os
import select
import socket
import subprocess
import threading

LIMIT_S = 60


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<!doctype html><title>kittens</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def attacker():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Rebound:
    """A server of the attacker whose name, once the page has come, is pointed at the board. The board sees the same as
    if DNS had changed: its own port, the attacker's name in Host, and an Origin that agrees with it."""

    def __init__(self, target):
        self.target = target
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.is_ours = True
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            line, _ = self.sock.accept()
            threading.Thread(target=self.answer, args=(line,), daemon=True).start()

    def answer(self, line):
        head = line.recv(65536)
        if not self.is_ours:
            self.relay(line, head)
            return
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\nkitten")
        line.close()

    def relay(self, line, head):
        board = socket.create_connection(("127.0.0.1", self.target))
        board.sendall(head)
        threading.Thread(target=self.pump, args=(board, line), daemon=True).start()
        self.pump(line, board)

    @staticmethod
    def pump(src, dst):
        try:
            while data := src.recv(65536):
                dst.sendall(data)
            dst.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Browser:
    """Chromium, told what to do through its debugging pipe: JSON, each message ended by a zero."""

    def __init__(self, profile, watched):
        """`watched`: what addresses have in them whose answers' statuses are to be kept."""
        to_r, self.to = os.pipe()
        self.back, back_w = os.pipe()
        argv = ["bash", "-c", f'exec "$@" 3<&{to_r} 4>&{back_w}', "bash", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                f"--user-data-dir={profile}", "--remote-debugging-pipe", "--disable-background-networking",
                "--disable-component-update", "--host-resolver-rules=MAP * 127.0.0.1, EXCLUDE 127.0.0.1",
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests", "about:blank"]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(to_r, back_w))
        os.close(to_r)
        os.close(back_w)
        self.ident, self.rest, self.session = 0, b"", None
        self.watched, self.calls, self.statuses = watched, set(), {}
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        self.ask("Page.enable")
        self.ask("Network.enable")

    def message(self):
        while b"\0" not in self.rest:
            assert select.select([self.back], [], [], LIMIT_S)[0], "the browser says nothing, it may be asking its user"
            data = os.read(self.back, 65536)
            assert data, "the browser ended"
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent" and self.watched in params["request"]["url"]:
            self.calls.add(params["requestId"])
        elif method == "Network.responseReceivedExtraInfo":
            self.statuses[params["requestId"]] = params["statusCode"]
        return message

    def wait_for(self, is_it):
        while not is_it(message := self.message()):
            pass
        return message

    def ask(self, method, **params):
        self.ident += 1
        ident = self.ident
        message = {"id": ident, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        answer = self.wait_for(lambda m: m.get("id") == ident)
        assert "result" in answer, answer
        return answer["result"]

    def go(self, url):
        self.ask("Page.navigate", url=url)
        self.wait_for(lambda m: m.get("method") == "Page.loadEventFired")

    def run(self, script):
        """What the promise of a page's script comes to."""
        result = self.ask("Runtime.evaluate", expression=f"(async () => {{ {script} }})()", awaitPromise=True,
                          returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
