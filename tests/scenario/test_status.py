# SPDX-License-Identifier: MIT
"""--status-listen: health, readiness and metrics from a process of its own, whatever happens around it."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from harness.clients import ask, connect, try_to_ask
from harness.command import assert_refused, brood
from harness.patience import LONG, ROOT, SCALE
from harness.processes import children_of, descriptors_of, status_field, wait_until
from harness.prometheus import Metrics, assert_only_grown
from harness.supervise_helpers import Supervised, compile_handler

CLIENTS_MAX = 64
REQUEST_MAX = 4096
DEADLINE_S = 5
NOBODY = 65534


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


class Watched(Supervised):
    """A brood with --status-listen on a port of its own."""

    def __init__(self, *arguments, status="tcp://127.0.0.1:0", **options):
        super().__init__("--status-listen", status, *arguments, **options)
        self.status_url = self.wait_for(r"(?m)^status on (\S+)$")[0]

    def status_pid(self):
        """Of the status process that lives, once there is one that bears its name."""
        def found():
            return [stat.pid for stat in children_of(self.pid)
                    if stat.state != "Z" and status_field(stat.pid, "Name") == "brood-status"]

        return wait_until(found, LONG, "no status process")[0]

    def services(self):
        status = self.status_pid()
        return [pid for pid in self.service_processes() if pid != status]

    def curl(self, path, *options):
        """(code, head, body)"""
        url = self.status_url.replace("tcp://", "http://") + path
        done = subprocess.run(["curl", "-sS", "-i", "--max-time", str(LONG), *options, url], capture_output=True,
                              check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body.decode()

    def metrics(self):
        code, head, body = self.curl("/metrics")
        assert code == 200
        assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
        return Metrics(body)

    def wait_until_ready(self):
        wait_until(lambda: self.curl("/readyz")[0] == 200, LONG, "not ready")


def watched(*arguments, **options):
    return Watched("-l", "tcp://127.0.0.1:0", *arguments, **options)


def say(url, data, timeout=LONG):
    """What is answered to these bytes, to the end."""
    with connect(url, timeout) as client:
        client.sendall(data)
        return client.makefile("rb").read()


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


# ---- Deaths --------------------------------------------------------------------------------------


def test_its_death_loses_no_count_and_no_client_of_its_own():
    with watched("calc") as one:
        url = one.urls()[0]
        for _ in range(3):
            ask(url, b"1\n")
        before, first = one.metrics(), one.status_pid()
        time.sleep(1.1)  # lived for a second: replaced at once
        os.kill(first, signal.SIGKILL)
        after = one.metrics()  # waits in the listener, which is the supervisor's
        assert one.status_pid() != first
        assert_only_grown(before, after)
        assert after.value("brood_accepted_total") == 3
        assert after.value("brood_status_starts_total") == 2
        assert ask(url, b"1+1\n") == b"2\r\n"
        assert one.stop() == 0
    assert "status process died" in one.text


def test_a_status_process_that_hangs_or_dies_stops_no_service():
    with watched("calc") as one:
        url = one.urls()[0]
        os.kill(one.status_pid(), signal.SIGSTOP)
        assert ask(url, b"1+1\n") == b"2\r\n"
        assert one.stop() == 0


def test_what_a_dead_service_process_counted_is_kept():
    with watched("calc") as one:
        url = one.urls()[0]
        for _ in range(3):
            ask(url, b"1\n")
        before = one.metrics()
        (service,) = one.services()
        os.kill(service, signal.SIGKILL)
        wait_until(lambda: one.metrics().value("brood_service_starts_total") == 2, LONG, "not started again")
        after = one.metrics()
        assert_only_grown(before, after)
        assert after.value("brood_accepted_total") == 3
        one.wait_until_ready()
        ask(url, b"1\n")
        wait_until(lambda: one.metrics().value("brood_accepted_total") == 4, LONG, "the fourth is not counted")
        # Counted by a status process that never saw the first board.
        os.kill(one.status_pid(), signal.SIGKILL)
        wait_until(lambda: one.metrics().value("brood_status_starts_total") == 2, LONG, "no other status process")
        assert one.metrics().value("brood_accepted_total") == 4
        assert one.stop() == 0


def test_it_ends_with_its_supervisor():
    with watched("echo") as one:
        one.urls()
        status = one.status_pid()
        os.kill(one.pid, signal.SIGKILL)
        wait_until(lambda: not pathlib.Path(f"/proc/{status}").exists() or status_field(status, "State")[0] == "Z",
                   LONG, "the status process is still there")


# ---- Readiness -----------------------------------------------------------------------------------


def test_not_ready_while_a_service_starts_and_while_it_drains(handler, tmp_path):
    with watched("calc", "--delay", "2s", "--drain-timeout", "20s") as one:
        url = one.urls()[0]
        one.wait_until_ready()
        with connect(url) as client:
            client.sendall(b"1+1\n")
            wait_until(lambda: one.metrics().value("brood_connections") == 1, LONG, "nobody is served")
            one.send(signal.SIGTERM)
            code, body = wait_until(lambda: one.curl("/readyz")[0] == 503 and one.curl("/readyz")[::2], LONG, "ready")
            assert (code, body) == (503, "calc: draining\n")
            assert one.curl("/healthz")[0] == 200
            assert client.makefile("rb").read() == b"2\r\n"
        assert one.wait() == 0


def test_a_service_that_is_started_again_is_named():
    with watched("--name", "sums", "calc") as one:
        one.urls()
        one.wait_until_ready()
        (service,) = one.services()
        os.kill(service, signal.SIGKILL)
        code, body = wait_until(lambda: one.curl("/readyz")[0] == 503 and one.curl("/readyz")[::2], LONG, "ready")
        assert (code, body) == (503, "sums: starting\n")
        one.wait_until_ready()
        assert one.stop() == 0


def test_a_lame_duck_is_not_ready_and_still_serves():
    with watched("--lame-duck", "20s", "--drain-timeout", "5s", "calc") as one:
        url = one.urls()[0]
        one.wait_until_ready()
        one.send(signal.SIGTERM)
        code, body = wait_until(lambda: one.curl("/readyz")[0] == 503 and one.curl("/readyz")[::2], LONG, "ready")
        assert (code, body) == (503, "calc: lame duck\n")
        assert ask(url, b"1+1\n") == b"2\r\n"
        one.send(signal.SIGTERM)
        assert one.wait() == 0


# ---- Generations ---------------------------------------------------------------------------------


@pytest.fixture(name="reloadable")
def reloadable_config(tmp_path):
    config = tmp_path / "brood.ini"
    config.write_text("[brood]\nstatus-listen = tcp://127.0.0.1:0\n"
                      f"[service calc]\nhandler = calc\nlisten = unix:{tmp_path}/calc\nworkers = 3\n")
    return config


class Reloaded(Watched):
    def __init__(self, config):
        Supervised.__init__(self, "-c", config)
        self.status_url = self.wait_for(r"(?m)^status on (\S+)$")[0]
        self.url, = self.urls()

    def accepted(self):
        return self.metrics().value("brood_accepted_total", service="calc")


@pytest.mark.parametrize("order, done", [(signal.SIGHUP, "reloaded"), (signal.SIGUSR2, "upgraded")])
def test_counters_and_readiness_go_on_over_reload_and_upgrade(reloadable, order, done):
    with Reloaded(reloadable) as one:
        one.wait_until_ready()
        for _ in range(3):
            ask(one.url, b"1\n")
        with connect(one.url) as client:  # keeps the old generation there
            client.sendall(b"1+1\n")
            before = one.metrics()
            one.send(order)
            codes = []

            def is_done():
                codes.append(one.curl("/readyz")[0])
                return done in one.text

            wait_until(is_done, LONG, lambda: one.text)
            during = one.metrics()
            assert set(codes) == {200}
            assert_only_grown(before, during)
        for _ in range(3):
            ask(one.url, b"1\n")
        wait_until(lambda: one.accepted() == 7, LONG, lambda: one.accepted())
        after = one.metrics()
        assert_only_grown(during, after)
        assert after.value("brood_service_starts_total") == 2
        assert after.value("brood_start_time_seconds") == before.value("brood_start_time_seconds")
        assert after.value("brood_service_ready") == 1
        assert sum(status_field(stat.pid, "Name") == "brood-status" for stat in children_of(one.pid)) == 1
        assert one.stop() == 0


def test_a_service_that_a_reload_takes_away_is_gone_and_a_new_one_there(reloadable):
    with Reloaded(reloadable) as one:
        one.wait_until_ready()
        reloadable.write_text(reloadable.read_text("utf-8").replace("[service calc]", "[service sums]"))
        one.send(signal.SIGHUP)


        def names():
            return {dict(labels)["service"] for labels in one.metrics().samples["brood_service_ready"]}

        wait_until(lambda: names() == {"sums"}, LONG, lambda: names())
        one.wait_until_ready()
        assert one.stop() == 0


def test_a_drained_brood_is_not_ready_until_a_reload(reloadable):
    with Reloaded(reloadable) as one:
        one.wait_until_ready()
        ask(one.url, b"1\n")
        one.send(signal.SIGWINCH)
        wait_until(lambda: one.curl("/readyz")[::2] == (503, "calc: stopped\n"), LONG, lambda: one.curl("/readyz"))
        assert one.accepted() == 1
        one.send(signal.SIGHUP)
        one.wait_until_ready()
        assert one.accepted() == 1
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
        wait_until(lambda: len(descriptors_of(status)) == count, LONG, lambda: descriptors_of(status))
        assert one.stop() == 0
