# SPDX-License-Identifier: Apache-2.0
import json
import socket
import subprocess
import sys
import time

import caller
from caller import Answer, Closed, Line, TcpCaller, WsCaller, challenge, check, field, frame, frame_auth, post, request

http, tcp, tty, limpet = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
PASSWORD = {role: f"correct-horse-{role}" for role in ("reader", "operator", "admin")}
TARGET = "/rpc/Sys.GetInfo"


def uart(method, params=None):
    args = [limpet, "call", "--port", tty, method] + ([json.dumps(params)] if params else [])
    return json.loads(subprocess.run(args, capture_output=True, check=True).stdout)


def asked_for():
    answer = post(http, TARGET)
    assert answer.status == 401, answer.status
    return challenge(answer)


def proof(role="admin", target=TARGET, **over):
    return field(role, PASSWORD[role], target, asked_for(), **over)


def status(fields, target=TARGET, body="", host="127.0.0.1"):
    return post(http, target, body, host, fields).status


def expect(got, want):
    assert got == want, f"got {got}, expected {want}"


# Wrong tries cost time; the next test starts afresh.
def wait_for_right():
    end = time.monotonic() + caller.LIMIT_S
    while status([proof()]) != 200:
        assert time.monotonic() < end
        time.sleep(0.2)


# -- strangers


def strangers_learn_nothing():
    for target in (TARGET, "/rpc/RPC.List", "/rpc/RPC.Ping", "/rpc/No.Such", "/rpc/Chip.Lock"):
        answer = post(http, target)
        expect(answer.status, 401)
        assert b"Sys." not in answer.body and b"LP_E_NOT_FOUND" not in answer.body
    for method in ("RPC.List", "RPC.Ping", "No.Such", "Config.Set"):
        expect(TcpCaller(tcp).call(method)["error"]["code"], 401)
        expect(WsCaller(http).call(method)["error"]["code"], 401)


def roles_are_kept():
    for role, may in (("reader", 0), ("operator", 1), ("admin", 2)):
        c = TcpCaller(tcp, role, PASSWORD[role])
        assert "result" in c.call("Sys.GetInfo")
        answers = [c.call("Config.Set", {"config": {"telemetry": {"interval_s": 10}}}), c.call("Sys.Audit")]
        for level, answer in enumerate(answers, 1):
            if may >= level:
                assert "result" in answer, answer
            else:
                expect(answer["error"]["name"], "LP_E_DENIED")
        c.line.close()


def operators_do_not_open_doors():
    c = TcpCaller(tcp, "operator", PASSWORD["operator"])
    for tree in ({"rpc": {"role_max": "admin"}}, {"rpc.role_max": "admin"}, {"\u0072pc": {"idle_s": 9}},
                 {"log": {"level": "info"}, "rpc": {"mqtt": {"enable": True}}}):
        expect(c.call("Config.Set", {"config": tree})["error"]["name"], "LP_E_DENIED")


def accounts_are_not_made_over_a_line_that_others_read():
    c = TcpCaller(tcp, "admin", PASSWORD["admin"])
    realm = uart("Auth.Info")["realm"]
    params = {"user": "eve", "role": "admin", "realm": realm, "verifier": "00" * 32}
    expect(c.call("Auth.Set", params)["error"]["name"], "LP_E_DENIED")
    assert "eve" not in json.dumps(uart("Auth.Info"))


# -- proofs


def a_replayed_request_is_refused():
    line = proof()
    expect(status([line]), 200)
    expect(status([line]), 401)


def a_replayed_frame_is_refused_on_every_channel():
    asked = asked_for()
    text = frame("Sys.GetInfo", None, lambda p: frame_auth("admin", PASSWORD["admin"], asked, "Sys.GetInfo", p))
    assert "result" in TcpCaller(tcp).raw(text)
    expect(TcpCaller(tcp).raw(text)["error"]["code"], 401)
    expect(WsCaller(http).raw(text)["error"]["code"], 401)
    expect(json.loads(post(http, "/rpc", text).body)["error"]["code"], 401)


def a_changed_frame_is_refused():
    wait_for_right()
    asked = asked_for()
    params = {"config": {"telemetry": {"interval_s": 11}}}
    text = frame("Config.Set", params, lambda p: frame_auth("admin", PASSWORD["admin"], asked, "Config.Set", p))
    for change in (("interval_s\":11", "interval_s\":12"), ("Config.Set", "Config.Get"), ("\"params\"", "\"args_\"")):
        expect(TcpCaller(tcp).raw(text.replace(*change))["error"]["code"], 401)
    assert "result" in TcpCaller(tcp).raw(text)


def a_proof_is_for_one_place_only():
    wait_for_right()
    asked = asked_for()
    expect(status([field("admin", PASSWORD["admin"], "/rpc/RPC.Ping", asked)]), 401)
    expect(status([field("admin", PASSWORD["admin"], TARGET, asked, uri='"/rpc/RPC.Ping"')]), 401)


def a_body_can_be_part_of_the_proof():
    wait_for_right()
    body = '{"key":"telemetry"}'
    target = "/rpc/Config.Get"
    line = proof("reader", target, qop="auth-int", body=body.encode())
    expect(status([line], target, body.replace("telemetry", "identity ")), 401)
    line = proof("reader", target, qop="auth-int", body=body.encode())
    expect(status([line], target, body), 200)


def weaker_proofs_are_not_taken():
    wait_for_right()
    token = "Authorization: Basic YWRtaW46Y29ycmVjdC1ob3JzZS1hZG1pbg=="
    expect(status([token]), 401)
    expect(status(["Authorization: Bearer x"]), 401)
    expect(status([proof(algorithm="MD5")]), 401)
    expect(status([proof(algorithm=None)]), 401)  # RFC 7616: then it is MD5
    expect(status([proof(qop=None)]), 401)  # RFC 2069: nothing counts
    expect(status([proof(algorithm="SHA-256-sess")]), 401)
    answer = post(http, TARGET)
    assert "MD5" not in answer.fields["www-authenticate"] and "Basic" not in answer.fields["www-authenticate"]


def guessing_is_slowed_down():
    wait_for_right()
    seen = []
    for i in range(12):
        seen.append(status([field("admin", f"guess-{i}", TARGET, asked_for())]))
    assert 429 in seen and seen[0] == 401, seen
    wait_for_right()


def the_books_know_it():
    entries = uart("Sys.Audit")["entries"]
    logins = [e for e in entries if e["what"] == "login" and e["from"].startswith("http 127.0.0.1")]
    assert any(e["result"] == "LP_E_UNAUTHORIZED" for e in logins), entries
    assert any(e["result"] == "LP_E_BUSY" for e in logins), entries
    c = TcpCaller(tcp, "operator", PASSWORD["operator"])
    c.call("Config.Set", {"config": {"telemetry": {"interval_s": 12}}})
    last = uart("Sys.Audit")["entries"][-1]
    expect((last["who"], last["what"], last["result"]), ("operator", "Config.Set", "LP_OK"))


# -- web pages


def pages_of_others_are_refused():
    for name, value in (("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "https://127.0.0.1"),
                        ("Origin", "http://127.0.0.1:1"), ("Origin", ""), ("Sec-Fetch-Site", "cross-site"),
                        ("Sec-Fetch-Site", "same-site")):
        expect(status([f"{name}: {value}", proof()]), 403)
    expect(status(["Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin", proof()]), 200)
    expect(WsCaller(http, fields=["Origin: http://evil.example"]).answer.status, 403)
    expect(WsCaller(http, fields=["Origin: http://127.0.0.1"]).answer.status, 101)


def names_of_others_are_refused():
    for host in ("evil.example", "127.0.0.1.evil.example", "lp-4f21c0.evil.example", "", "localhost.evil.example:80",
                 "lp-4f21c0.local.evil.example"):
        expect(status([proof()], host=host), 421)
    for host in ("localhost", "LP-4F21C0.local:8080", "lp-4f21c0", "[::1]:80", "10.0.0.1:8080"):
        expect(status([proof()], host=host), 200)
    expect(WsCaller(http, host="evil.example").answer.status, 421)


def pages_cannot_ask_beforehand():
    line = Line(http)
    line.send(request("/rpc/Sys.GetInfo", method="OPTIONS", fields=["Origin: http://127.0.0.1"]))
    answer = Answer(line)
    expect(answer.status, 405)
    assert not any(name.startswith("access-control") for name in answer.fields)
    line = Line(http)
    line.send(request("/rpc/Sys.GetInfo", method="GET"))
    assert Answer(line).status in (404, 405)


# -- smuggling


def smuggled_requests_are_refused():
    inner = request("/rpc/Sys.Reboot").decode()
    for head, want in (
            (f"Content-Length: {len(inner)}\r\nContent-Length: 0", 400),
            (f"Content-Length: {len(inner)}\r\nTransfer-Encoding: chunked", 400),
            ("Transfer-Encoding: chunked", 501),
            ("Transfer-Encoding: identity", 501),
            ("Transfer-Encoding : chunked", 400),
            ("Content-Length: +0", 400),
            ("X: y\nContent-Length: 0", 400),
    ):
        line = Line(http)
        line.send(f"POST /rpc/RPC.Ping HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n{inner}")
        expect(Answer(line).status, want)
        assert line.is_closed() and not line.rest, "a second answer came"


def a_body_is_no_second_frame():
    target = "/rpc/RPC.Ping"
    for body in ('{}}\n{"method":"Sys.Reboot"}', '{},"method":"Sys.Reboot"', '{}}{"method":"Sys.Reboot"', '\x04{}', '{}\r\n',
                 '{"a":"b\nc"}'):
        answer = post(http, target, body, fields=[proof(target=target)])
        assert answer.status in (400, 200), answer.status
        if answer.status == 200:
            expect(answer.json(), {})
    assert uart("Sys.GetInfo")["boot"]["count"] <= 2
    line = Line(http)  # one request, one answer
    line.send(request(target, '{}\n{"method":"RPC.Ping"}\n', fields=[proof(target=target), "Connection: close"]))
    expect(Answer(line).status, 400)
    assert line.is_closed() and not line.rest


def requests_in_a_row_are_answered_in_order():
    asked = asked_for()
    line = Line(http)
    line.send(b"".join(
        request(target, fields=[field("reader", PASSWORD["reader"], target, asked, nc)])
        for nc, target in enumerate(["/rpc/RPC.Ping", "/rpc/Sys.GetInfo", "/rpc/RPC.List", "/rpc/RPC.Ping"], 1)))
    bodies = [Answer(line).json() for _ in range(4)]
    expect((bodies[0], bodies[1]["id"], "RPC.Ping" in bodies[2], bodies[3]), ({}, "lp-4f21c0", True, {}))


# -- the large, the slow, the many


def large_requests_are_refused():
    expect(post(http, TARGET, "x" * 7000).status, 413)
    expect(post(http, "/rpc/" + "x" * 60).status, 404)
    expect(post(http, "/rpc/" + "x" * 900).status, 414)
    expect(post(http, TARGET, fields=["X: " + "y" * 900]).status, 431)
    expect(post(http, TARGET, fields=[f"X-{i}: y" for i in range(50)]).status, 431)
    answer = TcpCaller(tcp).raw('{"id":1,"method":"RPC.Ping","params":{"x":"' + "y" * 7000 + '"}}')
    expect(answer["error"]["name"], "LP_E_NOSPACE")
    w = WsCaller(http)
    w.put("{" + " " * 7000 + "}")
    expect(w.closes_with(), 1009)


def broken_messages_close_with_the_right_code():
    for act, want in (
            (lambda w: w.frame(1, b"{}", mask=False), 1002),
            (lambda w: w.frame(3, b""), 1002),
            (lambda w: w.frame(0, b"x"), 1002),
            (lambda w: w.frame(9, b"x", fin=False), 1002),
            (lambda w: w.frame(1, b"{\"\xff\"}"), 1007),
            (lambda w: w.frame(1, b"no frame"), 1007),
            (lambda w: w.frame(8, b"\x03\xe8"), 1000),
            (lambda w: w.frame(8, b""), 1000),
    ):
        w = WsCaller(http)
        act(w)
        expect(w.closes_with(), want)
        assert w.line.is_closed()


def slow_requests_end(start, seconds):
    lines = [start() for _ in range(3)]
    begun = time.monotonic()
    ended = {}
    while len(ended) < len(lines) and time.monotonic() - begun < caller.LIMIT_S:
        for i, line in enumerate(lines):
            try:
                line.send(b"X")
            except OSError:
                ended.setdefault(i, time.monotonic() - begun)
        time.sleep(0.1)
    assert len(ended) == len(lines), "a slow caller was not sent away"
    assert min(ended.values()) > seconds / 2, ended


def slow_requests_are_ended_however_busy_they_are():
    def started(port, text):
        line = Line(port)
        line.send(text)
        return line
    slow_requests_end(lambda: started(http, "POST /rpc/x HTTP/1.1\r\nX: "), 1)
    slow_requests_end(lambda: started(http, "POST /rpc/x HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n"), 0)
    slow_requests_end(lambda: started(tcp, "{"), 1)


def silent_callers_are_sent_away():
    lines = [Line(http), Line(tcp), WsCaller(http).line]
    for line in lines:
        assert line.is_closed(), "a silent stranger may stay"


def proven_callers_may_be_silent_longer_but_not_for_ever():
    c = TcpCaller(tcp, "reader", PASSWORD["reader"])
    c.call("RPC.Ping")
    begun = time.monotonic()
    assert c.line.is_closed()
    assert time.monotonic() - begun >= 2


def crowds_do_not_shut_out_the_owner():
    known = TcpCaller(tcp, "admin", PASSWORD["admin"])
    assert "result" in known.call("RPC.Ping")
    crowd = []
    for _ in range(60):
        line = socket.socket()
        line.setblocking(False)  # what the board has no place for waits outside
        line.connect_ex(("127.0.0.1", http))
        crowd.append(line)
        if len(crowd) % 10 == 0:
            assert "result" in known.call("RPC.Ping"), "a proven caller was sent away"
    late = TcpCaller(tcp, "operator", PASSWORD["operator"])
    assert "result" in late.call("RPC.Ping"), "nobody new gets in"
    assert uart("RPC.Ping") == {}
    assert uart("Remote.Status")["evicted"] > 0
    for line in crowd:
        line.close()


def whoever_does_not_read_blocks_nobody():
    deaf = TcpCaller(tcp, "reader", PASSWORD["reader"])
    deaf.call("RPC.Ping")
    deaf.line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.line.sock.setblocking(False)
    try:
        for i in range(20000):
            deaf.line.send(frame("RPC.List", None, lambda p: frame_auth(
                "reader", PASSWORD["reader"], deaf.asked, "RPC.List", p, i + 10), i) + "\n")
    except (BlockingIOError, ConnectionError):
        pass
    other = TcpCaller(tcp, "reader", PASSWORD["reader"])
    assert "result" in other.call("RPC.Ping")
    deaf.line.close()


def several_callers_at_once():
    callers = [TcpCaller(tcp, "reader", PASSWORD["reader"]), WsCaller(http, "operator", PASSWORD["operator"]),
               WsCaller(http, "admin", PASSWORD["admin"])]
    for _ in range(20):
        for c in callers:
            expect(c.call("Sys.GetInfo")["result"]["id"], "lp-4f21c0")


TESTS = [
    strangers_learn_nothing, roles_are_kept, operators_do_not_open_doors,
    accounts_are_not_made_over_a_line_that_others_read, a_replayed_request_is_refused,
    a_replayed_frame_is_refused_on_every_channel, a_changed_frame_is_refused, a_proof_is_for_one_place_only,
    a_body_can_be_part_of_the_proof, weaker_proofs_are_not_taken,
    guessing_is_slowed_down, the_books_know_it, pages_of_others_are_refused,
    names_of_others_are_refused, pages_cannot_ask_beforehand, smuggled_requests_are_refused, a_body_is_no_second_frame,
    requests_in_a_row_are_answered_in_order, large_requests_are_refused, broken_messages_close_with_the_right_code,
    slow_requests_are_ended_however_busy_they_are, silent_callers_are_sent_away,
    proven_callers_may_be_silent_longer_but_not_for_ever, crowds_do_not_shut_out_the_owner,
    whoever_does_not_read_blocks_nobody, several_callers_at_once,
]
for test in TESTS:
    check(test.__name__, test)
sys.exit(1 if caller.failed else 0)
