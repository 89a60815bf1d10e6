# SPDX-License-Identifier: MIT
"""The control socket: who may use it and how much, where it is, and the command line of `brood ctl`."""
import contextlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from harness import clients
from harness.command import CANNOT_CREATE, UNAVAILABLE, USAGE, assert_refused, brood
from harness.control import REFUSED, SHOWS, Control
from harness.patience import BROOD, LONG, SCALE
from harness.processes import cpu_seconds, descriptors_of, wait_until

CLIENTS_MAX = 16
REQUEST_MAX = 4096
PATIENCE = 10
SOCKET_HOLDS = 70000  # of an answer
NOBODY = 65534

NO_RUNTIME = {"RUNTIME_DIRECTORY": "", "XDG_RUNTIME_DIR": ""}


# ---- Who may, and how much ---------------------------------------------------------------------------------------


def test_the_socket_is_for_its_user_alone(controlled):
    _, control = controlled()
    mode = os.stat(control.path)
    assert stat.S_ISSOCK(mode.st_mode) and stat.S_IMODE(mode.st_mode) == 0o600


@pytest.fixture(name="public_command")
def command_for_everybody():
    """The command, in a directory that another user can reach."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield directory, shutil.copy(BROOD, directory)


def test_another_user_is_refused_whatever_the_mode(start, handlers, public_command):
    directory, command = public_command
    control = Control(f"{directory}/control.sock")
    started = start("--control", control.path, handlers("obey"))
    nobody = {"command": command, "user": NOBODY, "group": NOBODY, "extra_groups": []}
    assert_refused(control("status", **nobody), REFUSED, "is for root and for the user")
    os.chmod(control.path, 0o666)
    assert_refused(control("stop", **nobody), REFUSED, "only root and the user of this brood")
    assert started.records("control refused", uid=NOBODY)
    assert control.service("obey")["state"] == "ready"


def test_the_users_own_brood_obeys_root_and_itself(start, own_user):
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, own_user["user"], own_user["group"])
        control = Control(f"{directory}/control.sock")
        started = start("--control", control.path, "echo", **own_user)
        started.request, started.answer = b"x", b"x"
        assert control("status", **own_user).returncode == 0
        assert control("status").returncode == 0
        assert started.stop() == 0


def test_sixteen_are_served_and_the_next_one_is_told(controlled):
    _, control = controlled()
    with contextlib.ExitStack() as crowd:
        held = [crowd.enter_context(control.connect()) for _ in range(CLIENTS_MAX)]
        assert_refused(control("status"), REFUSED, "as many as may")
        held[0].sendall(b"status\n")
        assert clients.read_to_end(held[0]).startswith(b"ok\nbrood ")
        assert control("status").returncode == 0
        # Nobody holds up anybody: the others have said nothing so far.
        for client in held[1:]:
            client.sendall(b"deaths\n")
            assert clients.read_to_end(client) == b"ok\nnobody died\n"


@pytest.mark.slow
def test_who_neither_sends_nor_reads_is_cut(controlled):
    started, control = controlled("thread", "--threads", 500, "--drain-timeout", "100ms", warm=False)
    started.checked = False
    with clients.Crowd(started.url, [b"sleep 60000\n"] * 400) as crowd, control.connect() as silent, \
            control.connect() as slow:
        crowd.run(0.5)
        wait_until(lambda: control.service()["clients"]["now"] == 400, LONG, "all are served")
        before_count = len(descriptors_of(started.supervisor)) - 2
        slow.sendall(b"workers --json\n")
        begin = time.monotonic()
        before = cpu_seconds(started.supervisor)
        assert control("status").returncode == 0
        assert len(control.done("--json", "workers")) > SOCKET_HOLDS
        silent.settimeout(PATIENCE + LONG)
        assert silent.recv(100) == b""
        assert PATIENCE - 1 < time.monotonic() - begin < PATIENCE + LONG / 2
        assert cpu_seconds(started.supervisor) - before < PATIENCE * 0.05 * SCALE
        wait_until(lambda: len(descriptors_of(started.supervisor)) == before_count, LONG, "both are cut")
        answer = clients.read_to_end(slow)
    assert answer.startswith(b"ok\n{") and not answer.endswith(b"}\n")


@pytest.mark.parametrize("request_, told", [
    (b"\n", "which verb?"),
    (b"stauts\n", "did you mean 'status'?"),
    (b"status 'obey\n", "quote"),
    (b"sta\0tus\n", "zero byte"),
    (b"status \x1b[2J\n", "there is no service"),
    (b"x" * (REQUEST_MAX + 1), "more than 4096 bytes"),
    (b"status " + b"y" * (REQUEST_MAX * 20), "more than 4096 bytes"),
], ids=["empty", "misspelt", "quote", "zero", "controls", "long", "longer"])
def test_what_is_no_request_gets_one_line(controlled, request_, told):
    _, control = controlled()
    with control.connect() as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request_)
        answer = clients.read_to_end(client).decode()
    assert answer.startswith("failed: ") and told in answer and answer.count("\n") == 1
    assert "\x1b" not in answer


def test_a_request_needs_no_newline_and_may_come_in_pieces(controlled):
    _, control = controlled()
    with control.connect() as client:
        for byte in b"deaths":
            client.sendall(bytes([byte]))
            time.sleep(0.01)
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client) == b"ok\nnobody died\n"
    assert control.ask(b"'deaths'  --json\nmore than asked\n") == 'ok\n{"count":0,"deaths":[]}\n'
    with control.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client) == b""


def test_clients_that_vanish_leave_nothing(controlled):
    started, control = controlled()
    for i in range(200):
        with control.connect() as client:
            if i % 2:
                client.sendall(b"status\n")
    wait_until(lambda: started.descriptor_counts() == started.baseline, LONG,
               lambda: f"{started.baseline}: {descriptors_of(started.supervisor)}")


# ---- Where it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"])
def test_the_default_place_is_found_by_both_sides(start, tmp_path, variable):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    env = {**NO_RUNTIME, variable: str(runtime)}
    started = start("echo", env=env)
    assert (runtime / "brood" / "control.sock").is_socket()
    result = brood("ctl", "status", env=env)
    assert result.returncode == 0 and f"process {started.supervisor}" in result.stdout
    assert started.stop() == 0
    assert not list(runtime.iterdir())


def test_a_second_brood_leaves_the_first_ones_socket_alone(start, tmp_path):
    env = {**NO_RUNTIME, "XDG_RUNTIME_DIR": str(tmp_path)}
    first = start("echo", env=env)
    second = start("echo", env=env)
    assert second.records("no control socket; --control PATH chooses another place", level="info")
    assert f"process {first.supervisor}" in brood("ctl", "status", env=env).stdout
    assert second.stop() == 0
    assert brood("ctl", "status", env=env).returncode == 0


def test_without_any_place_there_is_no_socket_and_a_debug_line(start):
    started = start("echo", "--log-level", "debug", env=NO_RUNTIME)
    assert started.records("no control socket", level="debug")
    result = brood("ctl", "status", env=NO_RUNTIME)
    if not os.path.exists("/run/brood/control.sock"):
        assert_refused(result, USAGE, "start it with --control PATH, and write the same here")


def test_a_stale_socket_is_replaced_and_a_symbolic_link_is_not(start, tmp_path):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    start("--control", path, "echo")
    assert brood("ctl", "--control", path, "status").returncode == 0

    link = tmp_path / "link.sock"
    link.symlink_to(tmp_path / "elsewhere")
    assert_refused(brood("serve", "-l", "tcp://127.0.0.1:0", "--control", link, "echo"), CANNOT_CREATE,
                   "--control: cannot listen on")
    assert link.is_symlink() and not (tmp_path / "elsewhere").exists()
    assert_refused(brood("serve", "-l", "tcp://127.0.0.1:0", "--control", path, "echo"), UNAVAILABLE, "another server")


def test_no_service_process_holds_the_control_socket(controlled):
    started, control = controlled()
    with open("/proc/net/unix", encoding="ascii") as table:
        (inode,) = [line.split()[6] for line in table if line.split()[-1] == control.path]
    holds = f"socket:[{inode}]"
    assert holds in descriptors_of(started.supervisor).values()
    assert holds not in descriptors_of(started.service).values()


# ---- The command line --------------------------------------------------------------------------------------------


def test_alone_it_lists_its_verbs():
    for words in (["ctl"], ["ctl", "--help"], ["ctl", "status", "-h"]):
        result = brood(*words)
        assert result.returncode == 0 and result.stderr == ""
        for verb in [*SHOWS, "resize", "reload", "upgrade", "drain", "stop", "reopen", "log-level"]:
            assert f"\n  {verb} " in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("words, told", [
    (["stauts"], "unknown verb 'stauts', did you mean 'status'?"),
    (["banana"], "unknown verb 'banana'; brood ctl lists those there are"),
    (["status", "--jsn"], "unknown option --jsn, did you mean --json?"),
    (["status", "--banana"], "unknown option --banana; see: brood ctl --help"),
    (["status", "a", "b"], "write status [SERVICE]"),
    (["status", "a", "b", "c", "d", "e", "f", "g"], "too many words"),
    (["deaths", "now"], "deaths takes no further words; what is 'now'?"),
    (["resize", "calc"], "write resize SERVICE N"),
    (["resize", "calc", "many"], "'many' is no size"),
    (["log-level"], "write log-level LEVEL"),
    (["log-level", "inf"], "did you mean 'info'?"),
    (["stop", "later"], "stop now"),
    (["status", "--control"], "--control needs a value"),
    (["--control=a", "--control=b", "status"], "given twice"),
    (["--control", "x" * 200, "status"], "at most 107 bytes"),
    (["status", "a\nb"], "a request is one line"),
], ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "")
def test_what_is_wrong_gets_one_sentence(words, told):
    options = [] if any(word.startswith("--control") for word in words) else ["--control", "/nowhere"]
    assert_refused(brood("ctl", *options, *words), USAGE, told)


def test_nobody_there_is_69(tmp_path):
    assert_refused(brood("ctl", "--control", tmp_path / "none", "status"), UNAVAILABLE, "nobody listens at")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    assert_refused(brood("ctl", "--control", tmp_path / "dead", "status"), UNAVAILABLE, "nobody listens at")


def test_what_is_no_brood_is_told_from_one(tmp_path):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "other"))
        other.listen()
        with subprocess.Popen([BROOD, "ctl", "--control", tmp_path / "other", "status"], stderr=subprocess.PIPE,
                              text=True) as asking:
            client, _ = other.accept()
            client.recv(100)
            client.sendall(b"220 mail.example ESMTP\r\n")
            client.close()
            assert "no brood" in asking.stderr.read()
        assert asking.returncode == REFUSED


def test_the_environment_says_where_too(controlled):
    _, control = controlled()
    assert brood("ctl", "status", env={"BROOD_CONTROL": control.path}).returncode == 0
