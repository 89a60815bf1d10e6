# SPDX-License-Identifier: MIT
"""Clients at a steady rate, each on a connection of its own, while something happens: who got no answer?"""
import threading
import time

from harness.clients import ask
from harness.patience import LONG


class Steady:
    """per_second requests, to each URL in turn, from `with` to its end. What does not end in the request is no answer."""

    def __init__(self, urls, per_second=200, threads=8):
        self._urls = urls
        self._interval = 1 / per_second
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._next = time.monotonic()
        self._number = 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self.answered = 0
        self.failures = []
        self.slowest = 0.0

    def _take(self):
        """(number, when it is due)"""
        with self._lock:
            self._number += 1
            # Who fell behind does not catch up in a burst.
            self._next = max(self._next + self._interval, time.monotonic() - self._interval)
            return self._number, self._next

    def _run(self):
        while not self._stopped.is_set():
            number, due = self._take()
            time.sleep(max(0, due - time.monotonic()))
            request = b"request %d\n" % number
            begin = time.monotonic()
            try:
                answer = ask(self._urls[number % len(self._urls)], request, LONG)
                failure = None if answer.endswith(request) else answer
            except OSError as error:
                failure = error
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - begin)
                if failure is None:
                    self.answered += 1
                else:
                    self.failures.append((number, failure))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for thread in self._threads:
            thread.join(2 * LONG)

    def check(self, least):
        """Nobody was lost or refused, and there was somebody."""
        assert not self.failures, self.failures[:10]
        assert self.answered >= least, self.answered
