# SPDX-License-Identifier: Apache-2.0
# limpet ui in Chromium: ui.py ADDRESS LIMPET PROFILE-FOLDER BOARD-PID
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from chromium import Browser, Rebound, attacker  # noqa: E402

ADDRESS, LIMPET, PROFILE = sys.argv[1:4]
BOARD = int(sys.argv[4])
PORT = int(ADDRESS.split(":")[2].split("/")[0])
KEY = ADDRESS.rstrip("/").rsplit("/", 1)[1]
LIMIT_S = 60
failed = False


def limpet(*args):
    """Another command on the same port, at the same time."""
    return subprocess.run([LIMPET, *args], capture_output=True, text=True, timeout=LIMIT_S, check=True, stdin=subprocess.DEVNULL).stdout


def expect(got, want):
    assert got == want, f"got {got!r}, expected {want!r}"


def wait_for(browser, condition, what=""):
    """Until a script's expression is true."""
    end = time.monotonic() + LIMIT_S
    while not browser.run(f"return Boolean({condition})"):
        assert time.monotonic() < end, f"never: {what or condition}; the page says: {browser.run('return document.body.innerText.slice(-900)')}"
        browser.run("await new Promise(done => setTimeout(done, 100));")


def view(browser, name, condition):
    browser.run(f"location.hash = '{name}';")
    wait_for(browser, condition)


SAYS = "document.getElementById('view').innerText.includes({!r})".format


# -- its user


def board_and_chip_are_shown_at_once(browser):
    browser.go(ADDRESS)
    wait_for(browser, SAYS("ATECC608B"))
    wait_for(browser, "document.getElementById('state').innerText.startsWith('connected')")
    wait_for(browser, SAYS("limpet aws-iot-setup"))
    expect(browser.run("return document.querySelector('#boards button').getAttribute('aria-pressed')"), "true")


def log_lines_come_as_they_are_logged(browser):
    view(browser, "log", "document.querySelector('.log')")
    limpet("config-set", "--quiet", "telemetry.interval_s=61")
    wait_for(browser, "document.querySelector('.log').innerText.includes('Config.Set')")


def settings_are_changed_in_a_form(browser):
    view(browser, "settings", "document.getElementById('set-telemetry.interval_s')")
    browser.run("""const el = document.getElementById('set-telemetry.interval_s');
        el.value = 77; el.dispatchEvent(new Event('input', {bubbles: true}));
        document.querySelector('.savebar .main').click();""")
    wait_for(browser, "document.getElementById('toasts').innerText.includes('saved')")
    expect(json.loads(limpet("config-get", "telemetry.interval_s")), 77)


def wrong_values_are_refused_by_the_board_too(browser):
    browser.run("""const el = document.getElementById('set-cloud.server');
        el.value = 'not a host!'; el.dispatchEvent(new Event('input', {bubbles: true}));
        document.querySelector('.savebar .main').click();""")
    wait_for(browser, "document.querySelector('#view .fault')")
    wait_for(browser, "document.querySelector('.field.wrong code').innerText === 'cloud.server'")
    expect(limpet("config-get", "cloud.server").strip(), "")


def secrets_are_written_and_never_read(browser):
    limpet("config-set", "--quiet", "wifi.sta.pass=correct-horse")
    browser.run("location.hash = 'log';")
    view(browser, "settings", "document.getElementById('set-wifi.sta.pass')")
    expect(browser.run("const el = document.getElementById('set-wifi.sta.pass'); return [el.type, el.value, el.placeholder]"),
           ["password", "", "set; type to replace it"])
    expect(browser.run("return document.documentElement.outerHTML.includes('correct-horse')"), False)


def files_go_and_come(browser):
    view(browser, "files", "document.querySelector('.drop')")
    browser.run("""const data = new DataTransfer();
        data.items.add(new File(['x'.repeat(9000)], 'from-page.txt'));
        data.items.add(new File(['boo'], "no good name"));
        document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));""")
    wait_for(browser, "document.querySelector('#view .fault')?.innerText.includes('a name is needed')")
    wait_for(browser, SAYS("from-page.txt"))
    expect(limpet("cat", "from-page.txt"), "x" * 9000)
    browser.run("[...document.querySelectorAll('button')].find(b => b.getAttribute('aria-label') === 'Remove from-page.txt').click();")
    wait_for(browser, "document.getElementById('ask').open")
    browser.run("document.querySelector('#ask button[value=yes]').click();")
    wait_for(browser, "!(" + SAYS("from-page.txt") + ")")
    assert "from-page.txt" not in limpet("ls")


def methods_are_described_and_called(browser):
    view(browser, "methods", "document.querySelectorAll('.methods button').length > 20")
    choose = "[...document.querySelectorAll('.methods button')].find(b => b.textContent === '{}').click();".format
    browser.run(choose("Sys.GetInfo"))
    wait_for(browser, "document.querySelector('form.card h3')?.textContent === 'Sys.GetInfo'")
    browser.run("document.querySelector('form.card').requestSubmit();")
    wait_for(browser, "document.querySelector('form.card pre')?.textContent.includes('\"fw_version\"')")
    browser.run(choose("Chip.Lock"))  # what may not be undone asks for a mark first
    wait_for(browser, "document.querySelector('form.card button').disabled && document.getElementById('sure')")


def what_boards_say_is_text(browser):
    limpet("config-set", "--quiet", "wifi.sta.ssid=<img src=x onerror=hacked=1>")
    view(browser, "methods", "document.querySelectorAll('.methods button').length > 20")
    browser.run("[...document.querySelectorAll('.methods button')].find(b => b.textContent === 'Config.Get').click();")
    wait_for(browser, "document.querySelector('form.card h3')?.textContent === 'Config.Get'")
    browser.run("document.querySelector('form.card').requestSubmit();")
    wait_for(browser, SAYS("<img src=x onerror=hacked=1>"))
    view(browser, "settings", "document.getElementById('set-wifi.sta.ssid')?.value === '<img src=x onerror=hacked=1>'")
    expect(browser.run("return [document.querySelectorAll('#view img, #view b').length, typeof hacked]"), [0, "undefined"])


def keys_are_enough(browser):
    """Everything that can be clicked can be reached, and has a name."""
    for name in ("overview", "log", "settings", "files", "methods", "cloud"):
        view(browser, name, f"document.querySelector('nav [aria-current]').hash === '#{name}'")
        browser.run("await new Promise(done => setTimeout(done, 300));")
        expect(browser.run("""return [...document.querySelectorAll('button, a, input:not([hidden]), select, textarea')].filter(el =>
            !(el.innerText || el.getAttribute('aria-label') || el.labels?.length) || el.tabIndex < 0).map(el => el.outerHTML)"""), [])


def a_second_look_knows_the_board(browser):
    browser.go(ADDRESS)
    wait_for(browser, "document.getElementById('state').innerText.startsWith('connected')")


def the_port_is_let_go_and_taken_again(browser):
    view(browser, "overview", SAYS("ATECC608B"))
    browser.run("[...document.querySelectorAll('button')].find(b => b.innerText === 'Let go of the port').click();")
    wait_for(browser, SAYS("other programs can have it"))
    limpet("call", "RPC.Ping")
    browser.run("document.querySelector('#view button.main').click();")
    wait_for(browser, SAYS("ATECC608B"))


def a_port_that_is_none_is_said(browser):
    browser.run("document.getElementById('address').value = '/dev/null'; document.getElementById('add').requestSubmit();")
    wait_for(browser, SAYS("is not a serial port"))
    browser.run("document.querySelector('#boards button').click();")
    wait_for(browser, SAYS("ATECC608B"))


def unplugged(browser):
    browser.run("location.hash = 'overview';")
    os.kill(BOARD, signal.SIGKILL)
    wait_for(browser, "!document.getElementById('state').innerText.startsWith('connected')")


# -- others

BASE = f"http://127.0.0.1:{PORT}"


def fetch(url, mode):
    return f"""try {{ const a = await fetch('{url}', {{mode: '{mode}', credentials: 'include'}}); return a.type + ' ' + await a.text(); }} catch (e) {{ return 'refused'; }}"""


def socket_opens(url):
    return f"""return await new Promise(done => {{ const ws = new WebSocket('{url}');
        ws.onopen = () => {{ ws.close(); done('open'); }}; ws.onerror = () => done('refused'); }});"""


def nothing_is_learned(browser):
    """Even by a page that knows the secret."""
    for url in (ADDRESS, BASE + "/", ADDRESS + "app.js"):
        expect(browser.run(fetch(url, "cors")), "refused")
        expect(browser.run(fetch(url, "no-cors")) in ("opaque ", "refused"), True)
    for url in (f"ws://127.0.0.1:{PORT}/{KEY}/rpc", f"ws://127.0.0.1:{PORT}/rpc", f"ws://localhost:{PORT}/{KEY}/rpc"):
        expect(browser.run(socket_opens(url)), "refused")


def pages_of_another_site_learn_nothing(browser):
    browser.go(f"http://evil.example:{EVIL}/")
    nothing_is_learned(browser)


def pages_of_another_port_neither(browser):
    browser.go(f"http://127.0.0.1:{EVIL}/")
    nothing_is_learned(browser)


def pages_in_a_box_neither(browser):
    browser.go("data:text/html,kittens")
    nothing_is_learned(browser)


def scripts_and_frames_of_others_neither(browser):
    browser.go(f"http://evil.example:{EVIL}/")
    expect(browser.run(f"""return await new Promise(done => {{ const s = document.createElement('script');
        s.src = '{ADDRESS}rpc.js'; s.onload = () => done('ran'); s.onerror = () => done('refused'); document.head.append(s); }});"""), "refused")
    expect(browser.run(f"""const f = document.createElement('iframe'); f.src = '{ADDRESS}'; document.body.append(f);
        await new Promise(done => f.onload = done); try {{ return f.contentDocument === null ? 'closed' : f.contentDocument.title; }} catch (e) {{ return 'closed'; }}"""), "closed")


def a_name_that_is_pointed_here_neither(browser):
    rebound = Rebound(PORT)
    base = f"http://rebound.example:{rebound.port}"
    browser.go(base + "/")
    rebound.is_ours = False
    for path in (f"/{KEY}/", "/", f"/{KEY}/rpc.js"):
        value = browser.run(fetch(base + path, "same-origin"))
        assert "This server is called 127.0.0.1" in value, value
    expect(browser.run(socket_opens(f"ws://rebound.example:{rebound.port}/{KEY}/rpc")), "refused")


def without_the_secret_there_is_no_connection(browser):
    browser.go(ADDRESS)
    expect(browser.run(socket_opens(f"ws://127.0.0.1:{PORT}/rpc")), "refused")
    expect(browser.run(socket_opens(f"ws://127.0.0.1:{PORT}/{'0' * 32}/rpc")), "refused")
    expect(browser.run(socket_opens(f"ws://127.0.0.1:{PORT}/{KEY}/rpc")), "open")


def the_page_runs_no_foreign_script(browser):
    expect(browser.run("""const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.head.append(s);
        const i = document.createElement('div'); i.innerHTML = '<img src=x onerror="window.hacked = 1">'; document.body.append(i);
        await new Promise(done => setTimeout(done, 300)); return typeof window.hacked"""), "undefined")
    expect(browser.run(fetch(f"http://127.0.0.1:{EVIL}/", "no-cors")), "refused")  # nothing goes elsewhere


def nonsense_on_the_connection_is_answered_or_passed_over(browser):
    expect(browser.run(f"""return await new Promise(done => {{ const ws = new WebSocket('ws://127.0.0.1:{PORT}/{KEY}/rpc'); const got = [];
        ws.onmessage = (m) => {{ const f = JSON.parse(m.data); if (f.id !== undefined) got.push([f.id, f.error?.fault.code ?? 'ok']); if (f.id === 9) done(got); }};
        ws.onopen = () => {{ for (const t of ['', '{{', '[]', '7', '{{"id":1}}', '{{"id":2,"method":7}}', '{{"id":3,"method":"Tool.Nope"}}', '{{"id":4,"method":"X","dst":7}}',
            '{{"id":5,"method":"X","dst":""}}', '{{"id":6,"method":"X","dst":"/dev/null"}}', '{{"id":9,"method":"Tool.Info"}}']) ws.send(t); }}; }});""")[-1], [9, "ok"])


EVIL = attacker()
CHROMIUM = Browser(PROFILE, f"127.0.0.1:{PORT}")
try:
    for step in (board_and_chip_are_shown_at_once, log_lines_come_as_they_are_logged, settings_are_changed_in_a_form, wrong_values_are_refused_by_the_board_too,
                 secrets_are_written_and_never_read, files_go_and_come, methods_are_described_and_called, what_boards_say_is_text, keys_are_enough, pages_of_another_site_learn_nothing,
                 pages_of_another_port_neither, pages_in_a_box_neither, scripts_and_frames_of_others_neither, a_name_that_is_pointed_here_neither,
                 without_the_secret_there_is_no_connection, the_page_runs_no_foreign_script, nonsense_on_the_connection_is_answered_or_passed_over, a_second_look_knows_the_board,
                 the_port_is_let_go_and_taken_again, a_port_that_is_none_is_said, unplugged):
        try:
            step(CHROMIUM)
            print(f"ok ui-{step.__name__.replace('_', '-')}", flush=True)
        except (AssertionError, subprocess.CalledProcessError) as e:
            failed = True
            print(f"not ok ui-{step.__name__.replace('_', '-')}\n    {e}", flush=True)
finally:
    CHROMIUM.close()
sys.exit(failed)
