# SPDX-License-Identifier: MIT
"""Two sockets of one address in one service (SO_REUSEPORT): one series, as the text format wants it."""
import contextlib
import sys

import pytest

from harness.clients import connect
from harness.patience import LONG, ROOT
from harness.processes import wait_until
from harness.status import Watched
from harness.supervise_helpers import compile_handler

HANDED_OVER = [sys.executable, str(ROOT / "tests" / "harness" / "handed_over.py"), "web:web=", "-"]
CLIENTS = 8


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


def test_queues_of_one_address_are_told_as_one(handler):
    with Watched("-l", "fd://web", handler, "--workers", "1", wrapper=HANDED_OVER) as one:
        one.wrapped = False  # it executes the command
        url, other = one.urls(2)
        assert url == other
        limit = one.metrics().value("brood_queue_limit", listener=url)
        with contextlib.ExitStack() as stack:
            # Which of the two queues a client is in, the kernel decides.
            for _ in range(CLIENTS):
                stack.enter_context(connect(url))
            wait_until(lambda: one.metrics().value("brood_queue_clients", listener=url) == CLIENTS - 1, LONG,
                       lambda: one.curl("/metrics")[2])
            assert one.metrics().value("brood_queue_limit", listener=url) == limit > 0
        assert one.stop() == 0
