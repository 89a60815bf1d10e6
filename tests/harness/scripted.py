# SPDX-License-Identifier: MIT
"""`brood load` against servers that do as a test says, on loopback, in threads of the test."""
import contextlib
import json
import socket
import struct
import threading

from harness.command import brood
from harness.patience import LONG

NOTHING_SUCCEEDED, NO_HOST = 1, 68


def load(url, *words, status=0):
    """What its JSON says; it said nothing else."""
    result = brood("load", url, "--json", *words)
    assert result.returncode == status, result.stderr
    assert bool(result.stderr) == bool(status)
    return json.loads(result.stdout)


def errors(seen):
    """Those that happened."""
    return {kind: count for kind, count in seen["errors"].items() if count}


class Scripted:
    """A server on loopback that treats each client as `script(client)` says; none: it never takes one."""

    def __init__(self, script=None, backlog=128):
        self._script, self._held = script, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.clients = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        if script:
            self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, address = self.listener.accept()
                self.clients.append(address[0])
                threading.Thread(target=self._treat, args=(client,), daemon=True).start()

    def _treat(self, client):
        client.settimeout(LONG)
        with client, contextlib.suppress(OSError):
            self._script(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self._script:
            self._thread.join(LONG)


def reset(client):
    client.recv(100)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_an_answer(client):
    client.recv(100)
    client.sendall(b"2")


def no_answer(client):
    while client.recv(100):
        pass


def answer(data):
    def script(client):
        while client.recv(4096):
            client.sendall(data)
    return script


def answer_once(data):
    def script(client):
        client.recv(4096)
        client.sendall(data)
    return script
