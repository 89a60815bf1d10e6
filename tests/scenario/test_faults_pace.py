# SPDX-License-Identifier: MIT
"""
R21, R22: clients who send or read by the sip, so that each of them keeps a worker. The minimum rate ends them; who is slow
but fast enough, or thinks between two requests, is left alone; and nobody makes brood keep much for him.
"""
import socket
import threading
import time

import pytest

from harness import clients, models, processes
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

GRACE = 5       # seconds of waiting that are free (core/pace.h)
SIP = 0.05      # seconds between two sips
MEMORY_KIB = 16 * 1024  # that a worker may have altogether, whatever is in flight

# What is written once for all models (core/io.c) waits for its seconds under one of them.
ONE = ["fork"]


def obeying(start, handlers, model, *words, **options):
    return start(handlers("obey"), *models.words(model), *words, **options)


def connect_small(url):
    """A client whose kernel takes little for it: what it reads is what it takes."""
    family, kind, address = clients.address_of(url)
    client = socket.socket(family, kind)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    client.settimeout(LONG)
    client.connect(address)
    return client


def send_slowly(client, rate, seconds):
    """Letters without an end of line. For how long it was let; less than seconds if the other side ended it."""
    begin = time.monotonic()
    client.settimeout(SIP)
    sent = 0
    while time.monotonic() - begin < seconds:
        due = int((time.monotonic() - begin) * rate) + 1 - sent
        try:
            if due > 0:
                sent += client.send(b"x" * due)
            if not client.recv(1):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    client.settimeout(LONG)
    return time.monotonic() - begin


def read_slowly(client, rate, seconds):
    """For how long there was something to read."""
    begin = time.monotonic()
    got = 0
    while time.monotonic() - begin < seconds:
        due = int((time.monotonic() - begin) * rate) + 1 - got
        if due > 0:
            try:
                part = client.recv(due)
            except OSError:
                break
            got += len(part)
            if not part:
                break
        time.sleep(SIP)
    return time.monotonic() - begin


# ---- R21: they send by the sip --------------------------------------------------------------------------------

def test_r21_who_sends_less_than_the_minimum_rate_is_ended_after_the_grace_time(start, handlers):
    broods = {model: obeying(start, handlers, model, "--min-rate", 100) for model in models.EVERY}

    def send_too_slowly(model):
        with clients.connect(broods[model].url) as slow:
            lasted = send_slowly(slow, 10, 3 * GRACE)
        assert GRACE - SIP <= lasted < GRACE + 1.5 * SCALE
        assert broods[model].wait_for_record("end", reason="too-slow")

    models.each(models.EVERY, send_too_slowly)


@pytest.mark.parametrize("model", models.MORTAL)
def test_r21_all_the_time_a_normal_client_is_served(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model, 30), "--min-rate", 100)
    crowd = [clients.connect(brood.url) for _ in range(29)]
    senders = [threading.Thread(target=send_slowly, args=(client, 10, 3 * GRACE)) for client in crowd]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        assert brood.fresh() < 1 * SCALE
        time.sleep(0.2)
    for sender, client in zip(senders, crowd):
        sender.join()
        client.close()
    wait_until(lambda: len(brood.records("end", reason="too-slow")) == len(crowd), LONG, brood.text)


@pytest.mark.parametrize("model", ONE)
def test_r21_who_is_slow_but_fast_enough_is_left_alone(start, handlers, model):
    brood = obeying(start, handlers, model, "--min-rate", 100)
    with clients.connect(brood.url) as client:
        send_slowly(client, 200, GRACE + 2)
        client.sendall(b"\nend\n")
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client).endswith(b"x\nend\n")
    assert not brood.records("end", reason="too-slow")


@pytest.mark.parametrize("model", ONE)
def test_r21_the_first_byte_has_a_deadline_of_its_own(start, handlers, model):
    brood = obeying(start, handlers, model, "--min-rate", 1000000, "--first-byte-timeout", f"{GRACE + 2}s")
    with clients.connect(brood.url) as silent, clients.connect(brood.url) as late:
        time.sleep(GRACE + 1)
        late.sendall(b"in time\n")
        assert late.recv(100) == b"in time\n"
        assert clients.read_to_end(silent) == b""
    brood.wait_for_record("end", reason="first-byte-timeout")


@pytest.mark.parametrize("model", ONE)
def test_r21_without_a_minimum_rate_nobody_is_too_slow(start, handlers, model):
    brood = obeying(start, handlers, model)
    with clients.connect(brood.url) as slow:
        assert send_slowly(slow, 1, GRACE + 2) >= GRACE + 2


# ---- R22: they read by the sip --------------------------------------------------------------------------------

def peak_kib(pid):
    return int((processes.status_field(pid, "VmHWM") or "0 kB").split()[0])


@pytest.mark.parametrize("rate", [0, 20000])
def test_r22_who_takes_less_than_the_minimum_rate_is_ended_and_costs_no_memory(start, handlers, rate):
    broods = {model: obeying(start, handlers, model, "--min-rate", 500000) for model in models.EVERY}

    def take_too_slowly(model):
        brood = broods[model]
        with connect_small(brood.url) as client:
            client.sendall(b"big 100000000\n")
            time.sleep(0.5)
            pids = brood.workers() if model in models.MORTAL else [brood.service]
            begin, peaks = time.monotonic(), []
            while not brood.records("end", reason="too-slow") and time.monotonic() - begin < LONG:
                if rate:
                    client.recv(int(rate * SIP))
                time.sleep(SIP)
                peaks += map(peak_kib, pids)
            assert GRACE - 1 <= time.monotonic() - begin < GRACE + 2 * SCALE
        assert SANITIZED or max(peaks) < MEMORY_KIB, f"{max(peaks)} KiB for what was not read"

    models.each(models.EVERY, take_too_slowly)


@pytest.mark.parametrize("model", ONE)
def test_r22_who_takes_enough_is_left_alone_though_the_kernel_waits_for_more_room(start, handlers, model):
    """With megabytes in the kernel's buffers it is seconds before poll(2) says that there is room again."""
    brood = obeying(start, handlers, model, "--min-rate", 50000, "--write-timeout", "1s")
    with connect_small(brood.url) as client:
        client.sendall(b"big 100000000\n")
        assert read_slowly(client, 200000, GRACE + 3) >= GRACE + 3
    assert not brood.records("end", reason="too-slow") and not brood.records("end", reason="write-timeout")


@pytest.mark.parametrize("model", ONE)
def test_r22_who_takes_nothing_at_all_has_the_write_timeout(start, handlers, model):
    brood = obeying(start, handlers, model, "--write-timeout", "1s")
    with connect_small(brood.url) as client:
        begin = time.monotonic()
        client.sendall(b"big 100000000\n")
        brood.wait_for_record("end", reason="write-timeout")
        assert time.monotonic() - begin < 2.5 * SCALE
