# SPDX-License-Identifier: MIT
"""
R08, R09, R11, R25, R26 over HTTP: whose worker dies, is killed or stuck, who is refused, or is there when a service stops, gets
an answer that it understands, or sees that there is none. (Slow clients: test_http_slow.py.)
"""
import collections
import contextlib
import os
import signal
import socket
import struct
import threading
import time

import pytest

from harness import clients, models, web
from harness.http_client import Connection, CutOff, ask, chunked, get, post
from harness.patience import LONG, SCALE
from harness.processes import wait_until

LAST_CHANCE_S = 0.5 # for a parked client, when all is to end
DEADLINE = 1
LATE = 0.7 * SCALE  # workers are looked at four times a second
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset

# Where one slow client does not keep all others from being served.
CONCURRENT = [model for model in web.MODELS if model != "iterative"]


def pid_on(connection):
    return int(connection.ask(get("/pid")).body)


# ---- Workers that die -------------------------------------------------------------------------------------------

def expecting(target):
    return get(target, "Content-Length: 5", "Expect: 100-continue", method="POST")


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_r09_the_client_of_a_crashed_worker_gets_502(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    for order in ("/crash", "/exit?3", "/exit?0", "/begin-then-crash"):
        with Connection(brood.url) as connection:
            connection.ask(get("/"))
            answer = connection.ask(get(order))
            assert answer.status == 502 and answer.fields["connection"] == "close", order
            assert connection.is_over()
        brood.wait_for_record("end", note=f"GET {order}", last_words="sent")


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_r09_who_was_told_to_go_on_is_still_owed_an_answer(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    with Connection(brood.url) as connection:
        assert connection.ask(expecting("/read-then-crash")).status == 100
        assert connection.ask(b"12345").status == 502


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_r09_of_whose_answer_a_part_has_left_sees_that_there_is_no_more(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    with Connection(brood.url) as connection, pytest.raises((CutOff, ConnectionResetError)):
        connection.ask(get("/write-then-crash"))
    brood.wait_for_record("end", note="GET /write-then-crash")


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_r08_the_client_of_a_killed_worker_gets_503_and_may_come_again(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    with Connection(brood.url) as connection, Connection(brood.url) as parked:
        pid = pid_on(connection)
        together = pid_on(parked) == pid
        connection.send(get("/hang"))
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        answer = connection.answer()
        assert answer.status == 503 and answer.fields["retry-after"] == "1" and connection.is_over()
        if together:  # who asked for nothing is told nothing
            assert parked.is_over()
        assert ask(brood.url, get("/")).status == 200


STUCK = ["/hang", "/block", "/spin"]


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_r11_the_client_of_a_worker_that_is_stuck_gets_504(start, handlers, model):
    broods = {order: web.obeying(start, handlers, model, "--request-timeout", f"{DEADLINE}s", "--kill-after", "100ms")
              for order in STUCK}

    def get_stuck(order):
        begin = time.monotonic()
        with Connection(broods[order].url) as connection:
            answer = connection.ask(get(order))
            assert answer.status == 504 and connection.is_over(), order
        assert DEADLINE - 0.1 < time.monotonic() - begin < DEADLINE + LATE
        assert ask(broods[order].url, get("/")).status == 200

    models.each(STUCK, get_stuck)


# Around the time at which a worker that speaks for itself gives way to whoever watches it.
LATE_MS = [20, 90, 150, 300]


@pytest.mark.fault
@pytest.mark.parametrize("model", [model for model in web.MODELS if model != "event"]) # whose time stands still meanwhile
def test_who_answers_too_late_is_answered_for_once(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--request-timeout", "300ms")
    for late in LATE_MS:
        with Connection(brood.url) as connection:
            assert connection.ask(get(f"/late?{300 + late}")).status == 504, late
            assert connection.is_over(), late


@pytest.mark.fault
@pytest.mark.parametrize("model", ["iterative", "thread"])
def test_r11_the_client_of_a_handler_that_is_late_gets_504(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--request-timeout", f"{DEADLINE}s")
    with Connection(brood.url) as connection:
        assert connection.ask(get("/hang")).status == 504 and connection.is_over()


@pytest.mark.fault
@pytest.mark.parametrize("order, status, others", [("/crash", 502, {502}), ("/spin", 504, {503, 504})])
def test_r09_those_who_share_the_worker_are_told_if_they_wait_for_an_answer(start, handlers, order, status, others):
    brood = web.obeying(start, handlers, "event", "--request-timeout", "1500ms", "--kill-after", "100ms", at_once=10)
    with contextlib.ExitStack() as stack:
        asks, half, parked, guilty = (stack.enter_context(Connection(brood.url)) for _ in range(4))
        parked.ask(get("/"))
        asks.send(get("/hang"))
        half.send(get("/")[:-2])
        time.sleep(0.2)
        assert guilty.ask(get(order)).status == status
        for connection in (asks, half):
            assert connection.answer().status in others and connection.is_over()
        assert parked.is_over()


# ---- Refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("model", CONCURRENT)
def test_who_is_one_too_many_gets_503_and_may_come_again(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--max-clients", 2)
    with Connection(brood.url) as one, Connection(brood.url) as other:
        for connection in (one, other):
            connection.send(get("/slow?700"))
        time.sleep(0.2)
        for data in (get("/"), post("/echo", bytes(100000))):
            with Connection(brood.url) as refused:
                with contextlib.suppress(ConnectionError):
                    refused.send(data)
                answer = refused.answer()
                assert answer.status == 503 and int(answer.fields["retry-after"]) > 0
                assert answer.fields["connection"] == "close"
        for connection in (one, other):
            assert connection.answer().body == b"slowly...\n"
    brood.wait_for_record("end", reason="refused-full")


# ---- When a service stops ---------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("model", CONCURRENT)
def test_what_was_started_is_finished_and_who_is_parked_is_let_go(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    with contextlib.ExitStack() as stack:
        parked = [stack.enter_context(Connection(brood.url)) for _ in range(3)]
        for connection in parked:
            assert connection.ask(get("/")).status == 200
        slow, half = (stack.enter_context(Connection(brood.url)) for _ in range(2))
        slow.send(get("/slow?600"))
        half.send(post("/length", b"12345")[:-3])
        time.sleep(0.2)
        begin = time.monotonic()
        brood.send(signal.SIGTERM)
        for connection in parked:
            assert connection.is_over()
        assert time.monotonic() - begin < LAST_CHANCE_S + 0.3 * SCALE
        half.send(b"345")
        answer = half.answer()
        assert answer.body == b"5\n" and answer.fields["connection"] == "close" and half.is_over()
        assert slow.answer().body == b"slowly...\n" and slow.is_over()
    assert brood.wait() == 0


class Regular:
    """Clients that keep their connections alive, and ask as fast as they are answered."""

    def __init__(self, url, count=4):
        self.answered, self.reused, self.wrong = 0, 0, []
        self._url = url
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]

    def _ask(self, connection, is_new):
        """Whether the connection goes on. One that was idle may be closed at any moment, but not in an answer."""
        try:
            answer = connection.ask(get("/query?name=x"))
        except (CutOff, ConnectionError) as failure:
            if is_new or failure.args and failure.args[0] and isinstance(failure, CutOff):
                self.wrong.append(repr(failure))
            return False
        if answer.status != 200 or answer.body != b"name=x|1|x\n":
            self.wrong.append(answer)
        self.answered += 1
        self.reused += not is_new
        return answer.fields.get("connection") != "close"

    def _run(self):
        while not self._stopped.is_set():
            try:
                with Connection(self._url) as connection:
                    is_new = True
                    while self._ask(connection, is_new) and not self._stopped.is_set():
                        is_new = False
                        time.sleep(0.002)
            except OSError as failure:
                self.wrong.append(repr(failure))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.fault
@pytest.mark.parametrize("model", web.MODELS)
def test_a_reload_loses_nothing_that_was_started(start, handlers, model, tmp_path):
    config = tmp_path / "brood.ini"
    words = models.words(model)
    lines = [f"{name[2:]} = {value}" for name, value in zip(words[::2], words[1::2])]
    config.write_text("\n".join(["[service web]", f"handler = {handlers('http_obey')}", "listen = tcp://127.0.0.1:0", *lines, ""]))
    brood = web.make_ready(start("-c", config, listen=(), listeners=1, warm=False))
    brood.is_ordered = True
    with Regular(brood.url, 1 if model == "iterative" else 4) as regular:
        for reloads in range(1, 6):
            brood.send(signal.SIGHUP)
            wait_until(lambda: sum("reloaded" in record["message"] for record in brood.records()) >= reloads, LONG,
                       brood.text)
            time.sleep(0.2)
    assert not regular.wrong, regular.wrong[:5]
    assert regular.reused > 20


# ---- R25: who does not let go -----------------------------------------------------------------------------------


class Monopolist:
    """Keeps its connection full of requests, and takes another one when it is sent away."""

    def __init__(self, url):
        self.answered = 0
        self._url = url
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stopped.is_set():
            with contextlib.suppress(OSError, CutOff), Connection(self._url, 2 * SCALE) as connection:
                connection.send(get("/") * 20)
                while not self._stopped.is_set():
                    answer = connection.ask(get("/"))
                    self.answered += answer.status == 200
                    if "close" in answer.fields.get("connection", ""):
                        break

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()


@pytest.mark.fault
@pytest.mark.parametrize("model", web.MODELS)
def test_r25_clients_that_never_pause_give_way_to_a_new_one_within_a_second(start, handlers, model):
    workers = 1 if model == "iterative" else 4
    brood = web.obeying(start, handlers, model, at_once=workers)
    with contextlib.ExitStack() as stack:
        monopolists = [stack.enter_context(Monopolist(brood.url)) for _ in range(2 * workers)]
        time.sleep(1)
        waited = [brood.fresh() for _ in range(5)]
    # Those who come in between wait like everybody.
    assert sorted(waited)[2] < 1 * SCALE, waited
    assert all(monopolist.answered > 20 for monopolist in monopolists)


# ---- R26: resets ------------------------------------------------------------------------------------------------


def in_the_answer(client):
    client.sendall(get("/big?10"))
    client.recv(1000)


def between_two(client):
    client.sendall(get("/"))
    client.recv(1000)


STATES = [lambda client: None, lambda client: client.sendall(get("/")[:-3]), lambda client: client.sendall(get("/pid")),
          lambda client: client.sendall(post("/length", bytes(10000))[:-5]),
          lambda client: client.sendall(chunked("/echo", [bytes(10000)])[:-5]),
          lambda client: client.sendall(post("/unread", bytes(100000))), lambda client: client.sendall(get("/") * 50),
          lambda client: client.sendall(get("/slow?100")), in_the_answer, between_two]


@pytest.mark.fault
@pytest.mark.parametrize("model", web.MODELS)
def test_r26_a_storm_of_resets_in_every_state(start, handlers, model):
    brood = web.obeying(start, handlers, model)

    def storm(state):
        for _ in range(40):
            with contextlib.suppress(OSError), clients.connect(brood.url, 2 * SCALE) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                state(client)
            time.sleep(0.002)  # a storm, not a flood: that would only measure the queue

    stormers = [threading.Thread(target=storm, args=[state]) for state in STATES]
    for stormer in stormers:
        stormer.start()
    try:
        for i in range(20):
            assert ask(brood.url, get(f"/query?name={i}")).body == b"name=%d|%d|%d\n" % (i, len(str(i)), i)
    finally:
        for stormer in stormers:
            stormer.join()
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accepted"] == brood.summary()["ended"] > 20
    reasons = collections.Counter(record["reason"] for record in brood.records("end"))
    assert set(reasons) <= {"finished", "client-gone", "bad-request", "gave-way"}, reasons
