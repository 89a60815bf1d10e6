# SPDX-License-Identifier: MIT
"""
What only opening can find out: an address, a file or a directory that cannot be had. One sentence says where it was
asked for, what is wrong and what would be right, the exit status is that of its kind, and the log agrees with it.
"""
import contextlib
import fcntl
import json
import os
import socket
import uuid

import pytest

from harness.command import (CANNOT_CREATE, CONFIGURATION, NO_INPUT, NO_PERMISSION, UNAVAILABLE, assert_refused,
                             brood)

ANYWHERE = ("--listen", "tcp://127.0.0.1:0")


@contextlib.contextmanager
def taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield f"tcp://127.0.0.1:{taken.getsockname()[1]}"


def serve_file(tmp_path, *lines):
    """A service echo, and these lines behind its first two."""
    (tmp_path / "brood.ini").write_text("\n".join(["[service x]", "handler = echo", *lines, ""]))
    return brood("serve", "-c", "brood.ini", "--log-format", "json", cwd=tmp_path)


def death_of(result):
    """The log's one record of it, and the last line of standard error."""
    lines = result.stderr.splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    (death,) = [record for record in records if record["message"] == "service process died"]
    return death, lines[-1]


def assert_gave_up(result, status, where):
    """At the first death: the log's exit status is the command's own."""
    death, sentence = death_of(result)
    assert result.returncode == status, result.stderr
    assert sentence.startswith(f"brood: {where}: ") and sentence.endswith(death["why"])
    assert (death["exit"], death["deaths"], death["then"]) == (f"exit {status}", 1, "give up")


def test_a_taken_address_is_named_with_the_line_that_asked_for_it(tmp_path):
    with taken_port() as url:
        result = serve_file(tmp_path, "listen = tcp://127.0.0.1:0", "workers = 3", f"listen = {url}")
        assert_refused(result, UNAVAILABLE, f"brood.ini:5: listen: cannot listen on {url}: Address already in use")


def test_a_taken_address_is_named_with_its_option_or_variable():
    with taken_port() as url:
        assert_refused(brood("serve", "echo", "-l", url), UNAVAILABLE, "brood: --listen: cannot listen on")
        assert_refused(brood("serve", "echo", env={"BROOD_LISTEN": f"tcp://127.0.0.1:0 {url}"}), UNAVAILABLE,
                       "brood: BROOD_LISTEN: cannot listen on")


def test_a_directory_that_is_not_there_is_named_with_its_line_and_the_log_agrees(tmp_path):
    result = serve_file(tmp_path, "listen = tcp://127.0.0.1:0", "workers = 3", f"chdir = {tmp_path}/none")
    assert_gave_up(result, NO_INPUT, "brood.ini:5: chdir")


def test_a_directory_that_may_not_be_entered_is_77_in_the_log_too(own_user, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o700)
    result = brood("serve", "echo", *ANYWHERE, "--log-format", "json", "--chdir", tmp_path / "closed", **own_user)
    assert_gave_up(result, NO_PERMISSION, "--chdir")


def test_a_handler_that_cannot_be_loaded_is_named_with_its_line_once(handlers, tmp_path):
    (tmp_path / "brood.ini").write_text(
        f"[service x]\nlisten = tcp://127.0.0.1:0\nhandler = {handlers('options')}:none\n")
    result = brood("serve", "-c", "brood.ini", "--log-format", "json", cwd=tmp_path)
    assert_gave_up(result, CONFIGURATION, "brood.ini:3: handler")
    assert_refused(brood("check", "-c", "brood.ini", cwd=tmp_path), CONFIGURATION, "brood.ini:3: handler: ")


def test_a_wrong_option_of_a_loaded_handler_has_its_own_line_alone(handlers, tmp_path):
    (tmp_path / "brood.ini").write_text(
        f"[service x]\nhandler = {handlers('options')}\nlisten = tcp://127.0.0.1:0\nluod = yes\n")
    result = brood("serve", "-c", "brood.ini", "--log-format", "json", cwd=tmp_path)
    assert_gave_up(result, CONFIGURATION, "brood.ini:4: luod")
    assert result.stderr.splitlines()[-1].count("brood.ini") == 1


def test_a_taken_name_or_path_is_told_what_to_do():
    name = f"brood-test-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(f"\0{name}")
        taken.listen()
        assert_refused(brood("serve", "echo", "-l", f"unix:@{name}"), UNAVAILABLE, "stop it, or choose another name")


def test_a_path_whose_lock_is_held_is_told_what_to_do(tmp_path):
    with open(tmp_path / "s.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_refused(brood("serve", "echo", "-l", f"unix:{tmp_path}/s"), UNAVAILABLE,
                       f"another server holds {tmp_path}/s.lock: stop it, or choose another path")


@pytest.mark.parametrize("words", [
    [*ANYWHERE, "--log-file", "PATH"], [*ANYWHERE, "--pid-file", "PATH"], ["--listen", "unix:PATH"],
    ["--listen", "unixgram:PATH"],
], ids=str)
def test_a_file_that_may_not_be_created_is_73_whatever_it_is_for(own_user, tmp_path, words):
    (tmp_path / "closed").mkdir(mode=0o755)
    words = [word.replace("PATH", f"{tmp_path}/closed/file") for word in words]
    result = brood("serve", "echo", *words, cwd="/", **own_user)
    assert_refused(result, CANNOT_CREATE, "Permission denied")
    assert result.stderr.startswith(f"brood: {words[-2]}: ")


def test_a_privileged_port_is_77(own_user):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        if int(file.read()) < 2:
            pytest.skip("no port is privileged here")
    assert_refused(brood("serve", "echo", "-l", "tcp://127.0.0.1:1", **own_user), NO_PERMISSION, "ports below 1024")


def test_a_missing_directory_is_named_itself(tmp_path):
    assert_refused(brood("serve", "echo", "-l", f"unix:{tmp_path}/none/s"), CANNOT_CREATE,
                   f"there is no directory {tmp_path}/none: make it first, or choose another path")


def test_nobody_is_told_to_remove_a_file_that_is_no_socket(tmp_path):
    (tmp_path / "precious").write_text("text")
    result = brood("serve", "echo", "-l", f"unix:{tmp_path}/precious")
    assert_refused(result, CANNOT_CREATE, "is a file, not the socket of a server that died: choose another path")
    assert "remove" not in result.stderr.replace(str(tmp_path), "")
    assert os.listdir(tmp_path) == ["precious"]


def test_a_file_that_is_no_pid_file_is_named_with_its_option_or_line(tmp_path):
    (tmp_path / "text").write_text("text")
    sentence = f"{tmp_path}/text exists and is no pid file"
    assert_refused(brood("serve", "echo", *ANYWHERE, "--pid-file", tmp_path / "text"), CANNOT_CREATE,
                   f"brood: --pid-file: {sentence}")
    result = serve_file(tmp_path, "listen = tcp://127.0.0.1:0", "[brood]", f"pid-file = {tmp_path}/text")
    assert_refused(result, CANNOT_CREATE, f"brood: brood.ini:5: pid-file: {sentence}")
    assert (tmp_path / "text").read_text() == "text"
