# SPDX-License-Identifier: MIT
"""What is measured: one declaration per suite, nothing else. Their words are explained in suite.py."""

from lib.handlers import LINKED, LINKED_STATIC, PLUGIN, SERVE
from lib.suite import Contender, Goal, Panel, Suite
from lib.suites_event import EVENT_SUITES
from lib.suites_http import HTTP_SUITES
from lib.suites_load import LOAD_SUITES
from lib.suites_rate import RATE_SUITES
from lib.suites_sweeps import SWEEP_SUITES

# Peers with standing workers.
NET_SERVER = "/usr/bin/perl {{peers}}/net_server_prefork.pl {requests} {{port}}"
APACHE = "/bin/sh {{peers}}/apache_prefork.sh {per_child} {{work}} {{port}}"
APACHE_REMARK = (
    "Apache answers an HTTP request (Connection: close) with a file of 64 bytes and logs it: more work than an echo,"
    " so its ratios tell an order of magnitude."
)

FORK = Suite(
    name="fork",
    work="a new process for each connection: one block of 64 bytes, echoed",
    contenders=(
        Contender("pidfd loop", "{bare}/fork_pidfd {port}", "bench/bare/fork_pidfd.c -Wl,-z,now"),
        Contender("static loop", "{bare}/fork_static {port}", "bench/bare/fork_static.c -static"),
        Contender("libbrood", "{work}/linked {port} fork", LINKED),
        Contender("libbrood static", "{work}/linked_static {port} fork", LINKED_STATIC),
        Contender("brood", SERVE + " -m fork", PLUGIN),
        Contender("brood at error level", SERVE + " -m fork --log-level error", PLUGIN),
        Contender("socketserver", "/usr/bin/python3 {peers}/socketserver_fork.py {port}", share=0.1, peer=True),
        Contender("Net::Server", "/usr/bin/perl {peers}/net_server_fork.pl {port}", share=0.1, peer=True),
    ),
    floors=("pidfd loop", "static loop"),
    round_s=13,
    goals=(
        Goal("libbrood", 1.10, "pidfd loop"),
        Goal("libbrood", 1.35, "static loop"),
        Goal("libbrood static", 1.10, "pidfd loop"),
        Goal("libbrood static", 1.35, "static loop"),
        Goal("libbrood static", 0.10, "socketserver"),
        Goal("brood", 1.10, "pidfd loop"),
        Goal("brood", 1.35, "static loop"),
        Goal("brood", 0.10, "socketserver"),
    ),
)

PREFORK = Suite(
    name="prefork",
    work="workers that were there before, reused: one block of 64 bytes, echoed",
    contenders=(
        Contender("loop", "{bare}/prefork {port}", "bench/bare/prefork.c -Wl,-z,now"),
        Contender("loop, two listeners", "{bare}/prefork_several {port}", "bench/bare/prefork_several.c -Wl,-z,now"),
        Contender("libbrood", "{work}/linked {port} prefork", LINKED),
        Contender("libbrood static", "{work}/linked_static {port} prefork", LINKED_STATIC),
        Contender("brood", SERVE + " -m prefork -w 8", PLUGIN),
        Contender("brood at error level", SERVE + " -m prefork -w 8 --log-level error", PLUGIN),
        Contender("brood, two listeners", SERVE + " -l tcp://127.0.0.1:0 -m prefork -w 8", PLUGIN),
        Contender("Net::Server PreFork", NET_SERVER.format(requests=1000000), share=0.2, peer=True),
        Contender("Apache prefork", APACHE.format(per_child=0), share=0.2, peer=True, load="--http"),
    ),
    floors=("loop", "loop, two listeners"),
    round_s=7,
    goals=(
        Goal("libbrood", 1.05, "loop"),
        Goal("libbrood static", 1.05, "loop"),
        Goal("brood", 1.05, "loop"),
        Goal("brood at error level", 1.05, "loop"),
        Goal("brood, two listeners", 1.12, "loop, two listeners"),
    ),
    count=15000,
    remarks=(APACHE_REMARK,),
)

ONESHOT = Suite(
    name="oneshot",
    work="a process for each connection, forked before it came: one block of 64 bytes, echoed",
    contenders=(
        Contender("loop", "{bare}/oneshot {port}", "bench/bare/oneshot.c -Wl,-z,now", paced=True),
        Contender("libbrood", "{work}/linked {port} oneshot", LINKED, paced=True),
        Contender("libbrood static", "{work}/linked_static {port} oneshot", LINKED_STATIC, paced=True),
        Contender("brood", SERVE + " -m prefork --fresh oneshot -w 8", PLUGIN, paced=True),
        Contender("brood at error level", SERVE + " -m prefork --fresh oneshot -w 8 --log-level error", PLUGIN),
        Contender("brood, reused", SERVE + " -m prefork -w 8", PLUGIN, paced=True),
        Contender("Net::Server PreFork", NET_SERVER.format(requests=1), share=0.1, peer=True),
        Contender("Apache prefork", APACHE.format(per_child=1), share=0.02, peer=True, load="--http"),
    ),
    floors=("loop",),
    round_s=13,
    panels=(
        Panel(times="loop"),
        Panel("paced_p50_us", "median latency, a tenth of saturation", times="loop"),
    ),
    goals=(
        Goal("libbrood", 1.10, "loop"),
        Goal("libbrood static", 1.10, "loop"),
        Goal("brood", 1.10, "loop"),
        Goal("brood at error level", 1.10, "loop"),
        Goal("brood", 1.20, "brood, reused", "paced_p50_us"),
    ),
    paced_part=0.1,
    remarks=(
        APACHE_REMARK,
        "Net::Server (max_requests 1) and Apache (MaxConnectionsPerChild 1) replace each worker after one connection;"
        " Apache does so once a second, hence its rate.",
    ),
)

THREAD = Suite(
    name="thread",
    work="threads of one process, 64 that were there before: one block of 64 bytes, echoed",
    contenders=(
        Contender("loop", "{bare}/threads {port}", "bench/bare/threads.c -pthread -Wl,-z,now"),
        Contender("libbrood", "{work}/linked {port} thread", LINKED),
        Contender("libbrood static", "{work}/linked_static {port} thread", LINKED_STATIC),
        Contender("brood", SERVE + " -m thread", PLUGIN),
        Contender("brood at error level", SERVE + " -m thread --log-level error", PLUGIN),
        Contender("socketserver", "/usr/bin/python3 {peers}/socketserver_thread.py {port}", share=0.2, peer=True),
    ),
    floors=("loop",),
    round_s=5,
    count=10000,
    remarks=("socketserver's ThreadingTCPServer makes a thread for each connection.",),
)

ALL = (FORK, PREFORK, ONESHOT, THREAD, *RATE_SUITES, *SWEEP_SUITES, *EVENT_SUITES, *HTTP_SUITES, *LOAD_SUITES)
SUITES = {suite.name: suite for suite in ALL}
