# SPDX-License-Identifier: MIT
"""
Who keeps a connection and goes on asking loses no request when its worker is replaced, or when all stops: whatever it sent
before it heard "Connection: close" is answered.
"""
import signal
import threading
import time

import pytest

from harness import models, web
from harness.http_client import Connection, get
from harness.patience import LONG, SCALE

LAST_CHANCE_S = 0.5


class Keeper:
    """Keeps its connection until it is told to let it go, and asks without a pause. Any other end is an error."""

    def __init__(self, url):
        self.url = url
        self.answered = self.released = 0
        self.errors = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _serve_one_connection(self):
        with Connection(self.url) as connection:
            while not self.stop.is_set():
                answer = connection.ask(get("/"))
                assert answer.status == 200, answer
                self.answered += 1
                if answer.fields.get("connection") == "close":
                    self.released += 1
                    return

    def _run(self):
        while not self.stop.is_set() and not self.errors:
            try:
                self._serve_one_connection()
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.errors.append(repr(error))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@pytest.mark.parametrize("model", ["prefork", "event"])
def test_a_worker_that_is_replaced_lets_its_clients_go_first(start, model):
    brood = start("hello", *models.words(model), "--max-requests", "20", warm=False)
    brood.request = web.PROBE
    with Keeper(brood.url) as one, Keeper(brood.url) as other:
        time.sleep(1)
    assert not one.errors + other.errors
    assert one.released + other.released > 5


@pytest.mark.parametrize("model", ["fork", "thread", "prefork", "event"])
def test_a_drain_answers_what_was_sent_before_the_client_could_know(start, model):
    brood = start("hello", *models.words(model), warm=False)
    with Connection(brood.url) as asking, Connection(brood.url) as silent:
        for connection in (asking, silent):
            assert connection.ask(get("/")).status == 200
        brood.process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        brood.wait_for_record("stopping")
        time.sleep(LAST_CHANCE_S / 5)
        answer = asking.ask(get("/late"))
        assert (answer.status, answer.body) == (200, b"Hello, late!\n")
        assert answer.fields["connection"] == "close"
        assert asking.is_over()
        assert silent.is_over()
        assert time.monotonic() - begin < LAST_CHANCE_S + 2 * SCALE
    assert brood.process.wait(LONG) == 0
    brood.stopped = True
