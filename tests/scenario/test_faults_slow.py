# SPDX-License-Identifier: MIT
"""
R21: slowloris. Five hundred clients, a hundred more in each second, send a byte now and then and never get to the end of
their line. Whoever asks properly is answered all the time, and each of them is let go when its time is over. (Where no
deadline is set, the minimum rate ends them: test_faults_pace.py.)
"""
import collections
import contextlib
import selectors
import threading
import time

import pytest

from harness import clients, models
from harness.patience import SCALE

pytestmark = pytest.mark.fault

SLOW = 500
SLOW_PER_S = 100
BYTE_EVERY_S = 0.3
DEADLINE_S = 1
LATE_S = 0.5 * SCALE  # deadlines of who is not waiting are looked at four times a second

# Not in model iterative: there one slow client is one too many, and all that its deadline does is to end it.
MODELS = ["fork", "thread", "prefork", "oneshot", "event"]

Slow = collections.namedtuple("Slow", "client begin")


class Slowloris:
    """Opens and feeds its connections until all have been closed by the other side, in a thread of its own."""

    def __init__(self, url):
        self.lasted = []    # seconds, of those that are over
        self.answers = []   # what was said to them
        self._url = url
        self._open = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run)

    def _hear(self, timeout):
        for key, _ in self._open.select(timeout):
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                answer = key.fileobj.recv(100)
            if answer:
                self.answers.append(answer)
                continue
            self.lasted.append(time.monotonic() - key.data.begin)
            self._open.unregister(key.fileobj)
            key.fileobj.close()

    def _feed(self):
        for key in self._open.get_map().values():
            with contextlib.suppress(OSError):
                key.fileobj.send(b"a")

    def _run(self):
        begin = time.monotonic()
        opened, fed = 0, begin
        while len(self.lasted) < SLOW and time.monotonic() - begin < 4 * SLOW / SLOW_PER_S * SCALE:
            now = time.monotonic()
            while opened < SLOW and opened < (now - begin) * SLOW_PER_S:
                client = clients.connect(self._url)
                client.setblocking(False)
                self._open.register(client, selectors.EVENT_READ, Slow(client, time.monotonic()))
                client.send(b"a")
                opened += 1
            if now - fed > BYTE_EVERY_S:
                self._feed()
                fed = now
            self._hear(0.005)
        for key in list(self._open.get_map().values()):
            key.fileobj.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def is_going_on(self):
        return self._thread.is_alive()


def probe(url, is_going_on):
    """The longest time, in seconds, in which nobody was answered."""
    longest, answered = 0.0, time.monotonic()
    while is_going_on():
        if clients.try_to_ask(url, b"6*7\n", 1 * SCALE) == b"42\r\n":
            now = time.monotonic()
            longest, answered = max(longest, now - answered), now
        time.sleep(0.02)
    return max(longest, time.monotonic() - answered)


@pytest.mark.parametrize("model", MODELS)
def test_r21_slow_senders_keep_nobody_from_being_served(start, model):
    # More than there are slow clients at any moment.
    at_once = 3 * DEADLINE_S * SLOW_PER_S
    brood = start("calc", *models.words(model, at_once), "--request-timeout", f"{DEADLINE_S}s")
    with Slowloris(brood.url) as slowloris:
        longest = probe(brood.url, slowloris.is_going_on)
    assert longest < 1 * SCALE, f"nobody was answered for {longest:.1f} s"
    assert len(slowloris.lasted) == SLOW
    assert not slowloris.answers
    assert DEADLINE_S - 0.1 < min(slowloris.lasted) and max(slowloris.lasted) < DEADLINE_S + LATE_S
    brood.check()
    assert brood.stop() == 0
    ends = collections.Counter(record["reason"] for record in brood.records("end"))
    assert ends["request-timeout"] == SLOW
    assert set(ends) == {"request-timeout", "finished"}
    assert brood.summary()["refused"] == 0
