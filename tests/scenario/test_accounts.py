# SPDX-License-Identifier: MIT
"""A database of users that hangs: what is asked of brood meanwhile waits for seconds, and not for ever."""
import os
import signal
import time

import pytest

from harness import clients, plugins
from harness.command import assert_refused, brood as run_brood
from harness.control import REFUSED, Control
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until

NO_ANSWER = "cannot look up the user nobody: the user database did not answer within 5 s"
PATIENCE_S = 5
SYSTEM = 71  # exit status: another error of the system

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else"),
    pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be loaded first"),
]


@pytest.fixture(name="hang")
def file_that_makes_it_hang(tmp_path):
    return tmp_path / "hang"


@pytest.fixture(name="environment")
def environment_with_it(tmp_path, hang):
    return {"LD_PRELOAD": str(plugins.preload(tmp_path, "hanging_names")), "HANG_NAMES": str(hang)}


def config_of(directory):
    path = directory / "brood.ini"
    path.write_text(f"[brood]\ncontrol = {directory}/control.sock\n"
                    "[service echo]\nhandler = echo\nuser = nobody\nlisten = tcp://127.0.0.1:0\n")
    return path


def test_a_reload_is_refused_and_the_supervisor_goes_on(start, environment, hang, tmp_path):
    started = start("-c", config_of(tmp_path), listen=(), listeners=1, env=environment)
    control = Control(tmp_path / "control.sock")
    process = started.service
    hang.touch()
    begin = time.monotonic()
    assert_refused(control("reload"), REFUSED, NO_ANSWER)
    assert time.monotonic() - begin < PATIENCE_S + 3 * SCALE
    assert started.service == process
    # A process that dies meanwhile is tried again until it is answered: it worked once.
    os.kill(process, signal.SIGKILL)
    started.wait_for_record("service process died", why=f"{tmp_path}/brood.ini:3: service echo: {NO_ANSWER}")
    hang.unlink()
    wait_until(lambda: clients.try_to_ask(started.url, timeout=1) == b"1\n", LONG, "it serves again")
    control.done("reload")
    assert started.stop() == 0


def test_term_is_heard_after_a_reload_that_hangs(start, environment, hang, tmp_path):
    started = start("-c", config_of(tmp_path), listen=(), listeners=1, env=environment)
    hang.touch()
    started.send(signal.SIGHUP)
    started.wait_for_record("reloading")
    assert started.stop(seconds=PATIENCE_S + 5 * SCALE) == 0


def test_a_start_is_refused_as_nobodys_mistake(environment, hang):
    hang.touch()
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--user", "nobody", "--group", "0", "echo", env=environment)
    assert_refused(done, SYSTEM, f"--user: {NO_ANSWER}")
