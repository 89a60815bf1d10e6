# SPDX-License-Identifier: MIT
"""Talking to a running brood: what it shows, and what it does when told."""
import collections
import contextlib
import os
import signal
import socket
import time

import pytest

from harness import clients
from harness.command import UNAVAILABLE, assert_refused
from harness.control import REFUSED, SHOWS, Control
from harness.patience import LONG, SCALE
from harness.processes import wait_until

MODELS = ["fork", "thread", "iterative", "prefork", "event"]


@contextlib.contextmanager
def client_of(started, request=b""):
    with clients.connect(started.url) as client:
        client.sendall(request)
        yield client


# ---- What is shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_status_counts_what_was_served(controlled, model):
    started, control = controlled(model, warm=False)
    for _ in range(7):
        assert clients.ask(started.url, b"hello\n") == b"hello\n"
    status = wait_until(lambda: control.service() if control.service()["counters"]["ended"] == 7 else None, LONG,
                        "seven ends")
    assert status["model"] == model
    assert status["state"] == "ready" and status["state_ms"] >= 0
    assert status["process"]["pid"] == started.service
    assert status["process"]["resident_bytes"] > 100000
    assert status["listeners"] == started.urls
    assert status["ended_by"] == {"finished": 7}
    counters = status["counters"]
    assert counters["accepted"] == 7 and counters["requests"] == 7 and counters["refused"] == 0
    assert counters["bytes_in"] == counters["bytes_out"] == 7 * len("hello\n")
    assert status["clients"]["now"] == 0
    assert status["duration_us"]["count"] == 7
    assert 0 < status["duration_us"]["p50"] <= status["duration_us"]["p99"] <= status["duration_us"]["sum"] * 9 / 8
    assert (status["starts"], status["deaths"]) == (1, 0)


@pytest.mark.parametrize("model", ["fork", "thread", "iterative", "prefork"])
def test_workers_show_who_serves_whom(controlled, model):
    started, control = controlled(model)
    with client_of(started, b"pid 0\n") as client:
        pid = int(client.recv(100))
        peer = "{}:{}".format(*client.getsockname())

        def row():
            rows = [row for row in control.workers() if row["peer"] == peer]
            return rows[0] if rows else None

        first = wait_until(row, LONG, lambda: f"{peer} in {control.workers()}")
        time.sleep(0.05)
        later = row()
    assert later["state_ms"] > first["state_ms"] >= 0
    if model in ("fork", "prefork"):
        assert first["pid"] == pid
        assert first["resident_bytes"] > 10000 and first["cpu_ms"] >= 0
    else:
        assert first["pid"] is None and pid == started.service
    if model == "prefork":
        assert first["state"] == "busy"
    wait_until(lambda: not row(), LONG, "the client left")
    assert all(row["state"] == "idle" for row in control.workers() if model == "prefork")


def test_workers_with_many_clients_show_how_many(controlled):
    started, control = controlled("event", "--workers", 3)
    with contextlib.ExitStack() as stack:
        counts = collections.Counter()
        for _ in range(20):
            client = stack.enter_context(client_of(started, b"pid 0\n"))
            counts[int(client.recv(100))] += 1
        for row in control.workers():
            assert row["clients"] == counts[row["pid"]]
            assert row["state"] == ("busy" if row["clients"] else "idle") and row["peer"] is None
        wait_until(lambda: control.service()["clients"]["now"] == 20, LONG, "all are counted")
    wait_until(lambda: {row["clients"] for row in control.workers()} == {0}, LONG, "the clients left")


def test_bytes_of_a_client_in_hand_are_shown_where_they_are_known(controlled):
    started, control = controlled("thread")
    with client_of(started, b"hello\n") as client:
        client.recv(100)
        (row,) = control.workers()
        assert row["bytes_in"] == row["bytes_out"] == len("hello\n")


def test_rates_are_those_of_now(controlled):
    started, control = controlled()
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        clients.ask(started.url, b"hello\n")
        time.sleep(0.02)
    rate = control.service()["per_second"]["accepted"]
    assert 5 / SCALE < rate["1s"] < 60 and 2 / SCALE < rate["10s"] < 60
    wait_until(lambda: control.service()["per_second"]["accepted"]["1s"] == 0, LONG, "the rate falls")


def test_limits_show_values_use_and_who_met_them(controlled):
    started, control = controlled("fork", "--workers", 3, "--first-byte-timeout", "200ms", "--idle-timeout", "off")
    with client_of(started, b"hello\n") as client:
        client.recv(100)
        with clients.connect(started.url) as silent:
            assert silent.recv(100) == b""
        (service,) = control.json("limits")["services"]
    limits = {limit["name"]: limit for limit in service["limits"]}
    assert (limits["workers"]["value"], limits["workers"]["unit"]) == (3, "count")
    assert limits["workers"]["now"] in (1, 2)
    assert (limits["first-byte-timeout"]["value"], limits["first-byte-timeout"]["unit"]) == (200, "ms")
    assert limits["first-byte-timeout"]["as"] == "first-byte-timeout"
    assert limits["backlog"]["now"] == 0
    assert "idle-timeout" not in limits and "threads" not in limits
    wait_until(lambda: [limit for limit in control.json("limits")["services"][0]["limits"]
                        if limit["name"] == "first-byte-timeout" and limit["beyond"] == 1], LONG, "one counted")


def test_the_queue_of_a_busy_service_is_shown(controlled):
    started, control = controlled("iterative")
    with client_of(started, b"hello\n") as served:
        served.recv(100)
        with clients.connect(started.url), clients.connect(started.url):
            limits = control.json("limits")["services"][0]["limits"]
            assert [limit["now"] for limit in limits if limit["name"] == "backlog"] == [2]


def died(control, **fields):
    return [death for death in control.json("deaths")["deaths"] if fields.items() <= death.items()]


def test_deaths_of_workers_are_remembered(controlled):
    started, control = controlled("fork")
    assert control.done("deaths") == "nobody died\n"
    assert control.json("deaths") == {"count": 0, "deaths": []}
    with client_of(started, b"pid 0\ncrash 0\n") as client:
        pid = int(client.recv(100))
        clients.read_to_end(client)
    (death,) = wait_until(lambda: died(control, pid=pid), LONG, lambda: control.json("deaths"))
    assert death["what"] == "worker" and death["service"] == "obey"
    assert death["exit"] == "signal 11 (SEGV)" and death["reason"] == "handler-crashed"
    assert control.service()["counters"]["worker_deaths"] == 1
    assert "handler-crashed" in control.done("deaths")


def test_the_death_of_a_service_process_takes_no_count_along(controlled):
    started, control = controlled("thread")
    clients.ask(started.url, b"hello\n")
    before = control.service()["counters"]["accepted"]
    pid = started.service
    os.kill(pid, signal.SIGKILL)
    (death,) = wait_until(lambda: died(control, what="process", pid=pid), LONG, "its death")
    assert death["exit"] == "signal 9 (KILL)"
    status = wait_until(lambda: control.service() if control.service()["state"] == "ready" else None, LONG, "ready")
    assert status["counters"]["accepted"] == before
    assert (status["starts"], status["deaths"]) == (2, 1)
    # Where a service process was born while we were asking, it fills holes of its table elsewhere.
    started.baseline = None


def test_a_storm_of_deaths_is_told_in_part_and_counted_whole(controlled):
    started, control = controlled("fork", "--log-level", "error")
    for _ in range(100):
        clients.try_to_ask(started.url, b"crash 0\n")
    wait_until(lambda: control.service()["counters"]["worker_deaths"] == 100, LONG, "a hundred deaths")
    told = control.json("deaths")
    assert len(told["deaths"]) == min(told["count"], 64)
    assert 16 <= told["count"] <= 100


@pytest.mark.parametrize("model", MODELS)
def test_text_fits_into_80_columns(controlled, model):
    started, control = controlled(model)
    with client_of(started, b"hello\n") as client:
        client.recv(100)
        for verb in SHOWS:
            text = control.done(verb)
            assert text.endswith("\n")
            assert [line for line in text.splitlines() if len(line) > 80 or line != line.rstrip()] == []


def test_one_service_of_many(start, handlers, tmp_path):
    control = Control(tmp_path / "control.sock")
    config = tmp_path / "two.ini"
    config.write_text(f"[brood]\ncontrol = {control.path}\n" + "".join(
        f"[service {name}]\nhandler = {handlers('obey')}\nlisten = tcp://127.0.0.1:0\n" for name in ("calc", "echo")))
    start("-c", config, listen=(), listeners=2, warm=False).checked = False
    for verb in ("status", "workers", "limits"):
        assert [one["name"] for one in control.json(verb)["services"]] == ["calc", "echo"]
        assert [one["name"] for one in control.json(verb, "echo")["services"]] == ["echo"]
    assert_refused(control("status", "ehco"), REFUSED, "there is no service 'ehco', did you mean 'echo'?")
    assert_refused(control("resize", "clac", "3"), REFUSED, "did you mean 'calc'?")
    assert_refused(control("workers", "banana"), REFUSED, "there is no service 'banana'")


def test_hundreds_of_rows_come_through_a_buffer_of_a_few(controlled):
    started, control = controlled("thread", "--threads", 400, "--drain-timeout", "100ms", warm=False)
    started.checked = False
    with clients.Crowd(started.url, [b"sleep 60000\n"] * 350) as crowd:
        crowd.run(0.5)
        wait_until(lambda: control.service()["clients"]["now"] == 350, LONG, "all are served")
        rows = control.workers()
        assert len({row["peer"] for row in rows}) == 350
        assert len(control.done("workers").splitlines()) >= 350


# ---- What is done ------------------------------------------------------------------------------------------------


def test_stop_ends_it_and_removes_the_socket(controlled):
    started, control = controlled()
    assert control.done("stop") == "done\n"
    assert started.wait() == 0
    assert not os.path.exists(control.path) and not os.path.exists(control.path + ".lock")
    assert_refused(control("status"), UNAVAILABLE, f"nobody listens at {control.path}")


def test_stop_lets_a_client_finish_and_stop_now_does_not(controlled):
    started, control = controlled()
    with client_of(started, b"sleep 60000\n"):
        wait_until(lambda: control.service()["clients"]["now"] == 1, LONG, "a client")
        control.done("stop")
        time.sleep(0.3)
        assert started.process.poll() is None
        assert control.service()["state"] == "draining"
        assert control.json("--json", "stop", "now") == {"done": "stop", "message": ""}
        assert started.wait() == 0


def asks(control, request):
    client = control.connect()
    client.sendall(request)
    return client


def test_drain_answers_when_the_last_client_is_served(controlled):
    started, control = controlled(warm=False)
    with client_of(started, b"sleep 700\n") as client:
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: control.service()["clients"]["now"] == 1, LONG, "a client")
        begin = time.monotonic()
        with asks(control, b"drain\n") as first, asks(control, b"drain\n") as gone, asks(control, b"drain\n") as last:
            gone.close()
            assert clients.read_to_end(first).startswith(b"ok\n")
            assert clients.read_to_end(last).startswith(b"ok\n")
        assert time.monotonic() - begin > 0.3
        assert client.recv(100) == b"slept\n"
    assert control.service()["state"] == "stopped" and control.service()["process"] is None
    started.checked = False
    assert control.json("workers") == {"services": []}
    control.done("stop")
    assert started.wait() == 0


def test_who_waits_when_it_ends_is_told(controlled):
    started, control = controlled(warm=False)
    with client_of(started, b"oversleep 60000\n"):
        wait_until(lambda: control.service()["clients"]["now"] == 1, LONG, "a client")
        with asks(control, b"drain\n") as waits:
            time.sleep(0.1)
            control.done("stop", "now")
            answer = clients.read_to_end(waits)
        assert answer.startswith((b"ok\n", b"failed: ")) and answer.endswith(b"\n")
        assert started.wait() == 0


def test_the_log_level_changes_what_is_logged(controlled):
    started, control = controlled("fork", "--log-level", "error")
    clients.ask(started.url, b"log quiet\n")
    control.done("log-level", "info")
    assert control.json("status")["log_level"] == "info"
    # The order and the client meet in the service process in any order; but only once.
    wait_until(lambda: clients.ask(started.url, b"log loud\n") and started.records("told: loud"), LONG, "told")
    assert not started.records("told: quiet")
    control.done("log-level", "error")
    wait_until(lambda: clients.ask(started.url, b"log late\n") and clients.ask(started.url, b"log late\n")
               and not clients.ask(started.url, b"log last\n") == b"", LONG, "asked")
    assert control.json("status")["log_level"] == "error"


def test_reopen_goes_on_in_a_new_file(controlled, tmp_path):
    log = tmp_path / "log"
    started, control = controlled("fork", "--log-file", log)
    os.rename(log, tmp_path / "log.1")
    control.done("reopen")
    clients.ask(started.url, b"log after\n")
    wait_until(lambda: log.exists() and "told: after" in log.read_text(), LONG, "in the new file")
    assert "told: after" not in (tmp_path / "log.1").read_text()


def test_reload_without_a_file_says_why_not(controlled):
    _, control = controlled()
    assert_refused(control("reload"), REFUSED, "no configuration file")
    assert control.ask(b"reload\n").startswith("failed: ")


def write_config(path, control, handler, **keys):
    path.write_text(f"[brood]\ncontrol = {control.path}\n[service obey]\nhandler = {handler}\n"
                    + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items()))


def test_reload_answers_when_the_new_generation_serves(start, handlers, tmp_path):
    control, config = Control(tmp_path / "control.sock"), tmp_path / "brood.ini"
    keys = {"listen": f"unix:{tmp_path}/served", "workers": 3}
    write_config(config, control, handlers("obey"), **keys)
    started = start("-c", config, listen=(), listeners=1)
    before = control.service()
    write_config(config, control, handlers("obey"), **{**keys, "workers": 7})
    control.done("reload")
    after = control.service()
    assert (after["state"], after["clients"]["bound"]) == ("ready", 7)
    assert after["generation"] > before["generation"]
    assert after["process"]["pid"] != before["process"]["pid"]
    assert clients.ask(started.url, b"hello\n") == b"hello\n"
    # What was counted before stays counted, once the old process is gone.
    wait_until(lambda: len(control.json("status")["services"]) == 1, LONG, "the old generation ends")
    assert control.service()["counters"]["accepted"] >= before["counters"]["accepted"] + 1

    write_config(config, control, handlers("obey"), **{**keys, "workers": "many"})
    assert_refused(control("reload"), REFUSED, "workers")
    assert control.service()["process"]["pid"] == after["process"]["pid"]
    started.baseline = None


def test_resize_changes_how_many(controlled):
    _, control = controlled("prefork", "--workers", 2)
    wait_until(lambda: len(control.workers()) == 2, LONG, "two workers")
    control.done("resize", "obey", "4")
    wait_until(lambda: len(control.workers()) == 4, LONG, "four workers")
    control.done("resize", "obey", "-1")
    wait_until(lambda: len(control.workers()) == 3, LONG, "three workers")
    assert control.service()["clients"]["bound"] == 3
    # As it was, for the invariants.
    control.done("resize", "obey", "2")
    wait_until(lambda: len(control.workers()) == 2, LONG, "two workers")


def test_a_worker_of_many_that_is_one_too_many_first_serves_its_clients_to_their_end(controlled):
    started, control = controlled("event", "--workers", 2, "--max-conns", 50)
    control.done("resize", "obey", "3")
    wait_until(lambda: len(control.workers()) == 3, LONG, "three workers")
    assert control.service()["clients"]["bound"] == 150
    with contextlib.ExitStack() as stack:
        asked, pids = [], set()
        while len(pids) < 3:  # at the latest when two of them are full
            asked.append(stack.enter_context(client_of(started, b"pid 0\n")))
            pids.add(asked[-1].recv(100))
        for client in asked:
            client.sendall(b"sleep 500\n")
        control.done("resize", "obey", "2")
        wait_until(lambda: any(row["state"] == "leaving" for row in control.workers()), LONG, "one leaves")
        assert [client.recv(100) for client in asked] == [b"slept\n"] * len(asked)
    wait_until(lambda: len(control.workers()) == 2, LONG, "two workers")
