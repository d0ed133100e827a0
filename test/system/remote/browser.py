# SPDX-License-Identifier: Apache-2.0
# Pages of others in a real browser against a board: browser.py HTTP-PORT TTY LIMPET PROFILE-FOLDER
import http.server
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

BOARD = int(sys.argv[1])
TTY, LIMPET, PROFILE = sys.argv[2:5]
LIMIT_S = 60
OWN = f"http://127.0.0.1:{BOARD}"
USER, PASSWORD = "operator", "correct-horse-operator"
failed = False


def uart(method, params=None):
    run = subprocess.run([LIMPET, "call", "--port", TTY, method, json.dumps(params or {})], capture_output=True,
                         text=True, timeout=LIMIT_S, check=True)
    return json.loads(run.stdout)


def interval():
    return uart("Config.Get", {"key": "telemetry.interval_s"})


# -- the attacker's server


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

    def __init__(self):
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
        board = socket.create_connection(("127.0.0.1", BOARD))
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


# -- the browser


class Browser:
    """Chromium, told what to do through its debugging pipe: JSON, each message ended by a zero."""

    def __init__(self):
        to_r, self.to = os.pipe()
        self.back, back_w = os.pipe()
        argv = ["bash", "-c", f'exec "$@" 3<&{to_r} 4>&{back_w}', "bash", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                f"--user-data-dir={PROFILE}", "--remote-debugging-pipe", "--disable-background-networking",
                "--disable-component-update", "--host-resolver-rules=MAP * 127.0.0.1, EXCLUDE 127.0.0.1",
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests", "about:blank"]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(to_r, back_w))
        os.close(to_r)
        os.close(back_w)
        self.ident, self.rest, self.session = 0, b"", None
        self.calls, self.statuses = set(), {}
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
        if method == "Network.requestWillBeSent" and "/rpc/" in params["request"]["url"]:
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


def expect(got, want):
    assert got == want, f"got {got!r}, expected {want!r}"


# What pages do; each comes to a status, or to the reason why there is none.
def own_call(value):
    return f"""return await new Promise(done => {{
        const x = new XMLHttpRequest();
        x.open('POST', '/rpc/Config.Set', true, '{USER}', '{PASSWORD}');
        x.onloadend = () => done(x.status);
        x.send('{{"config":{{"telemetry":{{"interval_s":{value}}}}}}}');
    }});"""


def own_call_again(value):
    return own_call(value).replace(f", '{USER}', '{PASSWORD}'", "")


def fetch(value, base=OWN, mode="no-cors", method="Config.Set"):
    return f"""try {{
        const answer = await fetch('{base}/rpc/{method}', {{method: 'POST', mode: '{mode}', credentials: 'include',
            headers: {{'Content-Type': 'text/plain'}},
            body: '{{"config":{{"telemetry":{{"interval_s":{value}}}}}}}'}});
        return answer.type + ' ' + answer.status + ' ' + await answer.text();
    }} catch (e) {{ return 'refused'; }}"""


def form(value):
    return f"""return await new Promise(done => {{
        const frame = document.createElement('iframe');
        frame.name = 'target';
        document.body.append(frame);
        const form = document.createElement('form');
        form.action = '{OWN}/rpc/Config.Set'; form.method = 'post'; form.enctype = 'text/plain'; form.target = 'target';
        const field = document.createElement('input');
        field.name = '{{"config":{{"telemetry":{{"interval_s":{value}}}}},"x":"'; field.value = '"}}';
        form.append(field);
        document.body.append(form);
        frame.onload = () => done('sent');
        form.submit();
    }});"""


def socket_opens(url):
    return f"""return await new Promise(done => {{
        const ws = new WebSocket('{url}');
        ws.onopen = () => {{ ws.close(); done('open'); }};
        ws.onerror = () => done('refused');
    }});"""


# -- the attacks: what the page learned, and what the board answered


def judged(browser, script):
    """What a script comes to, and the status with which the board answered its call."""
    browser.calls.clear()
    value = browser.run(script)
    end = time.monotonic() + LIMIT_S
    while not browser.calls or not browser.calls <= browser.statuses.keys():
        assert time.monotonic() < end, "the board was not asked"
        browser.run("await new Promise(done => setTimeout(done, 50));")
    return value, {browser.statuses[call] for call in browser.calls}


def its_user_is_logged_in(browser):
    browser.go(OWN + "/")
    expect(browser.run(own_call(21)), 200)
    expect(interval(), 21)
    expect(browser.run(own_call_again(22)), 200)
    expect(interval(), 22)


def refused_everywhere(browser):
    for script in (fetch(31), form(32)):
        expect(judged(browser, script)[1], {403})
    for script in (fetch(33, mode="cors"), fetch(34, mode="cors", method="Sys.GetInfo")):
        expect(judged(browser, script), ("refused", {403}))
    expect(browser.run(socket_opens(f"ws://127.0.0.1:{BOARD}/rpc")), "refused")
    expect(interval(), 22)


def pages_of_another_site_change_and_learn_nothing(browser):
    browser.go(f"http://evil.example:{EVIL}/")
    refused_everywhere(browser)


def pages_of_another_port_of_the_same_host_neither(browser):
    browser.go(f"http://127.0.0.1:{EVIL}/")
    refused_everywhere(browser)


def pages_in_a_box_neither(browser):
    """A page without an origin of its own: Origin is "null"."""
    browser.go("data:text/html,kittens")
    refused_everywhere(browser)


def a_name_that_is_pointed_at_the_board_neither(browser):
    rebound = Rebound()
    base = f"http://rebound.example:{rebound.port}"
    browser.go(base + "/")
    rebound.is_ours = False
    for script in (fetch(41, base, "same-origin"), fetch(42, base, "same-origin", "Sys.GetInfo")):
        value, seen = judged(browser, script)
        expect(seen, {421})
        assert "telemetry" not in value and "fw_version" not in value, value
    expect(browser.run(socket_opens(f"ws://rebound.example:{rebound.port}/rpc")), "refused")
    expect(interval(), 22)


def the_browser_is_asked_for_no_password_on_their_behalf(browser):
    """A 401 to a page of others would make the browser ask its user, in the board's name."""
    browser.go(f"http://evil.example:{EVIL}/")
    for script in (fetch(51), form(52)):
        expect(judged(browser, script)[1], {403})


def its_user_is_still_logged_in(browser):
    browser.go(OWN + "/")
    expect(browser.run(own_call_again(23)), 200)
    expect(interval(), 23)


def own_pages_open_a_websocket(browser):
    browser.go(OWN + "/")
    expect(browser.run(socket_opens(f"ws://127.0.0.1:{BOARD}/rpc")), "open")


EVIL = attacker()
CHROMIUM = Browser()
try:
    for attack in (its_user_is_logged_in, pages_of_another_site_change_and_learn_nothing,
                   pages_of_another_port_of_the_same_host_neither, pages_in_a_box_neither,
                   a_name_that_is_pointed_at_the_board_neither, the_browser_is_asked_for_no_password_on_their_behalf,
                   its_user_is_still_logged_in, own_pages_open_a_websocket):
        try:
            attack(CHROMIUM)
            print(f"ok {attack.__name__}", flush=True)
        except AssertionError as e:
            failed = True
            print(f"FAILED {attack.__name__}: {e}", flush=True)
finally:
    CHROMIUM.close()
sys.exit(failed)
