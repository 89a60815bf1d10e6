# SPDX-License-Identifier: MIT
"""
Limits where each worker lets in by itself: what one client meets may depend on what another worker knows of others.
"""
import contextlib
import os
import re
import socket
import time

import pytest

from harness import clients
from harness.command import brood as command
from harness.patience import LONG, SCALE
from harness.processes import wait_until
from harness.sources import ask_from, connect_from, holding

STANDING = {"prefork": ("--model", "prefork"), "oneshot": ("--model", "prefork", "--fresh", "oneshot"),
            "event": ("--model", "event")}
REFUSAL = b"try again later\r\n"
SERVED = b"1\n"

# The contract suite asks event's workers for the same; here they take four seconds a row.
models = pytest.mark.parametrize(
    "model", ["prefork", "oneshot", pytest.param("event", marks=pytest.mark.slow)])


def obeying(start, handlers, model, *words, workers=6, **options):
    return start(handlers("obey"), *STANDING[model], "--workers", workers, "--refusal", "try again later\\r\\n", *words, **options)


def let_in(url, source, count, pause_s=0.0):
    answers = []
    for _ in range(count):
        answers.append(ask_from(source, url))
        time.sleep(pause_s)
    assert set(answers) <= {SERVED, REFUSAL}
    return answers.count(SERVED)


@models
def test_a_client_that_stays_does_not_fill_its_source_s_bucket(start, handlers, model):
    """Its token is years old by then, and others have been taken since."""
    brood = obeying(start, handlers, model, "--source-rate", "30/m", "--source-burst", 2)
    with holding("127.0.0.2", brood.url, 1):
        time.sleep(4.5)  # two tokens have grown back
        began = time.monotonic()
        inside = let_in(brood.url, "127.0.0.2", 40)
        assert 1 <= inside <= 2 + (time.monotonic() - began) / 2 + 1
    assert let_in(brood.url, "127.0.0.2", 20) <= 1 + (time.monotonic() - began) / 2
    assert let_in(brood.url, "127.0.0.3", 2) == 2


@models
def test_the_rate_is_the_one_of_other_models(start, handlers, model):
    brood = obeying(start, handlers, model, "--source-rate", "60/m", "--source-burst", 20)
    began = time.monotonic()
    inside = let_in(brood.url, "127.0.0.2", 300)
    assert 20 <= inside <= 21 + time.monotonic() - began
    assert ask_from("127.0.0.3", brood.url) == SERVED
    brood.stop()
    assert brood.summary()["refused"] == 300 - inside


@models
def test_max_per_source_holds_and_is_given_back(start, handlers, model):
    brood = obeying(start, handlers, model, "--max-per-source", 3)
    for _ in range(3):
        with holding("127.0.0.2", brood.url, 3):
            assert ask_from("127.0.0.2", brood.url) == REFUSAL
            assert ask_from("127.0.0.3", brood.url) == SERVED
        wait_until(lambda: ask_from("127.0.0.2", brood.url) == SERVED, LONG, "its place is not given back")


@models
def test_r24_a_flood_of_one_source_leaves_workers_to_others(start, handlers, model):
    brood = obeying(start, handlers, model, "--max-per-source", 4)
    with contextlib.ExitStack() as flood:
        held = [flood.enter_context(connect_from("127.0.0.2", brood.url)) for _ in range(300)]
        for client in held:
            client.setblocking(False)
        wait_until(lambda: sum(is_refused(client) for client in held) >= 296, LONG,
                   lambda: f"refused: {sum(is_refused(client) for client in held)}")
        for _ in range(20):
            assert ask_from("127.0.0.3", brood.url) == SERVED
        assert sum(is_refused(client) for client in held) == 296


def is_refused(client):
    try:
        return client.recv(100, socket.MSG_PEEK) == REFUSAL
    except BlockingIOError:
        return False


@models
@pytest.mark.parametrize("request_line, penalty", [(b"log rude\n", "--penalty-blame"), (b"crash\n", "--penalty-crash")])
def test_who_harms_waits_and_others_do_not(start, handlers, model, request_line, penalty):
    brood = obeying(start, handlers, model, penalty, "20s")
    ask_from("127.0.0.2", brood.url, request_line)
    wait_until(lambda: ask_from("127.0.0.2", brood.url) == REFUSAL, LONG, "no penalty")
    assert ask_from("127.0.0.3", brood.url) == SERVED
    assert re.fullmatch(r"source=127.0.0.2 for_ms=\d+", brood.wait_for_record("end", reason="refused-penalty")[0]["note"])


@models
def test_whom_a_dry_run_would_have_refused_takes_nothing(start, handlers, model):
    """A token a second, and somebody each 200 ms: four of five would be refused, not all but the first."""
    brood = obeying(start, handlers, model, "--source-rate", "60/m", "--source-burst", 1, "--dry-run-limits", "on",
                    warm=False)
    began = time.monotonic()
    assert let_in(brood.url, "127.0.0.2", 20, pause_s=0.2) == 20
    time.sleep(1.1)
    # The first has a token; the second is the next line, which tells how many were left out.
    assert let_in(brood.url, "127.0.0.2", 2) == 2
    tokens = 1 + int(time.monotonic() - began)
    brood.stop()
    lines = brood.records("would have refused", reason="refused-rate")
    would = len(lines) + sum(line.get("again", 0) for line in lines)
    assert 22 - tokens - 1 <= would <= 22 - tokens + 1


@pytest.mark.parametrize("model", ["prefork", "oneshot"])
def test_a_queue_timeout_that_no_worker_can_measure_is_refused(model):
    result = command("serve", "echo", "--listen", f"unix:@limits-{os.getpid()}", *STANDING[model], "--queue-timeout", "1s")
    assert result.returncode != 0
    assert "queue_timeout_ms with standing workers is for TCP" in result.stderr


@models
def test_who_waited_too_long_is_refused(start, handlers, model):
    one = ("--max-conns", 1) if model == "event" else ()
    brood = obeying(start, handlers, model, "--queue-timeout", "300ms", *one, workers=1)
    with connect_from("127.0.0.2", brood.url) as busy:
        busy.sendall(b"sleep 1000\n")
        time.sleep(0.1)
        with connect_from("127.0.0.3", brood.url) as early:
            time.sleep(0.75)
            assert busy.recv(100) == b"slept\n"
            busy.close()
            assert clients.read_to_end(early) == REFUSAL
    wait_until(lambda: ask_from("127.0.0.4", brood.url) == SERVED, LONG * SCALE, "served again")


@models
def test_bytes_that_nobody_knows_are_not_told(start, handlers, model):
    """A reused worker's page is ours to read; a fresh one took its counts along."""
    brood = obeying(start, handlers, model)
    with clients.connect(brood.url) as client:
        client.sendall(b"hello\n")
        assert client.recv(100) == b"hello\n"
        client.sendall(b"crash\n")
        clients.read_to_end(client)
    line, = brood.wait_for_record("end", reason="handler-crashed")
    if model != "oneshot":
        assert (line["in"], line["out"]) == (12, 6)
    else:
        assert "in" not in line and "out" not in line


@models
def test_the_refused_are_let_go_in_time_also_if_nobody_comes_any_more(start, handlers, model):
    """A worker that looks after them is woken by a client whom another one takes, and then waits for the next."""
    brood = obeying(start, handlers, model, "--deny", "127.0.0.2")
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect_from("127.0.0.2", brood.url))
            assert ask_from("127.0.0.3", brood.url) == SERVED
        wait_until(lambda: brood.standing_counts() == brood.standing_baseline, 2.5 * SCALE, "still parked")
