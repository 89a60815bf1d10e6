# SPDX-License-Identifier: MIT
"""
R42: a hundred signals a second, of any kind, to any process of brood's, while clients come. Nobody hears anything wrong;
supervisor and service never die. A worker keeps the dispositions that a program expects (R38), so most signals end it:
that costs the client in its hands, and nobody else.
"""
import collections
import contextlib
import os
import random
import signal
import socket
import threading
import time

import pytest

from harness import clients, models, processes
from harness.patience import LONG, SCALE
from harness.processes import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(180)]

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "kept", "event"]
SORRY = b"sorry\r\n"  # what a kept one's clients hear
STORM_S = 30 if os.environ.get("EVERYTHING") else 10
SIGNALS_PER_S = 100
LOOKS_PER_S = 20  # at who is there
ASKERS = 6

SIGNALS = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH,
           signal.SIGPIPE, signal.SIGALRM]

# Whoever stops a process lets it go on.
STOPPING = {signal.SIGTTIN, signal.SIGTTOU}
STOPPED_S = 0.1


class Storm:
    """Signals to whoever is there, from a thread of its own."""

    def __init__(self, brood):
        self.sent = collections.Counter()  # (who, signal)
        self._brood = brood
        self._supervisor = brood.supervisor
        self._chosen = random.Random(42)
        self._stopped = collections.deque()  # (until when, pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _look(self):
        """{pid: who that is}"""
        found = {self._supervisor: "supervisor"}
        for stat in processes.children_of(self._supervisor):
            found[stat.pid] = "service"
            found.update((child.pid, "worker") for child in processes.children_of(stat.pid))
        return found

    def _let_go_on(self, now):
        while self._stopped and self._stopped[0][0] <= now:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._stopped.popleft()[1], signal.SIGCONT)

    def _send(self, there):
        pid, number = self._chosen.choice(sorted(there)), self._chosen.choice(SIGNALS)
        # To the supervisor that is the order to serve nobody any more.
        if there[pid] == "supervisor" and number == signal.SIGWINCH:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            self.sent[there[pid], number] += 1
        if number in STOPPING:
            self._stopped.append((time.monotonic() + STOPPED_S, pid))

    def _run(self):
        while not self._over.is_set():
            there = self._look()
            for _ in range(SIGNALS_PER_S // LOOKS_PER_S):
                self._send(there)
                time.sleep(1 / SIGNALS_PER_S)
                self._let_go_on(time.monotonic())
        self._let_go_on(time.monotonic() + 2 * STOPPED_S)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


class Askers:
    """Clients one after the other in some threads, each with a question of its own that takes a moment."""

    def __init__(self, url):
        self.wrong, self.lost, self.answered = [], [], 0
        self._url, self._over, self._lock = url, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(ASKERS)]

    def _ask_once(self, client, mark):
        """What was heard, an error at its end included."""
        heard = b""
        try:
            client.sendall(mark + b"sleep 5\n" + mark)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(1 << 16):
                heard += part
        except OSError as error:
            return heard, error
        return heard, None

    def _ask(self, asker):
        for number in range(100000):
            if self._over.is_set():
                break
            mark = b"%d-%d\n" % (asker, number)
            whole = mark + b"slept\n" + mark
            with clients.connect(self._url) as client:
                peer = "%s:%d" % client.getsockname()
                heard, error = self._ask_once(client, mark)
            with self._lock:
                self.answered += heard == whole
                if not whole.startswith(heard.removesuffix(SORRY)):
                    self.wrong.append((peer, heard))
                elif heard != whole:
                    self.lost.append((peer, heard, error))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("model", MODELS)
def test_r42_signals_at_random_cost_the_clients_of_the_workers_that_they_hit(start, handlers, tmp_path, model):
    config = tmp_path / "brood.ini"
    several = ("--model", "event", "--workers", "8")  # each for as many as there are
    words = dict(zip(*[iter(several if model == "event" else models.words(model, at_once=8))] * 2))
    config.write_text(f"[service obey]\nhandler = {handlers('obey')}\nlisten = tcp://127.0.0.1:0\n"
                      "linger-timeout = 100ms\n" + "".join(f"{key[2:]} = {value}\n" for key, value in words.items()))
    brood = start("-c", config, listen=(), listeners=1)
    brood.is_ordered = True
    with Askers(brood.url) as askers:
        with Storm(brood) as storm:
            time.sleep(STORM_S)
    wait_until(lambda: len(processes.children_of(brood.supervisor)) == 1, LONG, "old generations stay")
    # TTIN and TTOU to the supervisor: one more, one fewer.
    brood.pool = brood.pool and range(1, 100)
    assert not askers.wrong, askers.wrong[:3]
    assert askers.answered > 10 * STORM_S / SCALE
    assert brood.process.poll() is None
    assert not brood.records("service process died"), brood.text()[-2000:]
    hit = sum(count for (who, _), count in storm.sent.items() if who == "worker")
    assert len(askers.lost) <= hit * (ASKERS if model == "event" else 1), askers.lost[:5]
    # Each is in the log. Of somebody whom a worker took on its way out nothing is known but the worker's death.
    dead = {record["peer"] for record in brood.records("end") if "signal" in record.get("exit", "")}
    untold = [lost for lost in askers.lost if lost[0] not in dead]
    assert not [heard for _, heard, _ in untold if heard], untold[:5]
    assert len(untold) <= len(brood.records("died")), untold[:5]
    # A dead keeper is replaced when its worker is.
    for pid in brood.workers() if model == "kept" else ():
        os.kill(pid, signal.SIGKILL)
