# SPDX-License-Identifier: MIT
"""What a client costs when something else grows: connections that are open besides, memory of the parent."""

from lib.handlers import PLUGIN_FLAGS
from lib.suite import Contender, Goal, Suite
from lib.suites_event import AGAIN, KEEP, LOOP

OPEN = (0, 1000, 5000, 10000)

# Megabytes → part of the work: a fork of a large process takes some hundred times as long.
MEGABYTES = {0: 1.0, 64: 0.25, 256: 0.06, 1024: 0.016}


def among_idle(line, parts):
    return tuple(
        Contender(f"{line}, {count}", *parts, idle=count, line=line, at=count, against=f"bare loop, {count}")
        for count in OPEN
    )


CONNECTIONS = Suite(
    name="connections",
    work="connections that stay, among others that are open and silent: a block of 64 bytes, echoed",
    contenders=(
        *among_idle("bare loop", LOOP),
        *among_idle("fibers", KEEP),
        *among_idle("parked", AGAIN),
    ),
    round_s=10,
    goals=(
        Goal("fibers, 10000", 1.10, "fibers, 0"),
        Goal("parked, 10000", 1.10, "parked, 0"),
        Goal("fibers, 10000", 1.10, "bare loop, 10000"),
        Goal("parked, 10000", 1.10, "bare loop, 10000"),
    ),
    axis="connections that are open besides",
    client="load_echo",
    unit="request",
    rounds=5,
    count=40000,
    open_at_once=32,
)


def large(line, command, source):
    return tuple(
        Contender(
            f"{line}, {size} MB", command.format(size=size), source, share, line=line, at=size,
            against=f"bare loop, {size} MB",
        )
        for size, share in MEGABYTES.items()
    )  # fmt: skip


def memory_suite(name, work, bare, options):
    serve = "{{brood}} serve {{work}}/burden.so -l tcp://127.0.0.1:{{port}} --megabytes {size} "
    return Suite(
        name=name,
        work=work + ", from a parent of that size: one block of 64 bytes, echoed",
        contenders=(
            *large("bare loop", f"{{{{bare}}}}/{bare} {{{{port}}}} {{size}}", f"bench/bare/{bare}.c -Wl,-z,now"),
            *large("brood", serve + options, f"bench/burden.c {PLUGIN_FLAGS}"),
        ),
        round_s=12,
        goals=tuple(Goal(f"brood, {size} MB", 1.10, f"bare loop, {size} MB") for size in MEGABYTES),
        axis="megabytes that the parent has touched",
        rounds=5,
        count=2500,
        open_at_once=1,  # or it would matter how many children are alive at the same time
        remarks=("Pages of 4 KiB, touched in no order, as in a heap that grew in small pieces.",),
    )


SWEEP_SUITES = (
    CONNECTIONS,
    memory_suite("memory-fork", "a new process for each connection", "fork_pidfd", "-m fork"),
    memory_suite(
        "memory-oneshot",
        "a process forked before its connection came",
        "oneshot",
        "-m prefork --fresh oneshot -w 8",
    ),
)
