# SPDX-License-Identifier: MIT
"""What a suite found, for a terminal and as JSON."""

import statistics
from dataclasses import asdict

from lib.rounds import quartiles, ratios
from lib.suite import Panel


USUAL = ("rate", "p50_us", "p99_us")  # fields of every table; 0: nobody looked


def _median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def _ratio(results, name, floor):
    if name == floor or floor not in results:
        return "1" if name == floor else "–"
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


def _columns(suite, results):
    """Of ratios: all that somebody in the results can be divided by."""
    titles = {}
    for contender in suite.contenders:
        titles.update(suite.floors_of(contender))
    return [title for title, floor in titles.items() if floor in results]


def table(suite, results):
    optional = _optional_columns(suite)
    columns = _columns(suite, results)
    head = ["", f"CPU µs/{suite.unit}", *(f"× {title}" for title in columns)]
    head += [f"{suite.unit}s/s", "p50 µs", "p99 µs", *(title for _, title, _ in optional)]
    rows = [head]
    declared = {contender.name: contender for contender in suite.contenders}
    for name, samples in results.items():
        rows.append([
            name,
            f"{_median(samples, 'cpu_us'):.1f}",
            *(_ratio(results, name, suite.floors_of(declared[name])[title]) for title in columns),
            *(f"{_median(samples, field):.0f}" if _median(samples, field) else "–" for field in USUAL),
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


def _bars(suite):
    """The panels of the picture."""
    return [asdict(panel) for panel in suite.panels or (Panel(times=suite.floors[0] if suite.floors else ""),)]


def contenders_document(suite, contenders, results):
    documents = {}
    for contender in contenders:
        samples = results[contender.name]
        against = {}
        for title, floor in suite.floors_of(contender).items():
            if floor in results:
                low, middle, high = (round(value, 4) for value in quartiles(ratios(results, contender.name, floor)))
                against[title] = {"median": middle, "quartiles": [low, high]}
        documents[contender.name] = {
            "kind": contender.kind,
            **({"line": contender.line, "at": contender.at} if contender.line else {}),
            "median": {field: round(_median(samples, field), 2) for field in asdict(samples[0])},
            "ratio": against,
            "rounds": [{field: round(value, 2) for field, value in asdict(sample).items()} for sample in samples],
        }
    return documents


def document(suite, facts, **more):
    """What is known of a suite beforehand, where it was measured, and `more`: what was found."""
    return {
        "suite": suite.name,
        "work": suite.work,
        "picture": "rates" if suite.rates else "lines" if suite.axis else "bars",
        "panels": [] if suite.rates else _bars(suite),
        "axis": suite.axis,
        "open_at_once": suite.open_at_once,
        "unit": suite.unit,
        "units_per_round": 0 if suite.seconds else suite.count,
        "seconds_per_round": suite.seconds,
        "remarks": list(suite.remarks),
        **more,
        **facts,
    }
