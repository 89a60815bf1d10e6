# SPDX-License-Identifier: MIT
"""
R10, R13, R14, R16, R17, R38: processes that die in a loop, are mistaken for others, are orphans, lose their parent,
are told to stop in full work; and what a handler is born with.
"""
import collections
import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import clients, models, processes
from harness.brood import FILLING, HEARD_BY_WORKERS, Brood
from harness.patience import LONG, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "event"]
CONCURRENT = MODELS[1:]
EX_SOFTWARE = 70
OWN_PIDS = ("unshare", "--pid", "--fork", "--mount-proc", "--")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for process ids of its own")


# ---- R10: a crash loop at the start ---------------------------------------------------------------------------

@pytest.mark.parametrize("how, told", [("exit", "exit 3"), ("crash", "SEGV"), ("fail", "No such file")])
def test_r10_a_handler_that_never_loads_ends_with_one_clear_line(handlers, tmp_path, how, told):
    begin = time.monotonic()
    with pytest.raises(AssertionError, match=f"ended with {EX_SOFTWARE}") as failed:
        Brood(tmp_path / "brood", ["-l", "tcp://127.0.0.1:0", handlers("moments")], env={"MOMENTS_LOAD": how})
    seconds = time.monotonic() - begin
    text = str(failed.value)
    assert text.count("moment load") == 5
    assert 3.0 <= seconds < 4 * SCALE + 2, "0.2 + 0.4 + 0.8 + 1.6 s of back-off"
    said = re.findall(r"^brood: .*$", text, re.M)
    assert len(said) == 1 and told in said[0], text


def test_r10_a_loop_after_ready_backs_off_and_never_gives_up(start, handlers):
    brood = start(handlers("obey"), "--model", "iterative")
    begin = time.monotonic()
    for _ in range(2):
        assert not clients.try_to_ask(brood.url, b"crash\n")
    assert clients.ask(brood.url, b"alive\n") == b"alive\n"
    assert time.monotonic() - begin > 1 + 2, "back-off of 1 and 2 s"
    deaths = brood.records("service process died")
    assert len(deaths) == 2 and all("SEGV" in death["exit"] for death in deaths)


# ---- R13: another process gets the number ---------------------------------------------------------------------

def inner_pid(pid):
    """As its own namespace counts."""
    return int(processes.status_field(pid, "NSpid").split()[-1])


@contextlib.contextmanager
def impostor(brood, pid):
    """An unrelated process in the same namespace under this number of that namespace, in a group of its own."""
    script = f"echo {pid - 1} > /proc/sys/kernel/ns_last_pid; setsid sleep 60 & echo $!; wait"
    command = ["nsenter", "-t", str(brood.supervisor), "-p", "-m", "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as shell:
        try:
            assert int(shell.stdout.readline()) == pid
            (outer,) = (stat.pid for stat in processes.descendants_of(shell.pid) if inner_pid(stat.pid) == pid)
            yield outer
        finally:
            for stat in processes.descendants_of(shell.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stat.pid, signal.SIGKILL)


@needs_root
@pytest.mark.parametrize("model", ["fork", "prefork", "oneshot"])
def test_r13_who_gets_the_number_of_a_dead_worker_gets_no_signal(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model, at_once=1), "--request-timeout", "1s", "--kill-after", "200ms",
                  prefix=OWN_PIDS)
    with clients.connect(brood.url) as client:
        client.sendall(b"oversleep 60000\n")
        (worker,) = wait_until(brood.workers, LONG, "a worker")
        number = inner_pid(worker)
        time.sleep(0.1)  # a standing one was there before it had anything to do
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: worker not in brood.workers() and not brood.zombies(), LONG, "the worker is reaped")
        with impostor(brood, number) as unrelated:
            # Past its deadline, kill-after and the grace of TERM.
            time.sleep(2.5)
            assert processes.stat_of(unrelated).state == "S"
    brood.wait_for_record("end", reason="worker-killed")


@needs_root
def test_r13_who_gets_the_number_of_a_dead_service_process_survives_the_stop(start):
    brood = start("echo", prefix=OWN_PIDS)
    number = inner_pid(brood.service)
    os.kill(brood.service, signal.SIGKILL)
    wait_until(lambda: brood.records("service process died"), LONG, "its death is seen")
    with impostor(brood, number) as unrelated:
        wait_until(lambda: len(brood.records("ready")) == 2, LONG, "it is started again")
        brood.check()
        assert processes.stat_of(unrelated).state == "S"


# ---- R14: as PID 1, with orphans ------------------------------------------------------------------------------

@needs_root
@pytest.mark.parametrize("model", MODELS[:5])
def test_r14_as_pid_1_it_reaps_the_orphans_of_handlers(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model), prefix=OWN_PIDS)
    assert inner_pid(brood.supervisor) == 1
    assert clients.ask(brood.url, b"orphans 500100\n") == b"100 orphans\n"
    wait_until(lambda: len(processes.children_of(brood.supervisor)) > 50, LONG, "they are its children")
    wait_until(lambda: len(processes.children_of(brood.supervisor)) == 1, 1.5 * SCALE, "orphans are reaped")


@needs_root
@pytest.mark.parametrize("model", MODELS[:5])
def test_r14_as_pid_1_a_term_stops_all_and_the_status_is_carried(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model), prefix=OWN_PIDS)
    assert clients.ask(brood.url, b"orphans 100\n") == b"100 orphans\n"
    assert brood.stop() == 0


@pytest.mark.parametrize("model", MODELS)
def test_r14_orphans_of_handlers_do_not_outlive_the_service(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model))
    assert clients.ask(brood.url, b"orphans 30\n") == b"30 orphans\n"
    brood.checked = False  # whoever waits for them, they are no children of ours
    assert brood.stop() == 0


# Whose worker lives on has a child more: it is the handler's to wait for.
@pytest.mark.parametrize("model", ["fork", "oneshot"])
def test_a_child_forked_by_a_handler_that_returns_is_ended_with_a_line(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model))
    assert clients.ask(brood.url, b"stray\n") == b"forked\n"
    wait_until(lambda: "a child forked by the handler returned" in brood.text(), LONG, "the line")


# ---- R16: the supervisor is killed ----------------------------------------------------------------------------

def is_free(port):
    with socket.socket() as again, contextlib.suppress(OSError):
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        return True
    return False


@pytest.mark.parametrize("model", MODELS)
def test_r16_without_supervisor_everything_ends_and_the_port_is_free(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model))
    port = clients.address_of(brood.url)[2][1]
    with clients.connect(brood.url) as silent, clients.connect(brood.url) as asleep:
        asleep.sendall(b"sleep 60000\n")
        silent.sendall(b"hello\n")
        if model != "iterative":
            assert silent.recv(10) == b"hello\n"
        begin = time.monotonic()
        os.kill(brood.supervisor, signal.SIGKILL)
        brood.process.wait(LONG)
        wait_until(lambda: not brood.left(), 1 * SCALE, lambda: f"left: {brood.left()}")
        brood.stopped = True
        wait_until(lambda: is_free(port), 2 * SCALE, "the port is free")
        assert time.monotonic() - begin < 2 * SCALE


@pytest.mark.parametrize("model", ["fork", "prefork", "oneshot", "kept", "event"])
def test_r16_a_worker_that_hears_nothing_ends_as_well(start, handlers, model):
    one_each = ("--model", "event", "--workers", 2, "--max-conns", 1)
    brood = start(handlers("obey"), *(one_each if model == "event" else models.words(model, at_once=2)))
    with clients.connect(brood.url) as spinning, clients.connect(brood.url) as asleep:
        for client, words in (spinning, b"spin\n"), (asleep, b"oversleep 60000\n"):
            client.sendall(b"hello\n")
            assert client.recv(10) == b"hello\n"
            client.sendall(words)
        wait_until(lambda: len(brood.workers()) == 2, LONG, "two workers")
        os.kill(brood.supervisor, signal.SIGKILL)
        brood.process.wait(LONG)
        wait_until(lambda: not brood.left(), 1 * SCALE, lambda: f"left: {brood.left()}")
        brood.stopped = True


# ---- R17: stopped in full work --------------------------------------------------------------------------------

@pytest.mark.parametrize("model", CONCURRENT)
def test_r17_a_stop_under_load_fails_no_started_request(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model, at_once=100))
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        long = stack.enter_context(clients.Crowd(brood.url, [b"sleep 1000\n"] * 10))
        short = stack.enter_context(clients.Crowd(brood.url, [b"sleep 300\n"] * 50))
        long.run(0.1)
        short.run(0.1)
        brood.send(signal.SIGTERM)
        wait_until(lambda: clients.try_to_ask(brood.url, b"new\n", 1) is None, LONG, "new clients are refused")
        assert short.run(LONG) and long.run(LONG)
        assert long.answers + short.answers == [b"slept\n"] * 60, (long.errors, short.errors)
    assert brood.wait() == 0
    assert time.monotonic() - begin < 3 * SCALE
    assert brood.summary()["unfinished"] == 0


@pytest.mark.parametrize("model", CONCURRENT)
def test_r17_clients_who_think_are_let_go_and_those_who_were_promised_an_answer_get_it(start, model):
    brood = start("calc", *models.words(model, at_once=100), "--delay", "300ms",
                  warm=False)
    brood.delay = 0.3
    with contextlib.ExitStack() as stack:
        thinking = [stack.enter_context(clients.connect(brood.url)) for _ in range(50)]
        for client in thinking:
            client.sendall(b"1\n")
        assert [client.recv(10) for client in thinking] == [b"1\r\n"] * 50
        asking = [stack.enter_context(clients.connect(brood.url)) for _ in range(10)]
        for client in asking:
            client.sendall(b"2\n")
        # Nothing shows of the others that they took somebody; who is still in the queue is owed an answer as well.
        wait_until(lambda: model != "fork" or len(brood.workers()) == 60, LONG, "all are accepted")
        begin = time.monotonic()
        brood.send(signal.SIGTERM)
        assert [clients.read_to_end(client) for client in asking] == [b"2\r\n"] * 10
        assert [clients.read_to_end(client) for client in thinking] == [b""] * 50
        assert brood.wait() == 0
        assert time.monotonic() - begin < 1 * SCALE
    assert len(brood.records("end", reason="drained")) == 60


@pytest.mark.parametrize("model", CONCURRENT)
def test_r17_past_the_grace_time_what_is_left_is_killed_and_counted(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model), "--drain-timeout", "500ms")
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(clients.connect(brood.url)).sendall(b"oversleep 60000\n")
        time.sleep(0.2 * SCALE)
        begin = time.monotonic()
        assert brood.stop() == 0
        assert time.monotonic() - begin < 0.5 + 4 * SCALE
    cut_off = len(brood.records("end", reason="stopped")) + brood.summary()["unfinished"]
    killed = brood.records("service process ended", killed_because="it did not stop in time")
    # Whoever keeps a loop from turning keeps it from accepting, too: that client is reset in the queue.
    begun = brood.summary()["accepted"] - len(brood.records("end", reason="finished")) if model == "event" else 3
    assert cut_off == begun >= 1 or killed, brood.text()


@pytest.mark.parametrize("model", MODELS)
def test_r17_short_requests_in_a_stream_are_answered_or_not_begun(start, model):
    """Clients come one after the other while it stops: each gets its whole answer or was never accepted."""
    brood = start("calc", *models.words(model))
    wrong, answered, stop = [], [0], threading.Event()

    def keep_asking():
        while not stop.is_set():
            try:
                answer = clients.ask(brood.url, b"6*7\n", 5 * SCALE)
            except OSError:
                continue  # refused, or reset in the queue: nothing was begun
            if answer != b"42\r\n":
                wrong.append(answer)
            answered[0] += 1

    askers = [threading.Thread(target=keep_asking) for _ in range(4)]
    for asker in askers:
        asker.start()
    time.sleep(0.3)
    try:
        assert brood.stop() == 0
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert answered[0] > 10 and not wrong, wrong[:3]
    # Who was accepted was answered.
    assert brood.summary()["accepted"] == brood.summary()["ended"]
    assert {record["reason"] for record in brood.records("end")} <= {"finished", "drained"}


# ---- R38: what a handler is born with -------------------------------------------------------------------------

def told_by(brood):
    """{word: [the rest of each line that begins with it]}"""
    told = {}
    for line in clients.ask(brood.url, b"").decode().splitlines():
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest)
    return told


@pytest.mark.parametrize("model", MODELS)
def test_r38_a_handler_is_born_with_what_is_documented(start, handlers, tmp_path, model):
    brood = start(handlers("inherits"), *models.words(model), "--chdir", tmp_path, "--umask", "027",
                  "--env", "TOLD=words")
    told = told_by(brood)
    assert told["cwd"] == [str(tmp_path)]
    assert told["umask"] == ["027"]
    assert told["env"] == ["words"]
    assert told["tty"] == ["0"]
    assert "ignored" not in told, told
    if model == "thread":
        assert "14" in told["blocked"]  # brood's threads leave signals to the process
    elif model == "event":
        assert told["blocked"] == [str(int(HEARD_BY_WORKERS))]  # a word to the loop, which reads it in its turn
    else:
        assert "blocked" not in told, told
    if model not in ("iterative", "thread"):
        # Nothing that a program started by a handler would inherit: an action is not.
        own = {signal.SIGSEGV if model == "event" else HEARD_BY_WORKERS} if brood.pool else set()
        assert set(told.get("handled", [])) <= {str(int(number)) for number in own}


def held_by(told):
    """{number: (close-on-exec, what)}"""
    return {int(number): (cloexec == "1", what)
            for number, cloexec, what in (line.split(" ", 2) for line in told["fd"])}


@pytest.mark.parametrize("model", ["prefork", "oneshot", "kept", "event"])
def test_r38_a_standing_handler_has_its_client_its_queues_and_nothing_of_the_others(start, handlers, model):
    listen = ["tcp://127.0.0.1:0", "udp://127.0.0.1:0"]
    brood = start(handlers("inherits"), *models.words(model), listen=listen)
    with contextlib.ExitStack() as stack:
        # Under event they may be in the same worker, whose they are as well.
        for _ in range(0 if model == "event" else 5):
            stack.enter_context(clients.connect(brood.url))
        held = held_by(told_by(brood))
    assert {0, 1, 2} <= held.keys()
    others = collections.Counter(what.partition(":")[0] if what.startswith(("socket:", "pipe:")) else what
                                 for number, (_, what) in held.items() if number > 2 and what != FILLING)
    sockets = {what for _, what in held.values() if what.startswith("socket:")}
    # Its client and the listeners; from a keeper its word.
    assert len(sockets) == 1 + len(listen) + (model == "kept"), held
    del others["socket"]
    # What tells that everything is to end, what load opened, what it waits on, the log.
    assert others.pop("pipe") == 1 and others.pop("/dev/zero") == 1 and others.pop("anon_inode:[eventpoll]") == 1
    # A loop hears a signal by a descriptor.
    assert others.pop("anon_inode:[signalfd]", 0) == (model == "event")
    # Its place on the board is memory; one-shot it is written there through a descriptor, as a forked worker's is.
    assert others.pop("/memfd:brood-board (deleted)", 0) == (model == "oneshot")
    assert others == {str(brood.stderr): 1}, others
    assert all(cloexec for number, (cloexec, _) in held.items() if number > 2), held


def test_r38_a_forked_handler_has_its_client_and_nothing_of_the_others(start, handlers):
    brood = start(handlers("inherits"), listen=["tcp://127.0.0.1:0", "udp://127.0.0.1:0"])
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(clients.connect(brood.url))
        told = told_by(brood)
    held = held_by(told)
    assert {0, 1, 2} <= held.keys()
    others = {number: what for number, (_, what) in held.items() if number > 2}
    assert sum(what.startswith("socket:") for what in others.values()) == 1, others
    assert list(others.values()).count("/dev/zero") == 1, others  # what load opened
    # The pipe that tells what is to end, the board where it leaves its slot, the log.
    assert sum(what.startswith("pipe:") for what in others.values()) == 1, others
    assert sum("brood-board" in what for what in others.values()) == 1, others
    assert not [what for what in others.values() if what.startswith("anon_inode")], others
    assert len(others) <= 5, others
    assert all(cloexec for number, (cloexec, _) in held.items() if number > 2), held
    # Signals: nothing blocked, ignored or handled. A broken pipe ends a program, not a transfer of brood's.
    assert "blocked" not in told and "ignored" not in told and "handled" not in told


def test_r38_limits_are_those_it_was_started_with(start, handlers):
    def limits_of(lines):
        return {int(which): (int(soft), int(hard)) for which, soft, hard in map(str.split, lines)}

    brood = start(handlers("inherits"))
    told = limits_of(told_by(brood)["limit"])
    assert told == {which: resource.prlimit(brood.supervisor, which) for which in told}
