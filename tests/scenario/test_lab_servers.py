# SPDX-License-Identifier: MIT
"""
The faulty servers of the laboratory: each shows its mistake, measured, under the load that its document gives. What
keeps them from hurting anybody else is in test_lab_cage.py; how brood does under the same loads, in test_lab.py.
"""
import http.client
import os
import re
import signal
import socket
import struct
import time

import pytest

from harness import clients, processes
from harness.lab_server import HELLO, NAMES, REQUEST, UNAVAILABLE, asked, hears_nothing, started_in
from harness.patience import LONG, ROOT
from harness.processes import wait_until

# Each also shows in test_lab.py, beside brood.
pytestmark = pytest.mark.fault

IDLE = 0.1  # of a core


@pytest.fixture(name="lab")
def start_lab(tmp_path):
    with started_in(tmp_path) as start:
        yield start


def test_each_has_a_row_in_the_guide_with_a_cure_that_exists():
    page = (ROOT / "docs" / "guide" / "lab-mistakes.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`([^`]+)`\]\(#\1\) \|.*\| ([^|]+) \|$", page, re.M)
    assert sorted(name for name, _ in rows) == NAMES
    for name, cures in rows:
        assert f"\n### {name}\n" in page
        named = re.findall(r"`(\w+)` in `([^`]+)`", cures)
        assert named
        for function, file in named:
            assert re.search(rf"^\S[^\n;]*\b{function}\(", (ROOT / file).read_text("utf-8"), re.M), (name, cures)


# ---- The documents' ---------------------------------------------------------------------------------------------


def test_3a_lets_a_silent_client_keep_everybody_waiting(lab):
    server = lab("3a")
    with clients.connect(server.url) as silent, asked(server.url) as waiting:
        assert hears_nothing(waiting)
        silent.close()
        assert clients.read_to_end(waiting) == HELLO


def test_3b_lets_the_second_client_connect_and_wait_for_the_first_ones_sleep(lab):
    server = lab("3b", "--work", 700)
    begin = time.monotonic()
    with asked(server.url) as first, asked(server.url) as second:
        assert first.recv(1024) == HELLO
        assert second.recv(1024) == HELLO
        assert time.monotonic() - begin >= 0.7


def test_3c_serves_all_at_once_and_leaves_a_zombie_of_each(lab):
    server = lab("3c", "--work", 2000)
    begin = time.monotonic()
    for _ in range(5):
        with asked(server.url) as client:
            assert client.recv(1024) == HELLO
    assert time.monotonic() - begin < 2, "each waited for the sleep of the one before"
    server.wait_for_peace()
    assert len(server.zombies()) == 5


def test_3d_answers_and_never_hangs_up(lab):
    server = lab("3d")
    with asked(server.url) as client:
        assert client.recv(1024) == HELLO
        server.wait_for_peace()
        assert hears_nothing(client), "the connection has ended"
        assert len(server.zombies()) == 1


@pytest.mark.parametrize("words, count, last_words", [
    (("--more-descriptors", 252, "--more-processes", 600), 300, "accept: Too many open files"),
    (("--more-descriptors", 500, "--more-processes", 400), 500, "fork: Resource temporarily unavailable"),
])
def test_3d_runs_out_of_descriptors_or_of_processes_and_ends(lab, words, count, last_words):
    if os.geteuid() != 0 and "fork" in last_words:
        pytest.skip("other processes of this user count, and come and go")
    server = lab("3d", *words)
    there = []
    for _ in range(count):
        try:
            there.append(asked(server.url))
            # Not faster than it can: its queue has room for six.
            if there[-1].recv(1024) != HELLO:
                break
        except OSError:
            break
    assert server.wait_for_end() == 1
    assert len(there) < count
    assert last_words in server.log()
    for client in there:
        client.close()


def test_3e_dies_of_the_signal_of_its_first_child(lab):
    server = lab("3e", "--work", 100)
    with asked(server.url) as client:
        assert clients.read_to_end(client) == HELLO
    assert server.wait_for_end() == 1
    assert re.search(r"Child \d+ terminated with status 0\n.*accept: Interrupted system call", server.log())


def crowd_of_128(server):
    with clients.Crowd(server.url, [REQUEST] * 128) as crowd:
        assert crowd.run(LONG)
        assert crowd.answers == [HELLO] * 128
    server.wait_for_peace()


def test_3f_has_zombies_after_128_at_once_and_keeps_them(lab):
    server = lab("3f", "--more-processes", 400)
    crowd_of_128(server)
    zombies = len(server.zombies())
    assert zombies > 0
    for _ in range(3):
        clients.ask(server.url, REQUEST)
        server.wait_for_peace()
    assert len(server.zombies()) >= zombies, "as many come as are taken away"


def test_3g_has_no_zombie_after_128_at_once(lab):
    server = lab("3g", "--more-processes", 400)
    crowd_of_128(server)
    wait_until(lambda: not server.zombies(), LONG, "no zombie")


def test_3g_gives_a_process_to_everybody_and_ends_when_there_is_none(lab):
    server = lab("3g", "--more-processes", 10)
    silent = [clients.connect(server.url) for _ in range(12)]
    assert server.wait_for_end() == 1
    assert "fork: Resource temporarily unavailable" in server.log()
    for client in silent:
        client.close()


def test_calc_calculates(lab):
    server = lab("calc", "--work", 0)
    assert clients.ask(server.url, b"2+3\n") == b"5\r\n"
    assert clients.ask(server.url, b"800 * 999\n") == b"799200\r\n"


def test_calc_spins_when_a_client_leaves_without_a_newline(lab):
    server = lab("calc")
    with asked(server.url, b"2+3"):
        pass
    (child,) = wait_until(server.children, LONG, "a child")
    wait_until(lambda: server.spins(child), LONG, "it spins")


def test_calc_waits_for_itself_when_a_signal_arrives_while_it_logs(lab):
    server = lab("calc", "--work", 0)
    for _ in range(1000):
        with clients.Crowd(server.url, [b"2+3\n"] * 5) as crowd:
            if not crowd.run(2):
                break
    else:
        pytest.fail("5000 clients, and all were answered")
    assert server.is_alive()
    assert server.cpu_share(server.pid) < IDLE
    with asked(server.url, b"2+3\n") as client:
        assert hears_nothing(client), "it serves again"


def test_echo_keeps_its_zombies_until_the_next_client(lab):
    server = lab("echo", "--work", 100)
    for _ in range(5):
        assert clients.ask(server.url, b"hello").startswith(b"Echo=>hello at ")
    server.wait_for_peace()
    assert len(server.zombies()) >= 1
    with clients.connect(server.url):
        wait_until(lambda: not server.zombies(), LONG, "the zombies are taken away")


def test_echo_keeps_a_zombie_of_everybody_in_a_crowd(lab):
    server = lab("echo", "--work", 1000)
    crowd = [asked(server.url, b"hello") for _ in range(10)]
    wait_until(lambda: len(server.children()) == 10, LONG, "all are accepted")
    for client in crowd:
        client.close()
    server.wait_for_peace()
    assert len(server.zombies()) == 10


def test_tool_answers_with_an_empty_line_first(lab):
    server = lab("tool")
    assert clients.ask(server.url, b"GET /Dan HTTP/1.1\r\n\r\n") == b"\nHTTP/1.1 200 OK\n\nHello, Dan!\n"
    client = http.client.HTTPConnection(*clients.address_of(server.url)[2], timeout=LONG)
    client.request("GET", "/Dan")
    with pytest.raises(http.client.BadStatusLine):
        client.getresponse()
    client.close()


@pytest.mark.parametrize("request_", [b"", b"\n", b"GET\n"])
def test_tool_is_killed_by_an_empty_request(lab, request_):
    server = lab("tool")
    assert clients.try_to_ask(server.url, request_) in (None, b"")
    assert server.wait_for_end() == -signal.SIGSEGV


# ---- What the documents do not know -----------------------------------------------------------------------------


class Knocking(clients.Crowd):
    """Counts those whose SYN nobody heard: tcpi_total_retrans of struct tcp_info."""
    again = 0

    def _end(self, client, index, error):
        info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        self.again += struct.unpack_from("=I", info, 100)[0] > 0
        super()._end(client, index, error)


@pytest.mark.parametrize("name", ["short-backlog", "tool"])
def test_a_backlog_of_one_has_clients_knock_again_a_second_later(lab, name):
    server = lab(name, "--work", 50)
    with Knocking(server.url, [REQUEST] * 10, half_close=False) as crowd:
        assert crowd.run(LONG)
        assert crowd.again >= 3
        assert max(crowd.seconds) > 0.9, "ten times 50 ms take half a second"


def test_stolen_child_knows_what_the_helper_said_and_not_how_it_ended(lab):
    server = lab("stolen-child")
    for _ in range(3):
        answer = clients.ask(server.url, REQUEST)
        assert answer.endswith(b"\n42, status unknown: No child processes\n")


def test_reused_pid_kills_the_next_clients_child(lab):
    server = lab("reused-pid", "--work", 400)
    if server.process.poll() == UNAVAILABLE:
        pytest.skip(server.log())
    answers = [clients.try_to_ask(server.url, REQUEST) for _ in range(4)]
    assert answers[0] == HELLO
    assert answers[1:].count(HELLO) < 3, "nobody was killed"
    kill = re.search(r"^\[1\] Client (\d+) takes too long: kill (\d+)$", server.log(), re.M)
    victim = re.findall(rf"Client (\d+) is served by {kill[2]}$", server.log()[:kill.start()], re.M)[-1]
    assert int(victim) > int(kill[1])


def test_reused_pid_can_see_nobody_outside(lab):
    server = lab("reused-pid")
    if server.process.poll() == UNAVAILABLE:
        pytest.skip(server.log())
    (inner,) = server.children()
    assert os.readlink(f"/proc/{inner}/ns/pid") != os.readlink("/proc/self/ns/pid")
    assert processes.status_field(inner, "NSpid").split()[-1] == "1"


def test_emfile_spin_spins_while_clients_wait(lab):
    server = lab("emfile-spin", "--more-descriptors", 10)
    taken = [asked(server.url) for _ in range(10)]
    for client in taken:
        assert client.recv(1024) == HELLO
    assert server.cpu_share(server.pid) < IDLE
    with asked(server.url) as waiting:
        server.wait_for_log(r"accept failed 1000 times: Too many open files")
        assert server.spins(server.pid)
        assert hears_nothing(waiting)
        for client in taken:
            client.close()
        assert waiting.recv(1024) == HELLO
    assert server.cpu_share(server.pid) < IDLE


def test_herd_wakes_all_for_each(lab):
    server = lab("herd")
    for _ in range(100):
        answer = clients.ask(server.url, REQUEST)
    counts = re.search(rb"clients (\d+), wake-ups (\d+), accepts in vain \d+", answer)
    count, wake_ups = map(int, counts.groups())
    assert count == 100
    assert wake_ups > 3 * count, f"{wake_ups} wake-ups: one or two each are needed"
    os.kill(server.pid, signal.SIGUSR1)
    server.wait_for_log(r"clients 100, wake-ups \d+, accepts in vain \d+")


def test_stray_child_has_one_acceptor_more_for_each_bad_request(lab):
    server = lab("stray-child")
    clients.ask(server.url, REQUEST)
    wait_until(lambda: len(server.everybody()) == 1, LONG, "a good request leaves nobody")
    for bad in range(5):
        assert clients.ask(server.url, b"\n") == b""
        wait_until(lambda wanted=bad + 2: len(server.everybody()) == wanted, LONG, lambda: server.everybody())
    listener = processes.descriptors_of(server.pid)[3]
    assert all(processes.descriptors_of(pid)[3] == listener for pid in server.everybody())
    parents = {int(re.search(rb"child of (\d+)!", clients.ask(server.url, REQUEST))[1]) for _ in range(20)}
    assert parents & (set(server.everybody()) - {server.pid}), "strays serve clients, too"


def test_double_flush_logs_each_line_twice(lab):
    server = lab("double-flush")
    for _ in range(5):
        assert clients.ask(server.url, REQUEST) == HELLO
    server.wait_for_peace()
    for client in range(1, 6):
        wait_until(lambda line=f"[{server.pid}] client {client}\n": server.log().count(line) == 2, LONG, server.log)


def test_equal_random_gives_everybody_the_same_session(lab):
    server, other = lab("equal-random"), lab("equal-random")
    answers = {clients.ask(server.url, REQUEST) for _ in range(5)}
    assert len(answers) == 1
    assert re.search(rb"session [0-9a-f]{16}\n", answers.copy().pop())
    assert clients.ask(other.url, REQUEST) not in answers, "not even random"


def test_forked_lock_hangs_in_children_that_use_no_cpu(lab):
    server = lab("forked-lock")
    with clients.Crowd(server.url, [REQUEST] * 10) as crowd:
        assert not crowd.run(1)
        assert crowd.answers.count(b"") >= 5
        hanging = server.children()
        assert len(hanging) >= 5
        assert sum(server.cpu_share(pid, 0.1) for pid in hanging[:3]) < IDLE
        assert not crowd.run(1), "the lock was opened after all"
