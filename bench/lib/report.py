# SPDX-License-Identifier: MIT
"""What a suite found, for a terminal and as JSON."""

import statistics
from dataclasses import asdict

from lib.rounds import quartiles, ratios


def _median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def _ratio(results, name, floor):
    if name == floor:
        return "1"
    low, middle, high = quartiles(ratios(results, name, floor))
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


def _optional_columns(suite):
    """(field, title, what a contender says if it was measured) for each that this suite needs."""
    columns = (
        ("paced_p50_us", f"p50 µs at {suite.paced_part:.0%}", "paced"),
        ("idle_bytes", "bytes/idle", "idle"),
        ("kernel_bytes", "kernel's, both ends", "idle"),
    )
    return [column for column in columns if any(getattr(contender, column[2]) for contender in suite.contenders)]


def table(suite, results):
    floors = [floor for floor in suite.floors if floor in results]
    optional = _optional_columns(suite)
    head = ["", f"CPU µs/{suite.unit}", *(f"× {floor}" for floor in floors)]
    head += [f"{suite.unit}s/s", "p50 µs", "p99 µs", *(title for _, title, _ in optional)]
    rows = [head]
    declared = {contender.name: contender for contender in suite.contenders}
    for name, samples in results.items():
        rows.append([
            name,
            f"{_median(samples, 'cpu_us'):.1f}",
            *(_ratio(results, name, floor) for floor in floors),
            *(f"{_median(samples, field):.0f}" for field in ("rate", "p50_us", "p99_us")),
            *(
                f"{_median(samples, field):.0f}" if getattr(declared[name], needed) else "–"
                for field, _, needed in optional
            ),
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
        if goal.contender in results and (goal.times in results or not goal.times):
            yield _judged(goal, results)


def _judged(goal, results):
    what = "" if goal.field == "cpu_us" else f", in {goal.field}"
    if goal.times:
        found, digits, other = ratios(results, goal.contender, goal.times, goal.field), 3, f" × {goal.times}"
    else:
        found, digits, other = [getattr(sample, goal.field) for sample in results[goal.contender]], 0, ""
    low, middle, high = quartiles(found)
    reached = middle >= goal.at_least if goal.at_least else middle <= goal.at_most
    bound = f"≥ {goal.at_least:g}" if goal.at_least else f"≤ {goal.at_most:g}"
    figures = f"is {middle:.{digits}f}, quartiles {low:.{digits}f}–{high:.{digits}f}"
    return f"{'reached' if reached else 'MISSED'}: {goal.contender} {bound}{other}{what} ({figures})"


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
        "unit": suite.unit,
        "units_per_round": 0 if suite.seconds else suite.count,
        "seconds_per_round": suite.seconds,
        "remarks": list(suite.remarks),
        "goals": list(goals(suite, results)),
        "contenders": contenders,
        **facts,
    }
