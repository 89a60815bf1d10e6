# SPDX-License-Identifier: MIT
"""Who loads a server: programs of bench/*.c, on a core of their own. What they saw is a JSON line.

Two kinds: one process for each slice of the work, or one that stays connected for the whole round. At a given rate it
is brood-load that loads, where it was built.
"""

import contextlib
import json
import os
import selectors
import shlex
import subprocess

from lib.measured import Measured
from lib.server import Failed, cores

LIMIT_S = 20  # of a slice, or of connecting all
# The option that says how many are open, or on their way, at the same time.
AT_ONCE = {"load": "--open", "load_echo": "--active", "load_http": "--active", "load_udp": "--window"}
STAYING = ("load_echo", "load_http")
BLOCK = "what is sent comes back, and then the server ends the connection"  # 64 bytes, as in load.h


def _command(contender, suite, places, *words):
    program = [places["work"] / suite.client, *shlex.split(contender.load)]
    return [str(word) for word in [*program, *words]]


def _to_its_core():
    os.sched_setaffinity(0, {cores()[1]})


def _judged(contender, line):
    if not line:
        raise Failed(f"{contender.name}: the load client said nothing.")
    seen = json.loads(line)
    if seen.get("errors") or seen.get("unfinished"):
        raise Failed(f"{contender.name}: {seen['errors']} answers were wrong, {seen['unfinished']} did not come.")
    return seen


def _said(command):
    result = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=False, timeout=2 * LIMIT_S + 10, preexec_fn=_to_its_core
    )
    return result.stdout


class Passing:
    """A process for each slice."""

    def __init__(self, contender, suite, places, port):
        self._parts, self._port = (contender, suite, places), port
        self._at_once = suite.open_at_once

    def load(self, count, _seconds=0):
        return self._run(AT_ONCE[self._parts[1].client], self._at_once, self._port, max(1, int(count)))

    def paced(self, rate, count, at_once):
        """They come at this rate, whatever the server does."""
        return self._run("--rate", rate, "--open", at_once, self._port, count)

    def _run(self, *words):
        return _judged(self._parts[0], _said(_command(*self._parts, "--seconds", LIMIT_S, *words)))


class Offering(Passing):
    """The same; whoever comes at a given rate is sent by brood-load, whose users measure so, too."""

    def paced(self, rate, count, at_once):
        contender, _, places = self._parts
        command = [
            str(places["brood_load"]), f"tcp://127.0.0.1:{self._port}", "--json", "--processes", "1",
            "--rate", str(rate), "--duration", f"{max(1, 1000 * count // rate)}ms", "--timeout", f"{LIMIT_S}s",
            "--clients", str(at_once), "--message", BLOCK, "--answer", "close",
        ]  # fmt: skip
        seen = json.loads(_said(command) or "{}")
        if not seen or seen["unfinished"] or any(seen["errors"].values()):
            raise Failed(f"{contender.name}: of {count} clients that came, some were not answered.")
        latency = seen["latency_us"]
        return {**seen, "p50_us": latency["p50"], "p99_us": latency["p99"]}


class Staying:
    """A process that is connected from the beginning to the end; it is silent between the slices."""

    def __init__(self, contender, process):
        self._contender, self._process = contender, process

    def load(self, count, seconds=0):
        """count 0: as many as come, in these seconds."""
        self._process.stdin.write(f"{int(count)} {seconds or LIMIT_S}\n")
        return self.hear()

    def hear(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(2 * LIMIT_S):
                raise Failed(f"{self._contender.name}: the load client hangs.")
        return _judged(self._contender, self._process.stdout.readline())


@contextlib.contextmanager
def connected(contender, suite, places, port):
    if not suite.client:
        yield Measured(contender, suite, places, port)
        return
    if suite.client not in STAYING:
        kind = Offering if suite.rates and places["brood_load"] else Passing
        yield kind(contender, suite, places, port)
        return
    crowd = ["--idle", contender.idle, *(["--slow", contender.slow] if contender.slow else [])]
    command = _command(contender, suite, places, "--hold", AT_ONCE[suite.client], suite.open_at_once, *crowd, port)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, preexec_fn=_to_its_core
    )
    try:
        client = Staying(contender, process)
        client.hear()
        yield client
    finally:
        process.kill()  # its clients have their answers; the kernel closes them
        process.wait()
        process.stdin.close()
        process.stdout.close()
