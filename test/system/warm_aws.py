# SPDX-License-Identifier: Apache-2.0
"""warm_aws.py serve SOCKET | call SOCKET ARGUMENT...: AWS's command line without its start. The server has awscli and the models of
its services in memory and does each call in a fork of its own, with the caller's arguments, environment, folder and standard
streams: it is awscli that answers, but a call costs a tenth of the second that it takes otherwise."""
import array
import os
import signal
import socket
import struct
import sys
import traceback

STREAMS = 3
SERVICES = ("iot", "iot-data", "iot-jobs-data", "sts")


def receive(connection):
    """What call() sent: the streams, the folder, the environment, the arguments."""
    fds = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_LEN(STREAMS * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data)
    want, body = struct.unpack("!I", head)[0], b""
    while len(body) < want:
        piece = connection.recv(want - len(body))
        if not piece:
            raise EOFError("the caller is gone")
        body += piece
    folder, n, *words = body.split(b"\0")
    return fds, folder, words[: int(n)], words[int(n) :]


def answer(connection, run):
    fds, folder, environment, arguments = receive(connection)
    for i, fd in enumerate(fds):
        os.dup2(fd, i)
    os.chdir(folder)
    data = os.environ["AWS_DATA_PATH"]  # where awscli, as it is imported, says that its own data is
    os.environb.clear()
    os.environb.update(word.split(b"=", 1) for word in environment)
    os.environ["AWS_DATA_PATH"] = data
    sys.argv = ["aws"] + [os.fsdecode(word) for word in arguments]
    status = 255
    try:
        status = run() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([status & 255]))


def cached(load):
    known = {}

    def load_once(self, path):
        if path not in known:
            known[path] = load(self, path)
        return known[path]

    return load_once


def warm():
    """awscli as it is installed, with the models loaded that its calls would load."""
    import awscli.clidriver
    import botocore.loaders

    loader = botocore.loaders.JSONFileLoader
    loader.load_file = cached(loader.load_file)
    session = awscli.clidriver.create_clidriver().session
    for service in SERVICES:
        session.create_client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        session.get_component("data_loader").load_service_model(service, "paginators-1")
    return awscli.clidriver.main


def serve(path):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    run = warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            try:
                answer(connection, run)
            except Exception:  # the caller sees its connection closed, which is a failure
                traceback.print_exc()
            os._exit(0)
        connection.close()


def call(path, arguments):
    """The status of the call; awscli itself when nobody serves."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        os.execv("/usr/bin/aws", ["/usr/bin/aws"] + arguments)
    environment = [name + b"=" + value for name, value in os.environb.items()]
    words = [os.getcwdb(), b"%d" % len(environment)] + environment + [os.fsencode(word) for word in arguments]
    body = b"\0".join(words)
    connection.sendmsg([struct.pack("!I", len(body))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", range(STREAMS)))])
    connection.sendall(body)
    status = connection.recv(1)
    return status[0] if status else 255


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    sys.exit(call(sys.argv[2], sys.argv[3:]))
