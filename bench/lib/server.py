# SPDX-License-Identifier: MIT
"""One contender, running: pinned, in an account of its own, and gone without a trace when the block ends."""

import contextlib
import ctypes
import os
import resource
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass

from lib.account import open_account

START_S = 10
STOP_S = 10
SETTLE_STEP_S, SETTLE_STEPS, SETTLED_US = 0.005, 100, 50
PR_SET_PDEATHSIG = 1
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
OTHER_DESCRIPTORS = 200  # that a server or a client has besides its connections


class Failed(Exception):
    """Nothing can be reported; the message is a sentence."""


class Refused(Failed):
    """It was measured, and says nothing."""


def free_port(transport):
    with socket.socket(type=KINDS[transport]) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cores():
    """(server's, client's)"""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two cores are needed, one for the server and one for the client.")
    return allowed[1], allowed[0]


def allow_connections(count):
    """To all that we start. Beyond the hard limit only root may go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + OTHER_DESCRIPTORS
    if soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(needed, hard)))
    except (ValueError, OSError) as error:
        raise Failed(f"{count} connections need a limit of {needed} open files; it is {hard}.") from error


@dataclass
class Server:
    port: int
    pid: int
    account: object
    accounted_us: float = 0  # as last settled

    def used_us(self):
        """CPU of the server and its children so far."""
        return self.account.used_us(self.pid)

    def settled_us(self):
        """The same, once the last children are gone."""
        for _ in range(SETTLE_STEPS):
            before, self.accounted_us = self.accounted_us, self.used_us()
            if self.accounted_us - before < SETTLED_US:
                break
            time.sleep(SETTLE_STEP_S)
        return self.accounted_us


@contextlib.contextmanager
def serving(contender, places, transport="tcp"):
    account, port = open_account(), free_port(transport)
    log_path = places["work"] / f"server-{port}.log"
    process = None
    libc = ctypes.CDLL(None)
    core = cores()[0]

    def before_exec():
        os.sched_setaffinity(0, {core})
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        account.enter()

    try:
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                shlex.split(contender.command.format(port=port, **places)),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=before_exec, start_new_session=True,
            )  # fmt: skip
        _wait_ready(contender, process, _probe(transport, port), log_path)
        yield Server(port, process.pid, account)
    finally:
        _stop(process, account)
        account.close()
        log_path.unlink(missing_ok=True)


def _probe(transport, port):
    """A function that raises OSError as long as nobody is there: a listener takes, a datagram comes back."""

    def probe():
        with socket.socket(type=KINDS[transport]) as client:
            client.settimeout(1)
            client.connect(("127.0.0.1", port))
            if transport == "udp":
                client.send(b"?")
                client.recv(1)

    return probe


def _wait_ready(contender, process, probe, log_path):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            return probe()
        time.sleep(0.01)
    last = log_path.read_text(errors="replace").strip().splitlines()[-1:]
    raise Failed(f"{contender.name} did not start listening: {''.join(last) or 'it said nothing'}")


def _stop(process, account):
    if process:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in account.pids():  # nobody else's: they are in a group that we made
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
