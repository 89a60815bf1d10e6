# SPDX-License-Identifier: MIT
"""
`brood lab`: each mistake is seen in its faulty server, measured, and brood under the same limits and load does not show
it; on a terminal, in a pipe, for programs; and nothing is left of it, however it ends.
"""
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import uuid

import pytest
from harness import processes
from harness.command import USAGE, assert_refused, brood
from harness.patience import BROOD, LONG, ROOT, SANITIZED, SCALE
from harness.processes import wait_until
from harness.terminal import Pty

pytestmark = pytest.mark.skipif(not (BROOD.parent / "brood-lab").exists(), reason="brood-lab is not built")

NAMES = ("3a", "3b", "3c", "3d", "3d-fork", "3e", "3f", "3g", "calc", "calc-log", "echo", "tool", "stolen-child",
         "reused-pid", "emfile-spin", "herd", "stray-child", "double-flush", "equal-random", "short-backlog",
         "forked-lock")
# Two mistakes of one server.
VARIANTS = {"3d-fork", "calc-log"}
WIDTH = 80
ESCAPE = "\x1b"


def run(*words, **options):
    """The command, which has to be over within a minute."""
    return brood("lab", *words, **options)


def lines_of(mark):
    """Of processes that are still there, whoever their parent is by now."""
    return [f"{pid}: {processes.stat_of(pid)}" for pid in processes.bearing(mark)]


@pytest.fixture(name="mark")
def marked():
    """A variable by which everything that was started is found; and in the end nothing must be."""
    text = uuid.uuid4().hex
    yield {"SCENARIO_MARK": text}
    wait_until(lambda: not lines_of(text), LONG, lambda: f"still there: {lines_of(text)}")


# ---- The list --------------------------------------------------------------------------------------------------


def test_the_list_names_each_mistake_in_one_line():
    result = run()
    assert (result.returncode, result.stderr) == (0, "")
    rows = re.findall(r"(?m)^  (\S+) +(\d{3}|-) +(\S.*)$", result.stdout)
    assert tuple(name for name, _, _ in rows) == NAMES
    assert max(map(len, result.stdout.splitlines())) <= WIDTH


def test_the_list_is_for_programs_too():
    found = json.loads(run("--json").stdout)["mistakes"]
    assert tuple(one["name"] for one in found) == NAMES
    assert found[0].keys() == {"name", "document", "title"}


def test_each_server_of_the_laboratory_is_in_the_list():
    assert set(NAMES) - VARIANTS == {path.stem for path in (ROOT / "lab" / "servers").glob("*.c")} - {"laboratory"}


# ---- Each mistake -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(SANITIZED, reason="the loads are timed for what is shipped")
@pytest.mark.parametrize("name", NAMES)
def test_the_mistake_is_seen_and_brood_does_not_show_it(name, mark):
    result = run(name, "--json", env=mark)
    assert result.stderr == ""
    found = json.loads(result.stdout)
    trouble = found["faulty"]["trouble"] or ""
    if name == "reused-pid" and "may not" in trouble:
        pytest.skip(trouble)
    assert found["seen"], (found["symptoms"], found["faulty"])
    assert found["clean"], (found["symptoms"], found["brood"])
    assert result.returncode == 0
    for limit in ("descriptors_limit", "processes_limit"):
        assert found["faulty"][limit] == found["brood"][limit]
    for symptom in found["symptoms"]:
        assert symptom["faulty"] >= symptom["seen_from"] > symptom["clean_until"] >= symptom["brood"]
        assert symptom["faulty"] == found["faulty"][symptom["figure"]]
    assert found["brood"]["answered"] == found["brood"]["asked"]


@pytest.mark.parametrize("name", NAMES)
def test_the_cure_is_where_it_is_said_to_be(name):
    # The table itself, since each experiment takes seconds.
    table = "".join((ROOT / "lab" / f"experiments_{part}.c").read_text("utf-8") for part in ("documents", "beyond"))
    row = table[table.index(f'.name = "{name}"'):]
    file = re.search(r'\.cure_file = "([^"]+)"', row)[1]
    function = re.search(r'\.cure_function = "([^"]+)"', row)[1]
    assert re.search(rf"(?m)^\w[^;\n]*\b{function}\([^;]*\)\n{{", (ROOT / file).read_text("utf-8"))


# ---- How it is shown ---------------------------------------------------------------------------------------------


def test_a_pipe_gets_lines_without_escapes_and_the_whole_story(mark):
    result = run("tool", env=mark)
    assert (result.returncode, result.stderr) == (0, "")
    assert ESCAPE not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= WIDTH
    for part in (r"^tool: ", r"^  faulty +\d+\.\d s ", r"^  brood +\d+\.\d s ", r"it has ended: .*SEGV",
                 r"^  wrong answers +1 +0   <--$", r"^The mistake was seen ", r"^brood did not show it ",
                 r"^Why: ", r"^Cure:    src/protocol/http1\.c, http1_parse$", r"^Command: brood serve "):
        assert re.search(f"(?m){part}", result.stdout), (part, result.stdout)


def visible(output):
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output.decode()).replace("\r", "")


def watch(*words, **options):
    return Pty([BROOD, "lab", *words], **options)


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_a_terminal_of_80_columns_shows_one_picture_in_its_place(mark, locale):
    with watch("echo", env={**mark, "LC_ALL": locale}) as terminal:
        terminal.wait_for("Cure:")
        assert terminal.process.wait(LONG) == 0
        terminal.wait_for("Command:")
    text = visible(terminal.output)
    assert max(map(len, text.split("\n"))) <= WIDTH
    assert terminal.output.count(b"\x1b[11A") > 5, "the picture is drawn again where it was"
    # On a busy machine the first may have ended before the last came, who took them away.
    assert re.search(r"zombies +([89]|10) ", text)
    assert re.search(r"SIGCHLD +\d+ sent, nobody listens", text)
    assert ("█" in text) == (locale == "C.UTF-8")


def test_no_color_means_none(mark):
    with watch("tool", env={**mark, "NO_COLOR": "1"}) as plain, watch("tool", env=mark) as coloured:
        for terminal in (plain, coloured):
            assert terminal.process.wait(LONG) == 0
            terminal.wait_for("Command:")
    assert not re.search(rb"\x1b\[\d*m", plain.output)
    assert re.search(rb"\x1b\[31m", coloured.output)


@pytest.mark.parametrize("columns, kind", [(79, "xterm"), (80, "dumb")])
def test_a_terminal_that_cannot_draw_gets_lines(mark, columns, kind):
    with watch("tool", columns=columns, env={**mark, "TERM": kind}) as terminal:
        assert terminal.process.wait(LONG) == 0
        terminal.wait_for("Command:")
    assert ESCAPE.encode() not in terminal.output


# ---- The course ----------------------------------------------------------------------------------------------------


def test_the_course_waits_for_its_reader(mark):
    with watch("all", env=mark) as terminal:
        terminal.wait_for("Enter: the next one.")
        assert b"3b" not in terminal.output
        terminal.type("\n")
        terminal.wait_for("3b: the server sleeps")
        terminal.wait_for("Enter: the next one.", terminal.output.index(b"3b: the server sleeps"))
        terminal.type("q\n")
        assert terminal.process.wait(LONG) == 0
        terminal.wait_for("seen")
    summary = visible(terminal.output).split("seen")[-1]
    assert re.findall(r"(?m)^  (\S+) +yes +clean$", summary) == ["3a", "3b"]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(SANITIZED, reason="as above")
def test_the_whole_course_for_programs(mark):
    result = subprocess.run([BROOD, "lab", "--json", "all"], env={**os.environ, **mark}, capture_output=True, text=True,
                            timeout=200, check=False)
    found = json.loads(result.stdout)["experiments"]
    assert tuple(one["name"] for one in found) == NAMES
    assert (result.returncode == 0) == all(one["seen"] and one["clean"] for one in found)


# ---- The command line ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("tool", "--json"), ("--json", "tool")])
def test_options_stand_anywhere(mark, words):
    result = run(*words, env=mark)
    assert (result.returncode, json.loads(result.stdout)["name"]) == (0, "tool")


@pytest.mark.parametrize("words, sentence", [
    (["3h"], "brood lab has no '3h', did you mean 3a?"),
    (["stolen-chidl"], "did you mean stolen-child?"),
    (["something-else-entirely"], "brood lab lists what there is"),
    (["3a", "3b"], "'3b' is one too many"),
    (["--jsn", "3a"], "did you mean --json?"),
])
def test_what_is_wrong_is_said_in_one_sentence(words, sentence):
    assert_refused(run(*words), USAGE, sentence)


def test_help_fits():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: brood lab")
    assert max(map(len, result.stdout.splitlines())) <= WIDTH


# ---- Its end --------------------------------------------------------------------------------------------------------


@pytest.fixture(name="forked_lock")
def running_forked_lock(mark):
    """The faulty server's children hang; for two seconds, if nobody interferes."""
    environment = {**os.environ, **mark}
    process = subprocess.Popen([BROOD, "lab", "forked-lock"], env=environment, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: len(processes.descendants_of(process.pid)) >= 3, LONG, "children hang")
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=LONG)


def test_interrupted_it_leaves_nothing_behind(forked_lock, mark):
    forked_lock.send_signal(signal.SIGINT)
    forked_lock.communicate(timeout=LONG)
    assert forked_lock.returncode == 128 + signal.SIGINT
    assert lines_of(mark["SCENARIO_MARK"]) == [], "it did not wait"


def test_interrupted_while_brood_runs_it_leaves_nothing_behind_either(mark):
    with watch("3b", env=mark) as terminal:
        wait_until(lambda: b"] hello: " in terminal.output.replace(b"\r", b""), LONG, lambda: terminal.output)
        terminal.type("\x03")
        assert terminal.process.wait(LONG) == 128 + signal.SIGINT
        assert lines_of(mark["SCENARIO_MARK"]) == []


def test_killed_it_takes_its_servers_along(forked_lock, mark):
    forked_lock.kill()
    forked_lock.communicate(timeout=LONG)
    wait_until(lambda: not lines_of(mark["SCENARIO_MARK"]), 5 * SCALE, lambda: lines_of(mark["SCENARIO_MARK"]))


def test_children_of_the_shell_that_it_was_are_none_of_its_business(mark):
    """As after `exec`, and with `> >(tee log)`."""
    with subprocess.Popen(["bash", "-c", f"sleep 60 & echo $!; exec {BROOD} lab tool"], env={**os.environ, **mark},
                          stdout=subprocess.PIPE, text=True) as process:
        sleeper = int(process.stdout.readline())
        lines = itertools.takewhile(lambda line: not line.startswith("Limits:"), process.stdout)
        said = "".join(lines)
        assert processes.stat_of(sleeper), "it is gone"
        os.kill(sleeper, signal.SIGTERM)
        assert process.wait(LONG) == 0
    assert re.search(r"(?m)^  brood +0\.0 s +0/3 +\d+ +2 +0 ", said), said


@pytest.mark.parametrize("replaced, seen, clean, who", [
    ("lab/tool", False, True, "faulty"),
    ("brood", True, False, "brood"),
])
def test_half_of_it_is_no_success(tmp_path, mark, replaced, seen, clean, who):
    """A copy of what it needs, in which echo(1) stands for one of the two: that says its words and leaves."""
    (tmp_path / "lab").mkdir()
    for name in ("brood", "brood-lab", "lab/tool"):
        shutil.copy("/bin/echo" if name == replaced else BROOD.parent / name, tmp_path / name)
    result = subprocess.run([tmp_path / "brood-lab", "tool", "--json"], env={**os.environ, **mark}, text=True,
                            capture_output=True, timeout=LONG, check=False)
    found = json.loads(result.stdout)
    assert (result.returncode, found["seen"], found["clean"]) == (1, seen, clean)
    assert not found[who]["played"]
    assert "it ended at once; its last words: " in found[who]["trouble"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose brood becomes somebody else")
def test_it_may_lie_where_only_root_may_look(tmp_path, mark):
    hidden = tmp_path / "hidden" / "copy"
    (hidden / "lab").mkdir(parents=True)
    os.chmod(hidden.parent, 0o700)
    for name in ("brood", "brood-lab", "lab/stray-child", "lab/handlers.so"):
        shutil.copy(BROOD.parent / name, hidden / name)
    result = subprocess.run([hidden / "brood-lab", "stray-child", "--json"], env={**os.environ, **mark}, text=True,
                            capture_output=True, timeout=LONG, check=False)
    assert result.returncode == 0, result.stdout
