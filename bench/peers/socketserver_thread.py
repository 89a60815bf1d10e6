#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python's own threading server doing the bench's work: `socketserver_thread.py PORT`."""

import signal
import socketserver
import sys

LIFETIME_S = 600


class EchoOnce(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.request.recv(4096))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 4096


if sys.argv[1] != "--check":
    signal.alarm(LIFETIME_S)
    Server(("127.0.0.1", int(sys.argv[1])), EchoOnce).serve_forever()
