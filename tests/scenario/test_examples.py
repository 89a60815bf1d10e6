# SPDX-License-Identifier: MIT
"""The programs in examples/ do what their head comments say."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest

EXAMPLES = pathlib.Path(os.environ["BROOD"]).parent / "examples"
PATIENCE = 10


@contextlib.contextmanager
def running(lines_wanted, pattern, *command):
    """The program, and what the pattern finds in its first lines. It must end by itself, with 0, when asked to."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            found = []
            while len(found) < lines_wanted:
                line = process.stdout.readline()
                assert line, f"ended early: {process.wait(PATIENCE)}"
                found += re.findall(pattern, line)
            yield found
            process.terminate()
            output, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, output
        finally:
            if process.poll() is None:
                process.kill()


def client_of(url, tmp_path):
    """A socket connected to what the URL says."""
    scheme, _, place = re.fullmatch(r"(\w+):(//)?(.*)", url).groups()
    if scheme in ("unix", "unixgram"):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if scheme == "unix" else socket.SOCK_DGRAM)
        if scheme == "unixgram":
            client.bind(str(tmp_path / f"client-{time.monotonic_ns()}"))
        address = place
    else:
        host, _, port = place.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM if scheme == "tcp" else socket.SOCK_DGRAM)
        address = (host.strip("[]"), int(port))
    client.settimeout(PATIENCE)
    client.connect(address)
    return client


def ask(url, text, tmp_path):
    with client_of(url, tmp_path) as client:
        client.send(text)
        return client.recv(4096)


@pytest.mark.parametrize("model", ["iterative", "fork", "thread", "prefork", "event"])
def test_one_object_file_serves_five_kinds_of_socket_under(model, tmp_path):
    urls = ["tcp://127.0.0.1:0", "tcp://[::1]:0", "udp://127.0.0.1:0",
            f"unix:{tmp_path}/stream", f"unixgram:{tmp_path}/datagram"]
    with running(len(urls), r"listening on (\S+)", EXAMPLES / "words", model, " ".join(urls)) as bound:
        assert [url.split(":")[0] for url in bound] == [url.split(":")[0] for url in urls]
        for url in bound:
            for word in (b"one", b"two", b"three"):
                assert ask(url, word, tmp_path) == word, url


def test_two_engines_in_one_poll_loop_serve_at_once(tmp_path):
    command = (EXAMPLES / "embed", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0")
    with running(2, r" on (\S+)", *command) as (echo, count):
        with client_of(echo, tmp_path) as silent:
            # While a client of one engine says nothing, those of both go on.
            assert ask(echo, b"hello", tmp_path) == b"hello"
            assert ask(count, b"line\n", tmp_path) == b"1\n"
            assert ask(count, b"line\n", tmp_path) == b"2\n"
            silent.send(b"at last")
            assert silent.recv(100) == b"at last"


def test_hooks_answers_short_lines_and_fails_long_ones():
    with running(1, r"listening on (\S+)", EXAMPLES / "hooks", "tcp://127.0.0.1:0") as (url,):
        assert ask(url, b"hello\n", None) == b"6 bytes\n"
        assert ask(url, b"x" * 100 + b"\n", None) == b""


def test_a_slow_question_in_a_forked_child_delays_no_quick_one():
    with running(1, r"listening on (\S+)", EXAMPLES / "fork_in_handler", "tcp://127.0.0.1:0") as (url,):
        with client_of(url, None) as slow:
            begin = time.monotonic()
            slow.send(b"slow\n")
            assert ask(url, b"quick\n", None) == b"quick answer\n"
            assert time.monotonic() - begin < 1.5
            assert slow.recv(4096) == b"slow answer\n"
            assert time.monotonic() - begin >= 2


def greetings(url):
    """Two lines of one client, how each was counted, and the process and the program that answered."""
    with client_of(url, None) as client, client.makefile("rw") as lines:
        numbers = []
        for name in ("ann", "bob"):
            lines.write(f"{name}\n")
            lines.flush()
            number, process = re.fullmatch(rf"hello {name}, greeting (\d+) of process (\d+)\n", lines.readline()).groups()
            numbers.append(int(number))
        return numbers, int(process), os.readlink(f"/proc/{process}/exe")


def test_one_program_serves_one_object_file_under_all_five_models():
    program = EXAMPLES / "five_models"
    compiled = json.loads((EXAMPLES.parent / "compile_commands.json").read_text())
    assert sum(command["file"].endswith("/greeter.c") for command in compiled) == 1
    symbols = subprocess.run(("nm", program), capture_output=True, text=True, check=True).stdout
    assert len(re.findall(r" t greet$", symbols, re.M)) == 1

    with running(5, r"listening on (\S+) \(\w+, (\w+),", program, "0") as bound:
        assert {model for _, model in bound} == {"fork", "iterative", "thread", "prefork", "event"}
        for url, model in bound:
            (first, process, exe), (second, another, _) = greetings(url), greetings(url)
            assert exe == str(program.resolve()), model
            # Whom the second client shares a memory with is what differs.
            assert first == [1, 2], model
            assert second == ([3, 4] if another == process else [1, 2]), model
            if model == "fork":
                assert another != process
            if model in ("iterative", "thread"):
                assert another == process


@pytest.mark.parametrize("model", ["iterative", "fork", "thread", "prefork", "event"])
def test_handlers_for_http_side_by_side_under(model):
    with running(1, r"listening on tcp(\S+)", EXAMPLES / "web", model, "0") as (place,):
        url = f"http{place}"

        def curl(*words):
            return subprocess.run(("curl", "-s", "--max-time", str(PATIENCE), *words),
                                  capture_output=True, text=True, check=True).stdout

        assert curl(f"{url}/hi/Ann", f"{url}/hi") == "Hello, Ann!\nHello, World!\n"
        assert curl("--data-binary", "quiet " * 5000, f"{url}/shout") == "QUIET " * 5000
        assert curl("-H", "Transfer-Encoding: chunked", "-d", "a", f"{url}/shout") == "A"
        for wrong, status in (("hi/a/b", "404"), ("shout", "405")):
            assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{url}/{wrong}") == status
