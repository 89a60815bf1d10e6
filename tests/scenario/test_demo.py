# SPDX-License-Identifier: MIT
"""`brood serve` alone: what a newcomer sees first. Its ports are fixed: in a network of its own."""
import os
import pathlib
import re
import shutil
import socket
import subprocess

import pytest

from harness import processes
from harness.own_network import IN_OWN_NETWORK, inside
from harness.patience import BROOD, LONG, ROOT
from harness.processes import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network of its own")

WEB = "tcp://127.0.0.1:8888"
PAGE = (ROOT / "docs" / "reference" / "command.md").read_text("utf-8")
DOCS = pathlib.Path(BROOD).resolve().parent.parent / "docs" / "reference" / "command.md" # beside a build in the tree


def stop(brood):
    """Its urls are out of reach from here: only the end is checked."""
    brood.checked = False
    assert brood.stop() == 0


def test_alone_it_serves_the_demonstration_set_and_says_how_to_try_it(start):
    brood = start(listen=(), listeners=4, prefix=IN_OWN_NETWORK, warm=False)
    assert set(brood.urls) == {"tcp://127.0.0.1:50007", "udp://127.0.0.1:50007", "tcp://127.0.0.1:8999", WEB}
    wait_until(lambda: "Stop with ^C" in brood.text(), LONG, brood.text)
    lines = re.findall(r"^ +((?:bash -c|curl) .*)$", brood.text(), re.M)
    answers = [inside(brood.supervisor, "sh", "-c", line).stdout.strip() for line in lines]
    assert answers[:3] == [str(2**100 // 3), "hello", "hello"]
    assert answers[3].endswith("Hello, Zhuibing!")
    assert [answer.rpartition(PAGE.strip())[1] for answer in answers[4:]] == ([PAGE.strip()] if DOCS.exists() else [])
    stop(brood)


def test_without_curl_bash_says_it_all(start, tmp_path):
    """A directory with what it takes to start has no curl."""
    for program in "sh", "ip":
        (tmp_path / program).symlink_to(shutil.which(program))
    prefix = (shutil.which("unshare"), *IN_OWN_NETWORK[1:])
    brood = start(listen=(), listeners=4, prefix=prefix, warm=False, env={"PATH": str(tmp_path)})
    wait_until(lambda: "Stop with ^C" in brood.text(), LONG, brood.text)
    assert "curl" not in brood.text()
    line, = re.findall(r"^ +(bash -c .*/Zhuibing.*)$", brood.text(), re.M)
    answer = inside(brood.supervisor, "sh", "-c", line).stdout
    assert answer.startswith("HTTP/1.1 200 OK") and answer.endswith("Hello, Zhuibing!\n")
    stop(brood)


def test_the_documentation_is_never_that_of_the_current_directory(tmp_path):
    """What is served is brood's own, which may be nowhere; a copy of the command alone has it nowhere near."""
    alone = tmp_path / "alone" / "bin"
    alone.mkdir(parents=True)
    command = shutil.copy(BROOD, alone)
    here = tmp_path / "here"
    (here / "docs" / "reference").mkdir(parents=True)
    (here / "docs" / "reference" / "command.md").write_text("not brood's\n")
    shown = subprocess.run([command, "check", "--print"], cwd=here, capture_output=True, text=True, timeout=LONG,
                           check=True).stdout
    routes = re.findall(r"^route = (.*?) +\(default\)$", shown, re.M)
    assert routes[0] == "/ hello"
    assert not any(str(tmp_path) in route for route in routes)


def test_a_taken_port_costs_that_listener_only_and_is_said_in_one_line(start):
    holder = subprocess.Popen(
        ["unshare", "--net", "--", "sh", "-c", "ip link set lo up && exec /usr/bin/python3 -c '"
         "import socket, sys; s = socket.socket(); s.bind((\"127.0.0.1\", 8999)); s.listen(); "
         "print(flush=True); sys.stdin.read()'"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        brood = start(listen=(), listeners=3, prefix=("nsenter", "-t", holder.pid, "-n", "--"), warm=False)
        assert set(brood.urls) == {"tcp://127.0.0.1:50007", "udp://127.0.0.1:50007", WEB}
        wait_until(lambda: "Stop with ^C" in brood.text(), LONG, brood.text)
        assert re.findall(r"/dev/(\S+/50007);", brood.text()) == ["tcp/127.0.0.1/50007", "udp/127.0.0.1/50007"]
        said = [line for line in brood.text().splitlines() if "8999" in line]
        assert len(said) == 1 and "in use" in said[0], brood.text()
        stop(brood)
    finally:
        holder.communicate()


def test_the_same_port_without_the_demonstration_is_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run([BROOD, "serve", "echo", "-l", f"tcp://127.0.0.1:{taken.getsockname()[1]}"],
                              capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 69
    assert len(done.stderr.splitlines()) == 1 and "in use" in done.stderr


def test_its_processes_have_groups_of_their_own(start):
    """A terminal's ^C reaches the supervisor only."""
    brood = start("echo")
    assert processes.stat_of(brood.supervisor).group == brood.supervisor
    assert processes.stat_of(brood.service).group == brood.service
