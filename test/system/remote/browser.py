# SPDX-License-Identifier: Apache-2.0
# Pages of others in a real browser against a board: browser.py HTTP-PORT TTY LIMPET PROFILE-FOLDER
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from chromium import Browser, Rebound, attacker  # noqa: E402

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
    rebound = Rebound(BOARD)
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
CHROMIUM = Browser(PROFILE, "/rpc/")
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
