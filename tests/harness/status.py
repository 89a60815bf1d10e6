# SPDX-License-Identifier: MIT
"""A brood that can be asked how it is: with --status-listen on a port of its own."""
import subprocess

from harness.clients import connect
from harness.patience import LONG
from harness.processes import children_of, status_field, wait_until
from harness.prometheus import Metrics
from harness.supervise_helpers import Supervised


class Watched(Supervised):
    """A brood with --status-listen on a port of its own."""

    def __init__(self, *arguments, status="tcp://127.0.0.1:0", **options):
        super().__init__("--status-listen", status, *arguments, **options)
        self.status_url = self.wait_for(r"(?m)^status on (\S+)$")[0]

    def status_pid(self):
        """Of the status process that lives, once there is one that bears its name."""
        def found():
            return [stat.pid for stat in children_of(self.pid)
                    if stat.state != "Z" and status_field(stat.pid, "Name") == "brood-status"]

        return wait_until(found, LONG, "no status process")[0]

    def services(self):
        status = self.status_pid()
        return [pid for pid in self.service_processes() if pid != status]

    def curl(self, path, *options):
        """(code, head, body)"""
        url = self.status_url.replace("tcp://", "http://") + path
        done = subprocess.run(["curl", "-sS", "-i", "--max-time", str(LONG), *options, url], capture_output=True,
                              check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body.decode()

    def metrics(self):
        code, head, body = self.curl("/metrics")
        assert code == 200
        assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
        return Metrics(body)

    def wait_until_ready(self):
        wait_until(lambda: self.curl("/readyz")[0] == 200, LONG, "not ready")


def watched(*arguments, **options):
    return Watched("-l", "tcp://127.0.0.1:0", *arguments, **options)


def say(url, data, timeout=LONG):
    """What is answered to these bytes, to the end."""
    with connect(url, timeout) as client:
        client.sendall(data)
        return client.makefile("rb").read()
