# SPDX-License-Identifier: Apache-2.0
"""A small CONNECT proxy, and behind it the local cloud under a name and a CA of its own.

proxy_rig.py CLOUD_HTTP_PORT CERT KEY LOG PORT_FILE [USER:PASSWORD]

Only iot.limpet.test:443 is let through; it leads to a TLS server here that passes all on to the
cloud's plain HTTP port. Every byte that reaches the proxy from its client goes into LOG.
"""
import base64
import os
import socket
import ssl
import sys
import threading


def pump(source, sink, log=None):
    try:
        while data := source.recv(65536):
            if log is not None:
                log.write(data)
                log.flush()
            sink.sendall(data)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(one, other, log=None):
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other, log)
    back.join()
    one.close()
    other.close()


def serve(listener, run):
    def guarded(connection):
        try:
            run(connection)
        except OSError:
            connection.close()

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=guarded, args=(connection,), daemon=True).start()


def main():
    cloud_port, cert, key, log_path, port_file = sys.argv[1:6]
    wanted = sys.argv[6] if len(sys.argv) > 6 else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    front = socket.create_server(("127.0.0.1", 0))
    proxy = socket.create_server(("127.0.0.1", 0))
    log = open(log_path, "ab")

    def on_front(connection):
        join(context.wrap_socket(connection, server_side=True), socket.create_connection(("127.0.0.1", int(cloud_port))))

    def on_proxy(connection):
        head = b""
        while b"\r\n\r\n" not in head and (data := connection.recv(1)):
            head += data
        log.write(head)
        log.flush()
        allowed = wanted is None or b"Proxy-Authorization: Basic " + base64.b64encode(wanted.encode()) in head
        if not allowed:
            answer = b"407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"rig\""
        elif not head.startswith(b"CONNECT iot.limpet.test:443 "):
            answer = b"403 Forbidden"
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            join(connection, socket.create_connection(("127.0.0.1", front.getsockname()[1])), log)
            return
        connection.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.close()

    threading.Thread(target=serve, args=(front, on_front), daemon=True).start()
    with open(port_file + ".new", "w", encoding="ascii") as out:
        out.write(str(proxy.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    serve(proxy, on_proxy)


main()
