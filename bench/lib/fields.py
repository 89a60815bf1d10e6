# SPDX-License-Identifier: MIT
"""What the fields of a sample are called, and how their figures are written."""

TITLES = {
    "cpu_us": "CPU for a {unit}",
    "rate": "{unit}s in a second (more is better)",
    "p50_us": "median latency",
    "p99_us": "99 of 100 have their answer within",
    "paced_p50_us": "median latency below saturation",
    "idle_bytes": "memory of the server for a connection",
    "kernel_bytes": "memory of the kernel for both ends of a connection",
}


def title(field, unit):
    return TITLES[field].format(unit=unit)


def number(value):
    """Three digits that count, thousands set apart: 0.523, 5.23, 52.3, 523, 5,230."""
    if value == 0:
        return "0"
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def short(value):
    """For an axis: 250, 1k, 2.5k, 1M."""
    for limit, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{suffix}"
    return f"{value:g}"


def microseconds(value):
    for limit, suffix in ((1e6, "s"), (1e3, "ms")):
        if value >= limit:
            return f"{number(value / limit)} {suffix}"
    return f"{number(value)} µs"


def tick(field, value):
    """A round figure beside an axis."""
    if not field.endswith("_us"):
        return short(value)
    for limit, suffix in ((1e6, "s"), (1e3, "ms")):
        if value >= limit:
            return f"{value / limit:g} {suffix}"
    return f"{value:g} µs"


def figure(field, value):
    if field.endswith("_us"):
        return microseconds(value)
    if field.endswith("_bytes"):
        return f"{value:,.0f} bytes"
    return number(value)
