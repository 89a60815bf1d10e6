# SPDX-License-Identifier: MIT
"""
An operator's mistakes and questions: options that mean nothing without others, that contradict each other or the machine,
two things in one place. One sentence names where it was asked for and what would be right; nothing is dropped in silence.
"""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from harness import clients
from harness.command import (CONFIGURATION, NO_INPUT, UNAVAILABLE, USAGE, assert_refused, brood)
from harness.patience import BROOD, LONG
from harness.processes import wait_until

ANYWHERE = ("-l", "tcp://127.0.0.1:0")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


def serve_file(tmp_path, *lines):
    """Two services; these lines behind the second's third, which is line 7."""
    (tmp_path / "brood.ini").write_text("\n".join(
        ["[service one]", "handler = echo", "listen = tcp://127.0.0.1:0", "",
         "[service two]", "handler = echo", "listen = tcp://127.0.0.1:0", *lines, ""]))
    return brood("serve", "-c", "brood.ini", cwd=tmp_path)


# ---- Options beside each other --------------------------------------------------------------------------------

@pytest.mark.parametrize("words, sentence", [
    ("--source-burst 5", "--source-burst: has no effect alone: leave it out, or say source-rate, too"),
    ("--source-prefix4 24", "--source-prefix4: has no effect alone: leave it out, or say max-per-source, or another limit"),
    ("--source-prefix6 48", "--source-prefix6: has no effect alone"),
    ("--penalty-max 5m", "--penalty-max: has no effect alone: leave it out, or say penalty-crash, -timeout or -blame, too"),
    ("--early-drop-percent 20", "--early-drop-percent: has no effect alone: leave it out, or say early-drop-from, too"),
    ("--early-drop-from 5", "--early-drop-from: has no effect alone: leave it out, or say max-clients, too"),
    ("--reserved 2 --reserved-for uid:0", "--reserved: has no effect alone: leave it out, or say max-clients, too"),
    ("--reserved 2 --max-clients 5", "--reserved: has no effect alone: leave it out, or say reserved-for, too"),
    ("--reserved-for ::1 --max-clients 5", "--reserved-for: has no effect alone: leave it out, or say reserved, too"),
    ("--exempt ::1 --max-clients 5", "--exempt: has no effect alone"),
    ("--dry-run-limits on", "--dry-run-limits: has no effect alone"),
    ("-m prefork --workers-min 2", "--workers-min: has no effect alone: leave it out, or say workers-max, too"),
    ("-m prefork --workers-spare 2", "--workers-spare: has no effect alone: leave it out, or say workers-max, too"),
])
def test_what_means_nothing_without_another_option_is_refused_with_that_one(words, sentence):
    assert_refused(brood("check", "echo", *words.split()), USAGE, f"brood: {sentence}")


@pytest.mark.parametrize("words", [
    "--source-burst 5 --source-rate 1/s", "--source-prefix4 24 --penalty-blame 5s", "--penalty-max 5m --penalty-crash off",
    "--early-drop-percent 20 --early-drop-from 5 --max-clients 6", "--exempt ::1 --queue-timeout 1s",
    "--dry-run-limits on --deny ::1", "--dry-run-limits off", "-m prefork --workers-max 4 --workers-spare 4",
    "-m prefork --fresh oneshot --max-requests 1", "-m prefork --fresh oneshot --max-requests off",
    "--min-rate off", "--source-rate 60/h", "--env A=1 --env B=1 --env AA=1",
])
def test_with_that_one_it_is_accepted(words):
    assert brood("check", "echo", *words.split()).returncode == 0


@pytest.mark.parametrize("words, sentence", [
    ("-m prefork --fresh oneshot --max-requests 5", "--max-requests: a oneshot worker serves one client and no more"),
    ("-m prefork --fresh reused --max-requests 1", "--max-requests: 1 is fresh oneshot, and fresh is reused"),
    ("-m prefork --fresh oneshot --recycle-memory 9M", "--recycle-memory: a oneshot worker is replaced anyway"),
    ("-m prefork --max-requests 1 --recycle-memory 9M", "--recycle-memory: a oneshot worker is replaced anyway"),
    ("-m prefork --workers 3 --workers-max 5", "--workers: it says how many there are always; leave it out, or workers-min"),
    ("-m prefork --workers-min 5 --workers-max 3", "--workers-min: it is 5, more than workers-max, which is 3"),
    ("-m prefork --workers-spare 5 --workers-max 3", "--workers-spare: it is 5, more than workers-max, which is 3"),
    ("--penalty-crash 20m", "--penalty-crash: is more than penalty-max, which is 10m: raise that, too"),
    ("--penalty-blame 2m --penalty-max 1m", "--penalty-blame: is more than penalty-max, which is 1m"),
    ("--max-clients 41", "--max-clients: it is 41, but model fork serves 40 at once and lets the others wait"),
    ("-m event -w 2 --max-conns 4 --max-clients 9", "--max-clients: it is 9, but model event serves 8 at once"),
    ("--max-clients 5 --reserved 5 --reserved-for ::1", "--reserved: it is 5; it must be less than max-clients, which is 5"),
    ("--allow example.org", "--allow: 'example.org' is no address"),
    ("--env A=1 --env B=2 --env A=3", "--env: the variable A is set twice: keep one of them"),
])
def test_options_that_contradict_each_other_are_refused_where_they_stand(words, sentence):
    assert_refused(brood("check", "echo", *words.split()), USAGE, f"brood: {sentence}")
    assert_refused(brood("serve", "echo", *ANYWHERE, *words.split()), USAGE, f"brood: {sentence}")


@pytest.mark.parametrize("words, sentence", [
    ("--source-rate 1/h", "--source-rate: '1/h' is out of range: write 1/m (60/h) to 10000000/m, or off"),
    ("--request-timeout 1.5s", "--request-timeout: '1.5s' has a fraction: write a whole number of a smaller unit"),
    ("--max-clients 0", "--max-clients: 0 is out of range: write a number from 1 to 10000000, or off"),
    ("--min-rate 0", "--min-rate: '0' is out of range: write a size from 1 to 10000000, or off"),
])
def test_a_wrong_value_is_told_what_would_be_right(words, sentence):
    assert_refused(brood("check", "echo", *words.split()), USAGE, f"brood: {sentence}")


@pytest.mark.parametrize("lines, sentence", [
    (["max-clients = 50"], "brood.ini:8: max-clients: it is 50, but model fork serves 40"),
    (["deny = ::1", "allow = x"], "brood.ini:9: allow: 'x' is no address"),
    (["max-clients = 5", "early-drop-from = 9"], "brood.ini:9: early-drop-from: it is 9; it must be below 5"),
    (["env = A=1", "env = A=2"], "brood.ini:9: env: the variable A is set twice"),
    (["umask = 022", "user = no-such-user"], "brood.ini:9: user: there is no user no-such-user"),
])
def test_in_a_file_it_is_the_line_that_is_named_and_no_process_is_started(tmp_path, lines, sentence):
    assert_refused(serve_file(tmp_path, *lines), CONFIGURATION, f"brood: {sentence}")


def test_a_limit_that_is_wrong_for_a_handler_of_ones_own_is_found_before_it_is_loaded(handlers):
    result = brood("serve", *ANYWHERE, "--max-clients", "41", handlers("obey"))
    assert_refused(result, USAGE, "brood: --max-clients: it is 41")


# ---- Who, and where -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", ["serve", "check"])
def test_check_knows_who_does_not_exist_and_serve_starts_nothing_for_them(command):
    assert_refused(brood(command, "echo", *ANYWHERE, "--user", "no-such-user"), USAGE,
                   "brood: --user: there is no user no-such-user")
    assert_refused(brood(command, "echo", *ANYWHERE, "--user", "root", "--group", "no-such-group"), USAGE,
                   "brood: --group: there is no group no-such-group")
    assert_refused(brood(command, "echo", *ANYWHERE, "--user", "987654"), USAGE,
                   "brood: --user: the user 987654 is not in the database: say which group, too")


def test_a_chroot_that_is_a_file_or_missing_is_66_like_every_missing_directory(tmp_path):
    (tmp_path / "file").touch()
    for name, reason in ("file", "Not a directory"), ("none", "No such file or directory"):
        result = brood("serve", "echo", *ANYWHERE, "--chroot", tmp_path / name)
        assert_refused(result, NO_INPUT, f"brood: --chroot: cannot enter {tmp_path / name}: {reason}; name a directory")


@needs_root
def test_calc_serves_from_an_empty_root_directory(start, tmp_path):
    (tmp_path / "jail").mkdir()
    assert clients.ask(start("--chroot", tmp_path / "jail", "calc").url, b"2.5 % 2\n") == b"0.5\r\n"


@needs_root
def test_a_root_directory_that_its_user_may_not_pass_will_do(start, tmp_path):
    (tmp_path / "jail").mkdir(mode=0o700)
    brood_in_jail = start("--chroot", tmp_path / "jail", "--user", "nobody", "echo")
    assert clients.ask(brood_in_jail.url, b"hello") == b"hello"


# ---- Two things in one place ----------------------------------------------------------------------------------

def test_the_supervisors_own_addresses_may_not_be_a_services(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    assert_refused(brood("serve", "echo", "-l", url, "--status-listen", url), USAGE,
                   f"brood: --status-listen: {url} is taken by {url} (--listen): keep one of them")
    assert_refused(brood("serve", "calc", "--status-listen", "tcp://:8999"), USAGE,
                   "tcp://:8999 is taken by tcp://127.0.0.1:8999 (calc's own address)")
    path = tmp_path / "socket"
    assert_refused(brood("serve", "echo", "-l", f"unix:{path}", "--control", path), USAGE,
                   f"brood: --control: {path} is taken by unix:{path} (--listen)")
    assert_refused(brood("check", "echo", "--status-listen", f"unix:{path}", "--control", path), USAGE,
                   f"brood: --control: {path} is taken by unix:{path} (--status-listen)")


def test_log_and_pid_file_may_not_be_the_same_file(tmp_path):
    result = brood("serve", "echo", *ANYWHERE, "--log-file", "x", "--pid-file", "x", cwd=tmp_path)
    assert_refused(result, USAGE, "brood: --pid-file: x is --log-file already: choose another path")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", ["prefork", "event"])
def test_a_client_from_inetd_and_workers_that_accept_for_themselves_are_refused_at_once(model):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        served, _ = listener.accept()
        with served:
            result = brood("serve", "--inetd", "-m", model, "echo", stdin=served)
        assert_refused(result, USAGE, "is one client already, and model "
                       f"{model} accepts its clients itself: choose fork")
        assert client.recv(1) == b""


# ---- What is shown --------------------------------------------------------------------------------------------

def test_a_pool_that_breathes_announces_its_range(start):
    breathing = start("-m", "prefork", "--workers-min", "2", "--workers-max", "3", "echo")
    assert "(echo, prefork, 2 to 3 workers)" in breathing.text()


@pytest.mark.parametrize("words", ["", "-m thread", "-m prefork", "-m prefork --workers-max 4", "-m iterative",
                                   "-m prefork --fresh oneshot", "-m event", "-m event --max-conns 7"])
def test_what_print_shows_may_be_written_into_a_file(tmp_path, words):
    shown = brood("check", "--print", "echo", *words.split())
    assert shown.returncode == 0, shown.stderr
    (tmp_path / "brood.ini").write_text(re.sub(r" +\([^()]*\)$", "", shown.stdout, flags=re.M))
    again = brood("check", "-c", "brood.ini", "--print", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    without_source = [re.sub(r" +\([^()]*\)$", "", text, flags=re.M) for text in (shown.stdout, again.stdout)]
    assert without_source[0] == without_source[1]


def test_print_shows_nothing_that_is_not_in_effect():
    fixed = brood("check", "--print", "echo", "-m", "prefork").stdout
    assert "\nworkers = 8 " in fixed and "workers-max" not in fixed and "threads" not in fixed
    breathing = brood("check", "--print", "echo", "-m", "prefork", "--workers-max", "5").stdout
    assert "\nworkers-max = 5 " in breathing and "\nworkers = " not in breathing
    forking = brood("check", "--print", "echo").stdout
    assert "fresh" not in forking and "max-requests" not in forking and "max-memory" in forking
    assert "max-conns" not in forking and "max-conns" not in fixed
    many = brood("check", "--print", "echo", "-m", "event", "--max-conns", "7").stdout
    assert "\nmax-conns = 7 " in many and "\nmax-requests" in many and "fresh" not in many and "workers-max" not in many


def test_workers_of_a_drained_service_are_told_not_passed_over_in_silence(controlled):
    started, control = controlled()
    control.done("drain")
    assert control.done("workers") == "\nobey: stopped, no process\n"
    assert control.json("workers") == {"services": []}
    assert started.stop() == 0


def test_a_lame_duck_is_called_one(controlled):
    started, control = controlled("fork", "--lame-duck", "1h")
    os.kill(started.supervisor, signal.SIGTERM)
    wait_until(lambda: started.records("lame duck"), LONG, "lame duck")
    assert control.service()["state"] == "lame duck"
    assert "\nobey: lame duck for " in control.done("status")
    assert clients.ask(started.url, b"hello\n") == b"hello\n"
    time.sleep(0.05)  # sooner it might be the same TERM, said twice
    assert started.stop() == 0


def test_ctl_that_finds_no_brood_tells_how_both_find_each_other():
    assert_refused(brood("ctl", "status"), USAGE,
                   "which brood? No directory in $RUNTIME_DIRECTORY or $XDG_RUNTIME_DIR, and no /run/brood/control.sock: "
                   "start it with --control PATH, and write the same here")
    assert_refused(brood("ctl", "--control", "/nowhere", "status"), UNAVAILABLE, "nobody listens at /nowhere")


# ---- Deaths that end a service --------------------------------------------------------------------------------

def test_a_process_that_dies_of_inetds_client_is_in_the_log(handlers):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        served, _ = listener.accept()
        with served, subprocess.Popen([BROOD, "serve", "--inetd", "-m", "iterative", handlers("obey")], stdin=served,
                                      stdout=served, stderr=subprocess.PIPE, text=True) as it:
            served.close()
            client.sendall(b"crash 0\n")
            log = it.stderr.read()
            assert it.wait(LONG) == 0
    assert re.search(r'\[ERROR\] .*service process died .*exit="signal 11 \(SEGV\)".* deaths=1 then=stop', log), log


def test_a_lame_duck_that_dies_is_in_the_log_and_remembered(start, handlers):
    lame = start("-m", "iterative", "--lame-duck", "1h", handlers("obey"))
    os.kill(lame.supervisor, signal.SIGTERM)
    wait_until(lambda: lame.records("lame duck"), LONG, "lame duck")
    assert clients.ask(lame.url, b"crash 0\n") == b""
    assert lame.wait() == 0
    (death,) = lame.records("service process died")
    assert (death["exit"], death["then"]) == ("signal 11 (SEGV)", "stop")
