# SPDX-License-Identifier: MIT
"""
R05, R06: each system call, and each allocation, fails once: while it starts, while it serves. Whatever becomes of it,
it never hangs, never crashes, never tells a client something wrong. All of them take an hour: a sample that is the same
each time fits into a test run, EVERYTHING=1 in the environment takes them all.
"""
import collections
import concurrent.futures
import contextlib
import os
import random
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import clients, models, plugins
from harness.brood import Brood
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(36000 if os.environ.get("EVERYTHING") else 300)]

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot", "oneshot-kept", "event"]
STANDING = MODELS[3:]
ERRORS = ["EINTR", "EIO", "ENOMEM", "EAGAIN"]
CALLS_EACH = 20
SAMPLE_S = 15 * SCALE  # for each model and kind of fault

SIDE_BY_SIDE = 4

# They do not return, or libc aborts, or loses its heap, when they answer what the kernel never does: a brk that fails answers
# where the heap ends, and no error.
NOT_TO_FAIL = {"exit", "exit_group", "rt_sigreturn", "execve", "restart_syscall", "futex", "brk"}

# What a shell would call an end by a signal is above.
LARGEST_STATUS = 127

SORRY = b"sorry\r\n"  # what kept ones are answered for with

REQUESTS = [(b"6*7\n", b"42\r\n"), (b"2**64\n1/3\n", b"18446744073709551616\r\n0.3333333333333333\r\n"),
            (b"x\n", b"NameError(\"name 'x' is not defined\")\r\n")]


def sample(cases):
    """All, or as many as fit: in an order that is the same each time, and mixes early and late, rare and frequent."""
    cases = sorted(cases)
    random.Random(5).shuffle(cases)
    deadline = time.monotonic() + SAMPLE_S
    for case in cases:
        if not os.environ.get("EVERYTHING") and time.monotonic() > deadline:
            return
        yield case


def try_all(cases, try_one):
    """(what went wrong, how many were tried): some side by side, since a fault is mostly waited for."""
    todo, lock = sample(cases), threading.Lock()
    wrong, tried = [], []

    def run():
        while True:
            with lock:
                case = next(todo, None)
            if case is None:
                return
            try:
                try_one(case)
            except AssertionError as failure:
                wrong.append(f"{case}: {str(failure)[-400:]}")
            tried.append(case)

    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for one in [pool.submit(run) for _ in range(SIDE_BY_SIDE)]:
            one.result()
    return wrong, len(tried)


def words_of(model):
    """A few workers where they are there from the start: each makes the same calls."""
    return ["-l", "tcp://127.0.0.1:0", *models.words(model, at_once=2 if model in STANDING else None), "calc"]


def start_maybe(directory, words, lost_line=False, **options):
    """A Brood, or None where the fault made it say why it does not start."""
    try:
        return Brood(directory, words, **options)
    except AssertionError as failure:
        ended = re.match(r"ended with (-?\d+): (.*)", str(failure))
        # A clean end with a status of its own; or the linker's crash, before anything of ours was said.
        if ended and (0 < int(ended.group(1)) <= LARGEST_STATUS or ended.groups() == ("-11", "")):
            return None
        # It serves, but the line that says where could not be written: nothing to do about that.
        if lost_line and str(failure).startswith("not within") and '"message":"ready"' in str(failure):
            return None
        raise


def serve_and_stop(brood):
    """Right answers, or none; then an end."""
    try:
        for request, answer in REQUESTS:
            heard = clients.try_to_ask(brood.url, request, 5 * SCALE)
            # Whoever died right after its answer may be answered for, as if another line had come.
            assert not heard or answer.startswith(heard.removesuffix(SORRY)), (request, heard)
        # Unless it has ended by itself, with a reason. The fault may be in the very read that takes the signal, or in
        # the message that it sends: a second one must do.
        for _ in range(2):
            if brood.process.poll() is None:
                with contextlib.suppress(AssertionError, ProcessLookupError):
                    brood.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                brood.process.wait(5 * SCALE)
        brood.wait(1)
        # Our own TERM, where it was about to end anyway and did not listen any more.
        assert brood.process.returncode in (*range(LARGEST_STATUS + 1), -signal.SIGTERM), "died of a signal"
        crashed = re.search(r".*signal (4|6|7|8|11) .*", brood.text())
        assert not crashed, crashed.group()
    finally:
        if not brood.stopped:
            brood.kill()


def counts_of_calls(trace):
    """{name: the most calls that one process made}"""
    counts = collections.Counter()
    for line in trace.read_text("utf-8", errors="replace").splitlines():
        match = re.match(r"(\d+) +(\w+)\(", line)
        if match:
            counts[match.groups()] += 1
    most = collections.Counter()
    for (_, name), count in counts.items():
        most[name] = max(most[name], count)
    return most


@pytest.mark.skipif(SANITIZED, reason="a sanitizer gives up when its own calls fail")
@pytest.mark.parametrize("model", MODELS)
def test_r05_any_one_system_call_fails(tmp_path, model):
    words = words_of(model)
    trace = tmp_path / "trace"
    serve_and_stop(Brood(tmp_path / "traced", words, prefix=("strace", "-f", "-o", trace)))
    cases = [(name, k, error) for name, count in counts_of_calls(trace).items() if name not in NOT_TO_FAIL
             for k in range(1, min(count, CALLS_EACH) + 1) for error in ERRORS]
    assert len(cases) > 300

    def try_one(case):
        name, k, error = case
        prefix = ("strace", "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={k}")
        brood = start_maybe(tmp_path / f"{name}-{k}-{error}", words, lost_line=name in ("poll", "write"), prefix=prefix)
        if brood:
            serve_and_stop(brood)

    wrong, done = try_all(cases, try_one)
    print(f"{done} of {len(cases)} faults")
    assert not wrong, f"{len(wrong)} of {done}:\n" + "\n".join(wrong[:8])


@pytest.mark.skipif(SANITIZED, reason="a sanitizer allocates itself")
@pytest.mark.parametrize("model", MODELS)
def test_r06_any_one_allocation_fails(tmp_path, model):
    words = words_of(model)
    (tmp_path / "library").mkdir()
    library = str(plugins.preload(tmp_path / "library", "failing_malloc"))
    counts = tmp_path / "counts"
    serve_and_stop(Brood(tmp_path / "counted", words, env={"LD_PRELOAD": library, "FAIL_MALLOC_COUNT": str(counts)}))
    # Workers and service processes end by _exit: what they added is guessed.
    most = max(map(int, counts.read_text("ascii").split())) + 150

    def try_one(k):
        brood = start_maybe(tmp_path / f"malloc-{k}", words, env={"LD_PRELOAD": library, "FAIL_MALLOC_AT": str(k)})
        if brood:
            serve_and_stop(brood)

    wrong, done = try_all(range(1, most + 1), try_one)
    print(f"{done} of {most} allocations")
    assert not wrong, f"{len(wrong)} of {done}:\n" + "\n".join(wrong[:8])


def test_r06_the_hook_hooks(start, tmp_path):
    """That the counts above are those of the command."""
    if SANITIZED:
        pytest.skip("as above")
    (tmp_path / "library").mkdir()
    library = str(plugins.preload(tmp_path / "library", "failing_malloc"))
    counts = tmp_path / "counts"
    brood = start("echo", env={"LD_PRELOAD": library, "FAIL_MALLOC_COUNT": str(counts)})
    assert brood.stop() == 0
    assert wait_until(lambda: counts.exists() and int(counts.read_text("ascii").split()[0]) > 5, LONG, "counts")
