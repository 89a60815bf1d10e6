# SPDX-License-Identifier: MIT
"""What ends when, who is told, what a signal does; and all of it as PID 1."""
import contextlib
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import termios
import time

import pytest
from harness.clients import address_of, ask, connect, try_to_ask
from harness.patience import BROOD, LONG, SCALE
from harness.processes import children_of, descendants_of, descriptors_of, wait_until
from harness.supervise_helpers import Supervised, compile_handler, counts_of, is_alive, is_listening

MODELS = ["iterative", "fork", "thread"]
EX_SOFTWARE = 70


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def port_of(url):
    return address_of(url)[2][1]


def start(handler, *arguments, **options):
    return Supervised("-l", "tcp://127.0.0.1:0", handler, *arguments, **options)


# ---- Stop ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGQUIT])
@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_a_drain_finishes_what_was_started(handler, model, signal_number, tmp_path):
    """R17"""
    path = tmp_path / "socket"
    with Supervised("-l", "tcp://127.0.0.1:0", "-l", f"unix:{path}", "-m", model, handler) as brood:
        urls = brood.urls(2)
        clients = [connect(urls[i % 2]) for i in range(1 if model == "iterative" else 10)]
        for client in clients:
            client.sendall(b"sleep 1000\n")
        time.sleep(0.3)
        queued = connect(urls[0])  # served by all models, since it came before the signal
        queued.sendall(b"sleep 1\n")
        time.sleep(0.1)
        brood.send(signal_number)
        wait_until(lambda: not path.exists(), LONG, "the path is still there")
        for client in [*clients, queued]:
            with client:
                client.settimeout(LONG)
                assert b"sleep 1" in client.recv(100)
        assert brood.wait() == 0
    assert os.listdir(tmp_path) == []
    with pytest.raises(ConnectionRefusedError):
        connect(urls[0])


def test_the_drain_deadline_cuts_off(handler):
    with start(handler, "--drain-timeout", "500ms") as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 60000\n")
            time.sleep(0.2)
            started = time.monotonic()
            assert brood.stop() == 0
            assert 0.4 < time.monotonic() - started < 3 * SCALE
    assert "drain deadline" in brood.text


@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_the_second_term_kills_at_once(handler, model):
    with start(handler, "-m", model) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"spin\n")
            time.sleep(0.3)
            brood.send(signal.SIGTERM)
            time.sleep(0.3)
            assert brood.process.poll() is None
            started = time.monotonic()
            assert brood.stop() == 0
            assert time.monotonic() - started < 1 * SCALE


@pytest.mark.parametrize("model", MODELS)
def test_one_term_said_twice_is_one(handler, model):
    """timeout(1) tells its child, and then the group that its child is in."""
    with start(handler, "-m", model) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 700\n")
            time.sleep(0.3)
            for _ in range(3):
                brood.send(signal.SIGTERM)
                time.sleep(0.002)
            assert client.recv(100)
            client.shutdown(socket.SHUT_WR)
            assert brood.wait() == 0
    assert "told to stop at once" not in brood.text


@pytest.mark.parametrize("model", ["fork", "thread", "event"])
def test_int_stops_quickly_and_says_how_connections_ended(handler, model):
    with start(handler, "-m", model) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 60000\n")
            time.sleep(0.3)
            started = time.monotonic()
            brood.send(signal.SIGINT)
            assert brood.wait() == 0
            assert time.monotonic() - started < 1 * SCALE
    assert "reason=stopped" in brood.text


def test_a_stop_while_waiting_to_start_again_is_at_once(handler):
    with start(handler) as brood:
        brood.urls()
        os.kill(brood.service_process(), signal.SIGKILL)
        brood.wait_for("service process died")
        started = time.monotonic()
        assert brood.stop() == 0
        assert time.monotonic() - started < 0.5 * SCALE


@pytest.mark.parametrize("model", MODELS)
def test_when_the_supervisor_is_killed_everything_ends_and_the_port_is_free(handler, model):
    """R16"""
    with start(handler, "-m", model) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 60000\n")
            if model == "fork":
                wait_until(lambda: len(descendants_of(brood.pid)) == 2, LONG, "no worker")
            below = [stat.pid for stat in descendants_of(brood.pid)]
            brood.send(signal.SIGKILL)
            brood.process.wait(LONG)
            wait_until(lambda: not [pid for pid in below if is_alive(pid)], 1 * SCALE, f"still alive: {below}")
            wait_until(lambda: not is_listening(port_of(url)), 1 * SCALE, "the port is still taken")
        with Supervised("-l", url, handler) as again:
            again.urls()
            assert again.stop() == 0


def test_a_service_process_that_dies_takes_its_workers_along(handler):
    with start(handler) as brood:
        (url,) = brood.urls()
        clients = [connect(url) for _ in range(5)]
        for client in clients:
            client.sendall(b"spin\n")
        wait_until(lambda: len(descendants_of(brood.pid)) == 6, LONG, "no workers")
        below = [stat.pid for stat in descendants_of(brood.pid)]
        os.kill(brood.service_process(), signal.SIGKILL)
        wait_until(lambda: not [pid for pid in below if is_alive(pid)], 1 * SCALE, f"still alive: {below}")
        for client in clients:
            client.close()
        assert brood.stop() == 0


# ---- PID 1 ---------------------------------------------------------------------------------------

AS_PID_1 = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.fixture(name="can_be_pid_1")
def pid_namespaces():
    if not shutil.which("unshare") or subprocess.run([*AS_PID_1, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no right to make a pid namespace")


@pytest.mark.parametrize("model", ["fork", "iterative"])
def test_as_pid_1_orphans_are_reaped(handler, model, can_be_pid_1):
    """R14"""
    with start(handler, "-m", model, wrapper=AS_PID_1) as brood:
        (url,) = brood.urls()
        supervisor = brood.pid
        before = counts_of(supervisor)
        assert ask(url, b"orphans\n").endswith(b"orphans\n")
        wait_until(lambda: len(children_of(supervisor)) > 50, LONG, "no orphans")
        wait_until(lambda: len(children_of(supervisor)) == 1, 3 * SCALE, "orphans stay")
        assert counts_of(supervisor) == before
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0


def test_as_pid_1_deaths_are_seen_and_the_exit_status_is_carried(handler, can_be_pid_1):
    with start(handler, wrapper=AS_PID_1, environment={"LOAD_EXIT": "3"}) as brood:
        assert brood.wait() == EX_SOFTWARE
    assert "exit 3" in brood.lines[-1]


# ---- Signals -------------------------------------------------------------------------------------


def test_hup_without_file_and_terminal_is_refused_with_a_line(handler):
    with start(handler) as brood:
        (url,) = brood.urls()
        brood.send(signal.SIGHUP)
        brood.wait_for("signal refused signal=HUP")
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0


@pytest.fixture(name="terminal")
def pseudo_terminal():
    """(master, options that make its slave the controlling terminal)"""
    master, slave = os.openpty()
    yield master, {"preexec_fn": lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0)}
    os.close(slave)
    with contextlib.suppress(OSError):
        os.close(master)


def test_a_resized_terminal_is_no_order_and_one_that_hangs_up_drains(handler, terminal):
    master, options = terminal
    with start(handler, "-m", "thread", **options) as brood:
        (url,) = brood.urls()
        brood.send(signal.SIGWINCH, signal.SIGTTIN, signal.SIGTTOU)
        with connect(url) as client:
            client.sendall(b"sleep 500\n")
            time.sleep(0.2)
            os.close(master)
            assert client.recv(100).endswith(b"sleep 500\n")
            client.shutdown(socket.SHUT_WR)
        assert brood.wait() == 0
    assert "signal refused" not in brood.text and "how=drain" in brood.text


def test_an_interrupt_at_the_terminal_reaches_only_the_supervisor(handler, terminal):
    master, options = terminal
    with start(handler, **options) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 60000\n")
            time.sleep(0.3)
            os.write(master, b"\x03")
            assert brood.wait() == 0
    # By itself the worker would have died of the signal.
    assert "reason=stopped" in brood.text and "INT" not in brood.text


def test_usr1_reopens_the_log_of_all_processes(handler, tmp_path):
    log = tmp_path / "log"
    with start(handler, "--log-file", log) as brood:
        (url,) = brood.urls()
        ask(url, b"first\n")
        wait_until(lambda: "reason=finished" in log.read_text(), LONG, "no end record")
        log.rename(tmp_path / "log.1")
        brood.send(signal.SIGUSR1)
        wait_until(log.exists, LONG, "no new log")
        # Two processes write: told one after the other. No line may be lost on the way.
        for _ in range(20):
            ask(url, b"more\n")
        brood.stop()
    lines = (tmp_path / "log.1").read_text() + log.read_text()
    assert lines.count("reason=finished") == 21
    assert "reason=finished" in log.read_text()


def test_signals_to_everybody_break_nothing(handler):
    """As `pkill -HUP brood` would: supervisor and service process; (R42)"""
    harmless = [signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE,
                signal.SIGALRM]
    chosen = random.Random(42)
    with start(handler, "-m", "thread", "--log-level", "error") as brood:
        (url,) = brood.urls()
        child = brood.service_process()
        for i in range(300):
            os.kill(chosen.choice([brood.pid, child]), chosen.choice(harmless))
            assert ask(url, b"%d\n" % i).endswith(b" %d\n" % i)
        assert brood.service_process() == child
        assert brood.stop() == 0


def test_term_to_everybody_is_one_drain(handler):
    with start(handler) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"sleep 700\n")
            time.sleep(0.3)
            os.kill(brood.service_process(), signal.SIGTERM)
            brood.send(signal.SIGTERM)
            assert client.recv(100).endswith(b"sleep 700\n")
            client.shutdown(socket.SHUT_WR)
        assert brood.wait() == 0


def test_term_to_a_service_process_replaces_it(handler):
    with start(handler) as brood:
        (url,) = brood.urls()
        first = brood.service_process()
        os.kill(first, signal.SIGTERM)
        wait_until(lambda: not is_alive(first), LONG, "TERM does not end it")
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.service_process() != first
        assert brood.stop() == 0


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 1, 2)])
def test_it_serves_with_standard_descriptors_closed(handler, closed, tmp_path):
    """No socket may become stdout or stderr: what is printed would reach a client."""
    shut = " ".join(f"{fd}>&-" for fd in closed)
    url = f"unix:{tmp_path}/socket"
    with subprocess.Popen(["sh", "-c", f'exec "$@" {shut}', "sh", str(BROOD), "serve", "-l", url, handler],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: try_to_ask(url, b"hello\n"), LONG, "not served")
            assert ask(url, b"hello\n").split(b" ", 1)[1] == b"hello\n"
            found = descriptors_of(process.pid)
            assert all(found[fd].startswith("/dev/null") for fd in closed)
            process.terminate()
            assert process.wait(LONG) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def test_a_stderr_that_nobody_reads_stops_nothing(handler):
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(write_end, b"x" * 65536):
            pass
    os.set_blocking(write_end, True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with subprocess.Popen([BROOD, "serve", "-l", url, handler], stdin=subprocess.DEVNULL, stderr=write_end) as process:
        try:
            wait_until(lambda: try_to_ask(url, b"hello\n"), LONG, "not served")
            for _ in range(100):
                assert ask(url, b"hello\n").endswith(b"hello\n")
            process.terminate()
            assert process.wait(LONG) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    os.close(read_end)
    os.close(write_end)
