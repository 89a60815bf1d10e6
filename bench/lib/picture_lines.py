# SPDX-License-Identifier: MIT
"""Lines: a suite whose contenders are points along an axis, and latencies against the offered rate."""

import math
from dataclasses import dataclass

from lib import fields
from lib.picture import MARGIN, WIDTH, dot, framed, line, nice_ticks, path, text
from lib.rounds import quartiles

STEEP = 12  # from this ratio on the scale is logarithmic
LABEL_GAP = 16


@dataclass
class Frame:
    """Where a chart is, and what its upright scale says. low > 0: logarithmic."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float

    def y(self, value):
        if self.low > 0:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = value / self.high
        return self.bottom - part * (self.bottom - self.top)

    def ticks(self):
        if self.low <= 0:
            return nice_ticks(self.high, 5)
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        found = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
        found = [value for value in found if self.low * 0.999 <= value <= self.high * 1.001]
        decades = [value for value in found if math.isclose(math.log10(value) % 1, 0, abs_tol=1e-6)]
        return decades if len(decades) >= 3 else found


def _frame(box, values):
    left, right, top, bottom = box
    low, high = min(values), max(values)
    if high / low < STEEP:
        return Frame(left, right, top, bottom, 0, high * 1.08)
    return Frame(left, right, top, bottom, low / 1.25, high * 1.25)


def _grid(frame, field, labelled=True):
    parts = []
    for tick in frame.ticks():
        y = frame.y(tick)
        parts.append(line(frame.left, y, frame.right, y, "axis" if tick == 0 else "grid"))
        if labelled:
            parts.append(text(frame.left - 8, y + 4, fields.tick(field, tick) if tick else "0", "muted small", "end"))
    if frame.low > 0:
        parts.append(line(frame.left, frame.bottom, frame.right, frame.bottom, "axis"))
    return parts


# ---- Contenders along an axis ----------------------------------------------------------------------------

CHART = (MARGIN + 62, WIDTH - 142, 40, 286)  # left, right, top, bottom, from the head on


def _series(document, field):
    """Line → (kind, [(at, quartiles)]), in the order of the document."""
    series = {}
    for contender in document["contenders"].values():
        quarters = quartiles([sample[field] for sample in contender["rounds"]])
        series.setdefault(contender["line"], (contender["kind"], []))[1].append((contender["at"], quarters))
    return series


def _spread_apart(ys):
    """The same order, at least a line of text from each other."""
    order = sorted(range(len(ys)), key=lambda number: ys[number])
    placed = list(ys)
    for before, this in zip(order, order[1:]):
        placed[this] = max(placed[this], placed[before] + LABEL_GAP)
    return placed


def _styles(series):
    """Line → its ending of class: the first of brood's has brood's colour, a second one another."""
    styles, seen = {}, 0
    for name, (kind, _) in series.items():
        styles[name] = "bare" if kind == "bare" else "other" if seen else "brood"
        seen += kind != "bare"
    return styles


def draw_lines(document, head):
    field = document["panels"][0]["field"]
    series = _series(document, field)
    left, right, top, bottom = CHART
    values = [value for _, points in series.values() for _, quarters in points for value in quarters]
    frame = _frame((left, right, head + top, head + bottom), values)
    stations = sorted({at for _, points in series.values() for at, _ in points})

    def x(at):
        return frame.left + 26 + stations.index(at) * (frame.right - frame.left - 52) / max(1, len(stations) - 1)

    styles = _styles(series)
    parts = [text(MARGIN, head + 18, fields.title(field, document["unit"]), "text head"), *_grid(frame, field)]
    for at in stations:
        parts.append(text(x(at), frame.bottom + 18, f"{at:,g}", "muted small", "middle"))
    parts.append(text((frame.left + frame.right) / 2, frame.bottom + 38, document["axis"], "muted small", "middle"))
    for name, (_, points) in series.items():
        style = styles[name]
        parts.append(path([(x(at), frame.y(quarters[1])) for at, quarters in points], f"line s-{style}"))
        for at, (low, _, high) in points:
            parts.append(line(x(at), frame.y(low), x(at), frame.y(high), f"line thin s-{style}"))
        fill = "t-other" if style == "other" else style
        parts += [dot(x(at), frame.y(quarters[1]), fill) for at, quarters in points]
    ends = _spread_apart([frame.y(points[-1][1][1]) for _, points in series.values()])
    for (name, (_, points)), y in zip(series.items(), ends):
        label = f"{name} {fields.figure(field, points[-1][1][1])}"
        parts.append(text(x(points[-1][0]) + 12, y + 4, label, f"t-{styles[name]} head"))
    return framed(document, bottom + 54, parts)


# ---- Latency against the offered rate --------------------------------------------------------------------

COLUMNS = 3
GAP, CELL_HEIGHT = 26, 236
AXIS_WIDTH = 44  # left of the first column
CELL_WIDTH = (WIDTH - 2 * MARGIN - AXIS_WIDTH - (COLUMNS - 1) * GAP) / COLUMNS
PLOT_TOP, PLOT_BOTTOM = 34, 196
LATENCIES = (("p50_us", "line"), ("p99_us", "line thin dashed"))


def _kept_up(points):
    """Those before the first rate that was too much."""
    kept = []
    for point in points:
        if not point["kept_up"]:
            break
        kept.append(point)
    return kept


def _panels(document):
    panels = {}
    for contender in document["contenders"].values():
        panels.setdefault(contender["panel"], []).append(contender)
    return panels


def _curves(frame, contender, x):
    style = "bare" if contender["kind"] == "bare" else "brood"
    points = _kept_up(contender["points"])
    for field, classes in LATENCIES:
        line_points = [(x(point["offered"]), frame.y(point[field]["median"])) for point in points]
        if line_points:
            yield path(line_points, f"{classes} s-{style}")
        if field == "p50_us":
            yield from (dot(px, py, style, 2.5) for px, py in line_points)


def _cell(name, contenders, frame, labelled):
    top_rate = max(point["offered"] for contender in contenders for point in contender["points"])

    def x(rate):
        return frame.left + rate / top_rate * (frame.right - frame.left - 6)

    parts = [text(frame.left, frame.top - 12, name, "text head"), *_grid(frame, "p50_us", labelled)]
    for tick in nice_ticks(top_rate, 4):
        parts.append(line(x(tick), frame.bottom, x(tick), frame.bottom + 4, "axis"))
        parts.append(text(x(tick), frame.bottom + 17, fields.short(tick), "muted small", "middle"))
    for contender in contenders:
        parts += _curves(frame, contender, x)
    return parts


def _legend(left, top, axis):
    parts, y = [], top
    for name, style in (("brood", "brood"), ("bare loop", "bare")):
        for (_, classes), what in zip(LATENCIES, ("median", "99 of 100 within")):
            parts.append(line(left, y, left + 34, y, f"{classes} s-{style}"))
            if what == "median":
                parts.append(dot(left + 17, y, style, 2.5))
            parts.append(text(left + 44, y + 4, f"{name}, {what}", f"t-{style}"))
            y += 22
    parts.append(text(left, y + 12, "upwards: latency", "muted small"))
    return [*parts, text(left, y + 28, f"to the right: {axis}", "muted small")]


def draw_rates(document, head):
    panels = _panels(document)
    values = [
        point[field]["median"]
        for contenders in panels.values() for contender in contenders for point in _kept_up(contender["points"])
        for field, _ in LATENCIES
    ] or [1.0, 10.0]  # fmt: skip
    low, high = min(values) / 1.3, max(values) * 1.3
    parts, rows = [], math.ceil((len(panels) + 1) / COLUMNS)
    for number in range(len(panels) + 1):
        left = MARGIN + AXIS_WIDTH + number % COLUMNS * (CELL_WIDTH + GAP)
        top = head + number // COLUMNS * CELL_HEIGHT
        frame = Frame(left, left + CELL_WIDTH, top + PLOT_TOP, top + PLOT_BOTTOM, low, high)
        if number < len(panels):
            name = list(panels)[number]
            parts += _cell(name, panels[name], frame, number % COLUMNS == 0)
        else:
            parts += _legend(left, top + PLOT_TOP + 10, document["axis"])
    return framed(document, rows * CELL_HEIGHT, parts)
