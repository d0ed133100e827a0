# SPDX-License-Identifier: Apache-2.0
"""record_relay.py PORT-FILE TARGET-PORT RECORD: passes HTTP on to 127.0.0.1:TARGET-PORT as it came and writes each
request with its answer as a line of JSON. Its own port goes to PORT-FILE. A test tool: one process, until killed."""
import base64
import http.client
import http.server
import json
import os
import sys
import threading


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", int(sys.argv[2]), timeout=30)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        self.record(body, answer, content)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    def record(self, body, answer, content):
        line = json.dumps({
            "method": self.command, "target": self.path, "headers": list(self.headers.items()),
            "body": base64.b64encode(body).decode(), "status": answer.status,
            "answer_headers": answer.getheaders(), "answer": base64.b64encode(content).decode()})
        with self.lock, open(sys.argv[3], "a", encoding="utf-8") as f:
            f.write(line + "\n")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay  # noqa: N815 - names of the library

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
with open(sys.argv[1] + ".new", "w", encoding="utf-8") as port_file:
    port_file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
