# SPDX-License-Identifier: MIT
"""
R07, R26, R27, R29: clients that read and write by the byte, reset at the worst moment, half-close, or send datagrams
in every shape. The invariants are checked when the fault is over (fixture `start`).
"""
import contextlib
import socket
import struct
import threading
import time

import pytest

from harness import clients, models
from harness.patience import LONG, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "event"]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends a reset


def big(size):
    """What obey's `big` sends."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def obeying(start, handlers, model, *words, **options):
    return start(handlers("obey"), *models.words(model), *words, **options)


# ---- R07: short reads and writes ------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_r07_short_reads_and_writes_lose_no_byte(start, handlers, model):
    """With buffers as small as the kernel makes them, every transfer is cut; connections inherit the listener's."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(model != "event")  # which refuses one that blocks
        fd = listener.fileno()
        brood = obeying(start, handlers, model, listen=[f"fd://{fd}"], pass_fds=[fd], warm=False)
        brood.urls = [f"tcp://127.0.0.1:{listener.getsockname()[1]}"]
        brood.warm_up()
        assert clients.ask(brood.url, b"big 2000000\n") == big(2000000)
        text = b"".join(b"%d" % i * (i % 50) + b"\n" for i in range(1, 1000))
        with clients.Crowd(brood.url, [text[:2000]] * 5) as crowd:
            assert crowd.run(LONG)
            assert crowd.answers == [text[:2000] + b"\n"] * 5


@pytest.mark.parametrize("model", MODELS)
def test_r07_a_client_that_sends_by_the_byte_and_reads_in_sips(start, handlers, model):
    brood = obeying(start, handlers, model)
    family, kind, address = clients.address_of(brood.url)
    with socket.socket(family, kind) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(LONG)
        client.connect(address)
        for byte in b"big 100000\n":
            client.sendall(bytes([byte]))
            time.sleep(0.01)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while part := client.recv(97):
            answer += part
        assert answer == big(100000)


# ---- R26: reset storms ----------------------------------------------------------------------------------------

def after_connect(client):
    del client


def in_a_line(client):
    client.sendall(b"echo half a li")


def after_the_request(client):
    client.sendall(b"pid\n")


def in_the_answer(client):
    client.sendall(b"big 10000000\n")
    client.recv(1000)


@pytest.mark.parametrize("state", [after_connect, in_a_line, after_the_request, in_the_answer])
@pytest.mark.parametrize("model", MODELS)
def test_r26_a_storm_of_resets(start, handlers, model, state):
    brood = obeying(start, handlers, model)

    def storm():
        for _ in range(100):
            with contextlib.suppress(OSError), clients.connect(brood.url, 2 * SCALE) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                state(client)
            time.sleep(0.002)  # a storm, not a flood: that would only measure the queue

    stormers = [threading.Thread(target=storm) for _ in range(4)]
    for stormer in stormers:
        stormer.start()
    try:
        for i in range(20):
            assert clients.ask(brood.url, b"%d\n" % i) == b"%d\n" % i
    finally:
        for stormer in stormers:
            stormer.join()
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accepted"] == brood.summary()["ended"] > 20
    bad = [record for record in brood.records("end")
           if record["reason"] not in ("finished", "client-gone")]
    assert not bad, bad[:3]


# ---- R27: half-close ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_r27_after_a_half_close_the_whole_answer_comes(start, handlers, model):
    brood = obeying(start, handlers, model)
    with clients.connect(brood.url) as client:
        client.sendall(b"sleep 300\nbig 3000000")  # its last line without an end
        client.shutdown(socket.SHUT_WR)
        assert clients.read_to_end(client) == b"slept\n" + big(3000000)


# ---- R29: datagrams -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_r29_datagrams_of_every_size(start, model):
    brood = start("echo", *models.words(model), "--max-packet", 9000, "--log-level", "debug",
                  listen=["udp://127.0.0.1:0"])
    with clients.connect(brood.url) as client:
        for size in (0, 1, 1500, 8999, 9000):
            client.send(big(size))
            assert client.recv(1 << 16) == big(size)
        for _ in range(3):
            client.send(big(9001))
        client.send(b"after")
        # One too long is never answered in part.
        assert client.recv(1 << 16) == b"after"
    brood.wait_for_record("end", reason="too-large")


@pytest.mark.parametrize("model", MODELS)
def test_r29_a_sender_that_is_gone_harms_nobody(start, model):
    """The answer meets a closed port: the kernel reports that on the socket that everybody shares."""
    brood = start("echo", *models.words(model), listen=["udp://127.0.0.1:0"])
    for _ in range(50):
        with clients.connect(brood.url) as client:
            client.send(b"and away")
        assert clients.ask(brood.url, b"here") == b"here"


@pytest.mark.parametrize("model", MODELS)
def test_r29_from_source_port_of_a_service_it_answers_no_more_than_it_was_asked(start, model):
    """Two echo servers told to speak to each other: the classic loop goes on only while both answer."""
    brood = start("echo", *models.words(model), listen=["udp://127.0.0.1:0"])
    with clients.connect(brood.url) as client:
        client.send(b"x" * 100)
        client.settimeout(0.3)
        assert len(client.recv(1 << 16)) == 100
        with pytest.raises(TimeoutError):
            client.recv(1 << 16)


@pytest.mark.parametrize("model", MODELS)
def test_r29_a_flood_of_datagrams_makes_no_flood_of_children(start, model):
    brood = start("echo", *models.words(model, at_once=8), listen=["udp://127.0.0.1:0"])
    most = 0
    with clients.connect(brood.url) as client:
        client.setblocking(False)
        end = time.monotonic() + 1
        for i in range(10000):
            with contextlib.suppress(BlockingIOError):
                client.send(b"%d" % i)
            if i % 1000 == 0:
                most = max(most, len(brood.workers()))
        while time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                client.recv(100)
    # Those that served their one client may be on their way out when the next ones are there.
    assert most <= (2.2 * 8 + 1 if model == "oneshot" else 8)
    # As long as the kernel's queue is full, it drops.
    wait_until(lambda: clients.try_to_ask(brood.url, b"still there?", 0.3 * SCALE), LONG, "an answer after the flood")
    brood.check()
    assert brood.stop() == 0
    assert brood.summary()["accepted"] == brood.summary()["ended"]
