# SPDX-License-Identifier: MIT
"""HUP: a new generation takes over, or everything stays as it was; in neither case is a client lost, or told no."""
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest
from harness.clients import address_of, ask, connect
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import children_of, descriptors_of, status_field, wait_until
from harness.steady import Steady
from harness.supervise_helpers import Supervised, compile_handler, counts_of, is_alive, is_listening, settled_counts_of

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "event"]
FAST = "linger-timeout = 100ms\n"


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


class Reloadable(Supervised):
    """`brood serve -c FILE`; the file is written anew with each reload."""

    def __init__(self, directory, text, *arguments, **options):
        self.path = directory / "brood.ini"
        self.path.write_text(text)
        self.reloads = self.failures = 0
        super().__init__("-c", self.path, *arguments, **options)

    def reload(self, text=None, seconds=LONG):
        if text is not None:
            self.path.write_text(text)
        self.reloads += 1
        self.send(signal.SIGHUP)
        self.wait_for(r"(?m) reloaded generation=", self.reloads, seconds)

    def reload_in_vain(self, text=None, seconds=LONG):
        """The reason."""
        if text is not None:
            self.path.write_text(text)
        self.failures += 1
        self.send(signal.SIGHUP)
        return self.wait_for(r"(?m) reload failed, .* why=(.*)$", self.failures, seconds)[-1]


def service(name, handler, *lines, listen=("tcp://127.0.0.1:0",)):
    text = f"[service {name}]\nhandler = {handler}\n{FAST}"
    return text + "".join(f"listen = {url}\n" for url in listen) + "".join(f"{line}\n" for line in lines) + "\n"


def model_lines(model):
    more = {"oneshot": "model = prefork\nfresh = oneshot", "event": "model = event\nworkers = 2\nmax-conns = 100"}
    return more.get(model, f"model = {model}")


def pid_in(answer):
    return int(answer.split()[0])


# ---- Nothing is lost -----------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_twenty_reloads_under_load_lose_and_refuse_nobody(handler, model, tmp_path):
    config = service("web", handler, model_lines(model), listen=("tcp://127.0.0.1:0", f"unix:{tmp_path}/socket"))
    with Reloadable(tmp_path, config) as brood:
        urls = brood.urls(2)
        before = brood.service_process()
        with Steady(urls) as steady:
            time.sleep(0.5)
            descriptors = len(descriptors_of(brood.pid))
            for _ in range(20):
                brood.reload()
                time.sleep(0.1)
        steady.check(200)
        assert brood.urls(2) == urls  # said once: they are the same sockets
        wait_until(lambda: len(brood.service_processes()) == 1, LONG, "old generations stay")
        assert brood.service_process() != before
        assert counts_of(brood.pid) == (descriptors, 0)
        assert brood.stop() == 0
    assert len([line for line in brood.lines if "service process ended" in line]) == 21
    assert not [line for line in brood.lines if "[ERROR]" in line or "[WARN]" in line and "root" not in line]
    assert sorted(os.listdir(tmp_path)) == ["brood.ini"]


def test_a_model_may_change_with_a_reload(handler, tmp_path):
    def config(model):
        return service("web", handler, model_lines(model))

    with Reloadable(tmp_path, config("fork")) as brood:
        with Steady(brood.urls()) as steady:
            for model in 3 * MODELS:
                brood.reload(config(model))
                time.sleep(0.1)
        steady.check(50)
        assert brood.stop() == 0


@pytest.mark.parametrize("model", MODELS)
def test_datagrams_find_one_generation_or_the_other(handler, model, tmp_path):
    config = service("web", handler, model_lines(model), listen=("udp://127.0.0.1:0",))
    with Reloadable(tmp_path, config) as brood:
        with Steady(brood.urls(), per_second=100, threads=2) as steady:
            for _ in range(10):
                time.sleep(0.1)
                brood.reload()
        steady.check(50)
        assert brood.stop() == 0


@pytest.mark.parametrize("model", MODELS)
def test_what_was_started_is_finished_by_the_generation_that_started_it(handler, model, tmp_path):
    with Reloadable(tmp_path, service("web", handler, model_lines(model))) as brood:
        (url,) = brood.urls()
        old = brood.service_process()
        with connect(url) as client:
            client.sendall(b"sleep 1500\n")
            time.sleep(0.2)
            brood.reload()
            started = time.monotonic()
            new = pid_in(ask(url, b"hello\n"))
            assert time.monotonic() - started < 1 * SCALE
            answer = client.recv(100)
            assert answer.endswith(b"sleep 1500\n")
            if model in ("iterative", "thread"):
                assert pid_in(answer) == old
                assert new != old
        wait_until(lambda: not is_alive(old), LONG, "the old generation stays")
        assert brood.stop() == 0


def test_clients_in_the_queue_of_a_full_service_are_served_by_the_next_generation(handler, tmp_path):
    with Reloadable(tmp_path, service("web", handler, "model = iterative")) as brood:
        (url,) = brood.urls()
        with connect(url) as first, connect(url) as queued:
            first.sendall(b"sleep 1000\n")
            time.sleep(0.2)
            queued.sendall(b"hello\n")
            brood.reload()
            assert queued.recv(100).endswith(b"hello\n")
            assert first.recv(100).endswith(b"sleep 1000\n")
        assert brood.stop() == 0


def test_a_handler_that_does_not_hear_the_order_delays_a_reload_by_a_second(handler, tmp_path):
    config = service("web", handler, "model = iterative", "request-timeout = 3s", "kill-after = 1s")
    with Reloadable(tmp_path, config) as brood:
        (url,) = brood.urls()
        with connect(url) as client:
            client.sendall(b"spin\n")
            time.sleep(0.3)
            started = time.monotonic()
            brood.reload()
            assert 0.8 < time.monotonic() - started < 2 * SCALE
            assert ask(url, b"hello\n").endswith(b"hello\n")
        brood.wait_for("killed_because")
        assert brood.stop() == 0


# ---- What is new, what is gone, what has changed -------------------------------------------------


def test_services_come_and_go_and_pass_their_sockets_on(handler, tmp_path):
    kept = f"unix:{tmp_path}/kept"
    with Reloadable(tmp_path, service("one", handler, listen=("tcp://127.0.0.1:0", kept))) as brood:
        tcp = brood.urls(2)[0]
        old = brood.service_process()
        brood.reload(service("two", handler, listen=(kept, f"unix:{tmp_path}/new")))
        assert len(brood.urls(3)) == 3
        for url in (kept, f"unix:{tmp_path}/new"):
            assert pid_in(ask(url, b"hello\n")) not in (old, 0)
        wait_until(lambda: not is_listening(address_of(tcp)[2][1]), LONG, "the port is still taken")
        with pytest.raises(ConnectionRefusedError):
            connect(tcp)
        wait_until(lambda: len(brood.service_processes()) == 1, LONG, "the old service stays")
        brood.reload(service("three", handler, listen=(f"unix:{tmp_path}/new",)))
        assert not (tmp_path / "kept").exists()
        assert brood.stop() == 0
    assert sorted(os.listdir(tmp_path)) == ["brood.ini"]


def test_the_queue_of_a_listener_that_is_gone_is_served(handler, tmp_path):
    lines = ("model = iterative",)
    urls = tuple(f"unix:{tmp_path}/{i}" for i in range(2))
    with Reloadable(tmp_path, service("web", handler, *lines, listen=urls)) as brood:
        brood.urls(2)
        with connect(urls[0]) as first, connect(urls[0]) as queued, connect(urls[1]) as passed_on:
            first.sendall(b"sleep 700\n")
            time.sleep(0.2)
            queued.sendall(b"queued\n")
            passed_on.sendall(b"passed on\n")
            brood.reload(service("web", handler, *lines, listen=urls[1:]))
            assert passed_on.recv(100).endswith(b"passed on\n")
            assert first.recv(100).endswith(b"sleep 700\n")
            first.close()  # iterative: the way is free
            assert queued.recv(100).endswith(b"queued\n")
        assert brood.stop() == 0


def test_settings_of_a_path_and_the_backlog_change_on_the_open_socket(handler, tmp_path):
    path = tmp_path / "socket"
    with Reloadable(tmp_path, service("web", handler, "backlog = 100", listen=(f"unix:{path}?mode=0600",))) as brood:
        brood.urls()
        inode = path.stat().st_ino
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        brood.reload(service("web", handler, "backlog = 7", listen=(f"unix:{path}?mode=0666",)))
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert path.stat().st_ino == inode
        sockets = subprocess.run(["ss", "-lxn"], capture_output=True, text=True, check=True).stdout
        (line,) = [line for line in sockets.splitlines() if str(path) in line]
        assert line.split()[3] == "7"
        brood.reload(service("web", handler, listen=(f"unix:{path}",)))
        assert "keeps the settings" in brood.lines[-1] or "keeps the settings" in brood.text
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert brood.stop() == 0


def test_global_settings_are_applied_or_reported(handler, tmp_path):
    config = service("web", handler)
    with Reloadable(tmp_path, config) as brood:
        (url,) = brood.urls()
        brood.reload("[brood]\nlog-level = debug\npid-file = /nonexistent/pid\n\n" + config)
        assert "unapplied=\"pid-file: not before a restart\"" in brood.text
        ask(url, b"hello\n")
        assert brood.stop() == 0
    assert "[DEBUG]" in brood.text


# ---- What cannot be loaded -----------------------------------------------------------------------


def wrong_key(good, tmp_path):
    return good + "wrokers = 7\n", r"brood.ini:\d+: .*workers"


def wrong_section(good, tmp_path):
    return good + "[servcie x]\n", r"brood.ini:\d+: .*service"


def empty_file(good, tmp_path):
    return "", r"brood.ini: no service"


def missing_handler(good, tmp_path):
    return service("web", tmp_path / "missing.so"), r"brood.ini:2: handler: .*missing.so"


def broken_handler(good, tmp_path):
    (tmp_path / "broken.so").write_text("no shared object")
    return service("web", tmp_path / "broken.so"), r"brood.ini:2: handler: .*broken.so"


def busy_port(good, tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    url = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    busy_port.taken = taken
    return good + service("more", "echo", listen=(f"unix:{tmp_path}/new", url)), rf"brood.ini:\d+: listen: .*{url}"


def no_such_owner(good, tmp_path):
    return good.replace("/socket\n", "/socket?owner=nobody-of-that-name\n"), r"brood.ini:\d+: listen: .*no such user"


def load_fails(good, tmp_path):
    return good + "env = LOAD_FAIL=1\n", "load failed"


def load_exits(good, tmp_path):
    return good + "env = LOAD_EXIT=3\n", "exit 3"


def load_hangs(good, tmp_path):
    return good + "env = LOAD_HANG=1\nload-timeout = 300ms\n", "load deadline"


@pytest.mark.parametrize("mistake", [wrong_key, wrong_section, empty_file, missing_handler, broken_handler, busy_port,
                                     no_such_owner, load_fails, load_exits, load_hangs])
def test_what_cannot_be_loaded_changes_nothing_and_is_explained(handler, mistake, tmp_path):
    """R19"""
    good = service("web", handler, listen=("tcp://127.0.0.1:0", f"unix:{tmp_path}/socket"))
    bad, reason = mistake(good.rstrip("\n") + "\n", tmp_path)
    with Reloadable(tmp_path, good) as brood:
        urls = brood.urls(2)
        before = brood.service_process()
        counts = settled_counts_of(brood.pid)
        with Steady(urls, per_second=50, threads=2) as steady:
            for _ in range(3):
                why = brood.reload_in_vain(bad)
                assert re.search(reason, why), why
        steady.check(1)
        wait_until(lambda: brood.service_processes() == [before], LONG, "a failed generation stays")
        wait_until(lambda: counts_of(brood.pid) == counts, LONG, f"descriptors: {descriptors_of(brood.pid)}")
        assert not (tmp_path / "new").exists()
        brood.reload(good)
        assert ask(urls[1], b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0
    if mistake is busy_port:
        busy_port.taken.close()


def test_a_new_generation_that_is_killed_before_it_is_ready_changes_nothing(handler, tmp_path):
    good = service("web", handler)
    with Reloadable(tmp_path, good) as brood:
        (url,) = brood.urls()
        before = brood.service_process()
        brood.path.write_text(good.rstrip("\n") + "\nenv = LOAD_HANG=1\n")
        brood.send(signal.SIGHUP)
        new = wait_until(lambda: [pid for pid in brood.service_processes() if pid != before], LONG, "nobody new")
        os.kill(new[0], signal.SIGKILL)
        brood.wait_for("reload failed.*signal 9")
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.service_processes() == [before]
        assert brood.stop() == 0


def test_a_new_generation_that_dies_later_is_started_again(handler, tmp_path):
    good = service("web", handler)
    with Reloadable(tmp_path, good) as brood:
        (url,) = brood.urls()
        brood.reload()
        wait_until(lambda: len(brood.service_processes()) == 1, LONG, "the old one stays")
        os.kill(brood.service_process(), signal.SIGKILL)
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0


# ---- At an awkward moment ------------------------------------------------------------------------


def test_many_hups_at_once_are_one_or_two_reloads(handler, tmp_path):
    with Reloadable(tmp_path, service("web", handler)) as brood:
        with Steady(brood.urls(), per_second=50, threads=2) as steady:
            for _ in range(50):
                brood.send(signal.SIGHUP)
            brood.wait_for(" reloaded generation=")
            time.sleep(0.5)
            brood.reloads = len([line for line in brood.lines if " reloaded generation=" in line])
            brood.reload()
        steady.check(10)
        wait_until(lambda: len(brood.service_processes()) == 1, LONG, "generations stay")
        assert brood.stop() == 0


def test_a_hup_while_a_slow_reload_is_under_way_follows_it(handler, tmp_path):
    good = service("web", handler)
    with Reloadable(tmp_path, good) as brood:
        (url,) = brood.urls()
        brood.path.write_text(good.rstrip("\n") + "\nenv = LOAD_HANG=1\nload-timeout = 500ms\n")
        brood.send(signal.SIGHUP)
        brood.wait_for(" reloading")
        time.sleep(0.1)
        brood.reload(good)
        assert len([line for line in brood.lines if "reload failed" in line]) == 1
        assert ask(url, b"hello\n").endswith(b"hello\n")
        assert brood.stop() == 0


def test_a_hup_while_starting_replaces_what_never_gets_ready(handler, tmp_path):
    good = service("web", handler)
    with Reloadable(tmp_path, good.rstrip("\n") + "\nenv = LOAD_HANG=1\n") as brood:
        brood.service_process()
        time.sleep(0.2)
        brood.reload(good)
        (url,) = brood.urls()
        assert ask(url, b"hello\n").endswith(b"hello\n")
        wait_until(lambda: len(brood.service_processes()) == 1, LONG, "the hanging one stays")
        assert brood.stop() == 0


def test_a_stop_ends_a_reload_that_is_under_way(handler, tmp_path):
    good = service("web", handler)
    with Reloadable(tmp_path, good) as brood:
        brood.urls()
        brood.path.write_text(good.rstrip("\n") + "\nenv = LOAD_HANG=1\n")
        brood.send(signal.SIGHUP)
        wait_until(lambda: len(brood.service_processes()) == 2, LONG, "nobody new")
        started = time.monotonic()
        assert brood.stop() == 0
        assert time.monotonic() - started < 2 * SCALE


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("lame", ["off", "1h"])
def test_a_stop_ends_a_reload_in_which_the_old_generation_yields(handler, lame, order, tmp_path):
    with Reloadable(tmp_path, service("web", handler, "model = iterative", f"lame-duck = {lame}")) as brood:
        (url,) = brood.urls()
        old = brood.service_process()
        os.kill(old, signal.SIGSTOP)  # it does not answer, for the whole second that it is waited for
        with connect(url) as client:
            client.sendall(b"hello\n")
            brood.send(signal.SIGHUP)
            wait_until(lambda: len(brood.service_processes()) == 2, LONG, "nobody new")
            time.sleep(0.3)
            brood.send(order)
            brood.wait_for("reload failed, .* why=\"brood is stopping\"")
            time.sleep(1)
            os.kill(old, signal.SIGCONT)
            if order == signal.SIGTERM:
                assert pid_in(client.recv(100)) == old
        assert brood.wait() == 0
    assert " reloaded generation=" not in brood.text


def test_a_stop_after_a_reload_waits_for_both_generations(handler, tmp_path):
    with Reloadable(tmp_path, service("web", handler)) as brood:
        (url,) = brood.urls()
        with connect(url) as old, connect(url) as new:
            old.sendall(b"sleep 1000\n")
            time.sleep(0.2)
            brood.reload()
            new.sendall(b"sleep 1000\n")
            time.sleep(0.2)
            brood.send(signal.SIGTERM)
            for client in (old, new):
                assert client.recv(100).endswith(b"sleep 1000\n")
        assert brood.wait() == 0


# ---- It can go on like this ----------------------------------------------------------------------


def test_a_hundred_reloads_leave_memory_and_descriptors_as_they_were(handler, tmp_path):
    """R18"""
    config = service("web", handler) + service("other", "echo", listen=(f"unix:{tmp_path}/echo",))
    with Reloadable(tmp_path, config) as brood:
        brood.urls(2)
        sizes = []
        for number in range(100):
            brood.reload()
            wait_until(lambda: len(brood.service_processes()) == 2, LONG, "generations stay")
            if number >= 20:
                sizes.append(int(status_field(brood.pid, "VmRSS").split()[0]))
                if number == 20:
                    wait_until(lambda: counts_of(brood.pid)[1] == 0, LONG, "zombies")
                    first = counts_of(brood.pid)
        wait_until(lambda: counts_of(brood.pid) == first, LONG, lambda: f"{first}: {descriptors_of(brood.pid)}")
        # KiB. A sanitizer keeps what was freed for a while.
        assert SANITIZED or max(sizes[-20:]) <= max(sizes[:20]) + 64, sizes
        assert len(children_of(brood.pid)) == 2
        assert brood.stop() == 0
