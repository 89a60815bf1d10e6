# SPDX-License-Identifier: MIT
"""Standing workers share the clients, who come at a steady pace: counted by the pid in each answer."""
import collections
import time

import pytest

from harness import clients

CLIENTS = 3000
CLIENTS_PER_S = 1500
WORKERS = 8


def pids_of(urls, count):
    """Who answered: each client comes when its time has come, at each URL in turn."""
    begin = time.monotonic()
    pids = []
    for number in range(count):
        time.sleep(max(0, begin + number / CLIENTS_PER_S - time.monotonic()))
        pids.append(int(clients.ask(urls[number % len(urls)], b"pid 0\n")))
    return pids


@pytest.mark.parametrize("model, workers, listeners", [("prefork", WORKERS, 1), ("prefork", WORKERS, 2), ("event", 4, 1),
                                                       ("event", 4, 2)])
def test_no_worker_serves_more_than_twice_the_mean(start, handlers, model, workers, listeners):
    listen = ["tcp://127.0.0.1:0"] * listeners
    brood = start(handlers("obey"), "-m", model, "-w", workers, listen=listen, warm=False)
    counts = collections.Counter(pids_of(brood.urls, CLIENTS))
    assert len(counts) <= workers, f"more than {workers} processes answered: {counts}"
    assert max(counts.values()) <= 2 * CLIENTS / workers, f"one worker has too many: {counts}"
    assert brood.stop() == 0


def test_one_shot_workers_serve_one_client_each(start, handlers):
    brood = start(handlers("obey"), "-m", "prefork", "--fresh", "oneshot", "-w", WORKERS, warm=False)
    pids = pids_of(brood.urls, CLIENTS // 10)
    assert len(set(pids)) == len(pids), "a process answered twice"
    assert brood.stop() == 0
