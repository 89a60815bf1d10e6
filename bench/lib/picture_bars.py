# SPDX-License-Identifier: MIT
"""A bar for each contender, with the spread of its rounds; the line is the bare loop.

A bar that would make all others short is cut: its figure says how long it is.
"""

from dataclasses import dataclass

from lib import fields
from lib.picture import MARGIN, WIDTH, framed, legend, line, nice_ticks, rect, text
from lib.rounds import quartiles

RATIOS = 700  # where the right-aligned ratio ends
FIGURES = WIDTH - MARGIN
BARS_END = RATIOS - 62
LABEL_MIN, LABEL_MAX, LETTER = 90, 200, 7.6
ROW, BAR = 25, 14
PANEL_HEAD, PANEL_FOOT = 42, 30
CUT_BEYOND = 4.0  # times the line
KINDS = (("bare", "bare system calls"), ("brood", "brood"), ("peer", "others"))


@dataclass
class Scale:
    """Where bars begin, and the value at which they are as long as they can be."""

    left: float
    top: float

    def x(self, value):
        return self.left + value / self.top * (BARS_END - self.left)


def _values(document, name, panel):
    """Round by round; in multiples of what the panel names."""
    mine = [sample[panel["field"]] for sample in document["contenders"][name]["rounds"]]
    if not panel["times"]:
        return mine
    its = [sample[panel["field"]] for sample in document["contenders"][panel["times"]]["rounds"]]
    return [value / other for value, other in zip(mine, its)]


def _rows(document, panel):
    """(name, kind, quartiles, figure) of all that were measured so."""
    for name, contender in document["contenders"].items():
        absolute = contender["median"].get(panel["field"], 0)
        if absolute > 0:
            yield name, kind_of(name, contender), quartiles(_values(document, name, panel)), absolute


def kind_of(name, contender):
    """Older results do not say it."""
    guess = "brood" if "brood" in name else "bare" if "loop" in name else "peer"
    return contender.get("kind", guess)


def _top(rows, relative):
    """Where the scale ends. Of multiples, those that are far beyond the line do not count."""
    highs = [quarters[2] for _, _, quarters, _ in rows]
    near = [high for high in highs if high <= CUT_BEYOND] if relative else highs
    return max(near) * 1.04 if len(near) == len(highs) else max(2.0, 1.25 * max(near))


def _whiskers(low, high, y):
    middle = y + BAR / 2
    caps = [line(x, middle - 3.5, x, middle + 3.5, "spread") for x in (low, high)]
    return [line(low, middle, high, middle, "spread"), *caps] if high - low >= 1 else []


def _cut(right, y):
    """Two slanted gaps."""
    return [
        f'<polygon points="{x},{y + BAR + 1} {x + 4},{y + BAR + 1} {x + 10},{y - 1} {x + 6},{y - 1}" class="cut"/>'
        for x in (right - 30, right - 21)
    ]


def _bar(kind, quarters, y, scale):
    low, middle, high = (scale.x(value) for value in quarters)
    bar = rect(scale.left, y, max(1, min(middle, BARS_END) - scale.left), BAR, kind, 1.5)
    return [bar, *(_cut(BARS_END, y) if middle > BARS_END else _whiskers(low, min(high, BARS_END), y))]


def _row(row, y, scale, panel):
    name, kind, quarters, absolute = row
    middle, base = quarters[1], y + 11.5
    figure = fields.figure(panel["field"], absolute)
    parts = [text(scale.left - 10, base, name, "text", "end"), *_bar(kind, quarters, y, scale)]
    if not panel["times"]:
        return [*parts, text(FIGURES, base, figure, "text head", "end")]
    ratio = f"{middle:.2f} ×" if middle < 10 else f"{middle:.1f} ×"
    return [*parts, text(RATIOS, base, ratio, "text head", "end"), text(FIGURES, base, figure, "muted", "end")]


def _label_width(document):
    longest = max(len(name) for name in document["contenders"])
    return min(LABEL_MAX, max(LABEL_MIN, longest * LETTER))


def _panel(document, panel, top_y):
    """(its parts, where it ends)"""
    rows, relative = list(_rows(document, panel)), bool(panel["times"])
    scale = Scale(MARGIN + _label_width(document) + 10, _top(rows, relative))
    begin, end = top_y + PANEL_HEAD, top_y + PANEL_HEAD + len(rows) * ROW
    title = panel["title"] or fields.title(panel["field"], document.get("unit", "connection"))
    parts = [text(MARGIN, top_y + 18, title, "text head")]
    for tick in nice_ticks(scale.top, 6):
        parts.append(line(scale.x(tick), begin - 4, scale.x(tick), end, "axis" if tick == 0 else "grid"))
        label = f"{tick:g} ×" if relative else fields.tick(panel["field"], tick)
        parts.append(text(scale.x(tick), end + 15, label, "muted small", "middle"))
    for number, row in enumerate(rows):
        parts += _row(row, begin + number * ROW + (ROW - BAR) / 2 - 2, scale, panel)
    if relative:
        parts.append(line(scale.x(1), begin - 8, scale.x(1), end, "reference"))
        parts.append(text(scale.x(1), begin - 13, panel["times"], "muted small", "middle"))
    return parts, end + PANEL_FOOT


def draw(document, head):
    panels = document.get("panels") or [{"field": "cpu_us", "title": "", "times": next(iter(document["contenders"]))}]
    kinds = {kind_of(*each) for each in document["contenders"].items()}
    parts, y = legend([entry for entry in KINDS if entry[0] in kinds]), head
    for panel in panels:
        drawn, y = _panel(document, panel, y)
        parts += drawn
    return framed(document, y - head, parts)
