# SPDX-License-Identifier: MIT
"""What a suite may say. All are declared in suites*.py; how they are measured is in rounds.py.

In commands: {bare} and {work} are directories of freshly built programs, {brood} the command,
{peers} bench/peers, {port} the port to listen on at 127.0.0.1, {model} what `bench/run --model` says.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    name: str
    command: str
    source: str = ""  # compiled before: "FILE.c [flags]", relative to the project
    share: float = 1.0  # of the suite's count: a slow peer needs fewer for the same precision
    peer: bool = False  # may be missing on this machine; is then left out of the table
    load: str = ""  # more options for the load client
    paced: bool = False  # its latency is measured at the suite's part of saturation, too
    idle: int = 0  # clients that are connected besides, and say nothing
    slow: int = 0  # clients that are connected besides, and send a byte each second


@dataclass(frozen=True)
class Goal:
    """At most so much, or at least."""

    contender: str
    at_most: float = 0
    times: str = ""  # what another contender of the suite takes; "": a figure by itself
    field: str = "cpu_us"  # of Sample
    at_least: float = 0


@dataclass(frozen=True)
class Suite:
    name: str
    work: str  # what one unit is worth, for the table's title
    contenders: tuple
    floors: tuple  # contenders that every other one is divided by; the first one decides the spread
    goals: tuple = ()
    client: str = "load"  # bench/CLIENT.c, see clients.py
    unit: str = "connection"  # what the client counts
    count: int = 6000  # units of each contender in each round
    seconds: float = 0  # or so long, whatever the count
    open_at_once: int = 8
    paced_part: float = 0  # of the first floor's rate; 0: nobody is measured so
    transport: str = "tcp"
    agree_on: str = "cpu_us"  # the field of Sample whose ratios must be alike in all rounds
    files: tuple = ()  # sizes: {work}/files has a file of each, whose name it is
    limit_s: int = 220  # the rounds that are asked for must fit, further ones end there
    remarks: tuple = ()  # printed below the table
