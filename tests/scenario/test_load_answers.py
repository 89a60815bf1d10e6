# SPDX-License-Identifier: MIT
"""`brood load` and what servers answer: which answers are complete, which are wrong, and which errors there are."""
import itertools
import json
import re
import socket
import subprocess

import pytest

from harness.command import brood
from harness.patience import BROOD, LONG
from harness.scripted import (NOTHING_SUCCEEDED, Scripted, answer, answer_once, errors, half_an_answer, load,
                              no_answer, reset)

KINDS = ("connect", "refused", "reset", "closed", "timeout", "answer")

pytestmark = pytest.mark.skipif(not (BROOD.parent / "brood-load").exists(), reason="brood-load is not built")


# ---- HTTP ------------------------------------------------------------------------------------------------------


def test_a_server_that_ends_a_kept_connection_politely_gets_another(start):
    """Its answer says so: no error."""
    response = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
    with Scripted(answer_once(response)) as server:
        seen = load(server.url.replace("tcp:", "http:"), "--keep-alive", "--conns", 3, "--clients", 2)
    assert (seen["connections"], seen["requests"], errors(seen)) == (6, 6, {})


@pytest.mark.parametrize("response", [
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\n\nHello, World!\n",
    b"HTTP/1.0 301 Moved Permanently\r\nLocation: /x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300000,
], ids=["chunked", "until the end", "without a body", "long"])
def test_a_response_may_be_framed_in_any_way(response):
    with Scripted(answer_once(response)) as server:
        seen = load(server.url.replace("tcp:", "http:"), "--conns", 2, "--clients", 2)
    assert (seen["requests"], errors(seen), seen["bytes_in"]) == (4, {}, 4 * len(response))


@pytest.mark.parametrize("response", [
    b"\nHTTP/1.1 200 OK\n\n",
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
    b"1.0\n",
], ids=["empty line", "503", "too long", "no HTTP"])
def test_what_is_no_answer_is_counted_as_one_that_is_wrong(response):
    with Scripted(answer_once(response)) as server:
        seen = load(server.url.replace("tcp:", "http:"), "--conns", 2, "--clients", 2, status=NOTHING_SUCCEEDED)
    assert (seen["requests"], errors(seen)) == (0, {"answer": 4})


# ---- Answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, reply", [
    (["--message", "a\\nb\\n"], b"1\n2\n"),
    (["--message", "hello"], b"hello"),
    (["--message", "\\0\\xff"], b"\0\xff"),
    (["--answer", "4"], b"four"),
    (["--answer", "none"], b""),
])
def test_an_answer_has_the_end_that_it_should(words, reply):
    with Scripted(answer(reply)) as server:
        seen = load(server.url, *words, "--conns", 2, "--clients", 2)
    assert (seen["requests"], errors(seen)) == (4, {})


def test_an_answer_may_end_with_the_connection():
    with Scripted(answer_once(b"anything")) as server:
        seen = load(server.url, "--answer", "close", "--conns", 2, "--clients", 2)
    assert (seen["requests"], errors(seen)) == (4, {})


def test_an_empty_message_waits_for_what_the_server_says():
    with Scripted(lambda client: client.sendall(b"Sun Nov 22 2026\r\n")) as server:
        seen = load(server.url, "--message", "", "--conns", 2, "--clients", 2)
    assert (seen["requests"], seen["bytes_out"], errors(seen)) == (4, 0, {})


# ---- Errors by kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script, kind", [(reset, "reset"), (half_an_answer, "closed"), (answer(b"2\n3\n"), "answer"),
                                          (no_answer, "timeout")])
def test_errors_have_kinds(script, kind):
    with Scripted(script) as server:
        seen = load(server.url, "--clients", 2, "--conns", 2, "--timeout", "200ms", status=NOTHING_SUCCEEDED)
    assert (seen["requests"], errors(seen), seen["connections"]) == (0, {kind: 4}, 4)
    assert tuple(seen["errors"]) == KINDS


def test_a_lost_datagram_is_not_waited_for_long():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{silent.getsockname()[1]}"
        seen = load(url, "--clients", 2, "--conns", 1, status=NOTHING_SUCCEEDED)
    assert errors(seen) == {"timeout": 2}
    assert 0.9 < seen["seconds"] < 9


def test_where_nobody_listens_it_is_refused(tmp_path):
    with Scripted() as server:
        url = server.url
    for gone in url, f"unix:{tmp_path}/gone", url.replace("tcp:", "udp:"):
        seen = load(gone, "--conns", 2, "--clients", 2, status=NOTHING_SUCCEEDED)
        assert errors(seen) == {"refused": 4}
    result = brood("load", url, "--conns", 1)
    assert result.stderr == f"brood: nobody listens at {url}\n"
    assert re.search(r"(?m)^  errors +16   16 refused$", result.stdout)


def test_some_errors_are_no_failure():
    """Every second client is reset: the others were answered."""
    count = itertools.count()
    with Scripted(lambda client: (reset if next(count) % 2 else answer_once(b"2\n"))(client)) as server:
        seen = load(server.url, "--clients", 1, "--conns", 10)
    assert (seen["requests"], errors(seen)) == (5, {"reset": 5})


def test_a_full_queue_of_a_unix_socket_is_waited_for(tmp_path):
    """connect says EAGAIN there, and epoll nothing."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "full"))
    listener.listen(0)
    command = [BROOD, "load", f"unix:{tmp_path}/full", "--json", "--clients", "5", "--conns", "1"]
    with listener, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(5):
            client, _ = listener.accept()
            with client:
                client.sendall(client.recv(100))
        seen = json.loads(process.communicate(timeout=LONG)[0])
    assert (seen["requests"], errors(seen)) == (5, {})
