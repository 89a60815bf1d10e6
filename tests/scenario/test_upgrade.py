# SPDX-License-Identifier: MIT
"""USR2: the binary on disk goes on in the supervisor's place, or the old one does; nobody is lost either way."""
import os
import shlex
import signal
import subprocess
import time

import pytest
from harness.clients import address_of, ask, connect, try_to_ask
from harness.command import USAGE, assert_refused, brood
from harness.patience import BROOD, LONG, SCALE
from harness.processes import children_of, descriptors_of, status_field, wait_until
from harness.steady import Steady
from harness.supervise_helpers import compile_handler, counts_of, is_alive, is_listening, settled_counts_of
from harness.upgradable import Upgradable, service

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "event"]


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def model_lines(model):
    more = {"oneshot": "model = prefork\nfresh = oneshot", "event": "model = event"}
    return more.get(model, f"model = {model}")


def pid_in(answer):
    return int(answer.split()[0])


def program(directory, text):
    """A binary that is no brood."""
    source, binary = directory / "program.c", directory / "program"
    source.write_text(text)
    subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-o", binary, source], check=True)
    source.unlink()
    return binary


@pytest.fixture(scope="module", name="dying")
def dying_binary(tmp_path_factory):
    return program(tmp_path_factory.mktemp("dying"), "int main(void) { __builtin_trap(); }\n")


@pytest.fixture(scope="module", name="hanging")
def hanging_binary(tmp_path_factory):
    return program(tmp_path_factory.mktemp("hanging"), "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n")


# ---- Nothing is lost -----------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_twenty_upgrades_under_load_lose_and_refuse_nobody(handler, dying, model, tmp_path):
    config = service(handler, model_lines(model), listen=("tcp://127.0.0.1:0", f"unix:{tmp_path}/socket"))
    with Upgradable(tmp_path, config=config) as running:
        urls = running.urls(2)
        with Steady(urls) as steady:
            running.upgrade()
            # Dead ones not waited for included: each still has descriptors.
            wait_until(lambda: len(children_of(running.pid)) == 1, LONG, "the old generation stays")
            time.sleep(0.05)
            counts = settled_counts_of(running.pid)
            for number in range(1, 20):
                if number == 5:
                    running.install(dying)
                    assert "signal" in running.upgrade_in_vain()
                elif number == 10:
                    running.install(BROOD, 0o644)
                    assert "Permission denied" in running.upgrade_in_vain()
                elif number == 15:
                    running.install(running.path)
                    assert "ended without being ready" in running.upgrade_in_vain() or "refuses" in running.text
                else:
                    running.install(BROOD)
                    running.upgrade()
                time.sleep(0.05)
        steady.check(200)
        wait_until(lambda: len(running.service_processes()) == 1, LONG, "old generations stay")
        wait_until(lambda: counts_of(running.pid) == counts, LONG, lambda: f"{descriptors_of(running.pid)}")
        assert running.urls(2) == urls  # said once: they are the same sockets
        assert running.stop() == 0
    assert not [line for line in running.lines if "service process died" in line]
    assert sorted(os.listdir(tmp_path)) == ["brood", "brood.ini"]


def test_reloads_and_upgrades_in_any_order(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        with Steady(running.urls(), per_second=100, threads=4) as steady:
            for number in range(30):
                running.send(signal.SIGHUP if number % 3 else signal.SIGUSR2)
                time.sleep(0.02)
            time.sleep(0.5)
        steady.check(20)
        running.upgrades = len([line for line in running.lines if "] upgraded version=" in line])
        assert running.upgrades > 0
        running.upgrade()
        wait_until(lambda: len(running.service_processes()) == 1, LONG, "generations stay")
        assert running.stop() == 0


@pytest.mark.parametrize("model", MODELS)
def test_what_was_started_is_finished_over_two_upgrades(handler, model, tmp_path):
    with Upgradable(tmp_path, config=service(handler, model_lines(model))) as running:
        (url,) = running.urls()
        old = running.service_process()
        with connect(url) as client:
            client.sendall(b"sleep 1500\n")
            time.sleep(0.2)
            running.upgrade()
            running.upgrade()
            assert pid_in(ask(url, b"hello\n")) != old
            assert client.recv(100).endswith(b"sleep 1500\n")
        wait_until(lambda: not is_alive(old), LONG, "the old generation stays")
        assert running.stop() == 0


def test_the_drain_deadline_of_the_old_generation_survives_an_upgrade(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler, "model = iterative", "drain-timeout = 1s")) as running:
        (url,) = running.urls()
        old = running.service_process()
        with connect(url) as client:
            client.sendall(b"spin\n")  # hears no order
            time.sleep(0.2)
            running.upgrade()
            running.upgrade()
            wait_until(lambda: not is_alive(old), 8 * SCALE, "the old generation stays")
            assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


# ---- Who goes on ---------------------------------------------------------------------------------


def test_it_is_the_binary_on_disk_with_the_same_pid_and_words(handler, tmp_path):
    with Upgradable(tmp_path, "-l", "tcp://127.0.0.1:0", handler, "--pid-file", tmp_path / "pid") as running:
        (url,) = running.urls()
        first = os.readlink(f"/proc/{running.pid}/exe")
        for _ in range(2):
            running.install(BROOD)
            running.upgrade()
            assert os.readlink(f"/proc/{running.pid}/exe") == first  # without " (deleted)": it is the new file
            assert os.stat(f"/proc/{running.pid}/exe").st_ino == running.binary.stat().st_ino
            assert (tmp_path / "pid").read_text() == f"{running.pid}\n"
            assert ask(url, b"hello\n").endswith(b"hello\n")
        assert status_field(running.pid, "SigBlk") == "0" * 16
        assert running.stop() == 0
    assert not (tmp_path / "pid").exists()


def test_a_script_in_its_place_may_start_it_from_elsewhere(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        (tmp_path / "script").write_text(f'#!/bin/sh\nexec {BROOD} "$@"\n')
        for _ in range(2):
            running.install(tmp_path / "script")
            running.upgrade()
            assert ask(url, b"hello\n").endswith(b"hello\n")
        running.install(BROOD)
        running.upgrade()
        assert os.readlink(f"/proc/{running.pid}/exe") == str(running.binary)
        assert running.stop() == 0


def test_the_socket_of_a_path_stays_ours(handler, tmp_path):
    url = f"unix:{tmp_path}/socket"
    with Upgradable(tmp_path, config=service(handler, listen=(url,))) as running:
        running.urls()
        inode = (tmp_path / "socket").stat().st_ino
        running.upgrade()
        running.upgrade()
        assert (tmp_path / "socket").stat().st_ino == inode
        assert brood("serve", "-l", url, handler).returncode == 69
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0
    assert not (tmp_path / "socket").exists()


def test_when_an_upgraded_supervisor_is_killed_everything_ends(handler, tmp_path):
    """The lifeline and the signal at the parent's death work over the exec."""
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        with connect(url) as client:
            client.sendall(b"sleep 60000\n")  # keeps the generation that was there before
            time.sleep(0.2)
            running.upgrade()
            below = running.service_processes()
            assert len(below) == 2
            running.send(signal.SIGKILL)
            running.process.wait(LONG)
            wait_until(lambda: not [pid for pid in below if is_alive(pid)], 1 * SCALE, f"still alive: {below}")
            wait_until(lambda: not is_listening(address_of(url)[2][1]), 1 * SCALE, "the port is still taken")


def test_processes_of_the_image_before_are_started_again_and_waited_for(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        running.upgrade()
        wait_until(lambda: len(running.service_processes()) == 1, LONG, "the old generation stays")
        os.kill(running.service_process(), signal.SIGKILL)
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert counts_of(running.pid)[1] == 0
        assert running.stop() == 0


def test_a_drained_supervisor_stays_drained(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        running.urls()
        running.send(signal.SIGWINCH)
        wait_until(lambda: not running.service_processes(), LONG, "the service process stays")
        running.upgrade()
        time.sleep(0.2)
        assert not running.service_processes()
        running.send(signal.SIGHUP)
        url = running.urls(2)[1]
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


def test_ctl_upgrade_is_answered_by_the_new_image(handler, dying, tmp_path):
    control = tmp_path / "control"
    with Upgradable(tmp_path, config=f"[brood]\ncontrol = {control}\n" + service(handler)) as running:
        running.urls()
        for _ in range(2):
            result = brood("ctl", "--control", control, "upgrade")
            assert result.returncode == 0, result.stderr
        assert running.text.count("] upgraded version=") == 2
        running.install(dying)
        result = brood("ctl", "--control", control, "upgrade")
        assert result.returncode == 1
        assert "signal" in result.stdout + result.stderr
        running.install(BROOD)
        running.path.write_text(running.path.read_text() + "env = LOAD_FAIL=1\n")
        result = brood("ctl", "--control", control, "upgrade")
        assert result.returncode == 1
        assert "load failed" in result.stdout + result.stderr
        assert running.stop() == 0
    assert not control.exists()


# ---- Who does not --------------------------------------------------------------------------------


def test_a_configuration_that_it_cannot_read_is_found_before(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        before = running.service_process()
        running.path.write_text(service(handler) + "wrokers = 7\n")
        assert "brood.ini:5: " in running.upgrade_in_vain()
        running.path.write_text(service(tmp_path / "missing.so"))
        assert "brood.ini:2: handler: " in running.upgrade_in_vain()
        assert running.service_process() == before
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


@pytest.mark.parametrize("model", ["fork", "prefork"])
def test_a_generation_that_cannot_start_brings_the_old_binary_back(handler, model, tmp_path):
    good = service(handler, model_lines(model), listen=("tcp://127.0.0.1:0", f"unix:{tmp_path}/socket"))
    with Upgradable(tmp_path, config=good) as running:
        urls = running.urls(2)
        before = running.service_process()
        old_inode = os.stat(f"/proc/{running.pid}/exe").st_ino
        counts = settled_counts_of(running.pid)
        with Steady(urls, per_second=100, threads=4) as steady:
            for _ in range(3):
                running.install(BROOD)
                running.path.write_text(good + "env = LOAD_FAIL=1\n")  # what a check does not see
                assert "load failed" in running.upgrade_in_vain()
                assert os.stat(f"/proc/{running.pid}/exe").st_ino == old_inode
        steady.check(1)
        wait_until(lambda: running.service_processes() == [before], LONG, "a failed generation stays")
        wait_until(lambda: counts_of(running.pid) == counts, LONG, lambda: f"{descriptors_of(running.pid)}")
        # It is started again with the configuration that it had, not with the one that stands there now.
        os.kill(before, signal.SIGKILL)
        running.wait_for("service process died")
        assert ask(urls[1], b"hello\n").endswith(b"hello\n")
        running.path.write_text(good)
        running.upgrade()
        assert os.stat(f"/proc/{running.pid}/exe").st_ino == running.binary.stat().st_ino
        assert ask(urls[0], b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


def test_a_binary_that_is_gone(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        running.binary.unlink()
        assert "No such file" in running.upgrade_in_vain()
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


def test_a_binary_that_is_something_else(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        running.install("/bin/true")
        assert "without being ready: exit 0" in running.upgrade_in_vain()
        running.install("/bin/cat")
        assert "the binary refuses: " in running.upgrade_in_vain()
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert running.stop() == 0


@pytest.mark.slow
def test_a_binary_that_hangs_is_given_up(handler, hanging, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        running.urls()
        running.install(hanging)
        assert "signal 9" in running.upgrade_in_vain(30 * SCALE)
        assert running.stop() == 0


def test_a_stop_does_not_wait_for_a_binary_that_hangs(handler, hanging, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        running.urls()
        running.install(hanging)
        running.send(signal.SIGUSR2)
        wait_until(lambda: len(running.service_processes()) == 2, LONG, "no check")
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < 2 * SCALE


def test_a_supervisor_told_to_stop_refuses(handler, tmp_path):
    with Upgradable(tmp_path, config=service(handler)) as running:
        (url,) = running.urls()
        with connect(url) as client:
            client.sendall(b"sleep 700\n")
            time.sleep(0.2)
            running.send(signal.SIGTERM)
            time.sleep(0.1)
            running.send(signal.SIGUSR2)
            running.wait_for("refused verb=upgrade why=\"brood is stopping\"")
            assert client.recv(100).endswith(b"sleep 700\n")
        assert running.wait() == 0


@pytest.mark.parametrize("number", ["7", "99", "0", "x", "-1"])
def test_the_words_are_for_a_supervisor_alone(handler, number):
    result = brood("serve", "--upgrade-from", number, handler)
    assert_refused(result, USAGE, "--upgrade-from is for a supervisor that is being upgraded")


def test_clients_do_not_notice_an_upgrade_of_a_busy_service(handler, tmp_path):
    """All workers are busy, and the queue is not empty."""
    with Upgradable(tmp_path, config=service(handler, "workers = 1")) as running:
        (url,) = running.urls()
        with connect(url) as busy, connect(url) as queued:
            busy.sendall(b"sleep 800\n")
            time.sleep(0.2)
            queued.sendall(b"hello\n")
            running.upgrade()
            assert queued.recv(100).endswith(b"hello\n")
            assert busy.recv(100).endswith(b"sleep 800\n")
        assert try_to_ask(url) is not None
        assert running.stop() == 0
