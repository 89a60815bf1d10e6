# SPDX-License-Identifier: MIT
"""`brood ctl log-level` holds for everybody, until the next reload: also for those who are started meanwhile."""
import os
import signal

import pytest

from harness import clients
from harness.control import Control
from harness.patience import LONG
from harness.processes import wait_until


def told(started, word):
    """Whether the handler's line of this word gets into the log. The end of the connection comes behind it."""
    assert clients.ask(started.url, f"log {word}\n".encode()) == f"log {word}\n".encode()
    return bool(started.records(f"told: {word}"))


@pytest.fixture(name="reloaded")
def brood_that_has_reloaded(start, handlers, tmp_path):
    """The level of its file is info."""
    config, control = tmp_path / "brood.ini", Control(tmp_path / "control.sock")
    config.write_text(f"[brood]\ncontrol = {control.path}\nlog-level = info\n[service obey]\n"
                      f"handler = {handlers('obey')}\nmodel = thread\nlisten = tcp://127.0.0.1:0\n")
    started = start("-c", config, listen=(), listeners=1, warm=False)
    control.done("reload")
    return started, control


def restart(started, control):
    process = control.service()["process"]["pid"]
    os.kill(process, signal.SIGKILL)

    def is_another():
        service = control.service()
        return service["state"] == "ready" and service["process"]["pid"] != process

    wait_until(is_another, LONG, "started again")


def test_a_service_process_that_is_started_again_has_the_level_of_the_order(reloaded):
    started, control = reloaded
    control.done("log-level", "error")
    wait_until(lambda: not told(started, f"quiet {len(started.records())}"), LONG, "the order is heard")
    restart(started, control)
    assert control.json("status")["log_level"] == "error"
    assert not told(started, "later")
    # Until the next reload: for it, and for those who are started after that.
    control.done("reload")
    assert told(started, "reloaded")
    restart(started, control)
    assert told(started, "restarted")
