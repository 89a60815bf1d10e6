# SPDX-License-Identifier: MIT
"""Processes as /proc shows them. A process may vanish at any moment: then it has no stat, descriptors or CPU time."""
import collections
import contextlib
import os
import pathlib
import time

GONE = (FileNotFoundError, ProcessLookupError, PermissionError)

Stat = collections.namedtuple("Stat", "pid state parent group session")


def stat_of(pid):
    """None when it is gone. The name, in parentheses, may hold anything: what follows its last one counts."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read()
    except GONE:
        return None
    state, parent, group, session = text.rpartition(b")")[2].split(maxsplit=4)[:4]
    return Stat(int(pid), state.decode("ascii"), int(parent), int(group), int(session))


def every_stat():
    found = (stat_of(name) for name in os.listdir("/proc") if name.isdigit())
    return [stat for stat in found if stat]


def children_of(pid):
    """Zombies too."""
    return [stat for stat in every_stat() if stat.parent == pid]


def descendants_of(pid):
    """Without pid itself, in no order."""
    by_parent = collections.defaultdict(list)
    for stat in every_stat():
        by_parent[stat.parent].append(stat)
    found, todo = [], [pid]
    while todo:
        for stat in by_parent.get(todo.pop(), ()):
            found.append(stat)
            todo.append(stat.pid)
    return found


def bearing(mark):
    """Pids of all processes with this in their environment, whoever their parent is by now."""
    wanted = mark.encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(*GONE):
                if wanted in pathlib.Path(f"/proc/{name}/environ").read_bytes():
                    found.append(int(name))
    return found


def descriptors_of(pid):
    """{number: what it is}"""
    found = {}
    with contextlib.suppress(*GONE):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(*GONE):
                found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def cpu_seconds(pid):
    """Of all threads that live, to the nanosecond; utime and stime count in hundredths."""
    total = 0
    with contextlib.suppress(*GONE):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(*GONE):
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text("ascii").split()[0])
    return total / 1e9


def status_field(pid, field):
    """A line of /proc/PID/status without its name, or None."""
    with contextlib.suppress(*GONE):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
            if line.startswith(field + ":"):
                return line.partition(":")[2].strip()
    return None


def hears(pid, number):
    """It has a handler for this signal, or blocks it, to read it when it is time to."""
    masks = [status_field(pid, field) for field in ("SigCgt", "SigBlk")]
    return any(int(mask or "0", 16) >> (number - 1) & 1 for mask in masks)


def wait_until(condition, seconds, what):
    """What the condition answers, once it is true. what: a text, or a function that makes one."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(0.005)
