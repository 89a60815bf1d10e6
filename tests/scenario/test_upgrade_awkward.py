# SPDX-License-Identifier: MIT
"""USR2 to a binary of another version, with a configuration that cannot be opened, and while others ask for more."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from harness.clients import ask, connect
from harness.control import Control
from harness.patience import BROOD, LONG, ROOT
from harness.processes import descriptors_of, wait_until
from harness.supervise_helpers import compile_handler, counts_of, settled_counts_of
from harness.upgradable import Upgradable, service

HANDED_OVER = [sys.executable, str(ROOT / "tests" / "harness" / "handed_over.py")]
SWEEP = 0.25  # how often a supervisor looks after its iterative services


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


@pytest.fixture(name="control")
def control_of_supervisor(tmp_path):
    return Control(tmp_path / "control")


def controlled(control, *lines):
    return "[brood]\n" + "".join(f"{line}\n" for line in (f"control = {control.path}", *lines))


def begin(control, *words):
    """The command, which waits for its answer."""
    return subprocess.Popen([BROOD, "ctl", "--control", control.path, *words], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def end(asker):
    """(exit status, what it said)"""
    said, _ = asker.communicate(timeout=LONG)
    return asker.returncode, said


# ---- Another version -----------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [("model = iterative", "kill-after = 5s"), ("model = prefork",)])
def test_another_version_goes_on_and_lets_the_old_generation_finish(handler, control, lines, tmp_path):
    with Upgradable(tmp_path, config=controlled(control) + service(handler, *lines)) as running:
        (url,) = running.urls()
        with connect(url) as client:
            client.sendall(b"sleep 1500\n")
            time.sleep(0.2)
            running.install_another_version()
            running.upgrade()
            time.sleep(3 * SWEEP)
            assert len(control.json("status")["services"]) == 2
            for show in ("workers", "limits", "deaths"):
                control.done(show)
            assert client.recv(100).endswith(b"sleep 1500\n")
        wait_until(lambda: len(running.service_processes()) == 1, LONG, "the old generation stays")
        counts = settled_counts_of(running.pid)
        for _ in range(2):
            running.install(BROOD)
            running.upgrade()
            running.install_another_version()
            running.upgrade()
        assert ask(url, b"hello\n").endswith(b"hello\n")
        wait_until(lambda: len(running.service_processes()) == 1, LONG, "the old generation stays")
        wait_until(lambda: counts_of(running.pid) == counts, LONG, lambda: f"{counts}: {descriptors_of(running.pid)}")
        assert running.stop() == 0


def test_back_from_another_version_a_service_is_watched_as_before(handler, control, tmp_path):
    lines = ("model = iterative", "request-timeout = 1s", "kill-after = 1s")
    with Upgradable(tmp_path, config=controlled(control) + service(handler, *lines)) as running:
        (url,) = running.urls()
        good = running.path.read_text()
        running.path.write_text(good + "env = LOAD_FAIL=1\n")
        running.install_another_version()
        assert "load failed" in running.upgrade_in_vain()
        with connect(url) as client:
            client.sendall(b"spin\n")
            running.wait_for("killed_because=\"its handler did not come back")
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


@pytest.mark.parametrize("record", [b"control-directory", b"ended-by"])
def test_what_another_version_does_not_understand_it_gives_back_as_it_came(handler, control, record, tmp_path):
    """Of the supervisor's own, or of its services, when most is taken already."""
    config = controlled(control, f"status-listen = unix:{tmp_path}/status") + service(handler)
    with Upgradable(tmp_path, config=config) as running:
        (url,) = running.urls()
        ask(url, b"hello\n")
        wait_until(lambda: control.json("status")["services"][0]["counters"]["ended"] == 1, LONG, "one end")
        before = control.json("status")["services"][0]["process"]["pid"]
        with connect(url) as client:
            client.sendall(b"sleep 500\n")
            running.install_patched(record, record.replace(b"e", b"i"))
            for _ in range(2):
                status, said = end(begin(control, "upgrade"))
                assert status == 1
                assert "cannot be understood" in said
            assert client.recv(100).endswith(b"sleep 500\n")
        assert before in running.service_processes()
        assert b" 200 " in ask(f"unix:{tmp_path}/status", b"GET /readyz HTTP/1.0\r\n\r\n")
        running.install(BROOD)
        running.upgrade()
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


@pytest.mark.parametrize("version", ["the same", "another"])
def test_totals_go_on_over_an_upgrade(handler, control, version, tmp_path):
    def figures():
        (one,) = wait_until(lambda: [services for services in [control.json("status")["services"]]
                                     if len(services) == 1], LONG, "the old generation stays")[0]
        return one["counters"], one["ended_by"], one["starts"], one["deaths"]

    with Upgradable(tmp_path, config=controlled(control) + service(handler, "model = fork")) as running:
        (url,) = running.urls()
        for _ in range(3):
            ask(url, b"hello\n")
        wait_until(lambda: figures()[0]["ended"] == 3, LONG, "three ends")
        before = figures()
        for number in range(2):
            if version == "another" and number == 0:
                running.install_another_version()
            else:
                running.install(BROOD)
            running.upgrade()
            ask(url, b"hello\n")
        wait_until(lambda: figures()[0]["ended"] == 5, LONG, lambda: f"{before}, {figures()}")
        counters, ended_by, starts, _ = figures()
        assert counters["accepted"] == 5
        assert counters["bytes_in"] == before[0]["bytes_in"] // 3 * 5
        assert ended_by == {reason: count // 3 * 5 for reason, count in before[1].items()}
        assert starts == before[2] + 2
        good = running.path.read_text()
        running.path.write_text(good + "env = LOAD_FAIL=1\n")
        running.upgrade_in_vain()
        assert figures()[0]["accepted"] == 5
        assert running.stop() == 0


# ---- What cannot be opened -----------------------------------------------------------------------


def assert_the_old_goes_on(running, handler, reason):
    (url,) = running.urls()
    before = running.service_process()
    old_inode = os.stat(f"/proc/{running.pid}/exe").st_ino
    counts = settled_counts_of(running.pid)
    with connect(url) as client:
        client.sendall(b"sleep 500\n")
        for _ in range(2):
            running.install(BROOD)
            assert reason in running.upgrade_in_vain()
            assert os.stat(f"/proc/{running.pid}/exe").st_ino == old_inode
        assert client.recv(100).endswith(b"sleep 500\n")
    assert running.service_processes()[0] == before
    wait_until(lambda: counts_of(running.pid)[0] <= counts[0], LONG, "descriptors stay")
    running.path.write_text(service(handler))
    running.upgrade()
    assert ask(url, b"hello\n").endswith(b"hello\n")
    assert running.stop() == 0


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_status_listener_that_cannot_be_opened_brings_the_old_binary_back(handler, reloaded, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy, Upgradable(tmp_path, config=service(handler)) as running:
        running.urls()
        url = f"tcp://127.0.0.1:{busy.getsockname()[1]}"
        running.path.write_text(f"[brood]\nstatus-listen = {url}\n" + service(handler))
        if reloaded:
            running.send(signal.SIGHUP)
            running.wait_for("reloaded generation=2 .*status-listen: not before a restart")
            wait_until(lambda: len(running.service_processes()) == 1, LONG, "the old generation stays")
        assert_the_old_goes_on(running, handler, f"brood.ini:2: status-listen: cannot listen on {url}")


def test_a_control_socket_that_cannot_be_opened_brings_the_old_binary_back(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        running.urls()
        running.path.write_text(f"[brood]\ncontrol = {tmp_path}/missing/control\n" + service(handler))
        assert_the_old_goes_on(running, handler, "brood.ini:2: control: ")


def test_back_from_a_control_socket_that_cannot_be_opened_the_status_listener_is_the_same(handler, tmp_path):
    config = f"[brood]\nstatus-listen = unix:{tmp_path}/status\n"
    with Upgradable(tmp_path, config=config + service(handler)) as running:
        (url,) = running.urls()
        inode = (tmp_path / "status").stat().st_ino
        running.path.write_text(config + f"control = {tmp_path}/missing/control\n" + service(handler))
        assert "brood.ini:3: control: " in running.upgrade_in_vain()
        assert (tmp_path / "status").stat().st_ino == inode
        assert b" 200 " in ask(f"unix:{tmp_path}/status", b"GET /readyz HTTP/1.0\r\n\r\n")
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


def test_a_status_listener_that_the_new_configuration_lacks_is_there_when_the_old_binary_is_back(handler, tmp_path):
    config = f"[brood]\nstatus-listen = unix:{tmp_path}/status\n"
    with Upgradable(tmp_path, config=config + service(handler)) as running:
        running.urls()
        inode = (tmp_path / "status").stat().st_ino
        running.path.write_text(service(handler, "env = LOAD_FAIL=1"))
        assert "load failed" in running.upgrade_in_vain()
        assert (tmp_path / "status").stat().st_ino == inode
        assert b" 200 " in ask(f"unix:{tmp_path}/status", b"GET /readyz HTTP/1.0\r\n\r\n")
        running.path.write_text(service(handler))
        running.upgrade()
        assert not (tmp_path / "status").exists()
        assert running.stop() == 0


# ---- What is handed over -------------------------------------------------------------------------


@pytest.mark.parametrize("upgrade", [Upgradable.upgrade, Upgradable.upgrade_in_vain])
def test_sockets_handed_over_that_no_service_uses_are_there_for_a_later_one(handler, upgrade, tmp_path):
    first, second = (service(handler, listen=(f"fd://{name}",)).replace("web", name) for name in "ab")
    with Upgradable(tmp_path, config=first, wrapper=[*HANDED_OVER, "a:b", "-"]) as running:
        running.wrapped = False  # it executes the command
        running.urls()
        numbers = [os.readlink(f"/proc/{running.pid}/fd/{fd}") for fd in (3, 4)]
        for _ in range(2):
            if upgrade is Upgradable.upgrade_in_vain:
                running.path.write_text(first + "env = LOAD_FAIL=1\n")
            upgrade(running)
            assert [os.readlink(f"/proc/{running.pid}/fd/{fd}") for fd in (3, 4)] == numbers
        running.path.write_text(first + second)
        running.send(signal.SIGHUP)
        urls = running.urls(2)
        for url in urls:
            assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


def test_who_started_it_hears_of_an_upgrade_with_a_status_process(handler, tmp_path):
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notes:
        notes.bind(str(tmp_path / "notify"))
        notes.settimeout(LONG)
        config = f"[brood]\nstatus-listen = unix:{tmp_path}/status\n" + service(handler)
        with Upgradable(tmp_path, config=config, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as running:
            for _ in range(3):
                while b"READY=1" not in notes.recv(4096):
                    pass
                running.upgrade()
            running.path.write_text(config + "env = LOAD_FAIL=1\n")
            running.upgrade_in_vain()
            while b"RELOADING=1" not in notes.recv(4096):
                pass
            while b"READY=1" not in notes.recv(4096):
                pass
            assert running.stop() == 0


# ---- Who asks meanwhile --------------------------------------------------------------------------


def test_whoever_asks_while_a_binary_is_checked_is_answered(handler, control, tmp_path):
    with Upgradable(tmp_path, config=controlled(control) + service(handler)) as running:
        running.urls()
        (tmp_path / "script").write_text(
            f'#!/bin/sh\ncase "$*" in *--upgrade-check*) sleep 1;; esac\nexec {BROOD} "$@"\n')
        running.install(tmp_path / "script")
        with control.connect() as silent, control.connect() as hesitant:
            hesitant.sendall(b"sta")
            askers = [begin(control, "upgrade")]
            wait_until(lambda: len(running.service_processes()) == 2, LONG, "no check")
            askers += [begin(control, verb) for verb in ("reload", "upgrade", "reload")]
            drain = begin(control, "drain")
            assert end(drain) == (1, "brood: a reload or upgrade is under way: ask again\n")
            for asker in askers:
                assert end(asker) == (0, "done\n")
            assert hesitant.recv(100) == b"failed: brood is being upgraded: ask again\n"
            silent.sendall(b"status --json\n")
            answer = b""
            while part := silent.recv(65536):
                answer += part
            assert json.loads(answer.removeprefix(b"ok\n"))["pid"] == running.pid
        assert running.text.count("] upgraded version=") == 1
        assert running.stop() == 0


def test_what_was_asked_for_while_the_next_generation_fails_is_done_by_the_old_binary(handler, control, tmp_path):
    good = controlled(control) + service(handler)
    with Upgradable(tmp_path, config=good) as running:
        (url,) = running.urls()
        before = running.service_process()
        running.path.write_text(good + "env = LOAD_HANG=1\nload-timeout = 1s\n")
        first = begin(control, "upgrade")
        running.wait_for(" upgrading")
        running.wait_for(" reloading")
        wait_until(lambda: len(running.service_processes()) == 2, LONG, "nobody new")
        running.path.write_text(good)
        running.send(signal.SIGHUP)
        askers = [begin(control, verb) for verb in ("reload", "upgrade")]
        status, said = end(first)
        assert status == 1
        assert "load deadline" in said
        for asker in askers:
            assert end(asker) == (0, "done\n")
        assert running.text.count("] upgraded version=") == 1
        running.wait_for("reloaded generation=", 2)
        assert ask(url, b"hello\n").split()[0] != str(before).encode()
        assert running.stop() == 0


def test_a_hup_before_the_exec_is_obeyed_by_the_old_binary_when_the_new_one_fails(handler, tmp_path):
    good = service(handler)
    with Upgradable(tmp_path, config=good) as running:
        running.urls()
        (tmp_path / "script").write_text(
            f'#!/bin/sh\ncase "$*" in *--upgrade-check*) sleep 1;; esac\nexec {BROOD} "$@"\n')
        running.install(tmp_path / "script")
        running.path.write_text(good + "env = LOAD_HANG=1\nload-timeout = 1s\n")
        running.send(signal.SIGUSR2)
        wait_until(lambda: len(running.service_processes()) == 2, LONG, "no check")
        running.send(signal.SIGHUP)
        running.wait_for(" reloading")
        wait_until(lambda: len(running.service_processes()) == 2, LONG, "nobody new")
        running.path.write_text(good)
        running.wait_for("upgrade failed")
        running.wait_for("reloaded generation=")
        assert running.stop() == 0
