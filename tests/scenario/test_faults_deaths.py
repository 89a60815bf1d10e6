# SPDX-License-Identifier: MIT
"""
R08, R09, R11, R15: workers that are killed, crash, hang, or leave somebody behind. Whom it costs what, what the log tells
about it, and what the client of a dead worker gets.
"""
import contextlib
import os
import random
import signal
import threading
import time

import pytest

from harness import clients, models, processes
from harness.patience import LONG, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

WORDS = "503 sorry\\r\\n"
SORRY = b"503 sorry\r\n"


def obeying(start, handlers, model, *words, at_once=None, **options):
    return start(handlers("obey"), *models.words(model, at_once), *words, **options)


def pause(pid):
    """Until it is stopped: the signal is not heard at once."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: processes.stat_of(pid).state == "T", LONG, "the worker stops")


# ---- R08: workers are killed ----------------------------------------------------------------------------------

class Askers:
    """Clients one after the other in some threads. Each asks for something of its own, which takes a while."""

    def __init__(self, url, count):
        self.wrong, self.failed, self.answered = [], 0, 0
        self._url, self._stop, self._lock = url, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(count)]

    def _ask(self, asker):
        for number in range(10000):
            if self._stop.is_set():
                break
            mark = b"%d-%d" % (asker, number)
            answer = clients.try_to_ask(self._url, b"%s\nsleep 100\n%s\n" % (mark, mark), LONG)
            whole = b"%s\nslept\n%s\n" % (mark, mark)
            with self._lock:
                self.answered += answer == whole
                self.failed += answer != whole
                # Cut off, but never anything else.
                if answer is not None and not whole.startswith(answer):
                    self.wrong.append(answer)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("model", models.MORTAL)
def test_r08_only_the_requests_of_killed_workers_fail(start, handlers, model):
    many = model == "event"  # clients in one worker
    brood = start(handlers("obey"), "--model", "event", "--workers", 20) if many else obeying(start, handlers, model, at_once=20)
    killed = []
    with Askers(brood.url, 8) as askers:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.2)
            victims = brood.workers()
            if victims:
                victim = random.choice(victims)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
    assert len(killed) > 20 / SCALE
    assert not askers.wrong, askers.wrong[:3]
    assert askers.failed <= len(killed) * (8 if many else 1)
    assert askers.answered > 5 * len(killed), "the others were served meanwhile"
    dead = brood.records("end", reason="worker-killed")
    # A standing worker may be killed in accept(2): then nobody ever learns that it had somebody.
    unseen = askers.failed - len(dead)
    assert unseen == 0 or model != "fork" and 0 < unseen < len(killed) / 5
    assert {record["worker"] for record in dead} <= set(killed)
    others = {record["reason"] for record in brood.records("end")} - {"worker-killed"}
    assert others <= {"finished", "worker-lost"} if many else others == {"finished"}


# ---- R09: handlers crash --------------------------------------------------------------------------------------

WAYS_TO_CRASH = pytest.mark.parametrize("order, exit_text, reason", [
    (b"crash", "signal 11 (SEGV)", "handler-crashed"),
    (b"abort", "signal 6 (ABRT)", "handler-crashed"),
    (b"exit 3", "exit 3", "handler-exited"),
    (b"exit 0", "exit 0", "handler-exited"),
])


@WAYS_TO_CRASH
@pytest.mark.parametrize("model", models.PROCESSES)
def test_r09_one_crash_in_ten_costs_one_client_in_ten(start, handlers, model, order, exit_text, reason):
    brood = obeying(start, handlers, model, "--last-words", WORDS, at_once=20)
    requests = [order + b"\n" if number % 10 == 9 else b"%d\n" % number for number in range(50)]
    with clients.Crowd(brood.url, requests) as crowd:
        assert crowd.run(LONG)
        for number, answer in enumerate(crowd.answers):
            assert answer == (SORRY if number % 10 == 9 else b"%d\n" % number), (number, crowd.errors[number])
    wait_until(lambda: len(brood.records("end", reason=reason)) == 5, LONG, brood.text)
    for record in brood.records("end", reason=reason):
        assert record["level"] == "warn" and record["exit"] == exit_text


@WAYS_TO_CRASH
def test_r09_a_crash_costs_those_who_share_the_worker_and_the_log_tells_who_did_it(start, handlers, order, exit_text, reason):
    brood = obeying(start, handlers, "event", "--last-words", WORDS)
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            others = [stack.enter_context(clients.connect(brood.url)) for _ in range(8)]
            for client in others:
                client.sendall(b"pid\n")
            pids = [int(client.recv(100)) for client in others]
            with clients.connect(brood.url) as crashing:
                crashing.sendall(b"pid\n")
                worker = int(crashing.recv(100))
                crashing.sendall(order + b"\n")
                assert clients.read_to_end(crashing) == b""  # it had its answer: no last words
            for client, pid in zip(others, pids):
                if pid == worker:
                    assert clients.read_to_end(client) == b""
                else:
                    client.sendall(b"hello\n")
                    assert client.recv(100) == b"hello\n"
        brood.wait_for_record("end", reason=reason, worker=worker)
        wait_until(lambda w=worker, n=pids.count(worker): len(brood.records("end", reason="worker-lost", worker=w)) == n,
                   LONG, brood.text)
    assert len(brood.records("end", reason=reason)) == 5
    for record in brood.records("end", reason=reason):
        assert record["level"] == "warn" and record["exit"] == exit_text


@pytest.mark.parametrize("model", models.MORTAL)
def test_the_black_box_tells_what_a_dead_worker_had_in_hand(start, handlers, model):
    brood = obeying(start, handlers, model)
    with clients.connect(brood.url) as client:
        client.sendall(b"eat 50\n")
        assert client.recv(100) == b"ate\n"
        time.sleep(0.2)
        client.sendall(b"crash\n")
        clients.read_to_end(client)
    (record,) = brood.wait_for_record("end", reason="handler-crashed")
    assert record["worker"] > 0 and record["service"] and record["peer"].startswith("127.0.0.1:")
    assert record["exit"] == "signal 11 (SEGV)" and record["core"] in ("yes", "no")
    assert record["phase"] == "handle" and record["requests"] == 1
    assert 200 <= record["ms"] < 1000 * LONG
    assert record["peak_kib"] > 50 * 1024 and record["cpu_us"] > 1000
    # What it moved, it took along: no figure is better than a wrong one.
    assert model != "fork" or "in" not in record and "out" not in record
    assert "last_words" not in record and "overdue_ms" not in record


@pytest.mark.parametrize("model", ["iterative", "thread"])
def test_the_black_box_of_a_service_process_tells_how_many_clients_it_took_along(start, handlers, model):
    brood = obeying(start, handlers, model)
    count = 1 if model == "iterative" else 3
    with contextlib.ExitStack() as stack:
        for _ in range(count - 1):
            other = stack.enter_context(clients.connect(brood.url))
            other.sendall(b"hello\n")
            assert other.recv(100) == b"hello\n"
        with contextlib.suppress(ConnectionResetError):
            assert clients.ask(brood.url, b"eat 50\nabort\n") == b"ate\n"
    (record,) = brood.wait_for_record("service process died")
    assert record["exit"] == "signal 6 (ABRT)" and record["core"] in ("yes", "no") and record["clients"] == count
    assert record["peak_kib"] > 50 * 1024 and record["cpu_us"] > 1000 and record["process"] > 0
    wait_until(lambda: len(brood.records("ready")) == 2, LONG, brood.text)


@pytest.mark.parametrize("model", ["fork"])
def test_a_worker_that_dies_after_its_client_was_served_is_told_all_the_same(start, handlers, model):
    brood = start(handlers("moments"), *models.words(model), env={"MOMENTS_STOP": "crash"}, warm=False)
    brood.request = b"1\n"
    clients.ask(brood.url, b"1\n")
    (record,) = wait_until(lambda: [record for record in brood.records("end") if "phase" in record], LONG, brood.text)
    assert record["level"] == "warn" and record["phase"] == "over" and record["reason"] == "finished"
    assert record["exit"] == "signal 11 (SEGV)"


# ---- Answering for the dead -----------------------------------------------------------------------------------

def unix_url(tmp_path):
    return f"unix:{tmp_path}/sock"


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("model", models.MORTAL)
def test_last_words_are_for_those_who_got_nothing_yet(start, handlers, tmp_path, model, kind):
    listen = [unix_url(tmp_path)] if kind == "unix" else ["tcp://127.0.0.1:0"]
    brood = obeying(start, handlers, model, "--last-words", WORDS, listen=listen)
    assert clients.ask(brood.url, b"crash\n") == SORRY
    assert brood.wait_for_record("end", last_words="sent")
    assert clients.ask(brood.url, b"hello\ncrash\n") == b"hello\n"
    wait_until(lambda: len(brood.records("end", reason="handler-crashed")) == 2, LONG, brood.text)
    assert len(brood.records("end", last_words="sent")) == 1


@pytest.mark.parametrize("model", models.MORTAL)
def test_last_words_survive_what_the_client_still_said(start, handlers, model):
    """What is unread when a socket is closed makes a reset of it, which overtakes what was sent."""
    brood = obeying(start, handlers, model, "--last-words", WORDS)
    for _ in range(20):
        with clients.connect(brood.url) as client:
            client.sendall(b"crash\n" + b"unread\n" * 5000)
            assert clients.read_to_end(client) == SORRY


@pytest.mark.parametrize("model", models.MORTAL)
def test_a_killed_worker_that_waited_for_its_client_is_answered_for(start, handlers, model):
    brood = obeying(start, handlers, model, "--last-words", WORDS, at_once=1)
    with clients.connect(brood.url) as client:
        client.sendall(b"half a li")
        (worker,) = wait_until(brood.workers, LONG, "a worker")
        time.sleep(0.1)
        os.kill(worker, signal.SIGKILL)
        assert clients.read_to_end(client) == SORRY
    assert brood.wait_for_record("end", reason="worker-killed", last_words="sent", worker=worker)


@pytest.mark.parametrize("model", models.MORTAL)
def test_without_last_words_the_client_of_a_dead_worker_is_not_left_hanging(start, handlers, model):
    brood = obeying(start, handlers, model)
    begin = time.monotonic()
    assert not clients.try_to_ask(brood.url, b"crash\n")
    assert time.monotonic() - begin < 1 * SCALE


# ---- R11: handlers hang ---------------------------------------------------------------------------------------

DEADLINE, TENTH = 5, 0.5


HANGING = {"spins": b"spin\n", "is stopped": b"oversleep 60000\n", "sleeps": b"oversleep 60000\n"}


def hang(brood, how):
    with clients.connect(brood.url) as client, clients.connect(brood.url) as waiting:
        begin = time.monotonic()
        client.sendall(HANGING[how])
        (worker,) = wait_until(brood.workers, LONG, "a worker")
        if how == "is stopped":
            time.sleep(0.1)
            pause(worker)
        waiting.sendall(b"next\n")
        assert clients.read_to_end(client) == SORRY
        answered = time.monotonic() - begin
        wait_until(lambda: worker not in brood.workers(), LONG, "the worker is gone")
        gone = time.monotonic() - begin
        assert DEADLINE <= answered < DEADLINE + TENTH * SCALE
        assert DEADLINE <= gone < DEADLINE + TENTH * SCALE
        # There is but one place, and it is free again.
        assert waiting.recv(100) == b"next\n"
    (record,) = brood.wait_for_record("end", reason="worker-killed")
    assert record["exit"] == "signal 15 (TERM)" and record["overdue_ms"] >= 50 and record["phase"] == "handle"


@pytest.mark.parametrize("model", models.MORTAL)
def test_r11_a_worker_that_hangs_is_gone_soon_after_its_deadline(start, handlers, model):
    broods = {how: obeying(start, handlers, model, "--request-timeout", f"{DEADLINE}s", "--kill-after", "50ms",
                           "--last-words", WORDS, at_once=1) for how in HANGING}
    models.each(list(HANGING), lambda how: hang(broods[how], how))


@pytest.mark.parametrize("model", ["thread"])
def test_r11_a_thread_that_hangs_costs_its_client_and_its_place_alone(start, handlers, model):
    brood = obeying(start, handlers, model, "--request-timeout", "1s", "--kill-after", "100ms", "--last-words", WORDS,
                    at_once=8)
    with clients.connect(brood.url) as client:
        client.sendall(b"oversleep 3000\n")
        assert clients.read_to_end(client) == SORRY
        brood.wait_for_record("end", reason="written-off")
        assert clients.ask(brood.url, b"next\n") == b"next\n"
    time.sleep(2.5)  # until it is back


def test_r11_an_iterative_service_that_hangs_is_replaced(start, handlers):
    brood = obeying(start, handlers, "iterative", "--request-timeout", f"{DEADLINE}s", "--kill-after", "50ms")
    with clients.connect(brood.url) as client:
        begin = time.monotonic()
        client.sendall(b"spin\n")
        time.sleep(0.1)
        pause(brood.service)
        with contextlib.suppress(ConnectionResetError):
            assert clients.read_to_end(client) == b""
        assert time.monotonic() - begin < DEADLINE + TENTH * SCALE
    assert clients.ask(brood.url, b"next\n") == b"next\n"
    (record,) = brood.wait_for_record("end", reason="worker-killed")
    assert record["phase"] == "handle" and record["peer"].startswith("127.0.0.1:") and record["requests"] == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_r11_without_any_deadline_a_minute_of_cpu_is_enough(start, handlers):
    """At once, one for each way to watch: there is nothing to do but to wait."""
    broods = {model: obeying(start, handlers, model, "--last-words", WORDS) for model in ("fork", "prefork", "event")}
    broods["iterative"] = obeying(start, handlers, "iterative")
    with contextlib.ExitStack() as stack:
        stuck = {model: stack.enter_context(clients.connect(brood.url, 300)) for model, brood in broods.items()}
        for model, client in stuck.items():
            client.sendall(b"spin\n")
        for model, client in stuck.items():
            if model == "iterative":
                with contextlib.suppress(ConnectionResetError):
                    assert clients.read_to_end(client) == b""
            else:
                assert clients.read_to_end(client) == SORRY
    for model, brood in broods.items():
        (record,) = brood.wait_for_record("end", reason="worker-stuck")
        least = 30 if model == "event" else 60  # a loop that does not turn is seen without its CPU, and is more people's
        assert 1e3 * least <= record["ms"] and record["phase"] == "handle"
        cpu = record.get("cpu_us", 60e6)
        # A look at each twelfth: one before it begins, one until it is over; and a busy machine.
        assert model == "event" or 60e6 <= cpu < 75e6


SLOTS_SIZE = 40 * 4096 # a page for each worker, and then figures that change by themselves


def test_a_forked_worker_publishes_what_it_moves_while_it_moves_it(start, handlers):
    """Whoever never has to wait for his client shows by this that he is not stuck."""
    brood = obeying(start, handlers, "fork")
    board = next(number for number, what in processes.descriptors_of(brood.service).items() if "brood-board" in what)

    def published():
        with open(f"/proc/{brood.service}/fd/{board}", "rb") as file:
            return file.read(SLOTS_SIZE) # of all: which one it has depends on who went before

    with clients.connect(brood.url) as client:
        client.sendall(b"big 1000000000\n")
        client.recv(1)
        for _ in range(3):
            before, end = published(), time.monotonic() + LONG
            while published() == before and time.monotonic() < end:
                client.recv(1 << 16)
            assert published() != before


# ---- R15: grandchildren hold the socket -----------------------------------------------------------------------

@pytest.mark.parametrize("ending", ["", "crash\n", "exit 0\n", "fail 5\n"])
@pytest.mark.parametrize("model", models.EVERY)
def test_r15_the_client_hears_the_end_though_somebody_holds_its_socket(start, handlers, model, ending):
    # Standing workers have somebody who keeps their sockets only where there are last words to say.
    brood = obeying(start, handlers, model, "--last-words", WORDS)
    brood.checked = False  # the grandchildren are nobody's children but the system's
    begin = time.monotonic()
    with clients.connect(brood.url) as client:
        client.sendall(b"orphans 3\n" + ending.encode())
        client.shutdown(1)
        with contextlib.suppress(ConnectionResetError):
            assert clients.read_to_end(client) == b"3 orphans\n"
    assert time.monotonic() - begin < 2 * SCALE
    assert brood.stop() == 0


@pytest.mark.parametrize("request_line, option", [(b"sleep 60000\n", "--request-timeout"), (b"", "--idle-timeout"),
                                                  (b"spin\n", "--request-timeout")])
@pytest.mark.parametrize("model", models.EVERY)
def test_r15_or_at_its_deadline(start, handlers, model, request_line, option):
    if model == "thread" and request_line == b"spin\n":
        pytest.skip("a thread that spins for ever keeps the process from ending in order")
    brood = obeying(start, handlers, model, option, "1s", "--kill-after", "200ms")
    brood.checked = False
    with clients.connect(brood.url) as client:
        client.sendall(b"orphans 3\n" + request_line)
        begin = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert clients.read_to_end(client) == b"3 orphans\n"
        assert 0.5 < time.monotonic() - begin < 2.5 * SCALE
    assert brood.stop() == 0
