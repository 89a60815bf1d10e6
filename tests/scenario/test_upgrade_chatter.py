# SPDX-License-Identifier: MIT
"""What a binary that is asked whether it could go on says besides: as much as it likes, and nobody waits for it."""
import shutil
import signal
import time

import pytest

from harness.clients import ask
from harness.faults import failing_calls
from harness.patience import BROOD, LONG, SCALE
from harness.processes import wait_until
from harness.supervise_helpers import Supervised

KEPT = 4096           # of what it says
MOST = 3 * 64 * 1024  # more than a pipe holds


@pytest.fixture(name="running")
def brood_that_may_be_replaced(tmp_path):
    shutil.copy(BROOD, tmp_path / "brood")
    with Supervised("-l", "tcp://127.0.0.1:0", "echo", command=tmp_path / "brood") as one:
        one.urls()
        yield one


def install(directory, *lines):
    """A script, in one step."""
    beside = directory / "brood.new"
    beside.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    beside.chmod(0o755)
    beside.replace(directory / "brood")


@pytest.mark.parametrize("size", [KEPT - 1, KEPT, 5000, MOST])
def test_it_may_say_much_before_it_is_ready(running, tmp_path, size):
    install(tmp_path, f"head -c {size} /dev/zero | tr '\\0' x", "echo", f'exec {BROOD} "$@"')
    running.send(signal.SIGUSR2)
    running.wait_for(r"(?m)\] upgraded version=")
    assert ask(running.urls()[0], b"hello\n") == b"hello\n"
    assert running.stop() == 0


def test_it_may_say_what_is_no_text(running, tmp_path):
    install(tmp_path, "printf 'a\\0b\\n\\377'", f'exec {BROOD} "$@"')
    running.send(signal.SIGUSR2)
    running.wait_for(r"(?m)\] upgraded version=")
    assert running.stop() == 0


@pytest.mark.parametrize("size", [0, 5000, MOST])
def test_why_it_refuses_is_its_last_line(running, tmp_path, size):
    install(tmp_path, f"head -c {size} /dev/zero | tr '\\0' x", "echo", "echo 'brood: the last of it'", "exit 3")
    running.send(signal.SIGUSR2)
    assert running.wait_for(r"(?m)\] upgrade failed, .* why=(.*)$") == ['"the binary refuses: the last of it"']
    assert running.stop() == 0


@pytest.mark.fault
def test_one_that_never_stops_talking_keeps_nobody_from_being_heard(running, tmp_path):
    """To one who reads more slowly than it talks there is always more to be read."""
    install(tmp_path, f"touch {tmp_path}/begun", "exec yes")
    running.send(signal.SIGUSR2)
    wait_until((tmp_path / "begun").exists, LONG, "it talks")
    with failing_calls(running.pid, "read:delay_exit=2ms"):
        begin = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - begin < 3 * SCALE
