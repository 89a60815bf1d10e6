# SPDX-License-Identifier: MIT
"""Who loads a server: programs of bench/*.c, on a core of their own. What they saw is a JSON line.

Two kinds: one process for each slice of the work, or one that stays connected for the whole round.
"""

import contextlib
import json
import os
import selectors
import shlex
import subprocess

from lib.server import Failed, cores

LIMIT_S = 20  # of a slice, or of connecting all
# The option that says how many are open, or on their way, at the same time.
AT_ONCE = {"load": "--open", "load_echo": "--active", "load_http": "--active", "load_udp": "--window"}
STAYING = ("load_echo", "load_http")


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
        command = _command(*self._parts, "--seconds", LIMIT_S, *words)
        result = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=False, timeout=LIMIT_S + 10, preexec_fn=_to_its_core
        )
        return _judged(self._parts[0], result.stdout)


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
    if suite.client not in STAYING:
        yield Passing(contender, suite, places, port)
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
