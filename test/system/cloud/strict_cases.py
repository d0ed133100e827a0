# SPDX-License-Identifier: Apache-2.0
"""strict_cases.py FOLDER WORK LIMPET: each way in which AWS IoT is stricter than MQTT, shown on the wire."""
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

import raw_mqtt
from raw_mqtt import Client, Closed, binary, packet, properties

cloud = raw_mqtt.Cloud(sys.argv[1], sys.argv[2])
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
tests = []


def case(test):
    tests.append((f"strict_{test.__name__}", test))
    return test


def both(test):
    """The same for MQTT 3.1.1 and 5."""
    for v in (4, 5):
        tests.append((f"strict_{test.__name__}_v{v}", lambda v=v: test(v)))
    return test


def client(v=4, client_id="lamp", name="lamp", **kwargs):
    c = Client(cloud.tls(name), v)
    code = c.connect(client_id, **kwargs)
    assert code == 0, f"CONNACK {code}"
    return c


def events():
    out = subprocess.run(
        [sys.argv[3], "cloud", "watch", "--dir", cloud.folder, "--since", "0", "--timeout", "0", "--json"],
        check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def logged(words, **members):
    """Within a few seconds the log has a refusal with these words."""
    for _ in range(100):
        for e in events():
            if e["type"] == "refused" and words in e.get("reason", "") and members.items() <= e.items():
                return
        time.sleep(0.05)
    raise AssertionError(f"the log has no '{words}'")


def refused_tls(**kwargs):
    try:
        s = cloud.tls(**kwargs)
        # In TLS 1.3 the client is through before the server has judged it.
        s.settimeout(raw_mqtt.PATIENCE_S)
        assert s.recv(1) == b"", "the server talks"
    except (ssl.SSLError, OSError) as e:
        return str(e).lower().replace("_", " ")
    return "closed"


def ends(c, v, reason):
    """3.1.1: closed without a word; 5: with this reason."""
    got = c.ended()
    assert got == (reason if v == 5 else None), f"DISCONNECT {got}"


# --- TLS ------------------------------------------------------------------------------------------


@case
def server_name_is_asked_for():
    context = cloud.context()
    context.check_hostname = False
    assert "unrecognized name" in refused_tls(sni=None, context=context)
    logged("no server name (SNI)")


@case
def foreign_server_name_is_refused():
    context = cloud.context()
    context.verify_mode, context.check_hostname = ssl.CERT_REQUIRED, False
    assert "unrecognized name" in refused_tls(sni="a1b2c3-ats.iot.us-east-1.amazonaws.com", context=context)
    logged("is not this cloud's")


@case
def endpoint_name_is_accepted():
    c = Client(cloud.tls(sni=cloud.info["endpointName"]))
    assert c.connect() == 0
    c.goodbye()


@case
def sessions_are_not_resumed():
    for version in (V12, V13):
        context = cloud.context(version=version)
        first = cloud.tls(context=context)
        c = Client(first)
        assert c.connect() == 0
        session = first.session
        assert not (session and session.has_ticket), "a ticket"
        c.goodbye()
        if session is not None:
            again = cloud.tls(context=context, session=session)
            assert not again.session_reused
            again.close()


@case
def alpn_on_its_port_chooses_mqtt():
    s = cloud.tls(port="portAlpn", alpn=["h2", "x-amzn-mqtt-ca"])
    assert s.selected_alpn_protocol() == "x-amzn-mqtt-ca"
    c = Client(s)
    assert c.connect() == 0
    c.goodbye()


@case
def alpn_port_refuses_others():
    for alpn in (["mqtt"], ["http/1.1", "h2"]):
        said = refused_tls(port="portAlpn", alpn=alpn)
        assert "no application protocol" in said, said
    refused_tls(port="portAlpn")  # none at all: after the handshake
    logged("no ALPN")


@case
def alpn_elsewhere_is_optional():
    assert cloud.tls(alpn=["x-amzn-mqtt-ca"]).selected_alpn_protocol() == "x-amzn-mqtt-ca"
    s = cloud.tls(alpn=["something"])
    assert s.selected_alpn_protocol() is None
    assert Client(s).connect() == 0


@case
def foreign_certificate_is_told():
    assert refused_tls(name="stranger")
    logged("the client certificate is not accepted")


# --- CONNECT --------------------------------------------------------------------------------------


@case
def refused_connect_has_code_7():
    assert Client(cloud.tls()).connect("door") == 7


@case
def refused_connect_tells_mqtt_5():
    assert Client(cloud.tls(), 5).connect("door") == 0x87


@case
def mqtt_3_1_is_refused():
    assert Client(cloud.tls()).connect(level=3, name="MQIsdp") == 1


@case
def newer_mqtt_is_refused():
    c = Client(cloud.tls(), 5)
    assert c.connect(level=6) == 0x84


@case
def client_ids_are_limited():
    for client_id, words in (("$lamp", "starts with $"), ("x" * 129, "longer than 128")):
        try:
            assert Client(cloud.tls()).connect(client_id) == 7, client_id
        except Closed:
            pass
        logged(words)


@case
def packets_before_connack_end_it():
    c = Client(cloud.tls())
    body = binary("MQTT") + bytes([4, 2, 0, 60]) + binary("lamp")
    c.send(packet(0x10, body) + c.publish_packet("dt/lamp/early", "x"))
    assert c.ended() is None
    logged("before the CONNACK")
    assert not any(e["type"] == "publish" and e.get("topic") == "dt/lamp/early" for e in events())


@case
def keep_alive_is_clamped_and_told():
    for asked, told in ((0, 1200), (5, 30), (60, None), (65535, 1200)):
        c = client(5, keep_alive=asked)
        want = b"\x13" + struct.pack(">H", told) if told else None
        assert want is None or want in c.props, c.props
        c.goodbye()


@case
def mqtt_5_is_told_what_there_is():
    c = client(5)
    for prop in (b"\x24\x01", b"\x21\x00\x64", b"\x22\x00\x08", b"\x27\x00\x02\x48\x00", b"\x29\x00"):
        assert prop in c.props, (prop, c.props)
    c.goodbye()


@case
def last_will_needs_its_attribute():
    # The policy of "mute" allows connections without a last will only.
    assert Client(cloud.tls("mute")).connect("mute", will=("dt/mute/w", "x", 0)) == 7
    assert Client(cloud.tls("mute")).connect("mute") == 0


@both
def last_will_of_qos_2_is_refused(v):
    assert Client(cloud.tls(), v).connect(will=("dt/lamp/w", "x", 2)) == (0x9B if v == 5 else 5)


@case
def last_will_is_sent_when_the_front_ends_it():
    door = client(client_id="door", name="door")
    door.subscribe("dt/door/w")
    door.expect(raw_mqtt.SUBACK)
    lamp = client(client_id="shared", name="shared", will=("dt/door/w", "gone", 0))
    lamp.publish("dt/lamp/t", qos=2)
    assert lamp.ended() is None
    assert door.message() == ("dt/door/w", "gone", False)
    door.goodbye()


# --- PUBLISH --------------------------------------------------------------------------------------


@both
def qos_2_publish_ends_it(v):
    c = client(v)
    c.publish("dt/lamp/t", "x", qos=2)
    ends(c, v, 0x9B)


@both
def eight_slashes_end_it(v):
    c = client(v)
    c.publish("dt/lamp/3/4/5/6/7/8", "x", qos=1)
    c.expect(raw_mqtt.PUBACK)
    c.publish("dt/lamp/3/4/5/6/7/8/9", "x", qos=1)
    ends(c, v, 0x90)
    logged("more than 7 slashes", client_id="lamp")


@both
def long_topic_ends_it(v):
    c = client(v)
    c.publish("dt/lamp/" + "x" * 248, "x", qos=1)
    c.expect(raw_mqtt.PUBACK)
    c.publish("dt/lamp/" + "x" * 249, "x", qos=1)
    ends(c, v, 0x90)


@both
def large_payload_ends_it(v):
    c = client(v)
    c.publish("dt/lamp/t", b"x" * 131072, qos=1)
    c.expect(raw_mqtt.PUBACK)
    c.publish("dt/lamp/t", b"x" * 131073, qos=1)
    ends(c, v, 0x95)


@case
def packet_of_qos_2_ends_it():
    for first in (0x50, 0x62, 0x70):
        c = client(5)
        c.send(packet(first, b"\x00\x01"))
        ends(c, 5, 0x82)


@case
def auth_ends_it():
    c = client(5)
    c.send(packet(0xF0))
    ends(c, 5, 0x82)


@case
def publishes_beyond_100_a_second_are_dropped():
    c = client()
    c.send(b"".join(c.publish_packet("dt/lamp/fast", "x", qos=1, mid=i + 1) for i in range(180)))
    acks = 0
    while (got := c.read(1.5)) is not None:
        acks += got[0] == raw_mqtt.PUBACK
    assert 100 <= acks < 180, acks  # on a slow machine some of the next second
    c.publish("dt/lamp/fast", "x", qos=1, mid=500)
    c.expect(raw_mqtt.PUBACK)  # the connection lives
    c.goodbye()
    logged("throttled:", client_id="lamp")


@case
def topic_aliases_beyond_8_end_it():
    c = client(5)
    c.publish("dt/lamp/t", "x", qos=1, props=b"\x23\x00\x08")
    c.expect(raw_mqtt.PUBACK)
    c.publish("dt/lamp/t", "x", qos=1, props=b"\x23\x00\x09")
    assert c.ended() == 0x94


# --- SUBSCRIBE ------------------------------------------------------------------------------------


@both
def qos_2_subscription_ends_it(v):
    c = client(v)
    c.subscribe("dt/lamp/t", qos=2)
    ends(c, v, 0x9B)


@both
def nine_filters_end_it(v):
    c = client(v)
    c.subscribe(*[f"dt/lamp/{i}" for i in range(8)])
    c.expect(raw_mqtt.SUBACK)
    c.subscribe(*[f"dt/lamp/{i}" for i in range(9)])
    ends(c, v, 0x97)


@case
def subscription_51_is_refused():
    c = client()
    for i in range(0, 48, 8):
        c.subscribe(*[f"dt/lamp/n{k}" for k in range(i, i + 8)])
        c.expect(raw_mqtt.SUBACK)
    c.subscribe("dt/lamp/n48", "dt/lamp/n49")
    c.expect(raw_mqtt.SUBACK)
    c.subscribe("dt/lamp/n50")
    assert c.ended() is None
    logged("the connection has 50 subscriptions already", topic="dt/lamp/n50")


@case
def subscription_identifiers_end_it():
    c = client(5)
    c.subscribe("dt/lamp/t", props=b"\x0b\x01")
    ends(c, 5, 0xA1)


@both
def multi_level_wildcard_does_not_match_its_parent(v):
    sub = client(v, "door", "door")
    sub.subscribe("dt/door/p/#")
    sub.expect(raw_mqtt.SUBACK)
    pub = client(client_id="shared", name="shared")
    for topic in ("dt/door/p", "dt/door/p/x", "dt/door/p/x/y"):
        pub.publish(topic, topic, qos=1)
        pub.expect(raw_mqtt.PUBACK)
    assert sub.message()[0] == "dt/door/p/x"
    assert sub.message()[0] == "dt/door/p/x/y"
    assert sub.message(raw_mqtt.QUIET_S) is None
    sub.unsubscribe("dt/door/p/#")
    sub.expect(raw_mqtt.UNSUBACK)
    pub.publish("dt/door/p/x", "x", qos=1)
    pub.expect(raw_mqtt.PUBACK)
    assert sub.message(raw_mqtt.QUIET_S) is None, "still subscribed"
    sub.goodbye()
    pub.goodbye()


@case
def wildcard_is_the_clients_in_log_and_policy():
    c = client()
    c.subscribe("dt/lamp/#")
    c.expect(raw_mqtt.SUBACK)
    c.goodbye()
    for _ in range(100):
        if any(e["type"] == "subscribe" and e.get("topic") == "dt/lamp/#" for e in events()):
            break
        time.sleep(0.05)
    else:
        raise AssertionError("not in the log")
    assert not any("+/#" in e.get("topic", "") for e in events())


@case
def persistent_session_keeps_the_rule():
    c = client(client_id="door", name="door", clean=False)
    c.subscribe("dt/door/s/#")
    c.expect(raw_mqtt.SUBACK)
    c.goodbye()
    pub = client(client_id="shared", name="shared")
    for topic in ("dt/door/s", "dt/door/s/1"):
        pub.publish(topic, "x", qos=1)
        pub.expect(raw_mqtt.PUBACK)
    c = Client(cloud.tls("door"))
    assert c.connect("door", clean=False) == 0 and c.session_present
    assert c.message()[0] == "dt/door/s/1"
    assert c.message(raw_mqtt.QUIET_S) is None
    c.goodbye()
    client(client_id="door", name="door").goodbye()  # forgets the session


@both
def retained_is_not_for_wildcards(v):
    pub = client(client_id="shared", name="shared")
    pub.publish("dt/door/r/1", "kept", qos=1, retain=True)
    pub.expect(raw_mqtt.PUBACK)
    sub = client(v, "door", "door")
    for name in ("dt/door/r/#", "dt/door/r/+", "dt/door/+/1"):
        sub.subscribe(name)
        sub.expect(raw_mqtt.SUBACK)
    assert sub.message(raw_mqtt.QUIET_S) is None
    sub.subscribe("dt/door/r/1")
    sub.expect(raw_mqtt.SUBACK)
    assert sub.message() == ("dt/door/r/1", "kept", True)
    # Nobody asked again: a wildcard after the exact one brings nothing.
    sub.subscribe("dt/door/r/#")
    sub.expect(raw_mqtt.SUBACK)
    assert sub.message(raw_mqtt.QUIET_S) is None
    # A live message with the retain flag still arrives.
    pub.publish("dt/door/r/2", "live", qos=1, retain=True)
    pub.expect(raw_mqtt.PUBACK)
    assert sub.message()[:2] == ("dt/door/r/2", "live")
    for topic in ("dt/door/r/1", "dt/door/r/2"):
        pub.publish(topic, "", qos=1, retain=True)
        pub.expect(raw_mqtt.PUBACK)
    sub.goodbye()
    pub.goodbye()


@case
def takeover_tells_mqtt_5():
    first, second = client(5), client(5)
    reason = first.ended()
    assert reason == 0x8E, reason
    second.goodbye()


# --- HTTPS with a certificate ---------------------------------------------------------------------


def https(request, name="shared", **kwargs):
    """The answer to a raw request as (status, headers, body)."""
    kwargs.setdefault("port", "portData")
    s = cloud.tls(name, **kwargs)
    s.sendall(request if isinstance(request, bytes) else request.encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(65536) or sys.exit("no answer")
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    while len(body) < int(headers["content-length"]):
        body += s.recv(65536)
    s.close()
    return int(lines[0].split()[1]), headers, body


def post(path, body="", extra=""):
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{extra}\r\n{body}"


@case
def https_publish_reaches_subscribers():
    door = client(client_id="door", name="door")
    door.subscribe("dt/door/h", "dt/door/a%b")
    door.expect(raw_mqtt.SUBACK)
    status, headers, body = https(post("/topics/dt/door/h?qos=1", "over HTTPS"))
    assert status == 200 and "x-amzn-requestid" in headers, (status, body)
    assert door.message() == ("dt/door/h", "over HTTPS", False)
    assert https(post("/topics/dt%2Fdoor%2Fh?qos=1", "encoded"), port="portAlpn", alpn=["x-amzn-http-ca"])[0] == 200
    assert door.message()[1] == "encoded"
    door.goodbye()


@case
def https_asks_the_policies():
    # Over HTTPS there is no client id, so the variables of lamp's policy have no value.
    status, headers, _ = https(post("/topics/dt/lamp/t?qos=1", "x"), name="lamp")
    assert status == 403 and headers["x-amzn-errortype"] == "forbiddenexception"
    logged("no policy allows iot:Publish on arn:aws:iot:")
    assert https(post("/topics/dt/x?qos=1", "x"), name="abroad")[0] == 403
    assert https(post("/topics/dt/x?qos=1&retain=true", "x"), name="mute")[0] == 403


@case
def https_is_for_devices_calls_only():
    assert https("GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 404
    assert https(post("/things/evil", "{}"))[0] == 404
    assert https(post("/topics/a%zz", "x"))[0] == 400
    assert https(post("/topics/1/2/3/4/5/6/7/8/9", "x"))[0] == 400


@case
def https_serves_shadows():
    status, _, body = https(post("/things/lamp/shadow?name=web", '{"state":{"desired":{"on":true}}}'))
    assert status == 200 and json.loads(body)["version"] == 1, body
    status, _, body = https("GET /things/lamp/shadow?name=web HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert status == 200 and json.loads(body)["state"]["desired"] == {"on": True}


@case
def https_needs_a_certificate():
    assert refused_tls(name=None, port="portData")


@case
def https_takes_only_what_cannot_be_misread():
    both_lengths = post("/topics/a", "x", "Content-Length: 5\r\n")
    chunked = post("/topics/a", "", "Transfer-Encoding: chunked\r\n")
    for request, status in ((both_lengths, 400), (chunked, 501), ("GET / HTTP/1.0\r\nHost: x\r\n\r\n", 505),
                            ("GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
                            (post("/topics/a").replace("Content-Length: 0", "Content-Length: 999999"), 413),
                            ("GET / HTTP/1.1\r\nX: " + "y" * 20000, 431)):
        assert https(request)[0] == status, request[:60]


@case
def https_connection_is_used_again():
    s = cloud.tls("shared", port="portData")
    s.sendall((post("/topics/dt/x?qos=0", "1") + post("/topics/dt/x?qos=0", "2", "Connection: close\r\n")).encode())
    data = b""
    while chunk := s.recv(65536):
        data += chunk
    assert data.count(b"HTTP/1.1 200 OK") == 2, data


# --- attacks --------------------------------------------------------------------------------------


def inner(user=None, password=None):
    """Straight to the broker's own socket, past the front. Returns the CONNACK's code, None: closed."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(raw_mqtt.PATIENCE_S)
    here = os.getcwd()
    os.chdir(cloud.folder)
    s.connect("broker.sock")
    os.chdir(here)
    c = Client(s)
    body, flags = binary("lamp"), 2
    if user is not None:
        body, flags = body + binary(user), flags | 0x80
    if password is not None:
        body, flags = body + binary(password), flags | 0x40
    c.send(packet(0x10, binary("MQTT") + bytes([4, flags, 0, 60]) + body))
    try:
        return c.connack()
    except Closed:
        return None


def pem(name):
    with open(os.path.join(cloud.work, name + ".pem"), encoding="utf-8") as f:
        return f.read()


@case
def broker_behind_the_front_believes_nobody():
    with open(os.path.join(cloud.work, "lamp.id"), encoding="utf-8") as f:
        certificate_id = f.read().strip()
    assert inner() != 0
    assert inner(certificate_id) != 0
    assert inner(certificate_id, "") != 0
    assert inner("limpet-front/1 127.0.0.1 -", pem("lamp")) != 0
    assert inner("limpet-front/1 127.0.0.1 -", "0" * 64 + pem("lamp")) != 0
    logged("did not come through the front")


@case
def broker_socket_is_private():
    assert os.stat(os.path.join(cloud.folder, "broker.sock")).st_mode & 0o077 == 0
    assert os.stat(os.path.join(cloud.folder, "front.key")).st_mode & 0o777 == 0o600
    assert os.stat(cloud.folder).st_mode & 0o777 == 0o700


@case
def forged_user_name_is_only_statistics():
    c = Client(cloud.tls("door"))
    body = binary("lamp") + binary("limpet-front/1 127.0.0.1 -") + binary("0" * 64 + pem("lamp"))
    c.send(packet(0x10, binary("MQTT") + bytes([4, 0xC2, 0, 60]) + body))
    assert c.connack() == 7  # door's certificate may not be lamp
    c = Client(cloud.tls("door"))
    c.send(packet(0x10, binary("MQTT") + bytes([4, 0x82, 0, 60]) + binary("door") + binary("?SDK=x&Version=1")))
    assert c.connack() == 0
    c.goodbye()


@case
def certificate_of_another_account_is_refused():
    assert Client(cloud.tls("abroad")).connect("abroad") == 7
    logged("is not registered in account")


@case
def not_tls_is_told():
    s = socket.create_connection(("127.0.0.1", cloud.info["portMqtt"]), timeout=raw_mqtt.PATIENCE_S)
    s.sendall(packet(0x10, binary("MQTT") + bytes([4, 2, 0, 60]) + binary("lamp")))
    try:
        while s.recv(100):
            pass
    except OSError:
        pass
    logged("the TLS handshake failed")


@case
def silent_connections_are_in_nobodys_way():
    idle = [socket.create_connection(("127.0.0.1", cloud.info["portMqtt"])) for _ in range(300)]
    half = [cloud.tls() for _ in range(20)]
    c = client()
    c.publish("dt/lamp/t", "x", qos=1)
    c.expect(raw_mqtt.PUBACK)
    c.goodbye()
    for s in idle + half:
        s.close()


@case
def rubbish_ends_it():
    for first in (b"GET / HTTP/1.1\r\n\r\n", b"\x00\x00", b"\xff" * 10, packet(0x10, b"\x00\x04MQ"), packet(0x10)):
        c = Client(cloud.tls())
        c.send(first)
        assert c.ended() is None
    c = client(5)
    c.send(b"\x82\x80\x80\x80\x80\x01")
    ends(c, 5, 0x81)


raw_mqtt.run(tests)
