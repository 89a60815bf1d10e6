# SPDX-License-Identifier: MIT
"""
Several sockets with one address (`?reuseport=N`): each worker has one of its own, and nobody waits in any of them for a
worker that is dead, paused or never was. No socket is ever closed before the end, and nobody else gets its clients.
"""
import collections
import contextlib
import os
import signal
import socket
import time

import pytest

from harness import clients
from harness.clients import ask
from harness.command import CONFIGURATION, UNAVAILABLE, USAGE, assert_refused, brood as command
from harness.patience import LONG, SCALE
from harness.processes import children_of, hears, stat_of, wait_until
from harness.steady import Steady
from harness.supervise_helpers import Supervised, compile_handler
from harness.upgradable import Upgradable, service

FOUR = "tcp://127.0.0.1:0?reuseport=4"
SOCKETS = 4


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def event(handler, *, listen=FOUR, workers=4, more=()):
    return Supervised("-l", listen, "-m", "event", "-w", workers, "--linger-timeout", "100ms", *more, handler)


def pid_of(url):
    return int(ask(url, b"hello\n").split()[0])


def served_by(url, count):
    return [pid_of(url) for _ in range(count)]


def changes_in(pids):
    return sum(one != other for one, other in zip(pids, pids[1:]))


def workers_of(brood):
    """Those that live; keepers hear nothing."""
    return sorted(stat.pid for stat in children_of(brood.service_process())
                  if stat.state not in "ZX" and hears(stat.pid, signal.SIGURG))


def wait_for_workers(brood, count):
    return wait_until(lambda: len(workers_of(brood)) == count and workers_of(brood), LONG, lambda: workers_of(brood))


def sockets_of(url):
    """Inodes of those that listen there."""
    port = f":{url.rpartition(':')[2]}"
    wanted = f":{int(port[1:]):04X}"
    found = []
    with open("/proc/net/tcp", encoding="ascii") as table:
        for fields in map(str.split, table):
            if fields[1].endswith(wanted) and fields[3] == "0A":
                found.append(int(fields[9]))
    return sorted(found)


def pause(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        wait_until(lambda pid=pid: stat_of(pid).state == "T", LONG, "the worker stops")


def wake(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


# ---- Who gets a client ------------------------------------------------------------------------------------------


def test_clients_are_spread_by_the_kernel_and_not_in_turns(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        wait_for_workers(brood, 4)
        served_by(url, 40)
        pids = served_by(url, 400)
        counts = collections.Counter(pids)
        assert len(counts) == 4 and min(counts.values()) > 50, counts
        # By chance three of four times it is another one; in turns of 16 it would be one of 16 times.
        assert changes_in(pids) > 200, changes_in(pids)
        assert brood.stop() == 0
    assert "\n".join(brood.lines).count("listening on") == 1


def test_without_the_setting_there_is_one_socket_and_turns(handler):
    with event(handler, listen="tcp://127.0.0.1:0") as brood:
        (url,) = brood.urls()
        wait_for_workers(brood, 4)
        assert len(sockets_of(url)) == 1
        assert changes_in(served_by(url, 200)) < 100
        assert brood.stop() == 0


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_on_means_a_socket_for_each_worker(handler, workers):
    with event(handler, listen="tcp://127.0.0.1:0?reuseport=on", workers=workers) as brood:
        (url,) = brood.urls()
        assert len(sockets_of(url)) == workers
        assert len(set(served_by(url, 60))) == workers
        assert brood.stop() == 0


def test_both_families_share_a_port_of_several_sockets(handler):
    with event(handler, listen="tcp://:0?reuseport=2", workers=2) as brood:
        (url,) = brood.urls()
        port = url.rpartition(":")[2]
        for host in ("127.0.0.1", "[::1]"):
            assert len(set(served_by(f"tcp://{host}:{port}", 40))) == 2
        assert brood.stop() == 0


def test_datagrams_of_one_client_are_spread(handlers, start):
    brood = start("--model", "event", "--workers", 3, handlers("parks"), listen=["udp://127.0.0.1:0?reuseport=3"],
                  warm=False)
    brood.request, brood.checked = b"pid\n", False
    with clients.connect(brood.url) as client:
        answers = []
        for _ in range(300):
            client.send(b"pid\n")
            answers.append(client.recv(100))
    counts = collections.Counter(map(int, answers))
    assert len(counts) == 3 and min(counts.values()) > 40, counts
    assert changes_in(answers) > 100
    assert brood.text().count("listening on") == 1


# ---- Nobody waits for a worker that does not come ---------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3, 6])
def test_any_number_of_workers_serves_all_sockets(handler, workers):
    with event(handler, workers=workers) as brood:
        (url,) = brood.urls()
        wait_for_workers(brood, workers)
        assert len(sockets_of(url)) == SOCKETS
        started = time.monotonic()
        assert len(set(served_by(url, 200))) == workers
        assert time.monotonic() - started < 10 * SCALE
        assert brood.stop() == 0


def test_clients_of_a_worker_that_is_paused_are_served_by_the_others(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        paused = wait_for_workers(brood, 4)[0]
        served_by(url, 40)
        pause(paused)
        pids = served_by(url, 80)
        assert paused not in pids and len(set(pids)) == 3
        wake(paused)
        wait_until(lambda: paused in served_by(url, 20), LONG, "it comes back to its socket")
        assert brood.stop() == 0


def test_clients_of_a_worker_that_is_full_are_served_by_the_others(handler):
    with event(handler, workers=2, listen="tcp://127.0.0.1:0?reuseport=2", more=["--max-conns", 5]) as brood:
        (url,) = brood.urls()
        full, _ = wait_for_workers(brood, 2)
        with contextlib.ExitStack() as stack:
            held = collections.Counter()
            while held[full] < 5:
                client = stack.enter_context(clients.connect(url))
                client.sendall(b"hello\n")
                pid = int(client.recv(100).split()[0])
                held[pid] += 1
                if pid != full:
                    client.close()
                    held[pid] -= 1
            assert full not in served_by(url, 40)
        assert brood.stop() == 0


def queued(url, count):
    """Clients in the sockets' queues; each has asked."""
    found = [clients.connect(url) for _ in range(count)]
    for client in found:
        client.sendall(b"hello\n")
    return found


def answers_of(found):
    pids = []
    for client in found:
        with client:
            pids.append(int(client.recv(100).split()[0]))
    return pids


def test_kill_9_costs_a_worker_s_own_clients_and_nobody_in_the_queues(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        workers = wait_for_workers(brood, 4)
        owned = {}
        while len(owned) < 4:
            client = clients.connect(url)
            client.sendall(b"hello\n")
            pid = int(client.recv(100).split()[0])
            owned.setdefault(pid, client)
            if owned[pid] is not client:
                client.close()
        pause(*workers)
        waiting = queued(url, 200)
        os.kill(workers[0], signal.SIGKILL)
        wake(*workers[1:])
        assert workers[0] not in answers_of(waiting)
        for pid, client in owned.items():
            with client:
                client.sendall(b"more\n")
                if pid == workers[0]:
                    with contextlib.suppress(ConnectionError):
                        assert client.recv(100) == b""
                else:
                    assert client.recv(100) == b"%d more\n" % pid
        assert len(set(wait_for_workers(brood, 4)) - set(workers)) == 1
        assert brood.stop() == 0


def test_whoever_replaces_a_dead_worker_has_its_socket(handler):
    """With another one's, two would share a socket, and of one nobody would be the first."""
    with event(handler) as brood:
        (url,) = brood.urls()
        for _ in range(6):
            workers = wait_for_workers(brood, 4)
            os.kill(workers[0], signal.SIGKILL)
            wait_until(lambda gone=workers[0]: gone not in workers_of(brood), LONG, "it is gone")
            wait_for_workers(brood, 4)
            served_by(url, 40)
        counts = collections.Counter(served_by(url, 400))
        assert len(counts) == 4 and min(counts.values()) > 50, counts
        assert brood.stop() == 0


def test_whoever_replaces_a_worker_that_has_served_enough_has_its_socket(handler):
    with event(handler, more=["--max-requests", 200]) as brood:
        (url,) = brood.urls()
        first = set(wait_for_workers(brood, 4))
        wait_until(lambda: served_by(url, 20) and not first & set(workers_of(brood)), LONG, "all of them go")
        wait_for_workers(brood, 4)
        served_by(url, 20)
        counts = collections.Counter(served_by(url, 160))
        assert len(counts) == 4 and min(counts.values()) > 20, counts
        assert brood.stop() == 0


def test_workers_come_and_go_under_load_and_nobody_is_lost(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        sockets = sockets_of(url)
        with Steady([url]) as steady:
            for signals, least in (((signal.SIGTTOU,) * 3, 1), ((signal.SIGTTIN,) * 6, 7), ((signal.SIGTTOU,) * 3, 4)):
                for one in signals:
                    before = len(brood.wait_for(r"resized from=", 0))
                    brood.send(one)
                    brood.wait_for(r"resized from=", before + 1)
                wait_for_workers(brood, least)
                assert len(set(served_by(url, 60 * least))) == least
        steady.check(20)
        assert sockets_of(url) == sockets
        assert brood.stop() == 0


# ---- The sockets stay -------------------------------------------------------------------------------------------


def written(path, handler, reuseport, *lines):
    setting = f"?reuseport={reuseport}" if reuseport else ""
    path.write_text(service(handler, "model = event", *lines, listen=(f"tcp://127.0.0.1:0{setting}",)))


def reload(brood, number):
    brood.send(signal.SIGHUP)
    brood.wait_for(r"(?m) reloaded generation=", number)


def test_ten_reloads_under_load_lose_nobody_and_keep_the_sockets(handler, tmp_path):
    path = tmp_path / "brood.ini"
    written(path, handler, 4, "workers = 4")
    with Supervised("-c", path) as brood:
        (url,) = brood.urls()
        sockets = sockets_of(url)
        with Steady([url]) as steady:
            for number in range(1, 11):
                time.sleep(0.1)
                reload(brood, number)
        steady.check(100)
        assert sockets_of(url) == sockets and len(sockets) == SOCKETS
        assert brood.urls() == [url]
        assert brood.stop() == 0
    assert "unapplied" not in brood.text


@pytest.mark.parametrize("before, after, kept", [("4", "2", 4), ("2", "4", 2), ("4", None, 4), (None, "4", 1), ("on", "on", 2)])
def test_a_changed_number_waits_for_a_restart_and_is_told(handler, before, after, kept, tmp_path):
    path = tmp_path / "brood.ini"
    written(path, handler, before, "workers = 2")
    with Supervised("-c", path) as brood:
        (url,) = brood.urls()
        sockets = sockets_of(url)
        with Steady([url]) as steady:
            written(path, handler, after, "workers = 3")
            reload(brood, 1)
            time.sleep(0.2)
            brood.wait_for(f"{url} keeps its {kept} socket{'s' if kept > 1 else ''} until a restart")
        steady.check(10)
        assert sockets_of(url) == sockets and len(sockets) == kept
        assert len(set(served_by(url, 100))) == 3
        assert brood.stop() == 0


def test_another_model_serves_all_sockets_it_inherits(handler, tmp_path):
    path = tmp_path / "brood.ini"
    written(path, handler, 4, "workers = 4")
    with Supervised("-c", path) as brood:
        (url,) = brood.urls()
        with Steady([url]) as steady:
            for number, model in enumerate(["fork", "prefork", "thread", "event", "iterative"], 1):
                path.write_text(service(handler, f"model = {model}"))
                reload(brood, number)
                time.sleep(0.2)
        steady.check(50)
        assert len(sockets_of(url)) == SOCKETS
        assert brood.stop() == 0


def test_upgrades_keep_the_sockets_and_their_order(handler, tmp_path):
    config = service(handler, "model = event", "workers = 4", listen=(FOUR,))
    with Upgradable(tmp_path, config=config) as brood:
        (url,) = brood.urls()
        sockets = sockets_of(url)
        with Steady([url]) as steady:
            for _ in range(3):
                brood.upgrade()
        steady.check(10)
        assert sockets_of(url) == sockets
        assert brood.urls() == [url]
        wait_until(lambda: len(children_of(brood.pid)) == 1, LONG, "the old generation stays")
        served_by(url, 40)
        assert changes_in(served_by(url, 200)) > 100
        assert brood.stop() == 0


def test_whoever_is_in_the_queues_is_served_on_stop(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        workers = wait_for_workers(brood, 4)
        pause(*workers)
        waiting = queued(url, 100)
        brood.send(signal.SIGTERM)
        brood.wait_for("stopping")
        wake(*workers)
        assert set(answers_of(waiting)) <= set(workers)
        assert brood.wait() == 0


def test_a_restart_at_once_finds_its_port_free(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        with clients.connect(url) as client:
            client.sendall(b"hello\n")
            assert client.recv(100)
            brood.send(signal.SIGKILL)
            brood.wait()
            with event(handler, listen=f"{url}?reuseport=4") as again:
                assert again.urls() == [url]
                assert again.stop() == 0


# ---- Nobody else gets clients ------------------------------------------------------------------------------------


def thief(url, kind=socket.SOCK_STREAM):
    """Another program of the same user."""
    _, _, address = clients.address_of(url)
    taker = socket.socket(socket.AF_INET, kind)
    taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if kind == socket.SOCK_STREAM:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taker.bind(address)
    if kind == socket.SOCK_STREAM:
        taker.listen()
    taker.setblocking(False)
    return taker


@pytest.mark.parametrize("listen", ["{}?reuseport=4", "{}?reuseport=1", "{}"])
def test_a_second_brood_is_told_that_the_address_is_in_use(handler, listen):
    with event(handler) as brood:
        (url,) = brood.urls()
        assert_refused(command("serve", "-l", listen.format(url), "-m", "event", "echo"), UNAVAILABLE, "Address already in use")
        assert len(sockets_of(url)) == SOCKETS
        assert brood.stop() == 0


@pytest.mark.parametrize("scheme, kind", [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_an_address_that_another_program_would_share_is_in_use(scheme, kind):
    with thief(f"{scheme}://127.0.0.1:0", kind) as taker:
        url = f"{scheme}://127.0.0.1:{taker.getsockname()[1]}?reuseport=2"
        assert_refused(command("serve", "-l", url, "-m", "event", "echo"), UNAVAILABLE, "Address already in use")


def test_a_program_that_joins_later_gets_no_client(handler):
    with event(handler) as brood:
        (url,) = brood.urls()
        with thief(url) as taker:
            assert len(set(served_by(url, 200))) == 4
            with pytest.raises(BlockingIOError):
                taker.accept()
        assert brood.stop() == 0


def test_a_program_that_joins_later_gets_no_datagram(handlers, start):
    brood = start("--model", "event", "--workers", 2, handlers("parks"), listen=["udp://127.0.0.1:0?reuseport=2"],
                  warm=False)
    brood.checked = False
    with thief(brood.url, socket.SOCK_DGRAM) as taker:
        for _ in range(100):
            assert ask(brood.url, b"here\n") == b"here\n"
        with pytest.raises(BlockingIOError):
            taker.recv(100)


# ---- What is no setting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["iterative", "fork", "prefork", "thread"])
def test_other_models_refuse_it(model):
    assert_refused(command("serve", "-l", "tcp://127.0.0.1:0?reuseport=2", "-m", model, "echo"), USAGE,
                   f"--listen: model {model} cannot honour reuseport: leave it out, or choose model event")


@pytest.mark.parametrize("url, reason", [
    ("tcp://127.0.0.1:0?reuseport=0", "1 to 16"),
    ("tcp://127.0.0.1:0?reuseport=17", "1 to 16"),
    ("tcp://127.0.0.1:0?reuseport=off", "1 to 16"),
    ("tcp://127.0.0.1:0?reuseport=", "1 to 16"),
    ("tcp://127.0.0.1:0?reusport=2", "did you mean 'reuseport'?"),
    ("unix:@name?reuseport=2", "has no settings"),
    ("unix:/tmp/name?reuseport=2", "known are mode, owner and group"),
    ("fd://3?reuseport=2", "has no settings"),
])
def test_what_it_cannot_be_is_said(url, reason):
    assert_refused(command("serve", "-l", url, "-m", "event", "echo"), USAGE, reason)


def test_sixteen_sockets_are_all_that_a_service_has(handler):
    urls = ["-l", "tcp://127.0.0.1:0?reuseport=9", "-l", "udp://127.0.0.1:0?reuseport=8"]
    assert_refused(command("serve", *urls, "-m", "event", "echo"), USAGE,
                   "--listen: it says 17 sockets, counting reuseport; a service has at most 16")
    with event(handler, listen="tcp://127.0.0.1:0?reuseport=16", workers=2) as brood:
        (url,) = brood.urls()
        assert len(sockets_of(url)) == 16
        assert len(set(served_by(url, 100))) == 2
        assert brood.stop() == 0


def test_check_names_the_line_and_prints_the_setting(tmp_path):
    path = tmp_path / "brood.ini"
    path.write_text("[service a]\nhandler = echo\nmodel = fork\nlisten = tcp://127.0.0.1:1\n"
                    "listen = tcp://127.0.0.1:2?reuseport=on\n")
    assert_refused(command("check", "-c", path), CONFIGURATION, f"{path}:5: listen: model fork cannot honour reuseport")
    path.write_text(path.read_text().replace("fork", "event"))
    printed = command("check", "-c", path, "--print")
    assert printed.returncode == 0 and "listen = tcp://127.0.0.1:2?reuseport=on" in printed.stdout
    assert_refused(command("serve", "--status-listen", "tcp://127.0.0.1:0?reuseport=2", "echo"), USAGE,
                   "there are no workers to spread clients over")


def test_status_tells_how_many_there_are(handler, tmp_path):
    control = tmp_path / "control"
    with event(handler, more=["--control", control]) as brood:
        (url,) = brood.urls()
        shown = command("ctl", "--control", control, "status")
        assert f"{url} (4 sockets)" in shown.stdout and shown.stdout.count(url) == 1
        assert brood.stop() == 0
