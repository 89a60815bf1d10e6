# SPDX-License-Identifier: MIT
"""Fixtures of the scenarios: `start` a brood, `handlers` to load into it."""
import os
import resource
import shutil
import tempfile

import pytest

from harness import plugins
from harness.brood import Brood
from harness.control import Control
from harness.patience import BROOD

CLIENTS = 4096  # descriptors for the largest crowd, with a margin
FIRST_UID = 200000


def pytest_configure():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(CLIENTS, hard), hard))
    # Else every brood under test would look for a control socket in the same place.
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        os.environ.pop(name, None)


@pytest.fixture
def start(tmp_path):
    """
    start("calc", "--workers", 3) gives a Brood that serves on a port of its own, warmed up; a list of URLs as
    `listen` says otherwise. When the test is over, all of them are checked and stopped, the last one first.
    """
    started = []

    def start_one(*words, listen=("tcp://127.0.0.1:0",), warm=True, **options):
        where = [word for url in listen for word in ("--listen", url)]
        options.setdefault("listeners", len(listen))
        brood = Brood(tmp_path / f"brood-{len(started)}", [*where, *words], **options)
        started.append(brood)
        if warm:
            brood.warm_up()
        return brood

    yield start_one
    failures = []
    for brood in reversed(started):
        try:
            brood.finish()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@pytest.fixture(scope="session")
def handlers(tmp_path_factory):
    """handlers("obey") is the path of handlers/obey.c as a shared object."""
    directory = tmp_path_factory.mktemp("handlers")
    return lambda name: plugins.handler(directory, name)


@pytest.fixture
def own_user():
    """Options for `start`: the command, where a user who has nothing else can read it, as that user."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        # Nobody else's processes count there, those of another test run included.
        uid = FIRST_UID + os.getpid() % 10000
        yield {"command": shutil.copy(BROOD, directory), "user": uid, "group": uid, "extra_groups": []}


@pytest.fixture(name="controlled")
def start_controlled(start, handlers, tmp_path):
    """controlled("fork", …) gives a brood with handler obey and its Control."""
    def start_one(model="fork", *words, **options):
        control = Control(tmp_path / "control.sock")
        started = start("--control", control.path, "--model", model, "--name", "obey", *words, handlers("obey"),
                        **options)
        return started, control
    return start_one
