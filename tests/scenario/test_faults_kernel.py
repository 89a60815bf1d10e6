# SPDX-License-Identifier: MIT
"""
R01-R04, R12: no process, no descriptor, no luck with accept; everybody ends at once. Injected from outside into a service
process that is serving; the invariants are checked when the fault is over (fixture `start`).

Without a process to be had, standing workers miss nobody: clients wait in the kernel's queue until there is one again.
"""
import contextlib
import itertools
import os
import resource
import signal
import subprocess
import time

import pytest

from harness import clients, models, processes
from harness.faults import PidsGroup, failing_calls, limited
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

PAUSE_CPU = 0.05
FORKS = ["clone3", "clone", "fork", "vfork"]
ACCEPT_ERRORS = ["ENFILE", "EMFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EINTR", "EPROTO", "EPERM"]

# ---- R01: fork fails, some calls ------------------------------------------------------------------------------

def test_r01_clients_of_a_fork_that_fails_wait_for_the_next_one(start):
    brood = start("calc")
    with failing_calls(brood.service, *[f"{call}:error=EAGAIN:when=2..3" for call in FORKS]):
        for i in range(8):
            begin = time.monotonic()
            assert clients.ask(brood.url, f"{i}+1\n".encode()) == f"{i + 1}\r\n".encode()
            assert time.monotonic() - begin < 1 * SCALE
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["worker_errors"] == 2
    assert brood.summary()["refused"] == 0


def test_r01_a_fork_that_always_fails_refuses_clearly_and_serves_again(start):
    brood = start("calc")
    with failing_calls(brood.service, *[f"{call}:error=EAGAIN" for call in FORKS]):
        with clients.Crowd(brood.url, [b"1\n"] * 3) as crowd:
            assert crowd.run(LONG)
            # The end of the stream, not a reset: that could overtake words of refusal.
            assert crowd.answers == [b""] * 3 and crowd.errors == [None] * 3
    begin = time.monotonic()
    assert clients.ask(brood.url, b"1\n") == b"1\r\n"
    assert time.monotonic() - begin < 1 * SCALE
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["refused"] == 3
    assert len(brood.records("end", reason="refused-no-process")) == 3


def test_r01_a_thread_that_cannot_be_made(start):
    brood = start("calc", "--model", "thread", warm=False)  # the first client would make the first thread
    brood.baseline = brood.descriptor_counts()
    with failing_calls(brood.service, "clone3:error=EAGAIN:when=1..2", "clone:error=EAGAIN:when=1..2"):
        assert clients.ask(brood.url, b"2*3\n", LONG) == b"6\r\n"
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["refused"] == 0


def kill_all_workers_of(brood):
    """Until then one that is about to die may still take a client along."""
    pids = brood.workers()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(processes.stat_of, pids)), LONG, "they are gone")


@pytest.mark.parametrize("model", ["prefork", "oneshot", "kept", "oneshot-kept", "event"])
def test_r01_a_worker_that_cannot_be_made_is_made_soon_after(start, model):
    brood = start("calc", *models.words(model, at_once=2))
    # Kept ones are made by their keepers.
    with failing_calls([brood.service, *brood.keepers()], *[f"{call}:error=EAGAIN:when=2..3" for call in FORKS]):
        for i in range(8):
            if "oneshot" not in model:
                kill_all_workers_of(brood)
            begin = time.monotonic()
            assert clients.ask(brood.url, f"{i}+1\n".encode()) == f"{i + 1}\r\n".encode()
            assert time.monotonic() - begin < 1 * SCALE
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["worker_errors"] == 2 * (2 if "kept" in model else 1)
    assert brood.summary()["refused"] == 0


@pytest.mark.parametrize("model", ["prefork", "oneshot", "kept", "oneshot-kept", "event"])
def test_r01_without_a_worker_to_be_had_clients_wait_and_nobody_is_refused(start, model):
    brood = start("calc", *models.words(model, at_once=2))
    with failing_calls([brood.service, *brood.keepers()], *[f"{call}:error=EAGAIN" for call in FORKS]):
        kill_all_workers_of(brood)
        with clients.Crowd(brood.url, [f"{i}\n".encode() for i in range(5)]) as crowd:
            assert not crowd.run(2)
            assert crowd.answers == [b""] * 5 and crowd.errors == [None] * 5
            assert brood.workers() == []
            share = brood.cpu(1)
            assert share < PAUSE_CPU * SCALE, f"{share:.1%} of a core"
    with clients.Crowd(brood.url, [f"{i}\n".encode() for i in range(5)]) as crowd:
        begin = time.monotonic()
        assert crowd.run(LONG)
        # It was tried ever more seldom, at last once a second.
        assert time.monotonic() - begin < 1.5 * SCALE
        assert crowd.answers == [f"{i}\r\n".encode() for i in range(5)]
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["worker_errors"] > 3
    assert brood.summary()["refused"] == 0


# ---- R02: fork fails for real ---------------------------------------------------------------------------------

def fifty_under_a_bound(brood, bound, unbound):
    requests = [f"{i}\n".encode() for i in range(50)]
    bound()
    with clients.Crowd(brood.url, requests) as crowd:
        crowd.run(0.8)
        waiting = crowd.seconds.count(None)
        assert waiting > 0, "the bound was not hit"
        unbound()
        assert crowd.run(LONG)
        assert crowd.answers == [f"{i}\r\n".encode() for i in range(50)]
    assert brood.fresh() < brood.delay + 1 * SCALE


@pytest.fixture
def group():
    if not PidsGroup.possible():
        pytest.skip("no cgroup to bound processes with")
    with PidsGroup() as made:
        yield made


# A pool has to want more workers than it has, by growing, or by replacing those that have served their one client.
POOLS = {
    "fork": ("--workers", 100),
    "prefork": ("--model", "prefork", "--workers-max", 100, "--workers-spare", 2),
    "oneshot": ("--model", "prefork", "--fresh", "oneshot", "--workers", 20),
}


@pytest.mark.parametrize("model", POOLS)
def test_r02_a_cgroup_without_room_for_another_process(group, start, model):
    brood = start("calc", "--delay", "300ms", *POOLS[model], preexec_fn=group.enter)
    brood.delay = 0.3
    fifty_under_a_bound(brood, lambda: group.bound(group.count() - len(brood.workers()) + 5),
                        lambda: group.bound(None))
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["worker_errors"] > 0 and brood.summary()["refused"] == 0


@pytest.mark.parametrize("model", POOLS)
def test_r02_a_user_with_no_process_left(start, own_user, model):
    who = {key: own_user[key] for key in ("user", "group", "extra_groups")}
    crowding = []

    def bound():
        crowding.extend(subprocess.Popen(["sleep", "600"], **who) for _ in range(50))

    def unbound():
        for process in crowding:
            process.kill()
            process.wait(LONG)

    brood = start("calc", "--delay", "300ms", *POOLS[model], **own_user,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (57, 57)))
    brood.delay = 0.3
    try:
        fifty_under_a_bound(brood, bound, unbound)
    finally:
        unbound()
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["worker_errors"] > 0 and brood.summary()["refused"] == 0


# ---- R03: no descriptor for a client --------------------------------------------------------------------------

# Standing workers cost the service process one each, whoever their client is: growing is what comes to an end.
HUNDREDS = {
    "fork": ("--workers", 1000),
    "thread": ("--model", "thread", "--threads", 500),
    "prefork": ("--model", "prefork", "--workers-max", 500, "--workers-spare", 2),
    "oneshot": ("--model", "prefork", "--fresh", "oneshot", "--workers-max", 500, "--workers-spare", 2),
    "kept": ("--model", "prefork", "--last-words", "sorry", "--workers-max", 500, "--workers-spare", 2),
    "event": ("--model", "event", "--workers", 1),
}


@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", HUNDREDS)
def test_r03_with_no_descriptor_left_it_pauses_and_comes_back(start, model, seconds):
    brood = start("echo", *HUNDREDS[model])
    (accepting,) = brood.workers() if model == "event" else [brood.service]
    with limited(accepting, resource.RLIMIT_NOFILE, 64):
        with clients.Crowd(brood.url, [b"x"] * 200, half_close=False) as crowd:
            crowd.run(1)
            served = crowd.answers.count(b"x")
            assert 10 < served < 64
            share = brood.cpu(seconds)
            assert share < PAUSE_CPU * SCALE, f"{share:.1%} of a core"
        # All let go at once: those in the queue are gone as well. A new client is served, still within the limit.
        begin = time.monotonic()
        assert clients.ask(brood.url, b"y") == b"y"
        assert time.monotonic() - begin < 1 * SCALE
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accept_errors"] + brood.summary()["worker_errors"] > 0


@pytest.mark.parametrize("model", ["fork", "prefork", "oneshot", "event"])
def test_r03_queued_clients_are_served_when_one_lets_go(start, model):
    brood = start("echo", *HUNDREDS[model])
    (accepting,) = brood.workers() if model == "event" else [brood.service]
    with limited(accepting, resource.RLIMIT_NOFILE, 64):
        held = [clients.connect(brood.url) for _ in range(60)]
        for client in held:
            client.sendall(b"x")
        served = []
        for _ in range(60):
            # The first in the queue are the first to be served.
            client = held.pop(0)
            assert client.recv(1) == b"x"
            client.close()
            served.append(client)
        assert len(served) == 60


# A one-shot worker has one client: whoever takes none more need not be there.
@pytest.mark.parametrize("model", ["prefork", "kept", "event"])
def test_r03_workers_with_no_descriptor_left_pause_and_come_back(start, model):
    """0 to 3 are open in each: none is left for a client."""
    brood = start("calc", *models.words(model))
    with contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as limits:
            for pid in brood.workers():
                limits.enter_context(limited(pid, resource.RLIMIT_NOFILE, 4))
            crowd = stack.enter_context(clients.Crowd(brood.url, [f"{i}\n".encode() for i in range(50)]))
            crowd.run(1)
            # They had begun to wait before the limit came.
            assert crowd.seconds.count(None) >= 50 - len(brood.workers())
            share = brood.cpu(2)
            assert share < PAUSE_CPU * SCALE, f"{share:.1%} of a core"
        begin = time.monotonic()
        assert crowd.run(LONG)
        assert time.monotonic() - begin < 1 * SCALE
        assert crowd.answers == [f"{i}\r\n".encode() for i in range(50)]
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accept_errors"] > 0 and brood.summary()["refused"] == 0


# ---- R04: whatever accept says --------------------------------------------------------------------------------

@pytest.mark.parametrize("model, error", [
    *itertools.product(["iterative", "fork", "thread", "prefork", "oneshot"], ACCEPT_ERRORS),
    # A loop accepts as that of a service process does.
    ("event", "EMFILE"), ("event", "ECONNABORTED"),
])
def test_r04_the_listener_never_goes_deaf(start, model, error):
    brood = start("calc", *models.words(model, at_once=1 if model in ("prefork", "event") else None))
    # Each one-shot worker accepts once, if all goes well.
    when = "1+2" if model == "oneshot" else "3+5"
    with failing_calls([brood.service, *brood.workers()], f"accept4:error={error}:when={when}"):
        for i in range(12):
            begin = time.monotonic()
            assert clients.ask(brood.url, f"{i}*3\n".encode()) == f"{i * 3}\r\n".encode()
            assert time.monotonic() - begin < 1 * SCALE


# ---- R12: everybody ends at once ------------------------------------------------------------------------------

@pytest.mark.skipif(SANITIZED, reason="500 sanitized processes do not fit into every memory")
@pytest.mark.parametrize("model", ["fork", "prefork", "oneshot", "event"])
def test_r12_500_clients_that_end_within_ten_milliseconds(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model, at_once=500))
    until = int((time.monotonic() + 4) * 1000)
    # One that serves many serves nobody else until then: a sleep of brood's, as long for all, ends at the same moment, too.
    order, answer = ("sleep 1500", b"slept\n") if model == "event" else (f"until {until}", b"now\n")
    with clients.Crowd(brood.url, [f"{order}\n".encode()] * 500) as crowd:
        crowd.run(1 if model == "event" else max(0.1, until / 1000 - time.monotonic() - 1))
        assert len(brood.workers()) == (1 if model == "event" else 500)
        assert crowd.run(LONG)
        assert crowd.answers == [answer] * 500
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accepted"] == brood.summary()["ended"]
    assert len(brood.records("end", reason="finished")) == brood.summary()["ended"] >= 500


@pytest.mark.skipif(SANITIZED, reason="as above")
@pytest.mark.parametrize("model", ["prefork", "oneshot", "kept"])
def test_r12_200_standing_workers_that_die_at_once_are_replaced_at_once(start, model):
    brood = start("calc", *models.words(model, at_once=200))
    kill_all_workers_of(brood)
    with clients.Crowd(brood.url, [f"{i}\n".encode() for i in range(200)]) as crowd:
        assert crowd.run(LONG)
        assert crowd.answers == [f"{i}\r\n".encode() for i in range(200)]
        assert max(crowd.seconds) < 2 * SCALE
