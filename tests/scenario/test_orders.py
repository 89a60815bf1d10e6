# SPDX-License-Identifier: MIT
"""USR1, WINCH, TTIN, TTOU and the lame duck: what can be asked for besides stop, reload and upgrade."""
import os
import re
import signal
import socket
import threading
import time

import pytest
from harness.clients import address_of, ask, connect, try_to_ask
from harness.patience import LONG, SCALE
from harness.processes import wait_until
from harness.supervise_helpers import Supervised, compile_handler, is_listening

RESIZABLE = {"fork": ["-m", "fork", "-w", "2"], "thread": ["-m", "thread", "--threads", "2"],
             "prefork": ["-m", "prefork", "-w", "2"], "event": ["-m", "event", "-w", "2", "--max-conns", "1"]}
MODELS = ["iterative", "fork", "thread", "prefork", "event"]


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def start(handler, *arguments, **options):
    return Supervised("-l", "tcp://127.0.0.1:0", handler, *arguments, **options)


# ---- USR1 ----------------------------------------------------------------------------------------


class Numbered(threading.Thread):
    """Clients, one after the other, each of which leaves one line in the log; `count` is how many there were."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url
        self.count = 0
        self.stopped = False

    def run(self):
        while not self.stopped:
            ask(self.url, b"hello\n")
            self.count += 1


@pytest.mark.parametrize("model", MODELS)
def test_twenty_rotations_under_load_lose_no_line(handler, model, tmp_path):
    log = tmp_path / "log"
    with start(handler, "-m", model, "--log-file", log) as brood:
        (url,) = brood.urls()
        clients = [Numbered(url) for _ in range(2)]
        for client in clients:
            client.start()
        sizes = []
        for number in range(20):
            time.sleep(0.05)
            log.rename(tmp_path / f"log.{number}")
            brood.send(signal.SIGUSR1)
            wait_until(log.exists, LONG, "no new log")
        for number in range(20):
            sizes.append((tmp_path / f"log.{number}").stat().st_size)
        for client in clients:
            client.stopped = True
            client.join(LONG)
        count = sum(client.count for client in clients)
        # Whoever has answered writes to the new file: long ago for all but the last of them.
        assert [(tmp_path / f"log.{number}").stat().st_size for number in range(19)] == sizes[:19]
        assert brood.stop() == 0
    files = [log, *(tmp_path / f"log.{number}" for number in range(20))]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert sum("reason=finished" in line for line in lines) == count
    assert count > 100
    assert not [line for line in lines if not re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.\d{3} \[", line)]


@pytest.mark.parametrize("model", MODELS)
def test_a_worker_in_the_middle_of_a_connection_writes_to_the_new_file(handler, model, tmp_path):
    log = tmp_path / "log"
    with start(handler, "-m", model, "--log-file", log) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            for number in range(3):
                client.sendall(b"log number %d\n" % number)
                assert client.recv(100).endswith(b"log number %d\n" % number)
                log.rename(tmp_path / f"log.{number}")
                brood.send(signal.SIGUSR1)
                wait_until(log.exists, LONG, "no new log")
        assert brood.stop() == 0
    for number in range(3):
        assert (tmp_path / f"log.{number}").read_text().count("said log") == 1
        assert f"said log number {number}" in (tmp_path / f"log.{number}").read_text()


def test_without_a_log_file_usr1_is_refused_with_a_line(handler):
    with start(handler) as brood:
        brood.urls()
        brood.send(signal.SIGUSR1)
        brood.wait_for("refused verb=reopen why=.*stderr")
        assert brood.stop() == 0


# ---- WINCH ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_winch_drains_the_workers_and_keeps_the_supervisor(handler, model, tmp_path):
    path = tmp_path / "socket"
    with Supervised("-l", f"unix:{path}", "-m", model, handler) as brood:
        brood.urls()
        with connect(f"unix:{path}") as client:
            client.sendall(b"sleep 500\n")
            time.sleep(0.2)
            brood.send(signal.SIGWINCH)
            wait_until(lambda: not path.exists(), LONG, "the path is still there")
            assert client.recv(100).endswith(b"sleep 500\n")
        wait_until(lambda: not brood.service_processes(), LONG, "the service process stays")
        time.sleep(0.3)
        assert brood.process.poll() is None
        for _ in range(2):
            brood.send(signal.SIGHUP)  # without a file: there is nothing to read, but something to start
            brood.wait_for(" reloaded generation=", 1)
        assert ask(f"unix:{path}", b"hello\n").endswith(b"hello\n")
        brood.wait_for("signal refused signal=HUP")
        assert brood.stop() == 0


def test_a_drained_supervisor_stops_at_once(handler):
    with start(handler) as brood:
        (url,) = brood.urls()
        brood.send(signal.SIGWINCH)
        wait_until(lambda: not brood.service_processes(), LONG, "the service process stays")
        with pytest.raises(ConnectionRefusedError):
            connect(url)
        assert brood.stop() == 0


def test_a_socket_that_was_given_to_us_outlives_a_drain(handler):
    with socket.create_server(("127.0.0.1", 0)) as given:
        url = f"tcp://127.0.0.1:{given.getsockname()[1]}"
        with Supervised("-l", f"fd://{given.fileno()}", handler, pass_fds=[given.fileno()]) as brood:
            brood.urls()
            brood.send(signal.SIGWINCH)
            wait_until(lambda: not brood.service_processes(), LONG, "the service process stays")
            with connect(url) as queued:
                queued.sendall(b"hello\n")
                brood.send(signal.SIGHUP)
                assert queued.recv(100).endswith(b"hello\n")
            assert brood.stop() == 0


# ---- TTIN, TTOU ----------------------------------------------------------------------------------


def served_at_once(url, most):
    """How many of `most` clients are answered before any of them has ended."""
    clients = [connect(url) for _ in range(most)]
    answered = 0
    for client in clients:
        client.sendall(b"hello\n")
    deadline = time.monotonic() + 0.7 * SCALE
    for client in clients:
        client.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            answered += client.recv(100).endswith(b"hello\n")
        except TimeoutError:
            pass
    for client in clients:
        client.close()
    return answered


@pytest.mark.parametrize("model", RESIZABLE)
def test_ttin_and_ttou_are_one_worker_more_and_one_fewer(handler, model):
    with start(handler, *RESIZABLE[model]) as brood:
        (url,) = brood.urls()
        assert served_at_once(url, 4) == 2
        brood.send(signal.SIGTTIN)
        brood.wait_for("resized from=2 to=3")
        assert served_at_once(url, 5) == 3
        brood.send(signal.SIGTTOU)
        brood.wait_for("resized from=3 to=2")
        time.sleep(0.2)  # who is one too many goes when it is seen to have nobody
        assert served_at_once(url, 4) == 2
        brood.send(signal.SIGTTOU)
        brood.wait_for("resized from=2 to=1")
        brood.send(signal.SIGTTOU)
        brood.wait_for("refused verb=resize why=.*between 1 and")
        os.kill(brood.service_process(), signal.SIGKILL)
        brood.wait_for("ready process=", 2)
        assert served_at_once(url, 3) == 1  # a new process has the size of the old one
        assert brood.stop() == 0


def test_a_worker_that_comes_while_all_are_busy_takes_a_client_that_waits(handler):
    with start(handler, "-m", "fork", "-w", "1") as brood:
        (url,) = brood.urls()
        with connect(url) as busy, connect(url) as queued:
            busy.sendall(b"sleep 60000\n")
            time.sleep(0.2)
            queued.sendall(b"hello\n")
            brood.send(signal.SIGTTIN)
            assert queued.recv(100).endswith(b"hello\n")
        brood.send(signal.SIGINT)
        assert brood.wait() == 0


def test_what_cannot_be_resized_is_refused_with_a_sentence(handler, tmp_path):
    with start(handler, "-m", "iterative") as brood:
        brood.urls()
        brood.send(signal.SIGTTIN)
        brood.wait_for("not resized why=\"model iterative has a fixed size\"")
        assert brood.stop() == 0
    config = tmp_path / "two.ini"
    config.write_text(f"[service a]\nhandler = echo\nlisten = unix:{tmp_path}/a\n\n"
                      f"[service b]\nhandler = echo\nlisten = unix:{tmp_path}/b\n")
    with Supervised("-c", config) as brood:
        brood.urls(2)
        brood.send(signal.SIGTTIN)
        brood.wait_for("refused verb=resize why=.*brood ctl resize SERVICE N")
        assert brood.stop() == 0


# ---- Lame duck -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGWINCH])
def test_a_lame_duck_accepts_for_a_while(handler, stop):
    with start(handler, "--lame-duck", "1s") as brood:
        (url,) = brood.urls()
        started = time.monotonic()
        brood.send(stop)
        brood.wait_for("lame duck")
        time.sleep(0.4)
        assert ask(url, b"hello\n").endswith(b"hello\n")
        wait_until(lambda: not is_listening(address_of(url)[2][1]), LONG, "the port is still taken")
        assert 0.9 < time.monotonic() - started < 10 * SCALE
        assert try_to_ask(url) is None
        if stop == signal.SIGWINCH:
            brood.send(signal.SIGTERM)
        assert brood.wait() == 0


def test_a_lame_duck_is_hurried_by_a_second_term_and_by_int(handler):
    for order in (signal.SIGTERM, signal.SIGINT):
        with start(handler, "--lame-duck", "1h") as brood:
            brood.urls()
            brood.send(signal.SIGTERM)
            brood.wait_for("lame duck")
            time.sleep(0.2)  # sooner it might be the same TERM, said twice
            started = time.monotonic()
            brood.send(order)
            assert brood.wait() == 0
            assert time.monotonic() - started < 2 * SCALE


def test_a_lame_duck_that_dies_is_not_started_again(handler):
    with start(handler, "--lame-duck", "1h") as brood:
        brood.urls()
        brood.send(signal.SIGTERM)
        brood.wait_for("lame duck")
        os.kill(brood.service_process(), signal.SIGKILL)
        assert brood.wait() == 0


@pytest.mark.parametrize("comes", [True, False])
def test_the_path_of_a_lame_duck_stays_for_the_generation_that_comes(handler, comes, tmp_path):
    path, lock, go = tmp_path / "socket", tmp_path / "socket.lock", tmp_path / "go"
    config = tmp_path / "brood.ini"
    good = f"[service web]\nhandler = {handler}\nlisten = unix:{path}\nlame-duck = 500ms\n"
    config.write_text(good)
    with Supervised("-c", config) as brood:
        brood.urls()
        old = brood.service_process()
        inode = path.stat().st_ino
        brood.send(signal.SIGWINCH)
        brood.wait_for("lame duck")
        config.write_text(f"{good}env = LOAD_UNTIL={go}\n")
        brood.send(signal.SIGHUP)
        wait_until(lambda: len(brood.service_processes()) == 2, LONG, "nobody new")
        wait_until(lambda: old not in brood.service_processes(), LONG, "the lame duck stays")
        assert path.stat().st_ino == inode
        with connect(f"unix:{path}") as client:
            client.sendall(b"hello\n")
            if comes:
                go.touch()
                assert client.recv(100).endswith(b"hello\n")
                brood.wait_for("reloaded generation=2")
                assert path.stat().st_ino == inode
            else:
                os.kill(brood.service_process(), signal.SIGKILL)
                brood.wait_for("reload failed")
                assert not path.exists() and not lock.exists()
                config.write_text(good)
                brood.send(signal.SIGHUP)
                brood.wait_for("reloaded generation=3")
        assert ask(f"unix:{path}", b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0
    assert not path.exists() and not lock.exists()


def test_who_drains_a_lame_duck_is_told_when_a_reload_comes_first(handler, tmp_path):
    config, control = tmp_path / "brood.ini", tmp_path / "control"
    config.write_text(f"[brood]\ncontrol = {control}\n[service web]\nhandler = {handler}\n"
                      "listen = tcp://127.0.0.1:0\nlame-duck = 1h\n")
    with Supervised("-c", config) as brood:
        brood.urls()
        with socket.socket(socket.AF_UNIX) as asker:
            asker.settimeout(LONG)
            asker.connect(str(control))
            asker.sendall(b"drain\n")
            brood.wait_for("lame duck")
            brood.send(signal.SIGHUP)
            assert asker.recv(100) == b"failed: a reload came before everything had stopped\n"
        brood.send(signal.SIGINT)
        assert brood.wait() == 0
