# SPDX-License-Identifier: MIT
"""What a suite found, for a terminal and as JSON."""

import statistics
from dataclasses import asdict

from lib.rounds import quartiles, ratios


def _median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def _paced(samples):
    """– for a contender that was not measured at a steady pace."""
    return f"{_median(samples, 'paced_p50_us'):.0f}" if samples[0].paced_p50_us else "–"


def _ratio(results, name, floor):
    if name == floor:
        return "1"
    low, middle, high = quartiles(ratios(results, name, floor))
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


def table(suite, results):
    floors = [floor for floor in suite.floors if floor in results]
    head = ["", "CPU µs/conn", *(f"× {floor}" for floor in floors), "conn/s", "p50 µs", "p99 µs"]
    if suite.paced_part:
        head.append(f"p50 µs at {suite.paced_part:.0%}")
    rows = [head]
    for name, samples in results.items():
        rows.append([
            name,
            f"{_median(samples, 'cpu_us'):.1f}",
            *(_ratio(results, name, floor) for floor in floors),
            *(f"{_median(samples, field):.0f}" for field in ("rate", "p50_us", "p99_us")),
            *([_paced(samples)] if suite.paced_part else []),
        ])  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
    rounds = len(next(iter(results.values())))
    title = f"{suite.name}: {suite.work} ({suite.open_at_once} at once)"
    legend = [f"Medians of {rounds} interleaved rounds (quartiles of the ratios)."]
    if suite.paced_part:
        legend.append(
            f"Last column: clients come at {suite.paced_part:.0%} of the {suite.floors[0]}'s rate, ready or not."
        )
    return "\n".join([title, "", *lines, "", *legend, *suite.remarks])


def goals(suite, results):
    """One sentence for each goal whose contenders took part."""
    for goal in suite.goals:
        if goal.contender in results and goal.times in results:
            ratio = statistics.median(ratios(results, goal.contender, goal.times, goal.field))
            verdict = "reached" if ratio <= goal.at_most else "MISSED"
            what = "" if goal.field == "cpu_us" else f", in {goal.field}"
            yield f"{verdict}: {goal.contender} ≤ {goal.at_most:.2f} × {goal.times}{what} (is {ratio:.3f})"


def document(suite, results, facts):
    contenders = {}
    for name, samples in results.items():
        medians = {field: round(_median(samples, field), 2) for field in asdict(samples[0])}
        against = {}
        for floor in suite.floors:
            if floor in results:
                low, middle, high = (round(value, 4) for value in quartiles(ratios(results, name, floor)))
                against[floor] = {"median": middle, "quartiles": [low, high]}
        contenders[name] = {
            "median": medians,
            "ratio": against,
            "rounds": [{field: round(value, 2) for field, value in asdict(sample).items()} for sample in samples],
        }
    return {
        "suite": suite.name,
        "work": suite.work,
        "open_at_once": suite.open_at_once,
        "connections_per_round": suite.connections,
        "remarks": list(suite.remarks),
        "goals": list(goals(suite, results)),
        "contenders": contenders,
        **facts,
    }
