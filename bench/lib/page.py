# SPDX-License-Identifier: MIT
"""docs/performance.md and its pictures, from the results and nothing else: the same results give the same bytes."""

import json

from lib import fields, picture, picture_bars, picture_lines
from lib.report import USUAL

PICTURES = {"bars": picture_bars.draw, "lines": picture_lines.draw_lines, "rates": picture_lines.draw_rates}
FOLDER = "performance"  # of the pictures, beside the page

INTRODUCTION = """\
# Performance

Written by `bench/run --report` from `bench/results/*.json`; `./dev bench` measures, and writes it again.

Server and client have a core each. CPU is that of the server and all its children. In a round all contenders are up
and take turns, ten slices each, and only what was measured in the same round is divided by each other: a machine's
speed drifts, so only ratios travel. A figure is the median of all rounds, in parentheses the quartiles. Of a suite
whose rounds do not agree (half of them must lie within 8 % of the median, of a peer 20 %) no figure is reported.
*loop* is a program of a page of C that does the same with bare system calls (`bench/bare/`); brood is measured as
shipped, at its default log level unless its name says otherwise.
"""


def picture_of(document):
    return PICTURES[document.get("picture", "bars")](document, picture.HEAD)


def _table(head, rows, right=True):
    """right: figures, which stand below each other."""
    align = ["---", *("---:" if right else "---" for _ in head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, align, *rows))


def _ratio(contender, floor):
    ratio = contender["ratio"][floor]
    if ratio["quartiles"] == [1, 1]:
        return "1"
    return f"{ratio['median']:.3f} ({ratio['quartiles'][0]:.3f}–{ratio['quartiles'][1]:.3f})"


def _bars_table(document):
    unit = document.get("unit", "connection")
    contenders = document["contenders"]
    floors = list(next(iter(contenders.values()))["ratio"])
    idle = any(contender["median"].get("idle_bytes") for contender in contenders.values())
    head = ["", f"CPU µs/{unit}", *(f"× {floor}" for floor in floors), f"{unit}s/s", "p50 µs", "p99 µs"]
    rows = []
    for name, contender in contenders.items():
        median = contender["median"]
        rows.append([
            name,
            fields.number(median["cpu_us"]),
            *(_ratio(contender, floor) for floor in floors),
            *(f"{median[field]:,.0f}" if median[field] else "–" for field in USUAL),
            *([f"{median['idle_bytes']:,.0f}" if median["idle_bytes"] else "–"] if idle else []),
        ])  # fmt: skip
    return _table([*head, *(["bytes/idle"] if idle else [])], rows)


def _rates_table(document):
    rows = []
    for name, contender in document["contenders"].items():
        for point in contender["points"]:
            figures = [point[field]["median"] for field in ("rate", "p50_us", "p99_us")]
            busy = f"{point['busy']['median']:.2f} s"
            rows.append([name, f"{point['offered']:,}", *(f"{figure:,.0f}" for figure in figures), busy])
    return _table(["", "offered/s", "taken/s", "p50 µs", "p99 µs", "server's CPU in a second"], rows)


def _folded(table):
    return f"<details><summary>Figures</summary>\n\n{table}\n\n</details>"


def _capital(words):
    return words[:1].upper() + words[1:]


def _section(name, document):
    parts = [f"## {name}", f"{_capital(document['work'])}. {document['open_at_once']} at once."]
    if "refused" in document:
        said = document["refused"].removeprefix("no result: ")
        return "\n\n".join([*parts, f"**No figures.** {_capital(said)}"])
    parts.append(f"![{name}]({FOLDER}/{name}.svg)")
    if document.get("goals"):
        parts.append("\n".join(f"- {goal}" for goal in document["goals"]))
    parts += document.get("remarks", [])
    parts.append(_folded(_rates_table(document) if document.get("picture") == "rates" else _bars_table(document)))
    return "\n\n".join(parts)


def _outcome(document):
    if "refused" in document:
        return "no figures: the rounds disagree"
    goals = document.get("goals", [])
    reached = sum(goal.startswith("reached") for goal in goals)
    return f"{reached} of {len(goals)} goals reached" if goals else "–"


def _summary(documents, names):
    return _table(
        ["suite", "a unit of work", "outcome"],
        [[f"[{name}](#{name})", documents[name]["work"], _outcome(documents[name])] for name in names],
        right=False,
    )


def _place(document):
    """What belongs to the machine and its programs, and not to the moment."""
    machine, versions = document["machine"], document["versions"]
    rows = {
        "processor": f"{machine['cpu']}, {machine['cores']} cores",
        "kernel": machine["kernel"].partition("-")[0],
        "libc": machine["libc"],
        **{name: version for name, version in versions.items() if version},
    }
    return tuple(rows.items())


def _places(documents, names):
    """Where it was measured: each place once, with its suites."""
    places = {}
    for name in names:
        places.setdefault(_place(documents[name]), []).append(name)
    for place, suites in places.items():
        dates = sorted({documents[name]["measured"][:10] for name in suites})
        who = "All suites" if len(places) == 1 else _capital(", ".join(suites))
        yield f"{who}, {' to '.join(dict.fromkeys([dates[0], dates[-1]]))}:"
        yield _table(["", ""], [list(row) for row in place], right=False)


def page(documents, names):
    """documents: name → document. names: of all suites, in their order."""
    measured = [name for name in names if name in documents]
    parts = [INTRODUCTION.rstrip(), _summary(documents, measured)]
    missing = [f"`{name}`" for name in names if name not in documents]
    if missing:
        parts.append(f"Not measured yet: {', '.join(missing)}.")
    parts += [_section(name, documents[name]) for name in measured]
    parts += ["## Where and with what", *_places(documents, measured)]
    return "\n\n".join(parts) + "\n"


def load(results):
    return {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*.json"))}


def written(documents, names):
    """Path below docs → text, of page and pictures."""
    files = {
        f"{FOLDER}/{name}.svg": picture_of(documents[name])
        for name in names
        if name in documents and "refused" not in documents[name]
    }
    return {"performance.md": page(documents, names), **files}


def write(results, docs, names):
    files = written(load(results), names)
    (docs / FOLDER).mkdir(parents=True, exist_ok=True)
    for old in (docs / FOLDER).glob("*.svg"):
        if f"{FOLDER}/{old.name}" not in files:
            old.unlink()
    for name, text in files.items():
        (docs / name).write_text(text)
    print(f"drawn: performance.md, and its pictures ({len(files) - 1})")
