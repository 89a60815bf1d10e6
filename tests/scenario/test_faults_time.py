# SPDX-License-Identifier: MIT
"""R43: the clock jumps, everything stands still for a while, the memory is gone."""
import os
import signal
import subprocess
import threading
import time

import pytest

from harness import clients, faults, models, plugins, processes
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

LATER = "1000000"  # seconds: the machine has been up for that long


def obeying(start, handlers, model, *words, at_once=None, **options):
    return start(handlers("obey"), *models.words(model, at_once), *words, **options)


def check_deadlines(brood, seconds):
    """A client that falls silent is ended when its time is over: not earlier, not later."""
    for _ in range(3):
        with clients.connect(brood.url) as client:
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"
            begin = time.monotonic()
            assert clients.read_to_end(client) == b""
            assert seconds * 0.95 <= time.monotonic() - begin < seconds + 0.3 * SCALE
    wait_until(lambda: len(brood.records("end", reason="idle-timeout")) == 3, LONG, brood.text)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be loaded first")
def test_r43_a_wall_clock_that_jumps_by_hours_moves_no_deadline(start, handlers, tmp_path):
    preload = str(plugins.preload(tmp_path, "jumping_clock"))
    broods = {model: obeying(start, handlers, model, "--idle-timeout", "700ms", env={"LD_PRELOAD": preload})
              for model in models.EVERY}
    models.each(models.EVERY, lambda model: check_deadlines(broods[model], 0.7))
    hours = {record["time"][:13] for brood in broods.values() for record in brood.records("end")}
    assert len(hours) > 1, "the wall clock did jump"


def may_have_time_of_its_own():
    return subprocess.run(["unshare", "-T", "--fork", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_have_time_of_its_own(), reason="needs a time namespace")
def test_r43_a_machine_that_has_been_up_for_long_keeps_its_deadlines(start, handlers):
    later = ("unshare", "-T", "--monotonic", LATER, "--boottime", LATER, "--fork", "--")
    broods = {model: obeying(start, handlers, model, "--idle-timeout", "700ms", prefix=later) for model in models.EVERY}
    models.each(models.EVERY, lambda model: check_deadlines(broods[model], 0.7))


def stand_still(brood, model):
    answers = []

    def ask(request):
        answers.append(clients.try_to_ask(brood.url, request, LONG))

    asking = [threading.Thread(target=ask, args=(b"sleep 1000\n",)) for _ in range(1 if model == "iterative" else 5)]
    late = [threading.Thread(target=ask, args=(b"%d\n" % number,)) for number in range(20)]
    for asker in asking:
        asker.start()
    time.sleep(0.3)
    os.kill(brood.service, signal.SIGSTOP)
    try:
        for asker in late:
            asker.start()
        time.sleep(5)
    finally:
        os.kill(brood.service, signal.SIGCONT)
    for asker in asking + late:
        asker.join()
    assert sorted(answers) == sorted([b"slept\n"] * len(asking) + [b"%d\n" % number for number in range(20)])
    assert not brood.records("service process died")
    assert {record["reason"] for record in brood.records("end")} == {"finished"}


def test_r43_a_service_that_stood_still_for_five_seconds_goes_on(start, handlers):
    broods = {model: obeying(start, handlers, model, "--request-timeout", "20s", "--first-byte-timeout", "10s",
                             at_once=20) for model in models.EVERY}
    models.each(models.EVERY, lambda model: stand_still(broods[model], model))


@pytest.mark.skipif(not faults.MemoryGroup.possible(), reason="needs root and a cgroup for memory")
@pytest.mark.skipif(SANITIZED, reason="a sanitizer alone has more memory than this")
@pytest.mark.parametrize("model", models.MORTAL)
def test_r43_when_memory_is_out_the_worker_that_took_it_goes_and_nobody_else(start, handlers, model):
    with faults.MemoryGroup() as group:
        group.bound(100 << 20)
        # One worker, where it has many clients: then it takes the other one along, and no more than that.
        brood = obeying(start, handlers, model, "--last-words", "too much\\r\\n", preexec_fn=group.enter,
                        at_once=20 if model == "event" else None)
        with clients.connect(brood.url) as other:
            other.sendall(b"hello\n")
            assert other.recv(100) == b"hello\n"
            for _ in range(3):
                assert clients.ask(brood.url, b"eat 200\n") == b"too much\r\n"
            if model == "event":
                assert clients.read_to_end(other) == b""
                brood.wait_for_record("end", reason="worker-lost")
            else:
                other.sendall(b"still here\n")
                assert other.recv(100) == b"still here\n"
        dead = wait_until(lambda: len(brood.records("end", reason="worker-killed")) == 3 and
                          brood.records("end", reason="worker-killed"), LONG, brood.text)
        for record in dead:
            assert record["exit"] == "signal 9 (KILL)" and record["peak_kib"] > 50 * 1024
        assert not brood.records("service process died")
        brood.check()
        assert brood.stop() == 0


@pytest.mark.parametrize("model", models.MORTAL)
def test_r43_a_worker_is_ended_before_its_service_when_memory_is_out(start, handlers, model):
    brood = obeying(start, handlers, model)

    def score(pid):
        with open(f"/proc/{pid}/oom_score_adj", encoding="ascii") as file:
            return int(file.read())

    with clients.connect(brood.url) as client:
        client.sendall(b"pid\n")
        worker = int(client.recv(100))
        assert score(worker) > score(brood.supervisor)
        assert score(worker) >= score(brood.service)
    assert processes.stat_of(brood.service)
