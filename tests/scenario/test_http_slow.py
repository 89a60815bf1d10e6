# SPDX-License-Identifier: MIT
"""
R21, R22 over HTTP: heads and bodies that trickle in, answers that nobody takes. All others are served meanwhile, and whoever
is slow is told that it is late, or let go.
"""
import collections
import contextlib
import selectors
import threading
import time

import pytest

from harness import clients, web
from harness.http_client import Connection, CutOff, ask, chunked, get, post
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import status_field, wait_until

DEADLINE = 1
LATE = 0.7 * SCALE  # deadlines of who is not waiting are looked at four times a second

# Where one slow client does not keep all others from being served.
CONCURRENT = [model for model in web.MODELS if model != "iterative"]


# ---- R21: slow heads --------------------------------------------------------------------------------------------

SLOW, SLOW_PER_S, BYTE_EVERY_S = 150, 50, 0.2  # each standing worker has a keeper

Slow = collections.namedtuple("Slow", "client begin")


class Slowloris:
    """Clients that send a byte of their head now and then. lasted: seconds until each was let go; answers: what it was told."""

    def __init__(self, url):
        self.lasted, self.answers = [], collections.Counter()
        self._url = url
        self._open = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run)

    def _hear(self):
        for key, _ in self._open.select(0.005):
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                answer = key.fileobj.recv(1000)
            if answer:
                self.answers[answer.split(b"\r\n")[0]] += 1
                continue
            self.lasted.append(time.monotonic() - key.data.begin)
            self._open.unregister(key.fileobj)
            key.fileobj.close()

    def _come(self):
        client = clients.connect(self._url)
        client.setblocking(False)
        self._open.register(client, selectors.EVENT_READ, Slow(client, time.monotonic()))
        client.send(get("/", "X-Slow: ")[:-4])

    def _run(self):
        begin = fed = time.monotonic()
        opened = 0
        while len(self.lasted) < SLOW and time.monotonic() - begin < 4 * SLOW / SLOW_PER_S * SCALE:
            now = time.monotonic()
            while opened < SLOW and opened < (now - begin) * SLOW_PER_S:
                self._come()
                opened += 1
            if now - fed > BYTE_EVERY_S:
                for key in self._open.get_map().values():
                    with contextlib.suppress(OSError):
                        key.fileobj.send(b"a")
                fed = now
            self._hear()
        for key in list(self._open.get_map().values()):
            key.fileobj.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def is_going_on(self):
        return self._thread.is_alive()


@pytest.mark.fault
@pytest.mark.parametrize("model", CONCURRENT)
def test_r21_slow_heads_keep_nobody_from_being_served_and_are_told_that_they_are_late(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--head-timeout", f"{DEADLINE}s", at_once=3 * DEADLINE * SLOW_PER_S)
    longest, last = 0.0, time.monotonic()
    with Slowloris(brood.url) as slowloris:
        while slowloris.is_going_on():
            with contextlib.suppress(OSError, CutOff):
                assert ask(brood.url, web.PROBE, 1 * SCALE).status == 200
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
            time.sleep(0.02)
    assert longest < 1 * SCALE
    assert len(slowloris.lasted) == SLOW
    assert slowloris.answers == {b"HTTP/1.1 408 Request Timeout": SLOW}
    assert DEADLINE - 0.1 < min(slowloris.lasted) and max(slowloris.lasted) < DEADLINE + LATE


@pytest.mark.parametrize("model", ["prefork", "event"])
def test_a_head_has_its_time_even_if_nothing_else_has(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--head-timeout", "300ms", "--idle-timeout", "off")
    with Connection(brood.url) as slow, Connection(brood.url) as kept:
        kept.ask(get("/"))
        for connection in (slow, kept):
            connection.send(get("/")[:-2])
        begin = time.monotonic()
        for connection in (slow, kept):
            assert connection.answer().status == 408 and connection.is_over()
        assert 0.2 < time.monotonic() - begin < 0.3 + LATE


@pytest.mark.parametrize("model", ["prefork", "event"])
def test_who_is_idle_between_two_requests_is_let_go_without_a_word(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--idle-timeout", "300ms")
    with Connection(brood.url) as connection:
        for _ in range(3):
            connection.ask(get("/"))
            time.sleep(0.1)
        assert connection.is_over()


# ---- R22: slow bodies, slow readers -----------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("model", CONCURRENT)
def test_r22_who_stops_in_a_body_is_told_that_it_is_late(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--idle-timeout", "500ms")
    unfinished = [post("/length", b"12345")[:-1], chunked("/length", [b"12345"])[:-4], get("/length", "Content-Length: 5", "Expect: 100-continue", method="POST")]
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(Connection(brood.url)) for _ in unfinished]
        for connection, data in zip(slow, unfinished):
            connection.send(data)
        assert ask(brood.url, web.PROBE).status == 200
        for connection in slow:
            answer = connection.answer()
            answer = connection.answer() if answer.status == 100 else answer
            assert answer.status == 408 and connection.is_over()


@pytest.mark.fault
@pytest.mark.parametrize("model", web.MODELS)
def test_r22_a_body_that_trickles_in_is_not_waited_for(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--request-timeout", f"{DEADLINE}s")
    with Connection(brood.url) as connection:
        begin = time.monotonic()
        connection.send(get("/length", "Content-Length: 1000", method="POST"))
        with contextlib.suppress(OSError):
            while time.monotonic() - begin < DEADLINE + LATE and not connection.held:
                connection.send(b"x")
                connection.socket.settimeout(0.1)
                with contextlib.suppress(TimeoutError):
                    connection.held = connection.socket.recv(1000)
        assert connection.answer().status in (408, 504)
        assert DEADLINE - 0.1 < time.monotonic() - begin < DEADLINE + LATE


def resident_kib(pids):
    return sum(int(status_field(pid, "VmRSS").split()[0]) for pid in pids)


@pytest.mark.fault
@pytest.mark.parametrize("model", CONCURRENT)
def test_r22_who_does_not_read_a_large_answer_takes_no_memory_and_is_let_go(start, handlers, model):
    brood = web.obeying(start, handlers, model, "--write-timeout", f"{DEADLINE}s", at_once=40)
    count = 20
    with contextlib.ExitStack() as stack:
        before = resident_kib([brood.service, *brood.workers()])
        for _ in range(count):
            connection = stack.enter_context(Connection(brood.url))
            connection.send(get("/big?100"))
        time.sleep(0.5)
        if model in ("thread", "event") and not SANITIZED:  # whose workers were there before
            assert (resident_kib([brood.service, *brood.workers()]) - before) / count < 256
        assert ask(brood.url, web.PROBE).status == 200
        wait_until(lambda: len(brood.records("end", reason="write-timeout")) == count, LONG, brood.text)
    told = brood.records("end", reason="write-timeout")
    assert all(DEADLINE * 1000 - 100 < record["ms"] < (DEADLINE + LATE) * 1000 + 500 for record in told)


@pytest.mark.fault
@pytest.mark.parametrize("model", web.MODELS)
def test_r22_a_large_answer_gets_to_a_slow_reader_whole(start, handlers, model):
    brood = web.obeying(start, handlers, model)
    with Connection(brood.url) as connection:
        connection.send(get("/big?10", "Connection: close"))
        size = 0
        while part := connection.socket.recv(50000):
            size += len(part)
            time.sleep(0.005)
        assert 10 << 20 < size < (10 << 20) + 500
