# SPDX-License-Identifier: MIT
"""Talking to a brood under test through its control socket."""
import json
import socket

from harness import clients
from harness.command import brood
from harness.patience import LONG

SHOWS = ["status", "workers", "limits", "deaths"]
REFUSED = 1  # what brood ctl exits with


class Control:
    """The control socket of one brood."""

    def __init__(self, path):
        self.path = str(path)

    def __call__(self, *words, **options):
        return brood("ctl", "--control", self.path, *words, **options)

    def done(self, *words):
        result = self(*words)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    def json(self, *words):
        return json.loads(self.done("--json", *words))

    def service(self, name="obey"):
        """Of the generation in office: the youngest."""
        return [one for one in self.json("status")["services"] if one["name"] == name][-1]

    def workers(self):
        return self.json("workers")["services"][-1]["workers"]

    def connect(self):
        """Without a timeout, so that a full queue is waited for."""
        client = socket.socket(socket.AF_UNIX)
        client.connect(self.path)
        client.settimeout(LONG)
        return client

    def ask(self, request):
        """As socat would: the raw answer."""
        with self.connect() as client:
            client.sendall(request)
            return clients.read_to_end(client).decode()
