# SPDX-License-Identifier: MIT
"""Who pays for CPU time: a server and all its children, dead ones included.

A control group of its own counts in nanoseconds and misses nobody. Where none can be made, /proc counts in ticks
and misses a child that nobody waited for: then the results carry a note.
"""

import contextlib
import itertools
import os
import time
from pathlib import Path

_serial = itertools.count()


def _homes():
    """Directories in which a group might be made, as (directory, file to read, how to read microseconds)."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for _, mount, kind, options, *_ in mounts:
            if "cpuacct" in controllers and kind == "cgroup" and "cpuacct" in options.split(","):
                yield Path(mount + path), "cpuacct.usage", lambda text: int(text) / 1000
            elif not controllers and kind == "cgroup2":
                yield Path(mount + path), "cpu.stat", lambda text: int(text.split()[1])


def _sweep(home):
    """Remove the groups of runs that were killed outright: nobody is in them, since servers die with their run."""
    for group in home.glob("brood-bench-*"):
        if not Path("/proc", group.name.split("-")[2]).exists():
            with contextlib.suppress(OSError):
                group.rmdir()


class GroupAccount:
    note = ""

    def __init__(self, home, file, parse):
        _sweep(home)
        self.path = home / f"brood-bench-{os.getpid()}-{next(_serial)}"
        self.path.mkdir()
        self.file, self.parse = self.path / file, parse
        self.kind = file

    def enter(self):
        """Called in the child, before exec."""
        (self.path / "cgroup.procs").write_text("0")

    def used_us(self, _pid):
        return self.parse(self.file.read_text())

    def pids(self):
        return [int(pid) for pid in (self.path / "cgroup.procs").read_text().split()]

    def close(self):
        for _ in range(100):  # a process that was just killed may still be leaving
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.01)


class ProcAccount:
    kind = "/proc"
    note = "no control group could be made: CPU comes from /proc, in ticks of 10 ms"
    _tick_us = 1e6 / os.sysconf("SC_CLK_TCK")

    def enter(self):
        pass

    def used_us(self, pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return 0
        own = sum(int(ticks) for ticks in fields[11:15]) * self._tick_us
        return own + sum(self.used_us(child) for child in children)

    def pids(self):
        return []

    def close(self):
        pass


def open_account():
    for home in _homes():
        try:
            account = GroupAccount(*home)
        except OSError:
            continue
        if account.file.exists() and os.access(account.path / "cgroup.procs", os.W_OK):
            return account
        account.close()
    return ProcAccount()
