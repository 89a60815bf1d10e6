# SPDX-License-Identifier: MIT
"""The documents brood grew from: what works of each, with clients that somebody else wrote."""
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness import clients
from harness.http_client import ask, get
from harness.patience import LONG, SCALE
from harness.processes import wait_until

MODELS = ["iterative", "fork", "thread"]


def socat(address, text):
    """What socat hears after it has said this and no more."""
    if not shutil.which("socat"):
        pytest.skip("no socat")
    done = subprocess.run(["socat", "-t5", "-", address], input=text, capture_output=True, timeout=LONG, check=True)
    return done.stdout


def port_of(url):
    return url.rpartition(":")[2]


# ---- 000: the forking calculator ------------------------------------------------------------------------------

def test_000_a_line_in_a_value_out(start):
    brood = start("calc")
    answer = socat(f"tcp:127.0.0.1:{port_of(brood.url)}", b"2+3\n800 * 999\n1/0\nx\n")
    assert answer == (b"5\r\n799200\r\nZeroDivisionError('division by zero')\r\n"
                      b"NameError(\"name 'x' is not defined\")\r\n")


def test_000_what_eval_would_have_run_is_only_an_error(start):
    brood = start("calc")
    answer = clients.ask(brood.url, b"__import__('os').system('touch gone')\n2\n")
    assert answer.endswith(b"\r\n2\r\n") and b"Error" in answer


def test_000_curl_speaks_to_it_as_telnet_does(start):
    brood = start("calc")
    done = subprocess.run(["curl", "-s", "--no-buffer", "-m", "1", brood.url.replace("tcp:", "telnet:")],
                          input=b"6*7\n", capture_output=True, timeout=LONG, check=False)
    assert done.stdout == b"42\r\n"


@pytest.mark.parametrize("model, rounds", [("fork", 1), ("thread", 1), ("iterative", 10), ("event", 1)])
def test_000_ten_clients_who_make_it_think_take(start, model, rounds):
    brood = start("calc", "--model", model, "--delay", "500ms")
    with clients.Crowd(brood.url, [b"2+3\n"] * 10) as crowd:
        assert crowd.run(LONG)
        assert crowd.answers == [b"5\r\n"] * 10
        assert 0.5 * rounds <= max(crowd.seconds) < 0.5 * rounds + 0.4 * SCALE + 0.05 * rounds
    brood.delay = 0.5


def test_000_the_log_tells_the_story_of_the_document(start):
    brood = start("calc", "--log-level", "debug", log="text")
    assert clients.ask(brood.url, b"2+3\n") == b"5\r\n"
    worker = re.search(r" \[DEBUG\] \[(\d+)\] calc: In buffer = b'2\+3\\n'", brood.text())
    assert worker, brood.text()
    pid = worker.group(1)
    wait_until(lambda: f"end worker={pid}" in brood.text(), LONG, brood.text)
    time_of_day = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"
    for line in (rf"\[DEBUG\] \[{pid}\] calc: Out buffer = b'5", rf"\[DEBUG\] \[{pid}\] calc: Done",
                 rf"\[INFO\] \[{brood.service}\] calc: end worker={pid} peer=127.0.0.1:\d+ "
                 r"reason=finished .*exit=\"exit 0\""):
        assert re.search(f"^{time_of_day} {line}", brood.text(), re.M), (line, brood.text())


# ---- 001: the echo server of Programming Python ---------------------------------------------------------------

@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_001_echo_stamps_each_block(start, model):
    brood = start("echo", "--stamp", "--model", model)
    with clients.connect(brood.url) as client:
        for block in (b"Hello network world", b"it's", b'\x00\xff"'):
            client.sendall(block)
            answer = client.recv(1024).decode()
            match = re.fullmatch(r"Echo=>(b.*) at (.*)", answer)
            assert match.group(1) == repr(block)
            assert abs(time.mktime(time.strptime(match.group(2))) - time.time()) < 3 * SCALE


def test_001_children_are_reaped(start):
    brood = start("echo", "--stamp")
    for _ in range(20):
        assert clients.ask(brood.url, b"spam").startswith(b"Echo=>b'spam' at ")
    brood.check()


# ---- 002: the hooks and kinds of socketserver -----------------------------------------------------------------

def moments_of(text):
    return re.findall(r"^moment (.*)$", text, re.M)


@pytest.mark.parametrize("model", MODELS)
def test_002_every_hook_comes_in_its_order(start, handlers, model):
    brood = start(handlers("moments"), "--model", model, warm=False)
    brood.request, brood.answer = b"hello\n", b"hello\n"
    brood.warm_up(1)
    refused = socket.create_connection(clients.address_of(brood.url)[2], LONG, ("127.0.0.2", 0))
    with refused:
        assert clients.read_to_end(refused) == b""
    assert clients.ask(brood.url, b"fail\n") == b""
    brood.wait_for_record("end", reason="handler-failed")
    brood.wait_for_record("end", reason="refused-by-verify")
    assert brood.stop() == 0
    said = [moment for moment in moments_of(brood.text()) if moment not in ("tick", "start", "stop")]
    assert said == ["load", "verify", "setup", "handle", "finish finished", "deferred second", "deferred first",
                    "verify", "verify", "setup", "handle", "error -74", "finish handler-failed", "unload"]
    workers = {"iterative": 1, "fork": 3}.get(model)
    starts = moments_of(brood.text()).count("start")
    assert starts == moments_of(brood.text()).count("stop")
    assert starts == workers or (model == "thread" and 1 <= starts <= 3)


def test_002_tick_comes_each_second(start, handlers):
    brood = start(handlers("moments"), warm=False)
    time.sleep(1.5)
    assert 1 <= moments_of(brood.text()).count("tick") <= 3
    brood.request = b"hello\n"


@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_002_four_kinds_of_server(start, tmp_path, model):
    sockets = tmp_path / "sockets"
    sockets.mkdir()
    brood = start("echo", "--model", model, listen=[
        "tcp://127.0.0.1:0", "udp://127.0.0.1:0", f"unix:{sockets}/stream", f"unixgram:{sockets}/datagram",
        f"unix:@scenario-{os.getpid()}-{tmp_path.name}"])
    for url in brood.urls:
        assert clients.ask(url, b"hello") == b"hello", url
    brood.check()
    assert brood.stop() == 0
    assert sorted(path.suffix for path in sockets.iterdir()) in ([], [".lock"] * 2)


def test_002_forty_children_and_the_next_one_waits(start):
    brood = start("echo")
    with clients.Crowd(brood.url, [b"x"] * 41, half_close=False) as crowd:
        crowd.run(0.5 * SCALE)
        assert len(brood.workers()) == 40
        assert sorted(crowd.answers) == [b""] + [b"x"] * 40
    brood.check()


def test_002_an_explicit_fork_in_a_handler(start, handlers):
    brood = start(handlers("obey"))
    assert clients.ask(brood.url, b"heir 100\n") == b"from the heir\n"
    brood.wait_for_record("end", reason="finished")


# ---- 003: from a tool to a service ----------------------------------------------------------------------------

def greet(url, name):
    answer = ask(url, get(f"/{name}", "Connection: close"))
    assert (answer.status, answer.fields["content-type"]) == (200, "text/plain; charset=utf-8")
    return answer.body.decode()


@pytest.mark.parametrize("model", [*MODELS, "prefork", "event"])
def test_003_the_web_server_greets(start, model):
    brood = start("hello", "--model", model, warm=False)
    brood.request = get("/", "Connection: close")
    brood.warm_up()
    assert greet(brood.url, "") == "Hello, World!\n"
    assert greet(brood.url, "Zhuibing") == "Hello, Zhuibing!\n"
    assert greet(brood.url, "Zhui%20bing") == "Hello, Zhui bing!\n"


@pytest.mark.parametrize("model, rounds", [("iterative", 4), ("fork", 1), ("event", 1)])
def test_003_who_makes_it_think_waits_alone_where_clients_are_served_at_once(start, model, rounds):
    brood = start("hello", "--model", model, "--delay", "500ms", warm=False)
    brood.request = get("/", "Connection: close")
    brood.delay = 0.5
    with clients.Crowd(brood.url, [get(f"/{n}", "Connection: close") for n in range(4)]) as crowd:
        assert crowd.run(LONG)
        assert [answer.endswith(f"Hello, {n}!\n".encode()) for n, answer in enumerate(crowd.answers)] == [True] * 4
        assert 0.5 * rounds <= max(crowd.seconds) < 0.5 * rounds + 0.4 * SCALE + 0.05 * rounds
