# SPDX-License-Identifier: MIT
"""
The loads of document 004, under which its servers run out of descriptors, of processes, or fill up with zombies. Each
twice: as the document gives it, where brood's own bound keeps it away from the limit, and with the bound moved out of
the way, so that the limit is hit.
"""
import itertools
import resource
import time

import pytest

from harness import clients, models
from harness.patience import LONG, SANITIZED, SCALE

PAUSE_CPU = 0.05  # of a core, while nobody can be accepted


def limits(**soft):
    """For preexec_fn: limits(nofile=256)."""
    def set_them():
        for name, value in soft.items():
            which = getattr(resource, f"RLIMIT_{name.upper()}")
            resource.setrlimit(which, (value, value))
    return set_them


def everybody_is_answered(url, count, seconds=LONG, half_close=True):
    with clients.Crowd(url, [f"{i}*2\n".encode() for i in range(count)], half_close) as crowd:
        assert crowd.run(seconds), f"{crowd.seconds.count(None)} of {count} still wait"
        wrong = [(i, answer, crowd.errors[i]) for i, answer in enumerate(crowd.answers)
                 if answer != f"{i * 2}\r\n".encode()]
        assert not wrong, f"{len(wrong)} of {count}: {wrong[:5]}"
        return crowd


LOADS = {
    "descriptors": ({"nofile": 256}, 300, False),
    # A client costs two of them: the limit may also be hit between the first and the second.
    "descriptors-but-one": ({"nofile": 257}, 300, False),
    "processes": ({"nproc": 400}, 500, True),
    "128-at-once": ({}, 128, False),
}


@pytest.mark.parametrize("load, model", [
    *itertools.product(LOADS, ["fork", "prefork", "oneshot"]),
    # Processes it needs none of.
    ("descriptors", "event"), ("128-at-once", "event"),
])
def test_as_given_everybody_is_answered(start, own_user, load, model):
    soft, count, as_user = LOADS[load]
    brood = start("calc", *models.words(model), preexec_fn=limits(**soft), **own_user if as_user else {})
    everybody_is_answered(brood.url, count)
    brood.check()
    assert brood.stop() == 0
    summary = brood.summary()
    assert summary["refused"] == summary["accept_errors"] == summary["worker_errors"] == summary["unfinished"] == 0


def cpu_while_nobody_comes_in(brood, crowd):
    """Everybody is in a second's sleep by now, or waits outside."""
    crowd.run(0.5)
    share = brood.cpu(0.3)
    return share


@pytest.mark.skipif(SANITIZED, reason="hundreds of sanitized processes take longer to start than the pause lasts")
@pytest.mark.parametrize("handler", ["calc", pytest.param("echo", marks=pytest.mark.slow)])
@pytest.mark.parametrize("load", ["descriptors", "descriptors-but-one", "processes"])
def test_at_the_limit_everybody_waits_and_is_answered(start, own_user, load, handler):
    soft, count, as_user = LOADS[load]
    brood = start(handler, "--delay", "1s", "--workers", 1000, preexec_fn=limits(**soft),
                  warm=False, **own_user if as_user else {})
    brood.delay = 1
    brood.warm_up(1)
    requests = [f"{i}*2\n".encode() for i in range(count)]
    with clients.Crowd(brood.url, requests) as crowd:
        share = cpu_while_nobody_comes_in(brood, crowd)
        assert share < PAUSE_CPU * SCALE, f"{share:.1%} of a core during the pause"
        assert crowd.run(LONG), f"{crowd.seconds.count(None)} of {count} still wait"
        wanted = [request if handler == "echo" else f"{i * 2}\r\n".encode() for i, request in enumerate(requests)]
        wrong = [(i, crowd.answers[i], crowd.errors[i]) for i in range(count) if crowd.answers[i] != wanted[i]]
        assert not wrong, f"{len(wrong)} of {count}: {wrong[:5]}"
    brood.check()
    assert brood.stop() == 0
    summary = brood.summary()
    assert summary["accept_errors"] + summary["worker_errors"] > 0, f"the limit was not hit: {summary}"
    assert summary["unfinished"] == summary["refused"] == 0


# A pool grows as long as its clients wait: for two seconds, until it meets its limit.
GROWING = {
    "prefork": ("--model", "prefork", "--workers-max", 1000, "--workers-spare", 64),
    "oneshot": ("--model", "prefork", "--fresh", "oneshot", "--workers-max", 1000, "--workers-spare", 64),
}


@pytest.mark.skipif(SANITIZED, reason="as above")
@pytest.mark.parametrize("model", [pytest.param(model, marks=pytest.mark.slow) for model in GROWING])
@pytest.mark.parametrize("load", ["descriptors", "descriptors-but-one", "processes"])
def test_a_pool_that_grows_into_its_limit_serves_with_what_it_has(start, own_user, load, model):
    soft, count, as_user = LOADS[load]
    brood = start("calc", "--delay", "2s", *GROWING[model], preexec_fn=limits(**soft), warm=False,
                  **own_user if as_user else {})
    brood.delay = 2
    brood.warm_up(1)
    with clients.Crowd(brood.url, [f"{i}*2\n".encode() for i in range(count)]) as crowd:
        crowd.run(1.6)
        share = brood.cpu(0.3)
        assert share < PAUSE_CPU * SCALE, f"{share:.1%} of a core at the limit"
        assert crowd.run(LONG), f"{crowd.seconds.count(None)} of {count} still wait"
        wrong = [(i, crowd.answers[i], crowd.errors[i]) for i in range(count)
                 if crowd.answers[i] != f"{i * 2}\r\n".encode()]
        assert not wrong, f"{len(wrong)} of {count}: {wrong[:5]}"
    brood.check()
    assert brood.stop() == 0
    summary = brood.summary()
    assert summary["worker_errors"] > 0, f"the limit was not hit: {summary}"
    assert summary["unfinished"] == summary["refused"] == 0


@pytest.mark.skipif(SANITIZED, reason="as above")
@pytest.mark.parametrize("model", ["fork", "prefork", "oneshot", "event"])
def test_128_at_once_all_sleep_at_the_same_time(start, model):
    brood = start("calc", "--delay", "1s", *models.words(model, at_once=1000 if model == "fork" else 128), warm=False)
    brood.delay = 1
    brood.warm_up(1)
    begin = time.monotonic()
    crowd = everybody_is_answered(brood.url, 128)
    assert time.monotonic() - begin < 2 * SCALE, max(crowd.seconds)
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["pauses"] == 0

