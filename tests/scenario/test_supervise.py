# SPDX-License-Identifier: MIT
"""What the supervisor promises about starts: exit statuses, the pid file, and who is started again after a death."""
import os
import re
import signal
import socket
import time

import pytest
from harness.clients import ask, connect, try_to_ask
from harness.patience import LONG, SCALE
from harness.processes import children_of, descriptors_of, status_field, wait_until
from harness.supervise_helpers import Supervised, compile_handler, counts_of, is_alive

MODELS = ["iterative", "fork", "thread"]
EX_NOINPUT, EX_UNAVAILABLE, EX_SOFTWARE, EX_CANTCREAT = 66, 69, 70, 73


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def start(handler, *arguments, **options):
    return Supervised("-l", "tcp://127.0.0.1:0", handler, *arguments, **options)


def finished(*arguments, **options):
    """(exit status, stderr) of a brood that ends by itself."""
    with Supervised(*arguments, **options) as brood:
        return brood.wait(), brood.text


# ---- Start ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model, told", [("iterative", "1 worker"), ("fork", "7 workers"), ("thread", "5 threads"),
                                         ("event", "3 workers")])
def test_listening_is_said_at_every_log_level(handler, model, told):
    more = {"iterative": [], "fork": ["-w", "7"], "thread": ["--threads", "5"], "event": ["-w", "3"]}[model]
    with start(handler, "-m", model, *more, "--log-level", "error") as brood:
        brood.urls()
        assert brood.stop() == 0
    assert len(brood.lines) == 1
    assert brood.lines[0].endswith(f", {model}, {told})")


@pytest.mark.parametrize("model", MODELS)
def test_a_service_process_holds_its_own_descriptors_and_no_others(handler, model, tmp_path):
    config = tmp_path / "two.ini"
    config.write_text("".join(f"[service s{i}]\nhandler = {handler}\nmodel = {model}\n"
                              f"listen = tcp://127.0.0.1:0\nlisten = unix:{tmp_path}/{i}\n\n" for i in range(2)))
    (tmp_path / "stray").write_text("")
    stray = os.open(tmp_path / "stray", os.O_RDONLY)
    with Supervised("-c", config, pass_fds=[stray]) as brood:
        brood.urls(4)
        held = [descriptors_of(pid) for pid in brood.service_processes()]
        assert len(held) == 2
        sockets = [{what for what in one.values() if what.startswith("socket:")} for one in held]
        assert not sockets[0] & sockets[1]
        for one in held:
            assert sum(what.startswith("socket:") for what in one.values()) == 3  # two listeners, one channel
            assert not any(what.endswith(".lock") or "pidfd" in what for what in one.values())
            assert any("memfd:brood-board" in what for what in one.values())
            assert not any(what.endswith("/stray") for what in one.values())
        assert brood.stop() == 0
    os.close(stray)
    assert not list(tmp_path.glob("[01]*"))


@pytest.mark.parametrize("model", MODELS)
def test_a_service_process_has_a_group_of_its_own(handler, model):
    with start(handler, "-m", model) as brood:
        brood.urls()
        (child,) = children_of(brood.pid)
        assert child.group == child.pid
        assert child.session == brood.pid
        assert status_field(child.pid, "SigIgn") == "0" * 16
        assert status_field(child.pid, "SigBlk") == "0" * 16
        assert brood.stop() == 0


def test_root_is_warned_once(handler):
    if os.geteuid() != 0:
        pytest.skip("not root")
    with start(handler) as brood:
        brood.urls()
        brood.stop()
    assert len([line for line in brood.lines if "--user" in line]) == 1


# ---- Exit statuses -------------------------------------------------------------------------------


def test_a_taken_address_is_69(handler):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        status, said = finished("-l", url, handler)
    assert status == EX_UNAVAILABLE
    assert said.startswith("brood: ") and url in said and len(said.splitlines()) == 1


def test_a_second_start_on_a_unix_path_is_69_and_harms_nobody(handler, tmp_path):
    url = f"unix:{tmp_path}/socket"
    with Supervised("-l", url, handler) as first:
        first.urls()
        assert finished("-l", url, handler)[0] == EX_UNAVAILABLE
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert first.stop() == 0
    assert os.listdir(tmp_path) == []


def test_a_path_that_cannot_be_made_is_73(handler, tmp_path):
    assert finished("-l", f"unix:{tmp_path}/no/such/directory", handler)[0] == EX_CANTCREAT


def test_a_file_in_the_way_is_73_and_stays(handler, tmp_path):
    (tmp_path / "file").write_text("precious")
    assert finished("-l", f"unix:{tmp_path}/file", handler)[0] == EX_CANTCREAT
    assert (tmp_path / "file").read_text() == "precious"


def test_no_such_handler_is_66_and_is_not_tried_again(tmp_path):
    started = time.monotonic()
    status, _ = finished("-l", "tcp://127.0.0.1:0", tmp_path / "missing.so")
    assert status == EX_NOINPUT
    assert time.monotonic() - started < 1 * SCALE


# ---- The pid file --------------------------------------------------------------------------------


def test_the_pid_file_is_there_while_we_are(handler, tmp_path):
    pid_file = tmp_path / "pid"
    pid_file.write_text("1\n")  # stale
    with start(handler, "--pid-file", pid_file) as brood:
        brood.urls()
        assert pid_file.read_text() == f"{brood.pid}\n"
        status, said = finished("-l", "tcp://127.0.0.1:0", handler, "--pid-file", pid_file)
        assert status == EX_CANTCREAT
        assert str(brood.pid) in said
        assert pid_file.read_text() == f"{brood.pid}\n"
        assert brood.stop() == 0
    assert not pid_file.exists()


def test_a_pid_file_left_by_kill_is_replaced(handler, tmp_path):
    pid_file = tmp_path / "pid"
    with start(handler, "--pid-file", pid_file) as brood:
        brood.urls()
        child = brood.service_process()
        brood.send(signal.SIGKILL)
        brood.process.wait(LONG)
    wait_until(lambda: not is_alive(child), LONG, "service process outlives its supervisor")
    with start(handler, "--pid-file", pid_file) as brood:
        brood.urls()
        assert pid_file.read_text() == f"{brood.pid}\n"
        assert brood.stop() == 0


def test_a_pid_file_that_is_a_link_is_not_followed(handler, tmp_path):
    (tmp_path / "target").write_text("1\n")
    (tmp_path / "pid").symlink_to(tmp_path / "target")
    assert finished("-l", "tcp://127.0.0.1:0", handler, "--pid-file", tmp_path / "pid")[0] == EX_CANTCREAT
    assert (tmp_path / "target").read_text() == "1\n"


# ---- Deaths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault, told", [
    ({"LOAD_EXIT": "3"}, "exit 3"),
    pytest.param({"LOAD_EXIT": "0"}, "exit 0", marks=pytest.mark.slow),
    pytest.param({"LOAD_CRASH": "1"}, "signal 6", marks=pytest.mark.slow),
    pytest.param({"LOAD_FAIL": "1"}, "load failed", marks=pytest.mark.slow),
])
def test_five_deaths_before_ready_give_up_with_70(handler, fault, told):
    """R10"""
    started = time.monotonic()
    with start(handler, environment=fault) as brood:
        status = brood.wait()
    took = time.monotonic() - started
    assert status == EX_SOFTWARE
    assert brood.lines[-1].startswith("brood: ") and told in brood.lines[-1]
    assert len([line for line in brood.lines if "service process died" in line]) == 5
    assert 3.0 <= took < 4.5 * SCALE  # 0.2 + 0.4 + 0.8 + 1.6
    assert not any(line.startswith("listening") for line in brood.lines)


@pytest.mark.slow
def test_a_load_that_hangs_is_killed_at_its_deadline(handler):
    with start(handler, "--load-timeout", "300ms", environment={"LOAD_HANG": "1"}) as brood:
        brood.wait_for("load deadline")
        assert brood.wait(20 * SCALE) == EX_SOFTWARE


def test_a_stop_does_not_wait_for_a_load_that_hangs(handler):
    with start(handler, environment={"LOAD_HANG": "1"}) as brood:
        brood.service_process()
        time.sleep(0.2)
        started = time.monotonic()
        brood.stop()
        assert time.monotonic() - started < 4 * SCALE


def test_one_service_that_never_works_ends_the_others(handler, tmp_path):
    config = tmp_path / "two.ini"
    config.write_text(f"[service good]\nhandler = echo\nlisten = tcp://127.0.0.1:0\n\n"
                      f"[service bad]\nhandler = {handler}\nlisten = tcp://127.0.0.1:0\nenv = LOAD_EXIT=3\n")
    with Supervised("-c", config) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
            brood.wait_for("gave up")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
        assert brood.wait() == EX_SOFTWARE


@pytest.mark.parametrize("model", MODELS)
def test_a_crash_loses_no_queued_connection_and_harms_no_other_service(handler, model, tmp_path):
    """R08 for service processes"""
    config = tmp_path / "two.ini"
    config.write_text(f"[service hit]\nhandler = {handler}\nmodel = {model}\nlisten = unix:{tmp_path}/hit\n\n"
                      f"[service bystander]\nhandler = {handler}\nlisten = unix:{tmp_path}/bystander\n")
    with Supervised("-c", config) as brood:
        brood.urls(2)
        (bystander,) = [pid for pid in brood.service_processes()
                        if pid == int(brood.wait_for(r"bystander: ready process=(\d+)")[0])]
        before = counts_of(brood.pid)
        for round_number in range(1, 3):
            (victim,) = [pid for pid in brood.service_processes() if pid != bystander]
            with connect(f"unix:{tmp_path}/bystander") as steady:
                steady.sendall(b"one\n")
                assert steady.recv(100).endswith(b"one\n")
                os.kill(victim, signal.SIGKILL)
                wait_until(lambda pid=victim: not is_alive(pid), LONG, "KILL does not kill")
                # Accepted by nobody yet: it waits in the kernel's queue for the next service process.
                assert ask(f"unix:{tmp_path}/hit", b"queued\n").endswith(b"queued\n")
                steady.sendall(b"two\n")
                assert steady.recv(100).endswith(b"two\n")
            brood.wait_for("hit: service process died", round_number)
        assert bystander in brood.service_processes()
        assert counts_of(brood.pid) == before
        assert brood.stop() == 0
    assert "signal 9 (KILL)" in brood.text
    assert not [line for line in brood.lines if "bystander: service process died" in line]


@pytest.mark.slow
def test_after_ready_it_never_gives_up(handler, tmp_path):
    with start(handler, "-m", "thread", environment={"LOAD_ONCE": str(tmp_path / "once")}) as brood:
        brood.urls()
        os.kill(brood.service_process(), signal.SIGKILL)
        brood.wait_for("service process died", 4, 30 * SCALE)  # after 0, 1, 2, 4 s
        assert brood.process.poll() is None
        (tmp_path / "once").unlink()
        brood.wait_for("ready process=", 2, 30 * SCALE)
        assert brood.stop() == 0
    delays = [re.search(r"after_ms=(\d+)", line)[1] for line in brood.lines if "service process died" in line]
    assert delays[:4] == ["1000", "2000", "4000", "8000"]
    assert [line for line in brood.lines if "deaths=4" in line]
    assert len([line for line in brood.lines if line.startswith("listening")]) == 1


def test_a_handler_that_exits_under_iterative_is_a_death(handler):
    with start(handler, "-m", "iterative") as brood:
        (url,) = brood.urls()
        assert try_to_ask(url, b"exit\n") in (b"", None)
        assert ask(url, b"again\n").endswith(b"again\n")
        assert brood.stop() == 0
    assert len([line for line in brood.lines if "service process died" in line and "exit 0" in line]) == 1


def test_an_iterative_handler_that_hangs_is_replaced_and_the_queue_survives(handler):
    with start(handler, "-m", "iterative", "--request-timeout", "500ms", "--kill-after", "500ms") as brood:
        (url,) = brood.urls()
        hanging = connect(url)
        hanging.sendall(b"spin\n")
        time.sleep(1.2)  # long enough for the service to be replaced at once
        started = time.monotonic()
        with hanging, connect(url) as queued:
            queued.sendall(b"next\n")
            assert queued.recv(100).endswith(b"next\n")
        assert time.monotonic() - started < 2 * SCALE
        assert brood.stop() == 0
    assert "reason=worker-killed" in brood.text


@pytest.mark.parametrize("model", MODELS)
def test_a_service_process_that_reads_no_orders_does_not_block_the_supervisor(handler, model, tmp_path):
    with start(handler, "-m", model, "--log-file", tmp_path / "log") as brood:
        (url,) = brood.urls()
        child = brood.service_process()
        os.kill(child, signal.SIGSTOP)
        for _ in range(2000):  # more orders than a channel holds
            brood.send(signal.SIGUSR1)
        assert brood.process.poll() is None
        os.kill(child, signal.SIGCONT)
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0
