# SPDX-License-Identifier: MIT
"""
The faulty servers of the laboratory cannot hurt anybody else: nobody starts them by mistake, they listen on loopback,
use little more than they have, and end by themselves, with their children.
"""
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness import clients, processes
from harness.lab_server import HELLO, NAMES, REQUEST, SERVERS, UNAVAILABLE, asked, hears_nothing, started_in
from harness.patience import LONG
from harness.processes import wait_until

pytestmark = pytest.mark.fault

USAGE = 64
FIRST_UID, LAST_UID = 60000, 64999


@pytest.fixture(name="lab")
def start_lab(tmp_path):
    with started_in(tmp_path) as start:
        yield start


def refused(name, *words, laboratory):
    environment = {key: value for key, value in os.environ.items() if key != "BROOD_LAB"}
    environment.update({"BROOD_LAB": laboratory} if laboratory is not None else {})
    result = subprocess.run([SERVERS / name, *words], env=environment, capture_output=True, text=True, timeout=LONG,
                            check=False)
    assert result.returncode == USAGE
    assert result.stdout == ""
    assert re.fullmatch(rf"{name}: [^\n]+\n", result.stderr)
    return result.stderr


@pytest.mark.parametrize("name, laboratory", [*itertools.product(NAMES, [None]), ("3a", "0"), ("3a", "")])
def test_refuses_outside_the_laboratory(name, laboratory):
    why = refused(name, laboratory=laboratory)
    assert f"this server is broken on purpose: start it with `brood lab {name}`" in why


@pytest.mark.parametrize("words", [
    ("--host", "0.0.0.0"), ("0.0.0.0",), ("--port", "0.0.0.0:80"), ("--port", "65536"), ("--port", "-1"), ("--port",),
    ("--port", ""), ("--seconds", "0"), ("--seconds", "301"), ("--seconds", "99999999999999999999"), ("--work", "1s"),
])
def test_refuses_to_listen_elsewhere_or_to_stay_longer(words):
    refused("3a", *words, laboratory="1")


def listeners_at(port):
    """Addresses that something listens at with this port, as the kernel writes them."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                found.append(local.rpartition(":")[0])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_listens_on_loopback_in_a_group_and_as_a_user_of_its_own(lab, name):
    server = lab(name)
    if server.process.poll() == UNAVAILABLE:
        pytest.skip(server.log())
    host, port = clients.address_of(server.url)[2]
    assert host == "127.0.0.1"
    assert listeners_at(port) == ["0100007F"]
    assert os.getpgid(server.pid) == server.pid
    if os.geteuid() == 0:
        for pid in server.everybody():
            user = int(processes.status_field(pid, "Uid").split()[0])
            assert FIRST_UID <= user <= LAST_UID
            assert processes.status_field(pid, "Groups") == ""


def test_listens_at_the_port_it_is_told(lab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = lab("3a", "--port", port)
    assert server.url == f"tcp://127.0.0.1:{port}"
    assert clients.ask(server.url, REQUEST) == HELLO


def test_lets_a_crowd_gather_before_the_first_is_accepted(lab):
    server = lab("3a", "--delay", 1000)
    crowd = [asked(server.url) for _ in range(3)]
    assert all(hears_nothing(client, 0.1) for client in crowd)
    for client in crowd:
        client.settimeout(LONG)
        assert clients.read_to_end(client) == HELLO
        client.close()


def limit_of(pid, name):
    """(soft, hard)"""
    line = re.search(rf"^{name}\s+(\S+)\s+(\S+)", pathlib.Path(f"/proc/{pid}/limits").read_text("ascii"), re.M)
    return line.groups()


def test_may_have_so_many_descriptors_and_processes_more_than_it_has(lab):
    server = lab("3a", "--more-descriptors", 7, "--more-processes", 9, "--seconds", 12)
    open_now = len(processes.descriptors_of(server.pid))
    assert limit_of(server.pid, "Max open files") == (str(open_now + 7),) * 2
    assert limit_of(server.pid, "Max cpu time") == ("12", "12")
    assert limit_of(server.pid, "Max core file size") == ("0", "0")
    assert limit_of(server.pid, "Max file size")[0] != "unlimited"
    soft, hard = limit_of(server.pid, "Max processes")
    assert soft == hard
    if os.geteuid() == 0:
        assert int(soft) == 1 + 9, "its user is nobody else"


def test_takes_no_descriptor_of_its_runner_along(lab, tmp_path):
    with open(tmp_path / "inherited", "wb") as file:
        os.set_inheritable(file.fileno(), True)
        server = lab("3a")
    assert sorted(processes.descriptors_of(server.pid)) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["3a", "3c", "calc", "herd", "reused-pid", "forked-lock"])
def test_ends_with_its_children_when_its_time_is_over(lab, name):
    server = lab(name, "--seconds", 1, "--work", 60000)
    if server.process.poll() == UNAVAILABLE:
        pytest.skip(server.log())
    with asked(server.url, b"GET / HTTP/1.1\n"):
        assert server.wait_for_end() == -signal.SIGALRM
        wait_until(lambda: not server.everybody(), LONG, "its children end")


RUNNER = """
import subprocess, sys, time
with open(sys.argv[1], "wb") as output:
    subprocess.Popen(sys.argv[2:], stdout=output, stderr=output)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["3c", "calc", "herd", "reused-pid", "stray-child", "forked-lock"])
def test_ends_with_its_children_when_its_parent_is_killed(tmp_path, name):
    output, mark = tmp_path / "output", f"SCENARIO_MARK={os.getpid()}-{time.monotonic_ns()}"
    output.touch()
    environment = dict([*os.environ.items(), ("BROOD_LAB", "1"), mark.split("=")])
    with subprocess.Popen([sys.executable, "-c", RUNNER, output, SERVERS / name, "--work", "60000"],
                          env=environment) as runner:
        try:
            (url,) = wait_until(lambda: re.findall(r"listening on (\S+)\n", output.read_text()) or (
                "not permitted" in output.read_text() and [None]), LONG, output.read_text)
            before = len(processes.bearing(mark))
            with asked(url, b"2+") if url else socket.socket():
                if url and name != "herd":
                    wait_until(lambda: len(processes.bearing(mark)) > before, LONG, "a child")
                runner.kill()
                wait_until(lambda: not processes.bearing(mark), LONG, lambda: processes.bearing(mark))
        finally:
            runner.kill()
