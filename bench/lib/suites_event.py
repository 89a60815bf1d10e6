# SPDX-License-Identifier: MIT
"""The suites of model event: many connections that stay, and datagrams."""

from lib.handlers import PLUGIN_FLAGS
from lib.suite import Contender, Goal, Panel, Suite

# The model that they are about, one worker on the server's one core; `bench/run --model` puts another in its place.
MODEL = "-m event -w 1 --max-conns 18000"

LOOP = ("{bare}/echo_epoll {port}", "bench/bare/echo_epoll.c -Wl,-z,now")


def served(handler, scheme):
    command = f"{{brood}} serve {{work}}/{handler}.so -l {scheme}://127.0.0.1:{{port}} {{model}}"
    return command, f"examples/{handler}.c {PLUGIN_FLAGS}"


def at_error_level(contender):
    command, source = contender
    return command + " --log-level error", source


# The same service twice: a loop that waits in brood_read (with a fiber), and one that returns BROOD_AGAIN (without).
KEEP = served("echo_keep", "tcp")
AGAIN = served("echo_again", "tcp")
DATAGRAMS = served("echo_once", "udp")

IDLE_CLIENTS = 15000
SLOW_CLIENTS = 10000

ECHO_EVENT = Suite(
    name="echo-event",
    work="connections that stay: a block of 64 bytes, echoed",
    client="load_echo",
    unit="request",
    contenders=(
        Contender("loop", *LOOP),
        Contender("brood", *KEEP),
        Contender("brood at error level", *at_error_level(KEEP)),
        Contender("brood, parking", *AGAIN),
        Contender("brood, parking, at error level", *at_error_level(AGAIN)),
        Contender("Node.js", "node {peers}/node_echo.js {port}", share=0.5, peer=True),
        Contender("asyncio", "/usr/bin/python3 {peers}/asyncio_echo.py {port}", share=0.1, peer=True),
    ),
    floors=("loop",),
    round_s=6,
    goals=(
        Goal("brood", 1.10, "loop"),
        Goal("brood at error level", 1.10, "loop"),
        Goal("brood, parking", 1.10, "loop"),
        Goal("brood, parking, at error level", 1.10, "loop"),
    ),
    count=100000,
    open_at_once=32,
)

IDLE = Suite(
    name="idle",
    work=f"connections that stay, alone and among {IDLE_CLIENTS} idle ones: a block of 64 bytes, echoed",
    client="load_echo",
    unit="request",
    contenders=(
        Contender("loop", *LOOP),
        Contender("loop among idle", *LOOP, idle=IDLE_CLIENTS),
        Contender("fibers", *KEEP),
        Contender("fibers among idle", *KEEP, idle=IDLE_CLIENTS),
        Contender("parked", *AGAIN),
        Contender("parked among idle", *AGAIN, idle=IDLE_CLIENTS),
    ),
    floors=("loop",),
    round_s=16,
    panels=(
        Panel("idle_bytes", "memory of the server for an idle connection"),
        Panel("p99_us", times="loop"),
    ),
    goals=(
        Goal("fibers among idle", 10 * 1024, field="idle_bytes"),
        Goal("parked among idle", 1.5 * 1024, field="idle_bytes"),
        Goal("fibers among idle", 1.5, "fibers", "p99_us"),
        Goal("parked among idle", 1.5, "parked", "p99_us"),
    ),
    rounds=5,
    seconds=2,
    open_at_once=100,
)

SLOW = Suite(
    name="slow",
    work=f"connections that stay, alone and among {SLOW_CLIENTS} that send a byte each second: 64 bytes, echoed",
    client="load_echo",
    unit="request",
    contenders=(
        Contender("loop", *LOOP),
        Contender("loop among slow", *LOOP, slow=SLOW_CLIENTS),
        Contender("fibers", *KEEP),
        Contender("fibers among slow", *KEEP, slow=SLOW_CLIENTS),
        Contender("parked", *AGAIN),
        Contender("parked among slow", *AGAIN, slow=SLOW_CLIENTS),
    ),
    floors=("loop",),
    round_s=16,
    panels=(Panel("rate", times="loop"), Panel("p99_us", times="loop")),
    goals=(
        Goal("fibers among slow", times="fibers", field="rate", at_least=0.8),
        Goal("fibers among slow", 2.0, "fibers", "p99_us"),
        Goal("parked among slow", times="parked", field="rate", at_least=0.8),
        Goal("parked among slow", 2.0, "parked", "p99_us"),
    ),
    rounds=5,
    seconds=2,
    # CPU is no measure here: that of slow clients is shared by as many requests as the machine allows.
    agree_on="rate",
    remarks=("CPU among slow clients is theirs, too, but divided by the requests of the others alone.",),
)

UDP = Suite(
    name="udp",
    work="datagrams of 64 bytes, echoed",
    client="load_udp",
    unit="packet",
    contenders=(
        Contender("loop", "{bare}/echo_udp {port}", "bench/bare/echo_udp.c -Wl,-z,now"),
        Contender("brood", *DATAGRAMS),
        Contender("brood at error level", *at_error_level(DATAGRAMS)),
        Contender("socketserver", "/usr/bin/python3 {peers}/socketserver_udp.py {port}", share=0.1, peer=True),
    ),
    floors=("loop",),
    round_s=5,
    goals=(
        Goal("brood", times="loop", field="per_cpu_s", at_least=0.85),
        Goal("brood", times="socketserver", field="per_cpu_s", at_least=10),
    ),
    count=200000,
    open_at_once=128,
    transport="udp",
)

EVENT_SUITES = (ECHO_EVENT, IDLE, SLOW, UDP)
