# SPDX-License-Identifier: MIT
"""--status-listen: what is answered, to whom, and what it costs. What happens around it is in test_status_lives.py."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
from harness.clients import ask, connect, try_to_ask
from harness.command import assert_refused, brood
from harness.patience import LONG, ROOT, SCALE
from harness.processes import descriptors_of, status_field, wait_until
from harness.prometheus import Metrics, assert_only_grown
from harness.status import say, watched
from harness.supervise_helpers import Supervised, compile_handler

CLIENTS_MAX = 64
REQUEST_MAX = 4096
DEADLINE_S = 5
NOBODY = 65534


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


# ---- Pages ---------------------------------------------------------------------------------------


def test_health_and_readiness_are_answered():
    with watched("echo") as one:
        one.urls()
        assert one.curl("/healthz")[::2] == (200, "ok\n")
        assert one.curl("/readyz")[::2] == (200, "ready\n")
        assert one.stop() == 0


def test_head_is_get_without_the_body():
    with watched("echo") as one:
        one.urls()
        code, head, body = one.curl("/healthz", "--head")
        assert (code, body) == (200, "")
        assert "Content-Length: 3\r\n" in head + "\r\n"
        assert "Connection: close" in head
        assert one.stop() == 0


def test_what_is_not_understood_is_refused_by_its_code():
    with watched("echo") as one:
        one.urls()
        assert one.curl("/nothing")[0] == 404
        code, head, _ = one.curl("/metrics", "--data", "x=1")
        assert code == 405
        assert "Allow: GET, HEAD" in head
        assert say(one.status_url, b"rubbish\r\n\r\n").startswith(b"HTTP/1.1 400 ")
        assert say(one.status_url, b"GET /metrics HTTP/1.1\r\n" + b"A" * REQUEST_MAX).startswith(b"HTTP/1.1 400 ")
        with connect(one.status_url) as half:
            half.sendall(b"GET /metrics HT")
            half.shutdown(socket.SHUT_WR)
            assert half.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
        assert one.stop() == 0


def test_it_listens_on_a_unix_path_too(tmp_path):
    path = tmp_path / "status.sock"
    with watched("echo", status=f"unix:{path}?mode=0600") as one:
        one.urls()
        assert say(f"unix:{path}", b"GET /readyz HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nready\n")
        assert path.stat().st_mode & 0o777 == 0o600
        assert one.stop() == 0
    assert not path.exists()


@pytest.mark.parametrize("url, status, sentence", [
    ("udp://127.0.0.1:0", 64, "has no connections"),
    ("tcp://127.0.0.1", 64, "127.0.0.1"),
    ("tcp://127.0.0.1:{taken}", 69, "in use"),
    ("unix:/nonexistent/status", 73, "/nonexistent/status"),
])
def test_a_wrong_url_is_told_in_one_sentence(url, status, sentence):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = url.format(taken=taken.getsockname()[1])
        result = brood("serve", "-l", "tcp://127.0.0.1:0", "--status-listen", url, "--log-level", "error", "echo")
    assert_refused(result, status, sentence)
    assert "--status-listen: " in result.stderr


# ---- Metrics -------------------------------------------------------------------------------------


def test_metrics_are_told_by_service_and_model(tmp_path):
    config = tmp_path / "two.ini"
    config.write_text("[brood]\nstatus-listen = tcp://127.0.0.1:0\n"
                      "[service calc]\nhandler = calc\nlisten = tcp://127.0.0.1:0\nworkers = 7\n"
                      "[service loud]\nhandler = echo\nlisten = tcp://127.0.0.1:0\nmodel = thread\n")
    with Supervised("-c", config) as both:
        both.urls(2)
        calc, = both.wait_for(r"listening on (\S+) \(calc")
        for _ in range(3):
            assert ask(calc, b"1+1\n") == b"2\r\n"
        url, = both.wait_for(r"(?m)^status on (\S+)$")

        def all_ended():
            found = Metrics(say(url, b"GET /metrics HTTP/1.1\r\n\r\n").decode().partition("\r\n\r\n")[2])
            return found if found.value("brood_ends_total", service="calc", reason="finished") == 3 else None

        found = wait_until(all_ended, LONG, "three ends")
        assert found.value("brood_accepted_total", service="calc", model="fork") == 3
        assert found.value("brood_accepted_total", service="loud", model="thread") == 0
        assert found.value("brood_duration_seconds_count", service="calc") == 3
        assert found.value("brood_capacity", service="calc") == 7
        assert found.total("brood_service_ready") == 2
        assert found.value("brood_build_info") == 1
        assert abs(found.value("brood_start_time_seconds") - time.time()) < 60
        assert both.stop() == 0


def test_the_page_names_every_metric_and_no_other():
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    named = {name for line in page.splitlines() if line.startswith("| `brood_")
             for name in re.findall(r"`(brood_\w+)`", line.split("|")[1])}
    with watched("echo") as one:
        one.urls()
        found = one.metrics()
        assert found.types.keys() == named
        for line in page.splitlines():
            row = re.match(r"\| `(brood_\w+)`.*? \| (\w+) \|", line)
            assert not row or found.types[row[1]] == row[2], line
        assert one.stop() == 0


def test_promtool_finds_nothing_wrong():
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not here: the Debian package prometheus has it")
    with watched("calc") as one:
        ask(one.urls()[0], b"1\n")
        text = one.curl("/metrics")[2]
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert one.stop() == 0


def test_clients_at_work_and_clients_in_the_queue_are_told(handler):
    with watched(handler, "--workers", "2") as one:
        url = one.urls()[0]
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(connect(url))

            def settled():
                found = one.metrics()
                return found if (found.value("brood_connections") == 2 and
                                 found.value("brood_queue_clients") == 3) else None

            found = wait_until(settled, LONG, lambda: one.curl("/metrics")[2])
            assert found.value("brood_paused") == 1
            assert found.value("brood_workers", state="busy") == 2
            assert found.value("brood_queue_limit", listener=url) == 4096
        assert one.stop() == 0


def test_a_scrape_under_load_never_sees_a_counter_fall():
    with watched("calc", "--workers", "4") as one:
        url = one.urls()[0]
        stop = threading.Event()

        def load():
            while not stop.is_set():
                try_to_ask(url, b"1\n")

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        try:
            scrapes = [one.metrics() for _ in range(20)]
        finally:
            stop.set()
            for client in clients:
                client.join(LONG)
        for before, after in zip(scrapes, scrapes[1:]):
            assert_only_grown(before, after)
        assert scrapes[-1].value("brood_accepted_total") > scrapes[0].value("brood_accepted_total")
        assert one.stop() == 0


# ---- What it costs and what it may -----------------------------------------------------------------


def test_clients_beyond_the_bound_wait_and_slow_ones_are_cut_off():
    with watched("echo") as one:
        one.urls()
        begin = time.monotonic()
        with contextlib.ExitStack() as stack:
            idle = [stack.enter_context(connect(one.status_url)) for _ in range(CLIENTS_MAX)]
            for client in idle[1:]:
                client.sendall(b"GET /hea")
            status = one.status_pid()
            wait_until(lambda: sum("socket" in what for what in descriptors_of(status).values()) >= CLIENTS_MAX, LONG,
                       "not all are accepted")
            assert one.curl("/healthz")[0] == 200  # once the first are cut off
            assert time.monotonic() - begin > DEADLINE_S - 1
            assert time.monotonic() - begin < (DEADLINE_S + 5) * SCALE
            assert all(client.recv(1) == b"" for client in idle)
        assert one.stop() == 0


def test_a_client_that_reads_nothing_is_cut_off():
    with watched("echo") as one:
        one.urls()
        one.metrics()
        status = one.status_pid()
        before = wait_until(lambda: descriptors_of(status), LONG, "no descriptors")
        with connect(one.status_url) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            wait_until(lambda: len(descriptors_of(status)) > len(before), LONG, "it was not accepted")
            wait_until(lambda: len(descriptors_of(status)) == len(before), DEADLINE_S * 2 * SCALE, "it is still there")
        assert one.stop() == 0


def test_it_holds_no_listener_of_a_service_and_no_rights():
    with watched("-l", "tcp://127.0.0.1:0", "echo") as one:
        one.urls(2)
        status, (service,) = one.status_pid(), one.services()
        sockets = {what for what in descriptors_of(status).values() if what.startswith("socket:")}
        assert not sockets & set(descriptors_of(service).values())
        assert status_field(status, "CapEff") == "0" * 16
        assert status_field(status, "NoNewPrivs") == "1"
        maps = pathlib.Path(f"/proc/{status}/maps")
        with contextlib.suppress(PermissionError):
            boards = [line for line in maps.read_text("utf-8").splitlines() if "memfd:brood" in line]
            assert boards
            assert all(line.split()[1] == "r--s" for line in boards), boards
        if os.geteuid() == 0:
            assert set(status_field(status, "Uid").split()) == {str(NOBODY)}
            assert set(status_field(status, "Gid").split()) == {str(NOBODY)}
        assert one.stop() == 0


def test_many_scrapes_leave_nothing_behind():
    with watched("echo") as one:
        one.urls()
        one.metrics()
        status = one.status_pid()
        count = len(descriptors_of(status))
        for _ in range(50):
            one.metrics()
        wait_until(lambda: len(descriptors_of(status)) <= count, LONG, lambda: descriptors_of(status))
        assert one.stop() == 0
