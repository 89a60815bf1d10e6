# SPDX-License-Identifier: MIT
"""
Model event where many clients share one worker: who is too many for one is another's, who waits costs one place, and
what a burst took is given back.
"""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness import clients, processes
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until
from harness.supervise_helpers import Supervised


def parking(start, handlers, workers, *words, **options):
    """Each line is one request; between two of them the client is parked."""
    return start("--model", "event", "--workers", workers, *words, handlers("parks"), **options)


def said(client, line):
    """The answer to it."""
    client.sendall(line)
    return client.recv(100)


def said_anew(url, line):
    """The answer to a new client, who leaves."""
    with clients.connect(url) as client:
        return said(client, line)


def parked(stack, brood, count):
    """So many clients, each of whom was answered once."""
    found = [stack.enter_context(clients.connect(brood.url)) for _ in range(count)]
    assert [said(client, b"here\n") for client in found] == [b"here\n"] * count
    return found


def pause(pid):
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: processes.stat_of(pid).state == "T", LONG, "the worker stops")


# ---- Who is too many for one worker -----------------------------------------------------------------------------


@pytest.mark.parametrize("most", [4, 8])
def test_whoever_comes_when_one_worker_is_exactly_full_is_another_s(start, handlers, most):
    """8: as many as it accepts in one turn, so that it has not yet seen that there is no room for more."""
    brood = parking(start, handlers, 2, "--max-conns", most)
    full, other = brood.workers()
    for pid in (full, other):
        pause(pid)
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(clients.connect(brood.url)) for _ in range(most)]
        os.kill(full, signal.SIGCONT)
        assert {said(client, b"pid\n") for client in taken} == {b"%d\n" % full}
        os.kill(other, signal.SIGCONT)
        time.sleep(0.1)
        # Nobody is stuck, whomever the kernel tells of them.
        assert [said_anew(brood.url, b"pid\n") for _ in range(8)] == [b"%d\n" % other] * 8


def test_whoever_comes_when_one_worker_has_no_descriptors_left_is_another_s(start, handlers):
    brood = parking(start, handlers, 2, "--rlimit", "nofile=100")
    with clients.connect(brood.url) as greedy:
        poor = said(greedy, b"pid\n")
        assert said(greedy, b"hold 200\n") == b"hold 200\n"
        for _ in range(6):
            assert said_anew(brood.url, b"pid\n") != poor
            time.sleep(0.05)
        assert said(greedy, b"release\n") == b"release\n"


def test_one_who_waits_costs_one_client_its_place(start, handlers):
    brood = parking(start, handlers, 1, "--max-conns", 12)
    with contextlib.ExitStack() as stack:
        idle = parked(stack, brood, 12)
        time.sleep(0.5)  # all of them have had their share
        late, = parked(stack, brood, 1)
        brood.wait_for_record("end", reason="gave-way")
        time.sleep(0.3)  # for the next look
        assert len(brood.records("end", reason="gave-way")) == 1
        assert sum(is_still_served(client) for client in idle) == 11
        assert said(late, b"still\n") == b"still\n"


def is_still_served(client):
    try:
        return said(client, b"more\n") == b"more\n"
    except ConnectionError:
        return False


# ---- What it is given -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def listener(blocking):
    with socket.create_server(("127.0.0.1", 0)) as given:
        given.setblocking(blocking)
        yield given.fileno(), f"tcp://127.0.0.1:{given.getsockname()[1]}"


def test_a_listener_that_blocks_is_refused():
    with listener(True) as (fd, url), Supervised("-l", f"fd://{fd}", "-m", "event", "echo", pass_fds=[fd]) as brood:
        brood.wait_for(f"{url} blocks, and model event accepts by loops: give it O_NONBLOCK")
        assert "listening on" not in brood.text
        brood.stop()


def test_a_listener_that_does_not_block_is_served(start, handlers):
    with listener(False) as (fd, url):
        brood = parking(start, handlers, 2, listen=[f"fd://{fd}"], pass_fds=[fd], warm=False)
        brood.urls = [url]
        brood.warm_up()
        assert clients.ask(url, b"served\n") == b"served\n"


@pytest.mark.skipif(SANITIZED, reason="a sanitizer reserves more addresses than any limit")
def test_a_limit_of_addresses_bounds_clients_and_is_said(start, handlers):
    brood = parking(start, handlers, 1, "--rlimit", "as=512M")
    line, = [record for record in brood.records() if "RLIMIT_AS" in record["message"]]
    assert re.fullmatch(r".* leaves room for \d+ clients at once in each worker, not for \d+", line["message"])
    with contextlib.ExitStack() as stack:
        everybody = parked(stack, brood, 200)
        for client in everybody:
            client.sendall(b"sleep 100\n")
        assert [client.recv(100) for client in everybody] == [b"slept\n"] * 200


def may_have_mounts_of_its_own():
    return subprocess.run(["unshare", "-m", "--", "mount", "--bind", "/proc/self/status", "/proc/self/status"],
                          capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_have_mounts_of_its_own(), reason="needs root, for a file over that of the kernel")
def test_a_limit_of_mappings_bounds_clients_and_is_said(start, handlers, tmp_path):
    (tmp_path / "count").write_text("1030\n", encoding="utf-8")  # 1,024 are for everything else
    prefix = ("unshare", "-m", "--", "sh", "-c",
              f'mount --bind {tmp_path}/count /proc/sys/vm/max_map_count && exec "$@"', "sh")
    brood = parking(start, handlers, 1, prefix=prefix, warm=False)
    line, = [record for record in brood.records() if "vm.max_map_count" in record["message"]]
    found = re.fullmatch(r".* leaves room for (\d+) clients at once in each worker, not for \d+", line["message"])
    room = int(found[1])
    assert room in (6 // 2, 6 * 16)  # two for each stack, or one for sixteen where guards are marks
    with contextlib.ExitStack() as stack:
        everybody = [stack.enter_context(clients.connect(brood.url)) for _ in range(room + 1)]
        for client in everybody:
            client.sendall(b"sleep 300\n")
        assert [client.recv(100) for client in everybody] == [b"slept\n"] * (room + 1)


# ---- What is given back -----------------------------------------------------------------------------------------


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has no memory to spare")
def test_datagrams_for_which_there_was_no_memory_do_not_keep_it_from_stopping(start, handlers):
    brood = parking(start, handlers, 1, "--max-memory", "16M", "--drain-timeout", "20s", listen=["udp://127.0.0.1:0"],
                    warm=False)
    with clients.connect(brood.url) as client:
        for _ in range(3):
            for _ in range(250):
                client.send(b"sleep 300\n")
            time.sleep(0.05)
    time.sleep(0.5)  # all who found a place have been answered
    assert brood.stop(seconds=2 * SCALE) == 0


def resident_kib(pid):
    return int(processes.status_field(pid, "VmRSS").split()[0])


@pytest.mark.skipif(SANITIZED, reason="a sanitizer gives nothing back")
def test_what_a_burst_of_clients_took_is_given_back(start, handlers):
    brood = parking(start, handlers, 1, warm=False)
    worker, = brood.workers()
    before = resident_kib(worker)
    with contextlib.ExitStack() as stack:
        everybody = [stack.enter_context(clients.connect(brood.url)) for _ in range(1000)]
        for client in everybody:
            client.sendall(b"sleep 300\n")
        for client in everybody:
            assert client.recv(100) == b"slept\n"
        most = resident_kib(worker)
    assert most - before > 8 * 1000
    wait_until(lambda: resident_kib(worker) - before < (most - before) / 4, LONG,
               lambda: f"KiB before, most and now: {before}, {most}, {resident_kib(worker)}")
