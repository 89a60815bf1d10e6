# SPDX-License-Identifier: MIT
"""R41: a thousand children throw dice, some of them under the same number: no throw comes twice."""
import collections
import contextlib
import os
import subprocess

import pytest

from harness import clients, models
from harness.patience import LONG, SANITIZED

pytestmark = pytest.mark.fault

CHILDREN = 100 if SANITIZED else 1000
NUMBERS = 10  # one that is about to end still has its own
FIRST_NUMBER = 20000
OWN_PIDS = ("unshare", "--pid", "--fork", "--mount-proc", "--")

# Each with children of its own for each client, which inherit all that there is of randomness.
MODELS = ["fork", "oneshot", "oneshot-kept"]


def throws_of(brood, count, before=lambda index: None):
    """{"pid": […], "kernel": […], …}"""
    throws = collections.defaultdict(list)
    for index in range(count):
        before(index)
        for line in clients.ask(brood.url, b"").decode().splitlines():
            name, _, thrown = line.partition(" ")
            throws[name].append(thrown)
    return throws


def assert_all_different(throws):
    for name in ("kernel", "libc", "own"):
        assert len(throws[name]) == CHILDREN
        twice = [thrown for thrown, times in collections.Counter(throws[name]).items() if times > 1]
        assert not twice, f"{name}: {twice[:3]}"


@pytest.mark.parametrize("model", MODELS)
def test_r41_no_child_throws_what_another_threw(start, handlers, model):
    throws = throws_of(start(handlers("dice"), *models.words(model)), CHILDREN)
    assert len(set(throws["pid"])) == CHILDREN
    assert_all_different(throws)


@contextlib.contextmanager
def choosing_numbers(brood):
    """A function that says which number the next process in brood's namespace gets."""
    script = "while read number; do echo $number >/proc/sys/kernel/ns_last_pid && echo done; done"
    with subprocess.Popen(["nsenter", "-t", str(brood.supervisor), "-p", "-m", "--", "sh", "-c", script], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        def choose(index):
            shell.stdin.write(f"{FIRST_NUMBER + index % NUMBERS - 1}\n")
            shell.stdin.flush()
            assert shell.stdout.readline() == "done\n"

        try:
            yield choose
        finally:
            shell.stdin.close()
            shell.wait(LONG)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for process ids of its own")
@pytest.mark.parametrize("model", MODELS)
def test_r41_nor_does_a_child_with_the_same_number(start, handlers, model):
    """As after the numbers have wrapped."""
    words = models.words(model, at_once=1 if "oneshot" in model else None)
    brood = start(handlers("dice"), *words, prefix=OWN_PIDS)
    with choosing_numbers(brood) as choose:
        throws = throws_of(brood, CHILDREN, choose)
    # The first ones were there before, and some may have been in each other's way.
    assert len(set(throws["pid"])) < 10 * NUMBERS
    assert_all_different(throws)
