# SPDX-License-Identifier: MIT
"""Started by somebody who listens, watches or waits: sd_notify, sockets by name, inetd. Nothing here needs systemd."""
import contextlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness import clients, processes
from harness.command import USAGE, assert_refused, brood as run_brood
from harness.patience import BROOD, LONG, ROOT, SCALE
from harness.processes import wait_until

MODELS = ["iterative", "fork", "thread"]
HANDED_OVER = [sys.executable, str(ROOT / "tests" / "harness" / "handed_over.py")]
OS_ERROR = 71


# ---- sd_notify ------------------------------------------------------------------------------------------------

class Notes:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(LONG)
        self.socket.bind(str(path))

    def next(self, name):
        """The value of the next assignment to this name; notes that do not mention it are skipped."""
        while True:
            note = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
            if name in note:
                return note[name], note


@pytest.fixture(name="notes")
def notes_of_supervisor(tmp_path):
    notes = Notes(tmp_path / "notify")
    with contextlib.closing(notes.socket):
        yield notes


def test_who_started_it_hears_when_it_is_ready_and_when_it_stops(start, notes, tmp_path):
    brood = start("echo", env={"NOTIFY_SOCKET": str(tmp_path / "notify")}, warm=False)
    _, note = notes.next("READY")
    assert note == {"READY": "1", "MAINPID": str(brood.supervisor)}
    assert clients.ask(brood.url, b"hello") == b"hello"
    brood.send(signal.SIGTERM)
    assert notes.next("STOPPING")[0] == "1"
    assert brood.wait() == 0


def test_ready_is_said_when_the_last_service_is(start, handlers, notes, tmp_path):
    """One of them loads for a while; until then the status counts."""
    config = tmp_path / "two.ini"
    config.write_text(f"[service quick]\nhandler = echo\nlisten = tcp://127.0.0.1:0\n"
                      f"[service slow]\nhandler = {handlers('rights')}\nlisten = tcp://127.0.0.1:0\n"
                      f"env = LOAD_MS=500\n")
    brood = start("-c", config, listen=(), listeners=2, warm=False, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
    brood.checked = False  # which has one service
    assert notes.next("STATUS")[0] == "1 of 2 services ready"
    assert notes.next("STATUS")[0] == "2 of 2 services ready"
    assert notes.next("READY")[0] == "1"


def test_the_watchdog_hears_it_as_long_as_its_loop_turns(start, notes, tmp_path):
    brood = start("echo", env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}, warm=False)
    notes.next("READY")
    begin = time.monotonic()
    for _ in range(5):
        notes.next("WATCHDOG")
    assert 0.7 < time.monotonic() - begin < 1.3 * SCALE + 1, "every 0.2 s"
    brood.send(signal.SIGSTOP)
    try:
        notes.socket.settimeout(0.6)
        with pytest.raises(TimeoutError):
            for _ in range(3):
                notes.next("WATCHDOG")
    finally:
        brood.send(signal.SIGCONT)


def test_handlers_do_not_see_what_is_meant_for_the_supervisor(start, handlers, tmp_path, notes):
    brood = start(handlers("rights"), prefix=[*HANDED_OVER, "web", "-"], listen=["fd://web"],
                  env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"})
    notes.next("READY")
    assert b"variable:" not in clients.ask(brood.url)


def test_a_notify_socket_that_is_not_there_is_one_line(start, tmp_path):
    brood = start("echo", "--log-level", "debug", env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    assert len(brood.records("not heard by NOTIFY_SOCKET")) == 1


# ---- Sockets that were handed over ----------------------------------------------------------------------------

def test_sockets_are_called_by_their_names(start, tmp_path):
    config = tmp_path / "brood.ini"
    config.write_text("[service calc]\nhandler = calc\nlisten = fd://calc\n"
                      "[service echo]\nhandler = echo\nlisten = fd://echo.socket\n")
    brood = start("-c", config, prefix=[*HANDED_OVER, "calc:echo.socket:unused:calc", "-"], listen=(), listeners=3,
                  warm=False)
    brood.checked = False  # which has one service
    said = dict(re.findall(r"^listening on (\S+) \((\w+),", brood.text(), re.M))
    assert sorted(said.values()) == ["calc", "calc", "echo"]
    for url, label in said.items():
        assert clients.ask(url, b"6*7\n").strip() == (b"42" if label == "calc" else b"6*7")
    # Their listeners and their channel, nobody else's; a client's socket is theirs until its worker is gone.
    wait_until(lambda: sorted(map(count_sockets, processes.children_of(brood.supervisor))) == [2, 3], LONG,
               lambda: [processes.descriptors_of(service.pid) for service in processes.children_of(brood.supervisor)])


def count_sockets(process):
    return sum(what.startswith("socket:") for what in processes.descriptors_of(process.pid).values())


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    done = subprocess.run([*HANDED_OVER, "web:admin", "-", BROOD, "serve", "-l", "fd://wbe", "echo"],
                          capture_output=True, text=True, timeout=LONG, check=False)
    assert_refused(done, OS_ERROR, "fd://wbe: no descriptor that was handed over has this name; there are: web admin")


def test_names_for_another_process_are_ignored(start):
    done = subprocess.run([*HANDED_OVER, "web", "1", BROOD, "serve", "-l", "fd://web", "echo"],
                          capture_output=True, text=True, timeout=LONG, check=False)
    assert_refused(done, OS_ERROR, "for process 1")
    brood = start("echo", prefix=[*HANDED_OVER, "web", "1"], listen=["fd://3"])
    assert clients.ask(brood.url, b"by number") == b"by number"


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd-socket-activate is not installed")
def test_systemd_itself_hands_a_socket_over():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["systemd-socket-activate", "--listen", f"127.0.0.1:{port}", "--fdname", "web", BROOD, "serve",
               "-l", "fd://web", "calc"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as activated:
        try:
            url = f"tcp://127.0.0.1:{port}"
            assert wait_until(lambda: clients.try_to_ask(url, b"6*7\n"), LONG, "no answer").strip() == b"42"
        finally:
            activated.terminate()
            activated.stderr.read()
        assert activated.wait(LONG) == 0


# ---- inetd ----------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def started_by_inetd(given, *words, stderr=None):
    """With the socket as descriptors 0, 1 and, unless it goes elsewhere, 2."""
    with subprocess.Popen([BROOD, "serve", "--inetd", *words], stdin=given, stdout=given, stderr=stderr or given,
                          start_new_session=True) as process:
        given.close()
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def connected_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), LONG)
        served, _ = listener.accept()
    with client:
        yield client, served


@pytest.mark.parametrize("model", MODELS)
def test_one_client_is_served_and_hears_nothing_but_its_answers(model):
    """inetd's nowait: log lines must not reach the client, whose socket is standard error."""
    words = ["--log-level", "debug", "-m", model, "calc"]
    with connected_pair() as (client, served), started_by_inetd(served, *words) as it:
        client.sendall(b"6*7\n2**70\n")
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client) == b"42\r\n1180591620717411303424\r\n"
        assert it.wait(LONG) == 0


def test_where_standard_error_is_another_the_log_goes_there():
    with connected_pair() as (client, served), started_by_inetd(served, "echo", stderr=subprocess.PIPE) as it:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client) == b"hello"
        text = it.stderr.read().decode()
        assert it.wait(LONG) == 0
    assert "serving a client of tcp://127.0.0.1:" in text and "reason=finished" in text


def test_a_client_that_goes_ends_it():
    with connected_pair() as (client, served), started_by_inetd(served, "echo") as it:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        client.close()
        assert it.wait(LONG) == 0


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_listening_socket_is_served_until_it_is_told_to_stop(kind):
    """inetd's wait, and Accept=no."""
    given = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    given.bind(("127.0.0.1", 0))
    if kind == "tcp":
        given.listen()
    url = f"{kind}://127.0.0.1:{given.getsockname()[1]}"
    with started_by_inetd(given, "echo") as it:
        for i in range(3):
            assert clients.ask(url, b"%d" % i) == b"%d" % i
        it.terminate()
        assert it.wait(LONG) == 0


def test_a_mistake_is_not_told_to_the_client():
    with connected_pair() as (client, served), started_by_inetd(served, "ehco") as it:
        assert clients.read_to_end(client) == b""
        assert it.wait(LONG) == USAGE


@pytest.mark.parametrize("words, sentence", [
    (["echo"], "--inetd needs a socket as standard input"),
    (["-l", "tcp://127.0.0.1:0", "echo"], "--inetd cannot stand beside --listen"),
    (["-c", "brood.ini"], "--inetd cannot stand beside --config"),
    ([], "--inetd needs the HANDLER")])
def test_inetd_needs_one_handler_and_a_socket(words, sentence):
    with connected_pair() as (_, served):
        stdin = served if "socket" not in sentence else subprocess.DEVNULL
        assert_refused(run_brood("serve", "--inetd", *words, stdin=stdin), USAGE, sentence)
        served.close()


def test_check_knows_inetd():
    assert run_brood("check", "--inetd", "echo").returncode == 0
    assert_refused(run_brood("check", "--inetd"), USAGE, "--inetd needs the HANDLER")
