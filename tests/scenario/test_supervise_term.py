# SPDX-License-Identifier: MIT
"""
TERM and QUIT to a service process alone, from somebody else than its supervisor: it is replaced, and nobody is refused. The
same for a whole group, as systemd sends it, is a stop like any other: who waits in the queue is served.
"""
import os
import signal
import socket
import time

import pytest
from harness.clients import ask, connect, read_to_end
from harness.patience import LONG
from harness.processes import children_of, wait_until
from harness.supervise_helpers import Supervised, compile_handler

MODELS = {
    "iterative": ("-m", "iterative"),
    "fork": ("-m", "fork"),
    "thread": ("-m", "thread"),
    "prefork": ("-m", "prefork", "-w", "2"),
    "oneshot": ("-m", "prefork", "--fresh", "oneshot", "-w", "2"),
    "event": ("-m", "event", "-w", "2"),
}


@pytest.fixture(scope="module", name="handler")
def compiled_handler(tmp_path_factory):
    return compile_handler(tmp_path_factory.mktemp("handler"))


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGQUIT])
@pytest.mark.parametrize("model", MODELS)
def test_a_service_process_told_by_somebody_else_is_replaced(handler, model, sent, tmp_path):
    listen = ("-l", "tcp://127.0.0.1:0", "-l", f"unix:{tmp_path}/socket")
    with Supervised(*listen, *MODELS[model], handler) as brood:
        urls = brood.urls(2)
        for _ in range(2):
            before = brood.service_process()
            os.kill(before, sent)
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:  # before, during and after: a client may wait, and is served
                for url in urls:
                    assert ask(url, b"x\n", LONG)
            wait_until(lambda gone=before: brood.service_process() != gone, LONG, "not replaced")
        assert os.path.exists(tmp_path / "socket")
        assert brood.stop() == 0
    assert not [line for line in brood.lines if "[ERROR]" in line or "cannot accept" in line]
    assert [line for line in brood.lines if "told to end by somebody else" in line]


@pytest.mark.parametrize("model", ["iterative", "prefork"])
def test_a_signal_for_all_of_a_group_serves_the_queue(handler, model):
    workers = {"iterative": (), "prefork": ("-w", "1")}[model]
    with Supervised("-l", "tcp://127.0.0.1:0", "-m", model, *workers, handler) as brood:
        url, = brood.urls()
        with connect(url) as first:
            first.sendall(b"x\n")
            assert first.recv(100)
            waiting = [connect(url) for _ in range(5)]  # one is served at a time
            for one in waiting:
                one.sendall(b"x\n")
            everybody = [brood.service_process(), brood.pid]
            for pid in everybody:
                os.kill(pid, signal.SIGTERM)
            time.sleep(0.3)
            first.shutdown(socket.SHUT_WR)
            read_to_end(first)
        for one in waiting:
            one.shutdown(socket.SHUT_WR)
            assert read_to_end(one)
            one.close()
        assert brood.wait() == 0
        assert not children_of(brood.pid)
