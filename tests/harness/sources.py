# SPDX-License-Identifier: MIT
"""Clients from addresses of their own: every address of 127.0.0.0/8 is a source that a client may bind."""
import contextlib
import socket

from harness import clients
from harness.patience import LONG


def connect_from(source, url, timeout=LONG):
    family, kind, address = clients.address_of(url)
    client = socket.socket(family, kind)
    client.settimeout(timeout)
    client.bind((source, 0))
    client.connect(address)
    return client


def ask_from(source, url, request=b"1\n", timeout=LONG):
    with connect_from(source, url, timeout) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return clients.read_to_end(client)


def holding(source, url, count):
    """So many clients that are being served, in a context."""
    stack = contextlib.ExitStack()
    for _ in range(count):
        client = stack.enter_context(connect_from(source, url))
        client.sendall(b"hello\n")
        assert client.recv(100) == b"hello\n"
    return stack
