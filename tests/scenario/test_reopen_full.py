# SPDX-License-Identifier: MIT
"""A new log file for a service process whose clients have all of its descriptors: nobody pays for it."""
import contextlib
import resource

import pytest

from harness import clients, processes
from harness.brood import FILLING
from harness.command import assert_refused
from harness.control import REFUSED
from harness.faults import limited
from harness.patience import LONG
from harness.processes import wait_until

FEW = 32   # descriptors of the service process
MANY = 30  # clients: more than it can have


def answers(client, line):
    client.sendall(line)
    return client.recv(100) == line


@contextlib.contextmanager
def full(started):
    """Those who are served when all descriptors are gone; others wait behind them."""
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(clients.connect(started.url)) for _ in range(MANY)]
        for client in crowd:
            client.sendall(b"hello\n")
        wait_until(lambda: len(processes.descriptors_of(started.service)) >= FEW, LONG, "full")
        served = []
        for client in crowd:
            client.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                if client.recv(100) == b"hello\n":
                    served.append(client)
            client.settimeout(LONG)
        assert 3 < len(served) < MANY
        yield served


@pytest.fixture(name="filled")
def filled_service(controlled, tmp_path):
    log = tmp_path / "log"
    started, control = controlled("thread", "--threads", 64, "--rlimit", f"nofile={FEW}", "--log-file", log)
    started.is_ordered = True
    with full(started) as served:
        yield started, control, served, log


def test_a_reopen_ends_no_client_and_works_more_than_once(filled, tmp_path):
    started, control, served, log = filled
    process = started.service
    for number in range(3):
        log.rename(tmp_path / f"log.{number}")
        control.done("reopen")
        assert all(answers(client, b"%d\n" % number) for client in served)
        assert answers(served[0], b"log after %d\n" % number)
        wait_until(lambda text=f"told: after {number}": text in log.read_text(), LONG, "in the new file")
        assert f"after {number}" not in (tmp_path / f"log.{number}").read_text()
    assert started.service == process


def test_without_a_place_for_it_the_old_file_is_gone_on_with_and_all_clients(filled, tmp_path):
    started, control, served, log = filled
    log.rename(tmp_path / "log.1")
    # Below the descriptor in reserve, so that to let go of it makes no room.
    with limited(started.service, resource.RLIMIT_NOFILE, 3):
        assert_refused(control("reopen"), REFUSED, "service obey goes on with the old file: Too many open files")
        assert all(answers(client, b"still here\n") for client in served)
        wait_until(lambda: (tmp_path / "log.1").read_text().count("log not reopened") == 1, LONG, "one line")
    control.done("reopen")
    assert answers(served[0], b"log after\n")
    wait_until(lambda: "told: after" in log.read_text(), LONG, "in the new file")


def test_a_forked_worker_does_not_have_what_is_kept_for_it(controlled):
    started, _ = controlled("fork")
    with clients.connect(started.url) as client:
        client.sendall(b"pid 0\n")
        worker = int(client.recv(100))
        assert worker != started.service
        assert FILLING in processes.descriptors_of(started.service).values()
        assert FILLING not in processes.descriptors_of(worker).values()
