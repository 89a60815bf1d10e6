# SPDX-License-Identifier: MIT
"""What the pictures share: SVG as wide as a README, light or dark as its reader, the same bytes for the same results.

Bars are in picture_bars.py, lines in picture_lines.py: they draw a document as report.py wrote it.
"""

import math
from html import escape

WIDTH = 830
MARGIN = 24
HEAD = 62  # title and work
FOOT = 30  # caption
LETTER = 5.8  # of small text, about

# What is drawn has a class, and the class a colour in each of both worlds.
STYLE = """
svg { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; }
.paper { fill: #ffffff; stroke: #d5dae0; }
.text { fill: #1f2328; } .muted { fill: #59636e; }
.title { font-size: 17px; font-weight: 600; } .head { font-weight: 600; } .small { font-size: 11px; }
.grid { stroke: #e4e8ec; } .axis { stroke: #b7bfc8; } .reference { stroke: #59636e; stroke-dasharray: 4 3; }
.spread { stroke: #1f2328; stroke-width: 1.5; } .cut { fill: #ffffff; }
.brood { fill: #0f8b8d; } .bare { fill: #a3adb8; } .peer { fill: #dfae62; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .thin { stroke-width: 1.5; }
.dashed { stroke-dasharray: 5 4; }
.s-brood { stroke: #0f8b8d; } .s-other { stroke: #7a4fbf; } .s-bare { stroke: #8c96a1; }
.t-brood { fill: #0b7375; } .t-other { fill: #6a3fb0; } .t-bare { fill: #66707b; }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117; stroke: #30363d; }
.text { fill: #e6edf3; } .muted { fill: #9198a1; }
.grid { stroke: #21262d; } .axis { stroke: #484f58; } .reference { stroke: #9198a1; }
.spread { stroke: #f0f6fc; } .cut { fill: #0d1117; }
.brood { fill: #2a9d9f; } .bare { fill: #5b6570; } .peer { fill: #a9772b; }
.s-brood { stroke: #39c5c7; } .s-other { stroke: #b392f0; } .s-bare { stroke: #7d8590; }
.t-brood { fill: #56d4d6; } .t-other { fill: #c4a7f5; } .t-bare { fill: #9198a1; }
}
""".strip()


def place(value):
    """A coordinate, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")


def text(x, y, words, classes="text", anchor="start"):
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{place(x)}" y="{place(y)}" class="{classes}"{anchored}>{escape(words)}</text>'


def line(x1, y1, x2, y2, classes):
    return f'<line x1="{place(x1)}" y1="{place(y1)}" x2="{place(x2)}" y2="{place(y2)}" class="{classes}"/>'


def rect(x, y, width, height, classes, radius=0):
    size = f'width="{place(width)}" height="{place(height)}"'
    rounded = f' rx="{radius}"' if radius else ""
    return f'<rect x="{place(x)}" y="{place(y)}" {size} class="{classes}"{rounded}/>'


def path(points, classes):
    return f'<polyline points="{" ".join(f"{place(x)},{place(y)}" for x, y in points)}" class="{classes}"/>'


def dot(x, y, classes, radius=3.5):
    return f'<circle cx="{place(x)}" cy="{place(y)}" r="{radius}" class="{classes}"/>'


def nice_step(span, steps):
    """1, 2 or 5 times a power of ten: the least that needs at most so many steps."""
    raw = span / steps
    power = 10 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def nice_ticks(top, steps):
    """From 0 to the last one that is not beyond the top."""
    step = nice_step(top, steps)
    return [round(number * step, 10) for number in range(int(top / step + 1e-9) + 1)]


def caption(document):
    machine, done = document["machine"], document.get("rounds_done")
    rounds = done or len(next(iter(document["contenders"].values()))["rounds"])
    figures = "Medians" if document.get("picture") == "rates" else "Medians and quartiles"
    cores = f"{machine['cores']} cores" if machine["cores"] != 1 else "one core"
    return (
        f"{figures} of {rounds} interleaved rounds · {machine['cpu']}, {cores}"
        f" · Linux {machine['kernel'].partition('-')[0]} · {document['measured'][:10]}"
    )


def legend(entries):
    """(class, words) of each colour, from the right end of the title's line."""
    parts, x = [], WIDTH - MARGIN
    for colour, words in reversed(entries):
        x -= len(words) * LETTER
        parts.append(text(x, 30, words, "muted small"))
        parts.append(rect(x - 16, 21, 10, 10, colour, 2))
        x -= 34
    return parts


def framed(document, height, parts):
    """parts: drawn between HEAD and HEAD + height."""
    whole = round(HEAD + height + FOOT)
    size = f'width="{WIDTH}" height="{whole}" viewBox="0 0 {WIDTH} {whole}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(document['suite'])}: {escape(document['work'])}</title>",
        f"<style>\n{STYLE}\n</style>",
        rect(0.5, 0.5, WIDTH - 1, whole - 1, "paper", 8),
        text(MARGIN, 31, document["suite"], "text title"),
        text(MARGIN, 51, document["work"], "muted"),
        *parts,
        text(MARGIN, whole - 13, caption(document), "muted small"),
        "</svg>",
        "",
    ])  # fmt: skip
