# SPDX-License-Identifier: MIT
"""`brood serve` alone: what a newcomer sees first. Its ports are fixed: in a network of its own."""
import os
import re
import socket
import subprocess

import pytest

from harness import processes
from harness.patience import BROOD, LONG
from harness.processes import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network of its own")

IN_OWN_NETWORK = ("unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def inside(pid, *command):
    """Run in the network of another process."""
    return subprocess.run(["nsenter", "-t", str(pid), "-n", "--", *command], capture_output=True, text=True,
                          timeout=LONG, check=False)


def stop(brood):
    """Its urls are out of reach from here: only the end is checked."""
    brood.checked = False
    assert brood.stop() == 0


def test_alone_it_serves_the_demonstration_set_and_says_how_to_try_it(start):
    brood = start(listen=(), listeners=3, prefix=IN_OWN_NETWORK, warm=False)
    assert set(brood.urls) == {"tcp://127.0.0.1:50007", "udp://127.0.0.1:50007", "tcp://127.0.0.1:8999"}
    wait_until(lambda: "udp/" in brood.text(), LONG, brood.text)
    lines = re.findall(r"^ +(bash -c .*)$", brood.text(), re.M)
    answers = [inside(brood.supervisor, "sh", "-c", line).stdout.strip() for line in lines]
    assert answers == [str(2**100 // 3), "hello", "hello"]
    stop(brood)


def test_a_taken_port_costs_that_listener_only_and_is_said_in_one_line(start):
    holder = subprocess.Popen(
        ["unshare", "--net", "--", "sh", "-c", "ip link set lo up && exec /usr/bin/python3 -c '"
         "import socket, sys; s = socket.socket(); s.bind((\"127.0.0.1\", 8999)); s.listen(); "
         "print(flush=True); sys.stdin.read()'"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        brood = start(listen=(), listeners=2, prefix=("nsenter", "-t", holder.pid, "-n", "--"), warm=False)
        assert set(brood.urls) == {"tcp://127.0.0.1:50007", "udp://127.0.0.1:50007"}
        wait_until(lambda: "Stop with ^C" in brood.text(), LONG, brood.text)
        assert re.findall(r"/dev/(\S+);", brood.text()) == ["tcp/127.0.0.1/50007", "udp/127.0.0.1/50007"]
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
