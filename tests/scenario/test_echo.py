# SPDX-License-Identifier: MIT
"""echo: bytes back, on streams and as datagrams; stamped as example 12.4 of "Programming Python" does."""
import re
import time

import pytest

from harness import clients
from harness.patience import SCALE

MODELS = ["fork", "thread", "iterative", "event"]


def stamped(data):
    """What the book's server would answer, but for the time."""
    return re.compile(re.escape(b"Echo=>" + repr(data).encode() + b" at ") +
                      rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}")


@pytest.mark.parametrize("model", MODELS)
def test_every_byte_comes_back(start, model):
    served = start("echo", "--model", model)
    data = bytes(range(256)) * 4096
    with clients.connect(served.url) as client:
        received = b""
        for at in range(0, len(data), 65536):  # in turns, so that nobody's buffer fills up
            client.sendall(data[at:at + 65536])
            while len(received) < at + 65536:
                received += client.recv(1 << 16)
        client.shutdown(1)
        assert client.recv(1) == b""
    assert received == data


@pytest.mark.parametrize("url", ["udp://127.0.0.1:0", "unixgram:@echo-test-{}"])
@pytest.mark.parametrize("model", MODELS)
def test_datagrams_come_back_whole_and_an_empty_one_empty(start, model, url):
    served = start("echo", "--model", model, listen=[url.format(time.monotonic_ns())], warm=False)
    for data in b"hello", b"", b"x" * 20000, b"\0":
        assert clients.ask(served.url, data) == data


def test_stamped_blocks_are_shown_as_python_shows_them(start):
    served = start("echo", "--stamp")
    for data in b"hello", b"it's", b'"it\'s"', bytes(range(256)), b"\t\n\r\\", b"\xff" * 1024:
        assert stamped(data).fullmatch(clients.ask(served.url, data))


def test_a_stamp_is_the_local_time_as_ctime_writes_it(start):
    served = start("echo", "--stamp", env={"TZ": "Asia/Tokyo"})
    stamp = clients.ask(served.url, b"x").decode().partition(" at ")[2]
    told = time.mktime(time.strptime(stamp)) - time.timezone  # read as if it were UTC
    assert abs(told - 9 * 3600 - time.time()) < 60
    assert stamp == time.asctime(time.strptime(stamp))


def test_stamps_count_blocks_of_1024_bytes(start):
    served = start("echo", "--stamp", listen=["udp://127.0.0.1:0"], warm=False)
    answer = clients.ask(served.url, b"a" * 1500)
    first = stamped(b"a" * 1024).match(answer)
    assert first and stamped(b"a" * 476).fullmatch(answer[first.end():])
    assert clients.ask(served.url, b"") == b""


def test_the_delay_is_once_per_connection(start):
    served = start("echo", "--delay", "300ms", warm=False)
    served.delay = 0.3
    begin = time.monotonic()
    with clients.connect(served.url) as client:
        for _ in range(5):
            client.sendall(b"x")
            assert client.recv(1) == b"x"
    assert 0.3 <= time.monotonic() - begin < 0.9 * SCALE
