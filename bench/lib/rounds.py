# SPDX-License-Identifier: MIT
"""How it is measured: interleaved slices within interleaved rounds, and ratios within each round.

A machine's speed drifts over seconds, so only what was measured side by side is compared: in a round every
contender is up, and they are loaded in turn, a slice at a time. Where the kernel happens to put a server's pages is
worth several percent too, so each round starts all of them anew. A median is reported only if the rounds agree.

What a server does between its slices counts as well: one that makes up for dead workers later has no advantage.
"""

import contextlib
import json
import os
import shlex
import statistics
import subprocess
import time
from dataclasses import dataclass

from lib.server import Failed, cores, serving

SPREAD_LIMIT = 0.08  # half of all rounds must lie within this part of the median
PEER_SPREAD_LIMIT = 0.20  # of a peer, only the order of magnitude is claimed
EXTRA_ROUNDS = 8  # at most, added one by one while the spread is too wide
SUITE_LIMIT_S = 220
LOAD_LIMIT_S = 20
SLICES = 10
WARM_UP = 0.1  # of a round's connections
PACED_S = 1  # per contender and round
PACED_OPEN = 256  # at most, at once


@dataclass
class Sample:
    """One contender in one round, or in one slice of it."""

    cpu_us: float  # of the server and its children, per connection
    rate: float
    p50_us: float
    p99_us: float
    paced_p50_us: float = 0  # at the suite's part of saturation; 0: not measured


def _load(contender, places, port, count, *options):
    command = [
        places["work"] / "load", *shlex.split(contender.load), "--seconds", LOAD_LIMIT_S, *options,
        port, max(1, int(count)),
    ]  # fmt: skip
    result = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True, check=False,
        timeout=LOAD_LIMIT_S + 10, preexec_fn=lambda: os.sched_setaffinity(0, {cores()[1]}),
    )  # fmt: skip
    if not result.stdout:
        raise Failed("the load client said nothing.")
    seen = json.loads(result.stdout)
    if seen["errors"] or seen["unfinished"]:
        raise Failed(f"{contender.name}: {seen['errors']} connections failed, {seen['unfinished']} did not end.")
    return seen


def _slice(contender, suite, places, server):
    before_us = server.accounted_us
    count = suite.connections * contender.share / SLICES
    seen = _load(contender, places, server.port, count, "--open", suite.open_at_once)
    cpu_us = (server.settled_us() - before_us) / seen["connections"]
    return Sample(cpu_us, seen["rate"], seen["p50_us"], seen["p99_us"])


def _paced(contender, places, server, rate):
    """Median latency of clients that come at this rate, whatever the server does."""
    rate = max(1, int(rate))
    return _load(contender, places, server.port, rate * PACED_S, "--rate", rate, "--open", PACED_OPEN)["p50_us"]


def _rotated(items, turn):
    turn %= len(items)
    return items[turn:] + items[:turn]


def _round(contenders, suite, places, turn):
    """Contender's name → its sample: the mean CPU and rate of its slices, the median of their latencies."""
    slices = {contender.name: [] for contender in contenders}
    with contextlib.ExitStack() as running:
        servers = {}
        for contender in _rotated(contenders, turn):
            servers[contender.name] = server = running.enter_context(serving(contender, places))
            warm_up = suite.connections * contender.share * WARM_UP
            _load(contender, places, server.port, warm_up, "--open", suite.open_at_once)
            server.settled_us()
        for number in range(SLICES):
            for contender in _rotated(contenders, turn + number):
                slices[contender.name].append(_slice(contender, suite, places, servers[contender.name]))
        results = {name: _summary(samples) for name, samples in slices.items()}
        for contender in _rotated(contenders, turn):
            if suite.paced_part and contender.paced:
                rate = results[suite.floors[0]].rate * suite.paced_part
                results[contender.name].paced_p50_us = _paced(contender, places, servers[contender.name], rate)
    return results


def _summary(samples):
    def each(field):
        return [getattr(sample, field) for sample in samples]

    return Sample(
        cpu_us=statistics.mean(each("cpu_us")),
        rate=statistics.harmonic_mean(each("rate")),
        p50_us=statistics.median(each("p50_us")),
        p99_us=statistics.median(each("p99_us")),
    )


def ratios(results, name, floor, field="cpu_us"):
    """One per round. results: name → samples, round by round."""
    return [getattr(mine, field) / getattr(its, field) for mine, its in zip(results[name], results[floor])]


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def spread(values):
    """Between the quartiles, as a part of the median."""
    low, middle, high = quartiles(values)
    return (high - low) / middle


def disagreement(results, contenders, floor):
    """What is wrong with the contender whose rounds agree least, as a clause; "" if all agree well enough."""
    worst, clause = 1, ""
    for contender in contenders:
        limit = PEER_SPREAD_LIMIT if contender.peer else SPREAD_LIMIT
        width = spread(ratios(results, contender.name, floor))
        if width / limit > worst:
            worst = width / limit
            clause = f"{contender.name} / {floor} spreads over {width:.0%} of its median ({limit:.0%} is the limit)"
    return clause


def run(suite, contenders, places, rounds, say):
    """Contender's name → samples, one per round."""
    results = {contender.name: [] for contender in contenders}
    floor = suite.floors[0]
    deadline = time.monotonic() + SUITE_LIMIT_S
    done = 0
    while done < rounds or (clause := disagreement(results, contenders, floor)):
        late = time.monotonic() > deadline
        if late and done < rounds:
            raise Failed(f"no result: only {done} of {rounds} rounds in {SUITE_LIMIT_S} s.")
        if late or done == rounds + EXTRA_ROUNDS:
            raise Failed(f"no result: {clause} after {done} rounds. Is the machine busy?")
        say(f"{suite.name}: round {done + 1} of {rounds}" + (" and more, they disagree" if done >= rounds else ""))
        for name, sample in _round(contenders, suite, places, done).items():
            results[name].append(sample)
        done += 1
    return results
