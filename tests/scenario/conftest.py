# SPDX-License-Identifier: MIT
"""Fixtures of the scenarios: `start` a brood, `handlers` to load into it."""
import os
import resource
import shutil

import pytest

from harness import plugins
from harness.brood import Brood
from harness.patience import BROOD

CLIENTS = 4096   # descriptors for the largest crowd, with a margin
OWN_UID = 12345  # nobody else's processes count there


def pytest_configure():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(CLIENTS, hard), hard))


@pytest.fixture
def start(tmp_path):
    """
    start("calc", "--workers", 3) gives a Brood that serves on a port of its own, warmed up; a list of URLs as `listen`
    says otherwise. When the test is over, all of them are checked and stopped, the last one first.
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
def own_user(tmp_path_factory):
    """Options for `start`: the command, readable for a user who has nothing else, as that user."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    directory = tmp_path_factory.mktemp("command")
    for path in (directory, *directory.parents[:2]):
        path.chmod(0o755)
    command = shutil.copy(BROOD, directory / "brood")
    return {"command": command, "user": OWN_UID, "group": OWN_UID, "extra_groups": []}
