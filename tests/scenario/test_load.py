# SPDX-License-Identifier: MIT
"""`brood load`: what it does to servers, when it ends, and what it says."""
import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time

import pytest

from harness import processes
from harness.command import USAGE, assert_refused, brood
from harness.patience import BROOD, LONG, ROOT
from harness.processes import wait_until
from harness.scripted import NO_HOST, NOTHING_SUCCEEDED, Scripted, answer, errors, load, no_answer
from harness.terminal import Pty

pytestmark = pytest.mark.skipif(not (BROOD.parent / "brood-load").exists(), reason="brood-load is not built")


# ---- Every kind of socket --------------------------------------------------------------------------------------


@pytest.mark.parametrize("listen", ["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix:@load-{}", "udp://127.0.0.1:0",
                                    "unixgram:@load-{}"])
def test_each_client_makes_its_connections_and_is_answered(start, listen):
    served = start("echo", "--model", "event", listen=[listen.format(time.monotonic_ns())], warm=False)
    seen = load(served.url, "--clients", 4, "--conns", 5)
    assert (seen["mode"], seen["clients"], seen["processes"]) == ("closed", 4, 1)
    assert (seen["connections"], seen["requests"], errors(seen)) == (20, 20, {})
    assert seen["bytes_in"] == seen["bytes_out"] == 20 * len("1 + 1\n")
    assert seen["latency_us"]["what"] == "service time"


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 17000, reason="needs descriptors")
def test_more_connections_than_one_address_has_ports_come_from_several(start):
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        ports = [int(port) for port in file.read().split()]
    clients = ports[1] - ports[0] + 1500
    if clients > 31000:
        pytest.skip("an address has more ports here than two processes have descriptors")
    served = start("echo", "--model", "event", "--workers", 2, "--max-conns", 16000, "--rlimit", "nofile=17000",
                   warm=False)
    seen = load(served.url, "--hold", "--clients", clients, "--processes", 2, "--message", "1\n", "--duration", "8s")
    assert (seen["connections"], seen["requests"], errors(seen)) == (clients, clients, {})


def test_a_socket_with_a_path_is_found_too(start, tmp_path):
    served = start("calc", listen=[f"unix:{tmp_path}/calc.sock"])
    seen = load(served.url, "--conns", 2, "--clients", 3, "--message", "2 ** 10\\n")
    assert (seen["requests"], errors(seen), seen["bytes_in"]) == (6, {}, 6 * len("1024\r\n"))


@pytest.mark.slow
def test_a_url_alone_says_something(start):
    served = start("calc")
    result = brood("load", served.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"(?m)^  requests +[\d,]+   [\d,]+ per second, for 5\.0 s$", result.stdout)


def test_people_get_a_table_and_a_picture_in_80_columns(start):
    served = start("calc")
    result = brood("load", served.url, "--duration", "200ms", env={"LC_ALL": "C.UTF-8"})
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == served.url
    assert max(map(len, lines)) <= 80
    assert re.search(r"(?m)^  requests +[\d,]+   [\d,]+ per second, for 0\.2 s$", result.stdout)
    assert re.search(r"(?m)^  errors +0$", result.stdout)
    assert re.search(r"(?m)^  service time +min +mean +p50 +p90 +p99 +p99.9 +max$", result.stdout)
    assert "█" in result.stdout
    assert "latency" not in result.stdout


def test_300_clients_with_a_connection_each(start):
    served = start("hello", "--model", "fork", "--workers", 40)
    seen = load(served.url.replace("tcp:", "http:") + "/you", "--clients", 300, "--conns", 1)
    assert (seen["connections"], seen["requests"], errors(seen)) == (300, 300, {})


def test_processes_share_the_clients(start):
    served = start("echo", "--model", "event")
    seen = load(served.url, "--clients", 7, "--conns", 3, "--processes", 3)
    assert (seen["processes"], seen["requests"], errors(seen)) == (3, 21, {})


def test_connections_come_from_further_addresses_when_there_are_many():
    """Each process has an address of its own, so that together they have more ports than one address."""
    with Scripted(answer(b"2\n")) as server:
        seen = load(server.url, "--clients", 6, "--conns", 1, "--processes", 3)
        assert (seen["requests"], errors(seen)) == (6, {})
        assert sorted(set(server.clients)) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


# ---- HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture(name="web")
def web_server(start):
    return start("hello", "--model", "event").url.replace("tcp:", "http:")


def test_http_is_asked_for_its_path(web):
    seen = load(web + "/brood", "--conns", 3, "--clients", 2)
    assert (seen["requests"], seen["connections"], errors(seen)) == (6, 6, {})


def test_a_connection_is_kept_alive(web):
    seen = load(web + "/", "--keep-alive", "--clients", 3, "--duration", "300ms")
    assert seen["connections"] == 3
    assert seen["requests"] > 30
    assert errors(seen) == {}


def test_so_many_requests_go_over_each_connection(web):
    seen = load(web, "--requests", 5, "--conns", 4, "--clients", 2)
    assert (seen["connections"], seen["requests"], errors(seen)) == (8, 40, {})


def test_the_message_may_be_a_whole_request(web):
    message = "HEAD /x HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"
    seen = load(web, "--message", message, "--conns", 2, "--clients", 1)
    assert (seen["requests"], errors(seen)) == (2, {})


# ---- Hold, slow, abort -----------------------------------------------------------------------------------------


def test_connections_are_held_until_the_end(start):
    served = start("echo", "--model", "event")
    command = [BROOD, "load", served.url, "--json", "--hold", "--clients", "10", "--conns", "5", "--duration", "1m"]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        def held():
            return sum(" conn" not in what and what.startswith("socket:") for pid in served.workers()
                       for what in processes.descriptors_of(pid).values())
        wait_until(lambda: held() >= 50, LONG, lambda: f"{held()} sockets at the server")
        process.send_signal(signal.SIGINT)
        seen = json.loads(process.communicate(timeout=LONG)[0])
    assert process.returncode == 0
    assert (seen["mode"], seen["connections"], seen["open"], seen["requests"]) == ("hold", 50, 50, 0)
    assert errors(seen) == {}
    assert seen["seconds"] < 60


def test_who_is_held_may_have_asked(start):
    served = start("calc", "--model", "thread")
    seen = load(served.url, "--hold", "--clients", 5, "--message", "1+1\\n", "--duration", "300ms")
    assert (seen["connections"], seen["open"], seen["requests"], errors(seen)) == (5, 5, 5, {})


def test_a_server_that_ends_what_is_held_is_seen():
    with Scripted(lambda client: None) as server:
        seen = load(server.url, "--hold", "--clients", 5, "--duration", "1m")
    assert (seen["connections"], seen["open"], errors(seen)) == (5, 0, {"closed": 5})
    assert seen["seconds"] < LONG


def test_a_slow_client_sends_byte_by_byte():
    pieces = []

    def script(client):
        received = b""
        while not received.endswith(b"\n"):
            pieces.append(client.recv(100))
            received += pieces[-1]
        client.sendall(b"2\n")

    with Scripted(script) as server:
        seen = load(server.url, "--slow=100ms", "--clients", 1, "--conns", 1)
    assert pieces == [b"1", b" ", b"+", b" ", b"1", b"\n"]
    assert seen["requests"] == 1
    assert seen["latency_us"]["min"] >= 500000
    assert seen["seconds"] < LONG


def test_slow_alone_means_a_byte_each_second(start):
    served = start("echo", "--model", "event")
    seen = load(served.url, "--slow", "--message", "ab", "--clients", 2, "--conns", 1)
    assert (seen["requests"], errors(seen)) == (2, {})
    assert seen["latency_us"]["min"] >= 1e6


def test_so_many_of_a_hundred_are_reset():
    ends = []

    def script(client):
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(100):
                # Whoever resets has gone by now, or goes on waiting.
                client.sendall(data)
            ends.append("closed")
            return
        ends.append("reset")

    with Scripted(script) as server:
        seen = load(server.url, "--abort", "30%", "--clients", 2, "--conns", 50)
        wait_until(lambda: len(ends) == 100, LONG, lambda: f"{len(ends)} clients have ended")
    assert (seen["connections"], seen["requests"], seen["aborted"], errors(seen)) == (100, 70, 30, {})
    assert ends.count("reset") == 30


def test_brood_lives_through_what_load_does(start):
    """Its own invariants are checked when this is over."""
    served = start("echo", "--model", "prefork", "--workers", 4)
    for words in ("--abort", 50, "--conns", 30), ("--message", "x" * 100000, "--conns", 3), ("--hold", "--clients", 3,
                                                                                             "--duration", "200ms"):
        seen = load(served.url, *words)
        assert errors(seen) == {}


# ---- Time ------------------------------------------------------------------------------------------------------


def test_an_open_loop_shows_the_wait_that_service_time_hides(start):
    """20 ms each, one after another: 50 a second. Asked 100 times a second, the last one waits for a second."""
    served = start("calc", "--model", "iterative", "--delay", "20ms")
    hidden = load(served.url, "--clients", 1, "--duration", "1s")
    shown = load(served.url, "--clients", 1, "--rate", 100, "--duration", "1s")
    assert (shown["mode"], shown["requests"], errors(shown)) == ("open", 100, {})
    assert (hidden["latency_us"]["what"], shown["latency_us"]["what"]) == ("service time", "latency")
    assert hidden["latency_us"]["p50"] < 100e3
    assert shown["latency_us"]["p99"] > 900e3
    assert shown["latency_us"]["p50"] > 400e3
    assert shown["rate"] < 60


def test_an_open_loop_asks_as_often_as_it_was_told(start):
    served = start("echo", "--model", "event")
    seen = load(served.url, "--rate", 400, "--processes", 2, "--duration", "500ms", "--keep-alive")
    assert (seen["requests"], errors(seen)) == (200, {})
    assert seen["connections"] <= 256
    result = brood("load", served.url, "--rate", 100, "--duration", "100ms")
    assert re.search(r"(?m)^  latency +min ", result.stdout)
    assert "service time" not in result.stdout


def test_what_was_due_and_never_answered_is_a_timeout():
    with Scripted(no_answer) as server:
        seen = load(server.url, "--rate", 100, "--clients", 2, "--duration", "200ms", "--timeout", "100ms",
                    status=NOTHING_SUCCEEDED)
    assert errors(seen) == {"timeout": 20}


def test_it_ends_when_the_time_is_over(start):
    served = start("calc")
    begin = time.monotonic()
    seen = load(served.url, "--duration", "200ms")
    assert time.monotonic() - begin < LONG
    assert 0.19 < seen["seconds"] < 0.21
    assert seen["rate"] == pytest.approx(seen["requests"] / seen["seconds"], rel=0.2)


def test_an_interrupt_ends_it_with_the_figures_so_far():
    with Scripted(answer(b"2\n")) as server:
        command = [str(BROOD), "load", server.url, "--duration", "1h", "--processes", "2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            wait_until(lambda: len(server.clients) > 50, LONG, "clients that were answered")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=LONG)
    assert (process.returncode, err) == (0, "")
    assert re.search(r"(?m)^  requests +[1-9][\d,]* ", out)


def test_no_process_of_it_outlives_the_first():
    with Scripted(no_answer) as server:
        command = [str(BROOD), "load", server.url, "--processes", "2", "--duration", "1h", "--timeout", "1h"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: len(processes.children_of(process.pid)) == 2, LONG, "its two processes")
        children = processes.children_of(process.pid)
        wait_until(lambda: len(server.clients) == 16, LONG, "its clients")
        process.kill()
        process.wait(LONG)
        for child in children:
            wait_until(lambda: not os.path.exists(f"/proc/{child.pid}"), LONG, f"{child} is still there")


# ---- On a terminal ---------------------------------------------------------------------------------------------


def test_a_terminal_sees_how_it_goes(start):
    served = start("calc")
    with Pty([BROOD, "load", served.url, "--duration", "1s"]) as terminal:
        terminal.wait_for(" requests per second  ")
        assert terminal.process.wait(LONG) == 0
        terminal.wait_for("service time")
        progress, _, report = terminal.output.rpartition(b"\r\x1b[K")
        assert b" open  " in progress
        assert b"per second, for 1.0 s" in report
        assert b"\x1b" not in report


def test_without_utf8_the_picture_is_ascii(start):
    served = start("calc")
    result = brood("load", served.url, "--conns", 5, env={"LC_ALL": "C"})
    assert result.stdout.isascii()
    assert "####" in result.stdout


# ---- Descriptors -----------------------------------------------------------------------------------------------


def few_descriptors(hard):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))
    return limit


def test_the_limit_on_descriptors_is_raised(start):
    served = start("echo", "--model", "event")
    result = brood("load", served.url, "--json", "--clients", 200, "--conns", 1, preexec_fn=few_descriptors(256))
    assert json.loads(result.stdout)["requests"] == 200


def test_too_few_descriptors_make_several_processes(start, own_user):
    served = start("echo", "--model", "event")
    shutil.copy(BROOD.parent / "brood-load", os.path.dirname(own_user["command"]))
    words = ["load", served.url, "--json", "--clients", 200, "--conns", 1]
    result = brood(*words, preexec_fn=few_descriptors(116), **own_user)
    assert json.loads(result.stdout)["processes"] == 2
    result = brood(*words, "--processes", 1, preexec_fn=few_descriptors(116), **own_user)
    assert_refused(result, USAGE, "need 216 descriptors each, and the limit is 116: raise it with ulimit -Hn")


# ---- Mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words, sentence", [
    ([], "which server? write its URL"),
    (["127.0.0.1:8999"], "'127.0.0.1:8999'"),
    (["ftp://127.0.0.1/"], "ftp"),
    (["https://127.0.0.1/"], "TLS is not spoken here"),
    (["http:///x"], "has no host"),
    (["http://me@127.0.0.1/"], "has a user"),
    (["http://127.0.0.1/a b"], "write it as %20"),
    (["http://127.0.0.1:99999/"], "has port '99999'"),
    (["tcp://127.0.0.1:0"], "nobody listens on port 0"),
    (["tcp://127.0.0.1"], "has no port"),
    (["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"], "load goes to one URL"),
    (["unix:relative"], "needs a path from the root"),
    (["unix:/x?mode=0600"], "settings are the listener's"),
    (["fd://3"], "load goes to tcp://"),
    (["tcp://127.0.0.1:1", "--clients", "many"], "--clients: 'many' is not a whole number"),
    (["tcp://127.0.0.1:1", "--duration", "5"], "--duration: '5' has no unit: write 5s"),
    (["tcp://127.0.0.1:1", "--mesage", "x"], "did you mean --message?"),
    (["tcp://127.0.0.1:1", "--message", "\\q"], "--message: '\\q' is no escape of C"),
    (["tcp://127.0.0.1:1", "--message", "", "--keep-alive"], "leave out --keep-alive"),
    (["tcp://127.0.0.1:1", "--hold", "--rate", "5"], "leave out --rate"),
    (["tcp://127.0.0.1:1", "--slow", "500ms"], "'500ms' is no URL; a time for --slow is written --slow=500ms"),
    (["udp://127.0.0.1:1", "--hold"], "there are no connections to keep"),
    (["udp://127.0.0.1:1", "--slow"], "a datagram is sent at once"),
    (["udp://127.0.0.1:1", "--abort", "5"], "there are no connections to reset"),
    (["udp://127.0.0.1:1", "--answer", "lines"], "--answer may only say none"),
    (["http://127.0.0.1:1", "--answer", "5"], "HTTP says by itself"),
])
def test_a_mistake_is_told_in_one_sentence(words, sentence):
    assert_refused(brood("load", *words), USAGE, sentence)


def test_a_host_that_nobody_knows_is_told():
    assert_refused(brood("load", "tcp://nobody.invalid:1"), NO_HOST, "nobody.invalid has no address")


def test_help_needs_nobody():
    result = brood("load", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: brood load ")
    assert max(map(len, result.stdout.splitlines())) <= 80
    described = set(re.findall(r"(?m)^  (--[a-z-]+)", result.stdout))
    assert described >= {"--clients", "--conns", "--processes", "--hold", "--message", "--rate", "--duration",
                         "--keep-alive", "--abort", "--slow", "--json"}


def test_help_and_page_know_the_same_options():
    page = (ROOT / "docs" / "reference" / "load.md").read_text()
    described = set(re.findall(r"(?m)^  (--[a-z-]+)", brood("load", "--help").stdout))
    assert described == set(re.findall(r"(?m)^\| `(--[a-z-]+)", page))


def test_why_there_is_no_connection_is_told():
    """Nobody connects to all machines at once."""
    result = brood("load", "tcp://255.255.255.255:1", "--clients", 2, "--conns", 1)
    assert result.returncode == NOTHING_SUCCEEDED
    assert re.search(r"(?m)^  errors +2   2 connect: \S+", result.stdout)


def test_output_that_goes_nowhere_is_an_error(start):
    served = start("calc")
    with open("/dev/full", "w", encoding="ascii") as full:
        process = subprocess.run([BROOD, "load", served.url, "--conns", "1"], stdout=full, stderr=subprocess.PIPE,
                                 text=True, timeout=LONG, check=False)
    assert (process.returncode, process.stderr) == (71, "brood: standard output cannot be written\n")
