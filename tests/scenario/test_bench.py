# SPDX-License-Identifier: MIT
"""The bench's own arithmetic, its pictures and its page; one suite from beginning to end, with hardly any work."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import types
import xml.etree.ElementTree as ElementTree

import pytest

from harness.patience import BROOD

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

# pylint: disable=wrong-import-position
from lib import fields, machine, offered, page, plan, report, rounds, suite  # noqa: E402
from lib.rounds import Sample  # noqa: E402
from lib.server import Refused  # noqa: E402
from lib.suites import SUITES  # noqa: E402

FACTS = {
    "measured": "2026-01-02T03:04:05Z",
    "machine": {"cpu": "A Processor", "cores": 2, "kernel": "6.1.0-18-amd64", "libc": "glibc 2.36"},
    "versions": {"brood": "brood 0.1.0", "compiler": "cc 12.2.0"},
    "notes": [],
}
NAMESPACE = "{http://www.w3.org/2000/svg}"


def samples(cpu_us, **more):
    """Seven rounds, each a little different."""
    return [Sample(cpu_us * (1 + number / 100), 1000, 50, 90, **more) for number in range(7)]


def bars():
    declared = suite.Suite(
        name="pies",
        work="a pie for each guest",
        contenders=(
            suite.Contender("loop", "{bare}/loop {port}"),
            suite.Contender("brood", "{brood} serve"),
            suite.Contender("Baker & Sons <slow>", "bake", peer=True),
        ),
        floors=("loop",),
        goals=(suite.Goal("brood", 1.10, "loop"),),
        remarks=("Of apples.",),
    )
    results = {"loop": samples(100), "brood": samples(120), "Baker & Sons <slow>": samples(1500)}
    found = {
        "goals": list(report.goals(declared, results)),
        "rounds_done": 7,
        "contenders": report.contenders_document(declared, declared.contenders, results),
    }
    return declared, report.document(declared, FACTS, **found)


def lines():
    contenders = tuple(
        suite.Contender(f"{line}, {at}", command, line=line, at=at, against=f"bare loop, {at}")
        for line, command in (("bare loop", "{bare}/loop"), ("brood", "{brood} serve"))
        for at in (0, 10, 1000)
    )
    declared = suite.Suite(name="guests", work="a pie among guests", contenders=contenders, axis="guests")
    results = {each.name: samples(10 + each.at) for each in contenders}
    found = {"rounds_done": 7, "contenders": report.contenders_document(declared, contenders, results)}
    return declared, report.document(declared, FACTS, **found)


def rates():
    contenders = (
        suite.Contender("oven: loop", "{bare}/loop", panel="oven", line="bare loop"),
        suite.Contender("oven: brood", "{brood} serve", panel="oven", line="brood"),
    )
    declared = suite.Suite(
        name="hunger", work="guests who do not wait", contenders=contenders, rates=(0.1, 0.5, 1.0), seconds=1)
    points = [[offered.Point(rate, min(rate, 700), 50, 90 + rate, 0.5) for rate in (100, 500, 1000)]] * 5
    results = {each.name: points for each in contenders}
    found = {"rounds_done": 5, "contenders": offered.contenders_document(contenders, results)}
    return declared, report.document(declared, FACTS, **found)


def drawn(document):
    return ElementTree.fromstring(page.picture_of(document))


# ---- Pictures and page --------------------------------------------------------------------------------------


def test_page_and_pictures_in_the_tree_are_what_its_results_say():
    files = page.written(page.load(ROOT / "bench/results"), list(SUITES))
    for name, text in files.items():
        assert (ROOT / "docs" / name).read_text() == text, f"docs/{name}: bench/run --report writes it again"
    pictures = {f"performance/{path.name}" for path in (ROOT / "docs/performance").glob("*.svg")}
    assert pictures == set(files) - {"performance.md"}


@pytest.mark.parametrize("make", [bars, lines, rates])
def test_a_picture_names_all_it_shows_and_lies_within_its_width_in_light_and_dark(make):
    declared, document = make()
    picture = drawn(document)
    assert "prefers-color-scheme: dark" in picture.find(f"{NAMESPACE}style").text
    words = [element.text for element in picture.iter(f"{NAMESPACE}text")]
    shown = {each.panel or each.line or each.name for each in declared.contenders}
    assert all(any(name in word for word in words) for name in shown)
    for element in picture.iter():
        for attribute in ("x", "x1", "x2", "cx"):
            assert 0 <= float(element.get(attribute, 0)) <= float(picture.get("width"))
    for element in picture.iter(f"{NAMESPACE}rect"):
        assert float(element.get("x")) + float(element.get("width")) <= float(picture.get("width"))


@pytest.mark.parametrize("make", [bars, lines, rates])
def test_the_same_results_give_the_same_bytes_after_being_written_and_read(make):
    _, document = make()
    again = json.loads(json.dumps(document))
    assert page.picture_of(document) == page.picture_of(again)
    assert page.page({"it": document}, ["it"]) == page.page({"it": again}, ["it"])


def test_bars_are_as_long_as_their_ratios_and_the_line_is_the_bare_loop():
    picture = drawn(bars()[1])
    bar = {kind: picture.find(f"{NAMESPACE}rect[@class='{kind}'][@height='14']") for kind in ("bare", "brood")}
    left, loop = float(bar["bare"].get("x")), float(bar["bare"].get("width"))
    assert float(bar["brood"].get("width")) == pytest.approx(1.2 * loop, abs=0.2)
    reference = picture.find(f"{NAMESPACE}line[@class='reference']")
    assert float(reference.get("x1")) == pytest.approx(left + loop, abs=0.2)
    # 15 times as long: cut, and its figure says so.
    assert len(list(picture.iterfind(f"{NAMESPACE}polygon[@class='cut']"))) == 2
    assert "15.0 ×" in [element.text for element in picture.iter(f"{NAMESPACE}text")]


def test_a_curve_ends_where_the_server_takes_less_than_it_is_offered():
    picture = drawn(rates()[1])
    curves = [element for element in picture.iter(f"{NAMESPACE}polyline")]
    assert len(curves) == 4  # p50 and p99 of two
    assert all(len(curve.get("points").split()) == 2 for curve in curves)


def test_the_page_has_goals_remarks_and_ratios():
    text = page.page({"pies": bars()[1]}, ["pies", "cakes"])
    assert "![pies](performance/pies.svg)" in text
    assert "- MISSED: brood ≤ 1.1 × loop (is 1.200, quartiles 1.200–1.200)" in text
    assert "0 of 1 goals reached" in text and "Of apples." in text
    assert "| brood | 124 | 1.200 (1.200–1.200) |" in text
    assert "Not measured yet: `cakes`." in text


def test_of_a_suite_that_was_refused_the_page_has_the_reason_and_no_figure():
    declared, _ = bars()
    refused = report.document(declared, FACTS, refused="no result: brood / loop spreads over 30% of its median.")
    files = page.written({"pies": refused}, ["pies"])
    assert list(files) == ["performance.md"]
    assert "**No figures.** Brood / loop spreads over 30% of its median." in files["performance.md"]
    assert ".svg" not in files["performance.md"]


def test_a_picture_of_a_suite_that_has_none_any_more_goes_away(tmp_path):
    declared, document = bars()
    results, docs = tmp_path / "results", tmp_path / "docs"
    results.mkdir()
    (results / "pies.json").write_text(json.dumps(document))
    page.write(results, docs, ["pies"])
    assert (docs / "performance/pies.svg").exists()
    (results / "pies.json").write_text(json.dumps(report.document(declared, FACTS, refused="no result: none.")))
    page.write(results, docs, ["pies"])
    assert not (docs / "performance/pies.svg").exists()


@pytest.mark.parametrize("value, words", [(0.5234, "0.523 µs"), (52.34, "52.3 µs"), (1500, "1.50 ms")])
def test_three_digits_count(value, words):
    assert fields.microseconds(value) == words


# ---- Rounds -------------------------------------------------------------------------------------------------


def allowance(asked=7, deadline_s=60.0, hopeless_s=120.0):
    now = time.monotonic()
    return plan.Allowance(asked, now + deadline_s, now + hopeless_s)


def test_rounds_that_never_agree_are_refused_with_the_reason():
    done = []
    with pytest.raises(Refused, match="brood spreads after 15 rounds"):
        rounds.repeat(done.append, lambda: "brood spreads", allowance(), lambda number: None)
    assert len(done) == 7 + rounds.EXTRA_ROUNDS


def test_further_rounds_are_added_until_they_agree():
    done = []
    rounds.repeat(done.append, lambda: "" if len(done) > 9 else "brood spreads", allowance(), lambda number: None)
    assert done == list(range(10))


def test_late_rounds_that_agree_are_enough_from_the_fifth_on():
    done = []
    rounds.repeat(done.append, lambda: "", allowance(deadline_s=-1), lambda number: None)
    assert len(done) == rounds.ROUNDS_MIN
    with pytest.raises(Refused, match="only 0 of 7 rounds"):
        rounds.repeat(done.append, lambda: "", allowance(deadline_s=-2, hopeless_s=-1), lambda number: None)


def test_a_contender_must_agree_with_the_one_it_is_divided_by():
    declared, _ = lines()
    results = {each.name: samples(10) for each in declared.contenders}
    assert rounds.disagreement(results, declared.contenders, declared) == ""
    results["brood, 1000"] = [Sample(10 * factor, 1, 1, 1) for factor in (1, 2, 1, 2, 1, 2, 1)]
    clause = rounds.disagreement(results, declared.contenders, declared)
    assert clause.startswith("brood, 1000 / bare loop, 1000 spreads")


def test_latencies_are_compared_only_where_the_server_has_time():
    declared = rates()[0]

    def points(low, high):
        medians = [(low[turn % 2], 50, high[turn % 2]) for turn in range(5)]
        return [[offered.Point(100, 100, median, 1, 1) for median in each] for each in medians]

    assert offered.disagreement({"oven": points((50, 51), (100, 9000))}, declared) == ""
    assert "at 10%" in offered.disagreement({"oven": points((50, 90), (100, 100))}, declared)


@pytest.mark.parametrize("rate, offer", [(13477, 13000), (99.6, 100), (7, 7), (0.4, 1)])
def test_offered_rates_are_round(rate, offer):
    assert offered.rounded(rate) == offer


# ---- The plan -----------------------------------------------------------------------------------------------


def options(tmp_path, **more):
    unless_said = {"rounds": None, "quick": False, "trial": False, "seconds": None, "results": tmp_path}
    return types.SimpleNamespace(**{**unless_said, **more})


def test_all_suites_take_less_than_half_an_hour_and_quick_about_half_of_that(tmp_path):
    whole = plan.Plan(SUITES.values(), options(tmp_path))
    assert whole.total_s < plan.LIMIT_S < 30 * 60
    assert plan.Plan(SUITES.values(), options(tmp_path, quick=True)).total_s < 0.6 * whole.total_s


def test_the_plan_believes_what_the_last_run_took(tmp_path):
    declared, document = bars()
    (tmp_path / "pies.json").write_text(json.dumps({**document, "took_s": 70.0}))
    assert plan.Plan([declared], options(tmp_path)).estimates["pies"] == pytest.approx(plan.SUITE_S + 70)


def test_a_suite_may_use_a_part_of_what_others_left_over(tmp_path):
    declared, _ = bars()
    whole = plan.Plan([declared], options(tmp_path))
    allowed_s = whole.allowance(0).deadline - time.monotonic()
    assert whole.estimates["pies"] < allowed_s < plan.LIMIT_S


def test_every_suite_says_which_contender_its_own_words_mean():
    for declared in SUITES.values():
        names = {contender.name for contender in declared.contenders}
        named = {floor for contender in declared.contenders for floor in declared.floors_of(contender).values()}
        named |= {goal.contender for goal in declared.goals} | {goal.times for goal in declared.goals if goal.times}
        named |= {panel.times for panel in declared.panels if panel.times}
        assert named <= names, declared.name
        assert len(declared.work) <= 110, f"{declared.name}: its picture has no room for more words"
        assert len(names) == len(declared.contenders), declared.name


# ---- A run --------------------------------------------------------------------------------------------------


def bench(*words):
    command = [ROOT / "bench/run", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)


def test_results_name_neither_host_nor_directory():
    facts = json.dumps(machine.facts({"brood": BROOD}))
    assert socket.gethostname() not in facts and str(ROOT) not in facts
    for path in (ROOT / "bench/results").glob("*.json"):
        assert str(ROOT) not in path.read_text()


def test_a_wrong_word_is_one_sentence_and_usage():
    for words in (["nothing-such"], ["--rounds", "2"], ["--seconds", "0"]):
        result = bench(*words)
        assert result.returncode == 64 and result.stderr.startswith("bench: ") and result.stderr.count("\n") == 1


def test_the_plan_is_printed_before_anything_is_measured():
    result = bench("--plan", "udp", "files")
    assert result.returncode == 0
    planned = re.findall(r"^  (\S+) +\d+ rounds +\d+ s ", result.stdout, re.M)
    assert planned == ["udp", "files-1k", "files-64k", "files-10m"]
    assert re.search(r"^  in all +about \d+ min, at most 29 min$", result.stdout, re.M)


two_cores = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="server and client need a core each")


@two_cores
def test_a_suite_from_beginning_to_end(tmp_path):
    result = bench("--trial", "--brood", BROOD, "--results", tmp_path, "--only", "brood", "echo-event")
    assert result.returncode == 0, result.stderr
    document = json.loads((tmp_path / "echo-event.json").read_text())
    assert set(document["contenders"]) == {"loop", "brood"}
    assert all(contender["median"]["cpu_us"] > 0 for contender in document["contenders"].values())
    assert (tmp_path / "performance/echo-event.svg").exists()
    assert "## echo-event" in (tmp_path / "performance.md").read_text()


@pytest.mark.slow
@two_cores
def test_latencies_at_given_rates_from_beginning_to_end(tmp_path):
    only = ["--only", "fork: loop", "--only", "fork: brood"]
    result = bench("--trial", "--brood", BROOD, "--results", tmp_path, *only, "rate")
    assert result.returncode == 0, result.stderr
    document = json.loads((tmp_path / "rate.json").read_text())
    for contender in document["contenders"].values():
        offers = [point["offered"] for point in contender["points"]]
        assert len(offers) == len(SUITES["rate"].rates) and offers == sorted(offers)
        assert all(point["p99_us"]["median"] >= point["p50_us"]["median"] > 0 for point in contender["points"])
    assert (tmp_path / "performance/rate.svg").exists()
