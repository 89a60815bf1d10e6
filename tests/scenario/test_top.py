# SPDX-License-Identifier: MIT
"""`brood top`: one picture as text, and a screen of them that leaves the terminal as it was."""
import contextlib
import os
import re
import shutil
import signal
import termios

import pytest
from harness.clients import connect
from harness.command import UNAVAILABLE, USAGE, assert_refused, brood
from harness.patience import BROOD, LONG
from harness.processes import wait_until
from harness.supervise_helpers import Supervised
from harness.terminal import Pty, Screen

pytestmark = pytest.mark.skipif(not (BROOD.parent / "brood-top").exists(), reason="brood-top is not built")

# xterm's other screen, and the way back from it.
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture(name="socket")
def control_socket(tmp_path):
    return tmp_path / "control"


@pytest.fixture(name="watched")
def watched_brood(tmp_path, socket):
    """Two services: five clients at work, five in the queue."""
    config = tmp_path / "brood.ini"
    config.write_text(f"[brood]\ncontrol = {socket}\nstatus-listen = unix:{tmp_path}/status\n"
                      f"[service sums]\nhandler = calc\nlisten = unix:{tmp_path}/sums\nworkers = 5\n"
                      f"[service loud]\nhandler = echo\nlisten = unix:{tmp_path}/loud\nmodel = thread\n")
    with Supervised("-c", config) as one, contextlib.ExitStack() as stack:
        one.urls(2)
        for _ in range(10):
            stack.enter_context(connect(f"unix:{tmp_path}/sums"))
        wait_until(lambda: once(socket).stdout.count(" worker ") == 5, LONG, lambda: once(socket).stdout)
        yield one
        stack.close()
        if one.process.poll() is None:
            assert one.stop() == 0


def once(socket, *options, **more):
    return brood("top", "--once", "--control", socket, *options, **more)


def watch(socket, *options):
    return [BROOD, "top", "--control", socket, "--interval", "100ms", *options]


# ---- One picture ---------------------------------------------------------------------------------


def test_one_picture_is_plain_text(watched, socket):
    result = once(socket, env={"LC_ALL": "C.UTF-8"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\x1b" not in result.stdout
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"brood 0.1.0  pid {watched.pid}  up ")
    assert lines[0].endswith("2 of 2 services ready")
    assert re.search(r"(?m)^sums +fork +ready +5/5!", result.stdout)
    assert re.search(r"(?m)^sums .* 5 +0$", result.stdout)  # in the queue; refused
    assert re.search(r"(?m)^loud +thread +ready +0/64 ", result.stdout)


def test_the_tree_has_every_process(watched, socket):
    lines = once(socket, env={"LC_ALL": "C.UTF-8"}).stdout.splitlines()
    rows = {int(found[1]): found[0] for found in re.finditer(r"(?m)^ +(\d+) .*", "\n".join(lines))}
    pids = {watched.pid, *watched.service_processes()}
    assert pids <= rows.keys()
    assert len(rows) == 1 + 3 + 5
    assert "supervisor" in rows[watched.pid]
    assert sum("├─ status" in line or "└─ status" in line for line in rows.values()) == 1
    assert sum("worker" in line for line in rows.values()) == 5
    assert any("└─" in line for line in lines)


def test_without_utf8_the_tree_is_drawn_in_ascii(watched, socket):
    result = once(socket, env={"LC_ALL": "C"})
    assert result.stdout.isascii()
    assert "|- sums (fork)" in result.stdout
    assert watched.process.poll() is None


def test_a_wider_output_shows_more(watched, socket):
    assert " OUT " in once(socket, env={"COLUMNS": "120"}).stdout
    assert " OUT " not in once(socket, env={"COLUMNS": "20"}).stdout
    assert watched.process.poll() is None


@pytest.mark.parametrize("words, status, sentence", [
    (["--control", "/nonexistent/control", "--once"], UNAVAILABLE, "nobody listens at /nonexistent/control"),
    (["--once", "--interval", "soon"], USAGE, "--interval: "),
    (["--onse"], USAGE, "did you mean --once?"),
    (["calc"], USAGE, "takes no words"),
])
def test_a_mistake_is_told_in_one_sentence(words, status, sentence):
    assert_refused(brood("top", *words), status, sentence)


def test_without_a_terminal_only_one_picture_can_be_had(watched, socket):
    assert_refused(brood("top", "--control", socket), USAGE, "--once")
    assert watched.process.poll() is None


def test_help_needs_nobody():
    result = brood("top", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: brood top ")


def test_a_command_without_brood_top_says_where_it_looked(tmp_path):
    alone = shutil.copy(BROOD, tmp_path)
    assert_refused(brood("top", command=alone), UNAVAILABLE, "brood-top is neither beside this command nor in /")


# ---- On a screen ---------------------------------------------------------------------------------


def test_it_fits_on_a_screen_of_80_by_24(watched, socket, tmp_path):
    with Screen(tmp_path, watch(socket)) as screen:
        screen.wait_for("CPU%")
        lines = screen.lines()
        assert len(lines) == 24
        assert f"pid {watched.pid} " in lines[0]
        assert "5 clients" in lines[1]
        assert lines[-1] == "q quit"
        text = screen.text()
        assert sum("worker" in line for line in lines) == 5
        assert "└─ status" in text
        screen.press("q")
        assert screen.wait() == 0


def test_a_smaller_screen_scrolls_and_a_larger_one_shows_more(watched, socket, tmp_path):
    with Screen(tmp_path, watch(socket), rows=10) as screen:
        screen.wait_for("lines 1 to 7 of ")
        head = screen.lines()[0]
        assert "status" not in screen.text().split("\n", 1)[1]
        screen.press("End")
        screen.wait_for("└─ status")
        assert screen.lines()[0][:20] == head[:20]
        screen.press("Home")
        screen.wait_for("lines 1 to 7 of ")
        screen.press("Down")
        screen.wait_for("lines 2 to 8 of ")
        screen.resize(120, 30)
        screen.wait_for(" OUT CLIENT")
        screen.wait_for("└─ status")
        assert screen.lines()[29] == "q quit"
        screen.resize(40, 12)
        screen.wait_for("scroll")
        screen.press("q")
        assert screen.wait() == 0
    assert watched.process.poll() is None


def test_what_changes_is_shown(watched, socket, tmp_path):
    with Screen(tmp_path, watch(socket)) as screen:
        screen.wait_for("0/64")
        with connect(f"unix:{tmp_path}/loud") as client:
            client.sendall(b"hello")
            screen.wait_for("1/64")
            screen.wait_for("client  ")
        screen.wait_for("0/64")
        watched.send(signal.SIGKILL)
        watched.wait()
        screen.wait_for("nobody listens at")
        screen.press("q")
        assert screen.wait() == 0


# ---- The terminal afterwards ---------------------------------------------------------------------


@pytest.mark.parametrize("end", ["q", "^C", "TERM", "HUP"])
def test_the_terminal_is_given_back(watched, socket, end):
    with Pty(watch(socket)) as terminal:
        terminal.wait_for("CPU%")
        assert ENTERED in terminal.output
        assert termios.tcgetattr(terminal.slave) != terminal.settings
        if end in ("q", "^C"):
            terminal.type({"q": "q", "^C": "\x03"}[end])
        else:
            os.kill(terminal.process.pid, getattr(signal, f"SIG{end}"))
        assert terminal.process.wait(LONG) == 0
        assert termios.tcgetattr(terminal.slave) == terminal.settings
        wait_until(lambda: LEFT in terminal.output, LONG, lambda: terminal.output[-200:])
        assert terminal.output.rfind(LEFT) > terminal.output.rfind(ENTERED)
        assert b"\x1b[?25h" in terminal.output[terminal.output.rfind(ENTERED):]  # the cursor, too
    assert watched.process.poll() is None


def test_a_terminal_that_hangs_up_ends_it(watched, socket):
    with Pty(watch(socket)) as terminal:
        terminal.wait_for("CPU%")
        terminal.hang_up()
        assert terminal.process.wait(LONG) == 0
    assert watched.process.poll() is None


def test_an_unusable_terminal_is_refused(watched, socket):
    with Pty(watch(socket), env={"TERM": "no-such-terminal"}) as terminal:
        assert terminal.process.wait(LONG) == USAGE
        terminal.wait_for("--once")
    assert watched.process.poll() is None
