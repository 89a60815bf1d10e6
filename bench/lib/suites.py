# SPDX-License-Identifier: MIT
"""What is measured: one declaration per suite, nothing else. How is in rounds.py.

In commands: {bare} and {work} are directories of freshly built programs, {brood} the command,
{peers} bench/peers, {port} the port to listen on at 127.0.0.1.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    name: str
    command: str
    source: str = ""  # compiled before: "FILE.c [flags]", relative to the project
    share: float = 1.0  # of the suite's connections: a slow peer needs fewer for the same precision
    peer: bool = False  # may be missing on this machine; is then left out of the table


@dataclass(frozen=True)
class Goal:
    contender: str
    at_most: float
    times: str  # another contender of the suite


@dataclass(frozen=True)
class Suite:
    name: str
    work: str  # what one connection is worth, for the table's title
    contenders: tuple
    floors: tuple  # contenders that every other one is divided by; the first one decides the spread
    goals: tuple = ()
    connections: int = 6000  # of each contender in each round
    open_at_once: int = 8


FORK = Suite(
    name="fork",
    work="a new process for each connection: one block of 64 bytes, echoed",
    contenders=(
        Contender("pidfd loop", "{bare}/fork_pidfd {port}", "bench/bare/fork_pidfd.c -Wl,-z,now"),
        Contender("static loop", "{bare}/fork_static {port}", "bench/bare/fork_static.c -static"),
        Contender(
            "libbrood",
            "{work}/linked {port}",
            "bench/linked.c examples/echo_once.c {library} -pthread -Iinclude -Wl,-z,now -Wl,-z,noseparate-code",
        ),
        Contender(
            "libbrood static",
            "{work}/linked_static {port}",
            "bench/linked_static.c examples/echo_once.c {library} -pthread -static -Iinclude -Wl,-w",
        ),
        Contender(
            "brood",
            "{brood} serve {work}/echo_once.so -l tcp://127.0.0.1:{port} -m fork",
            "examples/echo_once.c -shared -fPIC -Iinclude -Wl,-z,now -Wl,-z,noseparate-code -Wl,-z,norelro",
        ),
        Contender(
            "brood at error level",
            "{brood} serve {work}/echo_once.so -l tcp://127.0.0.1:{port} -m fork --log-level error",
            "examples/echo_once.c -shared -fPIC -Iinclude -Wl,-z,now -Wl,-z,noseparate-code -Wl,-z,norelro",
        ),
        Contender("socketserver", "/usr/bin/python3 {peers}/socketserver_fork.py {port}", share=0.1, peer=True),
        Contender("Net::Server", "/usr/bin/perl {peers}/net_server_fork.pl {port}", share=0.1, peer=True),
    ),
    floors=("pidfd loop", "static loop"),
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

SUITES = {suite.name: suite for suite in (FORK,)}
