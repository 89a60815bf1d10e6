#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python's own datagram server sending back what it gets: `socketserver_udp.py PORT`."""

import signal
import socketserver
import sys

LIFETIME_S = 600


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        packet, socket = self.request
        socket.sendto(packet, self.client_address)


if sys.argv[1] != "--check":
    signal.alarm(LIFETIME_S)
    socketserver.UDPServer(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
