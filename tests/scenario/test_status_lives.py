# SPDX-License-Identifier: MIT
"""--status-listen while processes die, services stop, and generations come and go: counters never fall."""
import os
import pathlib
import signal
import time

import pytest
from harness.clients import ask, connect
from harness.patience import LONG
from harness.processes import children_of, status_field, wait_until
from harness.prometheus import assert_only_grown
from harness.status import Watched, watched
from harness.supervise_helpers import Supervised


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


def test_not_ready_while_it_drains():
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
        time.sleep(0.05)  # sooner it might be the same TERM, said twice
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
        assert one.stop() == 0, one.text


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
