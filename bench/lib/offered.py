# SPDX-License-Identifier: MIT
"""Latency against the offered rate: clients come when their time has come, whatever the server does.

How many clients would fill the core of a panel's bare loop is measured first, once; the rates are parts of that, the
same for all contenders of the panel and in all rounds. In a round everybody is up, and takes its turn at each rate.
"""

import contextlib
import statistics
from dataclasses import asdict, dataclass

from lib import rounds
from lib.rounds import quartiles, rotated

FIRST_COUNT = 500  # clients, to learn how many are enough
CAPACITY_S = 0.7
OPEN_MAX = 1000  # at once: more are late, and their latency says so
KEPT_UP = 0.97  # of the rate that was offered
JUDGED_UP_TO = 0.5  # of what the floor can do: beyond, a latency is mostly the length of a queue, and jumps
SPREAD_LIMIT = 0.25
MEASURED = ("rate", "p50_us", "p99_us", "busy")


@dataclass
class Point:
    """One contender at one offered rate, in one round."""

    offered: int
    rate: float
    p50_us: float
    p99_us: float
    busy: float  # CPU of the server in a second of clients that come: 1 is all of its core


def rounded(rate):
    """To two digits: 13,477 → 13,000."""
    digits = max(0, len(str(int(rate))) - 2)
    return max(1, round(rate / 10**digits) * 10**digits)


def _floors(contenders):
    """Panel → its first contender."""
    floors = {}
    for contender in contenders:
        floors.setdefault(contender.panel, contender)
    return floors


def _capacity(running):
    """How many clients fill the server's core for a second. By CPU: a rate would be anybody's who disturbs."""
    rate = running.client.load(FIRST_COUNT)["rate"]
    before_us = running.server.settled_us()
    seen = running.client.load(rate * CAPACITY_S)
    return seen["connections"] * 1e6 / (running.server.settled_us() - before_us)


def _measure(suite, running, rate):
    before_us = running.server.settled_us()
    seen = running.client.paced(rate, max(1, int(rate * suite.seconds)), OPEN_MAX)
    busy = (running.server.settled_us() - before_us) / 1e6 * rate / seen["connections"]
    return Point(rate, seen["rate"], seen["p50_us"], seen["p99_us"], busy)


def _started(suite, contenders, places, stack, turn):
    return {
        contender.name: stack.enter_context(rounds.running_one(contender, suite, places))
        for contender in rotated(contenders, turn)
    }


def _offers(suite, contenders, places):
    """Panel → the rates that are offered there."""
    offers = {}
    for panel, floor in _floors(contenders).items():
        with rounds.running_one(floor, suite, places) as running:
            capacity = _capacity(running)
        offers[panel] = [rounded(capacity * part) for part in suite.rates]
    return offers


def disagreement(results, suite):
    """As in rounds.py, of the median latencies at rates that leave the server time."""
    worst, clause = 1, ""
    for name, points in results.items():
        for number, part in enumerate(suite.rates):
            width = rounds.spread([each[number].p50_us for each in points])
            if part <= JUDGED_UP_TO and width / SPREAD_LIMIT > worst:
                worst = width / SPREAD_LIMIT
                clause = (
                    f"the median latency of {name} at {part:.0%} spreads over {width:.0%} of its median"
                    f" ({SPREAD_LIMIT:.0%} is the limit)"
                )
    return clause


def run(suite, contenders, places, allowance, say):
    """Contender's name → for each round, a point for each rate."""
    offers = _offers(suite, contenders, places)
    results = {contender.name: [] for contender in contenders}

    def one_round(turn):
        with contextlib.ExitStack() as stack:
            running = _started(suite, contenders, places, stack, turn)
            points = {contender.name: [] for contender in contenders}
            for each in running.values():
                each.client.load(FIRST_COUNT)
            for number in range(len(suite.rates)):
                for contender in rotated(contenders, turn + number):
                    rate = offers[contender.panel][number]
                    points[contender.name].append(_measure(suite, running[contender.name], rate))
        for name, line in points.items():
            results[name].append(line)

    rounds.repeat(one_round, lambda: allowance.strict and disagreement(results, suite), allowance, say)
    return results


def _summary(points):
    """Of one rate, in all rounds."""
    summary = {"offered": points[0].offered}
    for field in MEASURED:
        low, middle, high = (round(value, 3) for value in quartiles([getattr(point, field) for point in points]))
        summary[field] = {"median": middle, "quartiles": [low, high]}
    summary["kept_up"] = summary["rate"]["median"] >= KEPT_UP * points[0].offered
    return summary


def _figures(point):
    return {field: round(value, 3) for field, value in asdict(point).items()}


def contenders_document(contenders, results):
    """As report.contenders_document, of points instead of samples."""
    documents = {}
    for contender in contenders:
        lines = results[contender.name]
        documents[contender.name] = {
            "kind": contender.kind,
            "panel": contender.panel,
            "line": contender.line,
            "points": [_summary(points) for points in zip(*lines)],
            "rounds": [[_figures(point) for point in line] for line in lines],
        }
    return documents


def table(suite, results):
    titles = ("offered/s", "taken/s", "p50 µs", "p99 µs", "CPU/s")
    lines = [f"{suite.name}: {suite.work}", "", f"{'':20}" + "".join(f"{title:>10}" for title in titles)]
    for name, per_round in results.items():
        for points in zip(*per_round):
            figures = [statistics.median(getattr(each, field) for each in points) for field in MEASURED]
            rate, p50_us, p99_us, busy = figures
            lines.append(f"{name:20}{points[0].offered:10}{rate:10.0f}{p50_us:10.0f}{p99_us:10.0f}{busy:10.2f}")
    return "\n".join([*lines, "", f"Medians of {len(per_round)} interleaved rounds.", *suite.remarks])
