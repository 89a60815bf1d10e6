# SPDX-License-Identifier: MIT
"""Clients that are measured themselves: a process for each slice, on the clients' core, whose own CPU is what counts.

All of them end by themselves. What they have seen they say on stdout: as JSON, as bench/bare/load_epoll.c and brood load
do, or as wrk does.
"""

import json
import os
import re
import shlex
import subprocess
import time

from lib.server import Failed, cores


def _answered(contender, text):
    """How many requests, and what is known of their times."""
    if text.startswith("{"):
        seen = json.loads(text)
        errors = seen.get("errors", {})
        if any(errors.values()):
            raise Failed(f"{contender.name}: some requests were not answered: {errors}")
        latency = seen.get("latency_us", {})
        return seen["requests"], latency.get("p50", 0), latency.get("p99", 0)
    told = re.search(r"(\d+) requests in", text)
    if not told or "Non-2xx" in text or "Socket errors" in text:
        raise Failed(f"{contender.name}: {text.strip()[-200:] or 'it said nothing'}")
    return int(told[1]), 0, 0


class Measured:
    """What it says of a slice has the client's CPU in it."""

    def __init__(self, contender, suite, places, port):
        self._contender, self._at_once = contender, suite.open_at_once
        self._places = {**places, "port": port, "at_once": suite.open_at_once}

    def load(self, count, _seconds=0):
        each = max(1, int(count) // self._at_once)
        words = self._contender.client.format(each=each, count=each * self._at_once, **self._places)
        begin = time.monotonic()
        # By taskset: with a function to run before exec, our own pages would be copied at the client's expense.
        command = ["taskset", "-c", str(cores()[1]), *shlex.split(words)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            text = process.stdout.read()
            _, process.returncode, usage = os.wait4(process.pid, 0)
        answered, p50_us, p99_us = _answered(self._contender, text)
        cpu_us = (usage.ru_utime + usage.ru_stime) * 1e6 / answered
        return {
            "requests": answered, "rate": answered / (time.monotonic() - begin), "cpu_us": cpu_us,
            "p50_us": p50_us, "p99_us": p99_us,
        }  # fmt: skip
