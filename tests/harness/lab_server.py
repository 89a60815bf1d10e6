# SPDX-License-Identifier: MIT
"""A faulty server of the laboratory, started as `brood lab` does, and watched through /proc. Ended by its group."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import uuid

from harness import clients, processes
from harness.patience import BROOD, LONG, ROOT
from harness.processes import wait_until

SERVERS = BROOD.parent / "lab"
NAMES = sorted(path.stem for path in (ROOT / "lab" / "servers").glob("*.c") if path.stem != "laboratory")
DEAD = "ZX"

REQUEST = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\n\nHello, World!\n"
UNAVAILABLE = 69  # the exit status of one that needs what is not permitted here
NOT_YET = 0.3     # seconds after which who has no answer is said to wait


class LabServer:
    """words: its options."""

    def __init__(self, directory, name, *words):
        self.mark = f"SCENARIO_MARK={uuid.uuid4().hex}"
        self.output = directory / "output"
        environment = dict([*os.environ.items(), ("BROOD_LAB", "1"), tuple(self.mark.split("="))])
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([SERVERS / name, *map(str, words)], env=environment, cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            wait_until(lambda: self.process.poll() is not None or self._urls(), LONG, "it listens")
        except AssertionError:
            self.finish()
            raise

    def _urls(self):
        return re.findall(r"^listening on (\S+)$", self.log(), re.M)

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        assert self._urls(), f"ended with {self.process.returncode}: {self.log()}"
        return self._urls()[0]

    def log(self):
        return self.output.read_text("utf-8", errors="replace")

    def wait_for_log(self, pattern, seconds=LONG):
        return wait_until(lambda: re.search(pattern, self.log(), re.M), seconds, lambda: f"{pattern}: {self.log()}")

    def children(self):
        """Those that live."""
        return [stat.pid for stat in processes.children_of(self.pid) if stat.state not in DEAD]

    def zombies(self):
        return [stat.pid for stat in processes.children_of(self.pid) if stat.state in DEAD]

    def everybody(self):
        """All processes of its, whoever their parent is by now; no zombies."""
        return processes.bearing(self.mark)

    def wait_for_peace(self):
        """No child works any more."""
        wait_until(lambda: not self.children(), LONG, lambda: f"children are left: {self.log()}")

    def is_alive(self):
        return self.process.poll() is None

    def wait_for_end(self, seconds=LONG):
        """Its exit status; negative, of which signal it died."""
        return self.process.wait(seconds)

    @staticmethod
    def cpu_share(pid, seconds=0.5):
        """Of a core, over some time from now on."""
        before, begin = processes.cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        return (processes.cpu_seconds(pid) - before) / (time.monotonic() - begin)

    @staticmethod
    def spins(pid, seconds=0.5):
        """It never sleeps, however little of a busy machine it gets."""
        before, deadline = processes.cpu_seconds(pid), time.monotonic() + seconds
        while time.monotonic() < deadline:
            stat = processes.stat_of(pid)
            if not stat or stat.state != "R":
                return False
            time.sleep(0.005)
        return processes.cpu_seconds(pid) > before

    def finish(self):
        """The way of its runner: the group is ended at once, and nothing is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(LONG)
        wait_until(lambda: not self.everybody(), LONG, lambda: f"left behind: {self.everybody()}")


@contextlib.contextmanager
def started_in(directory):
    """start("3d", "--more-descriptors", 8) is a LabServer; ended afterwards, with all that is left of it."""
    started = []

    def start(name, *words):
        own = directory / f"{name}-{len(started)}"
        own.mkdir()
        started.append(LabServer(own, name, *words))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            server.finish()


def hears_nothing(client, seconds=NOT_YET):
    client.settimeout(seconds)
    try:
        client.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    return False


def asked(url, request=REQUEST):
    client = clients.connect(url)
    client.sendall(request)
    return client
