# SPDX-License-Identifier: MIT
"""How it is measured: interleaved slices within interleaved rounds, and ratios within each round.

A machine's speed drifts over seconds, so only what was measured side by side is compared: in a round every
contender is up, and they are loaded in turn, a slice at a time. Where the kernel happens to put a server's pages is
worth several percent too, so each round starts all of them anew. A median is reported only if the rounds agree.

What a server does between its slices counts as well: one that makes up for dead workers later has no advantage.
"""

import contextlib
import statistics
import time
from dataclasses import dataclass

from lib import clients, memory
from lib.server import Refused, serving

SPREAD_LIMIT = 0.08  # half of all rounds must lie within this part of the median
PEER_SPREAD_LIMIT = 0.20  # of a peer, only the order of magnitude is claimed
ROUNDS_MIN = 5  # fewer say nothing about the spread
EXTRA_ROUNDS = 8  # at most, added one by one while the spread is too wide
SLICES = 10
WARM_UP = 0.1  # of a round's work
PACED_S = 1  # per contender and round
PACED_OPEN = 256  # at most, at once


@dataclass
class Sample:
    """One contender in one round, or in one slice of it."""

    cpu_us: float  # of the server and its children, per unit
    rate: float
    p50_us: float
    p99_us: float
    paced_p50_us: float = 0  # at the suite's part of saturation; 0: not measured
    idle_bytes: float = 0  # of the server, per connection, before the load; 0: nobody was idle
    kernel_bytes: float = 0  # the kernel's beside it, for both ends

    @property
    def per_cpu_s(self):
        """Units for a second of CPU."""
        return 1e6 / self.cpu_us


@dataclass
class Running:
    server: object
    client: object
    idle_bytes: float = 0
    kernel_bytes: float = 0


@contextlib.contextmanager
def running_one(contender, suite, places):
    """Its server, and its client, connected; what the connections cost, if there are any that stay idle."""
    with serving(contender, places, suite.transport) as server:
        server.settled_us()
        user, kernel = memory.user_bytes(server), memory.kernel_bytes()
        with clients.connected(contender, suite, places, server.port) as client:
            running = Running(server, client)
            if contender.idle:
                server.settled_us()
                count = contender.idle + contender.slow + suite.open_at_once
                running.idle_bytes = (memory.user_bytes(server) - user) / count
                running.kernel_bytes = (memory.kernel_bytes() - kernel) / count
            yield running


def _load(contender, suite, running, part):
    """This part of a round's work."""
    if suite.seconds:
        return running.client.load(0, suite.seconds * part)
    return running.client.load(max(1, suite.count * contender.share * part))


def _slice(contender, suite, running):
    before_us = running.server.accounted_us
    seen = _load(contender, suite, running, 1 / SLICES)
    cpu_us = (running.server.settled_us() - before_us) / seen[suite.unit + "s"]
    # A client that is measured itself says what it took.
    return Sample(seen.get("cpu_us", cpu_us), seen["rate"], seen["p50_us"], seen["p99_us"])


def _paced(running, rate):
    """Median latency of clients that come at this rate, whatever the server does."""
    rate = max(1, int(rate))
    return running.client.paced(rate, rate * PACED_S, PACED_OPEN)["p50_us"]


def rotated(items, turn):
    turn %= len(items)
    return items[turn:] + items[:turn]


def _round(contenders, suite, places, turn):
    """Contender's name → its sample: the mean CPU and rate of its slices, the median of their latencies.

    Of slices that take a given time, the median rate: a disturbed one counts as much as any other there.
    """
    slices = {contender.name: [] for contender in contenders}
    with contextlib.ExitStack() as stack:
        running = {}
        for contender in rotated(contenders, turn):
            running[contender.name] = each = stack.enter_context(running_one(contender, suite, places))
            _load(contender, suite, each, WARM_UP)
            each.server.settled_us()
        for number in range(SLICES):
            for contender in rotated(contenders, turn + number):
                slices[contender.name].append(_slice(contender, suite, running[contender.name]))
        results = {name: _summary(samples, running[name], suite.seconds > 0) for name, samples in slices.items()}
        for contender in rotated(contenders, turn):
            if suite.paced_part and contender.paced:
                rate = results[suite.floors[0]].rate * suite.paced_part
                results[contender.name].paced_p50_us = _paced(running[contender.name], rate)
    return results


def _summary(samples, running, timed):
    def each(field):
        return [getattr(sample, field) for sample in samples]

    return Sample(
        cpu_us=statistics.mean(each("cpu_us")),
        rate=(statistics.median if timed else statistics.harmonic_mean)(each("rate")),
        p50_us=statistics.median(each("p50_us")),
        p99_us=statistics.median(each("p99_us")),
        idle_bytes=running.idle_bytes,
        kernel_bytes=running.kernel_bytes,
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


def disagreement(results, contenders, suite):
    """What is wrong with the contender whose rounds agree least, as a clause; "" if all agree well enough."""
    worst, clause = 1, ""
    for contender in contenders:
        floor = next(iter(suite.floors_of(contender).values()))
        limit = PEER_SPREAD_LIMIT if contender.peer else SPREAD_LIMIT
        width = spread(ratios(results, contender.name, floor, suite.agree_on))
        if width / limit > worst:
            worst = width / limit
            clause = f"{contender.name} / {floor} spreads over {width:.0%} of its median ({limit:.0%} is the limit)"
    return clause


def repeat(one_round, disagree, allowance, say):
    """Rounds until there are as many as were asked for, and they agree.

    one_round(number) measures; disagree() says what is wrong with all so far, or "".
    """
    done, clause = 0, ""
    while done < allowance.rounds or (clause := disagree()):
        now = time.monotonic()
        if now > allowance.hopeless:
            raise Refused(f"no result: only {done} of {allowance.rounds} rounds, and they took far too long.")
        late = done >= ROUNDS_MIN and now > allowance.deadline
        if late and not (clause := disagree()):
            return
        if late or done >= allowance.rounds + EXTRA_ROUNDS:
            raise Refused(f"no result: {clause} after {done} rounds. Is the machine busy?")
        say(done + 1)
        one_round(done)
        done += 1


def run(suite, contenders, places, allowance, say):
    """Contender's name → samples, one per round."""
    results = {contender.name: [] for contender in contenders}

    def one_round(number):
        for name, sample in _round(contenders, suite, places, number).items():
            results[name].append(sample)

    repeat(one_round, lambda: allowance.strict and disagreement(results, contenders, suite), allowance, say)
    return results
