# SPDX-License-Identifier: MIT
"""The text format of Prometheus, read strictly: what any reader of version 0.0.4 may rely on is asserted."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|\+Inf|-Inf|NaN")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def unescape(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


class Metrics:
    """What was scraped: `value(name, **labels)` is one sample, `total(name, **labels)` the sum of those that fit."""

    def __init__(self, text):
        self.types = {}
        self.samples = {}  # {name: {labels as a frozenset of pairs: value}}
        assert text.endswith("\n"), "the last line has no newline"
        family = None
        for line in text.split("\n")[:-1]:
            family = self._read_line(line, family)
        self._check_histograms()

    def _read_line(self, line, family):
        """The family that this line belongs to."""
        help_line = re.fullmatch(rf"# HELP ({NAME}) (.+)", line)
        if help_line:
            assert help_line[1] not in self.types, f"a second time: {line}"
            self.types[help_line[1]] = None
            return help_line[1]
        type_line = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line)
        if type_line:
            assert type_line[1] == family, f"not behind its HELP: {line}"
            self.types[family] = type_line[2]
            return family
        self._read_sample(line, family)
        return family

    def _read_sample(self, line, family):
        found = SAMPLE.fullmatch(line)
        assert found, f"no sample: {line!r}"
        name, labels, value = found[1], found[2] or "", found[found.re.groups]
        kind = self.types[family]
        assert name in [family + suffix for suffix in SUFFIXES[kind]], f"a sample of {name} among those of {family}"
        assert kind != "counter" or name.endswith("_total"), f"a counter called {name}"
        assert NUMBER.fullmatch(value), f"no number: {line!r}"
        pairs = [(key, unescape(text)) for key, text in re.findall(LABEL, labels)]
        assert len(dict(pairs)) == len(pairs), f"a label twice: {line!r}"
        assert kind == "gauge" or float(value) >= 0, f"a negative {kind}: {line!r}"
        series = self.samples.setdefault(name, {})
        assert frozenset(pairs) not in series, f"a sample twice: {line!r}"
        series[frozenset(pairs)] = float(value)

    def _check_histograms(self):
        for name in [name for name, kind in self.types.items() if kind == "histogram"]:
            by_series = {}
            for labels, value in self.samples.get(name + "_bucket", {}).items():
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                by_series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
            assert by_series.keys() == self.samples.get(name + "_count", {}).keys(), name
            assert by_series.keys() == self.samples.get(name + "_sum", {}).keys(), name
            for rest, buckets in by_series.items():
                buckets.sort()
                counts = [count for _, count in buckets]
                assert counts == sorted(counts), f"{name} is not cumulative: {buckets}"
                assert buckets[-1] == (float("inf"), self.samples[name + "_count"][rest]), f"{name}: {buckets}"

    def value(self, name, **labels):
        (value,) = [value for found, value in self.samples[name].items() if labels.items() <= dict(found).items()]
        return value

    def total(self, name, **labels):
        return sum(value for found, value in self.samples[name].items() if labels.items() <= dict(found).items())

    def counters(self):
        """{(name, labels): value} of everything that may only grow."""
        found = {}
        for name, series in self.samples.items():
            family = next((name[:-len(end)] for end in SUFFIXES["histogram"]
                           if name.endswith(end) and self.types.get(name[:-len(end)]) == "histogram"), name)
            if self.types[family] != "gauge":
                found.update({(name, labels): value for labels, value in series.items()})
        return found


def assert_only_grown(before, after):
    """No counter went backwards, or away."""
    late = after.counters()
    for key, value in before.counters().items():
        assert key in late, f"{key} is gone"
        assert late[key] >= value, f"{key} went from {value} back to {late[key]}"
