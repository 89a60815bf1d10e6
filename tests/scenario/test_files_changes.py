# SPDX-License-Identifier: MIT
"""files, while the world changes: files that shrink or are replaced, clients that leave, disks that are slow."""
import contextlib
import os
import pathlib
import re
import socket
import tempfile
import time

import pytest

from harness import clients, models, processes
from harness.http_client import Connection, CutOff, ask, get
from harness.patience import LONG, SCALE
from harness.processes import wait_until

HOUR_AGO = int(time.time()) - 3600

# More than all buffers between a server and its client hold.
HUGE = 64 << 20


@pytest.fixture(name="root")
def fresh_root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "small.txt").write_bytes(b"small\n")
    os.utime(root / "small.txt", (HOUR_AGO, HOUR_AGO))
    return root


@pytest.fixture(name="serve")
def serve_root(start, root):
    def serve(model, *words, at_once=None, **options):
        brood = start("files", root, *models.words(model, at_once), *words, warm=False, **options)
        brood.request = get("/small.txt", "Connection: close")
        brood.warm_up()
        return brood
    return serve


def fetch(brood, target, *fields):
    return ask(brood.url, get(target, *fields, "Connection: close"))


def make_huge(path, byte=b"\0"):
    """Sparse, but for its ends."""
    with open(path, "wb") as file:
        file.write(byte)
        file.seek(HUGE - 1)
        file.write(byte)


@contextlib.contextmanager
def half_way(brood, target):
    """A connection that has its head, and some of the body."""
    with Connection(brood.url) as connection:
        connection.send(get(target, "Connection: close"))
        connection.held = connection.socket.recv(1 << 14)
        yield connection


@pytest.mark.parametrize("model", models.EVERY)
def test_a_file_that_shrinks_meanwhile_is_cut_off(serve, root, model):
    brood = serve(model)
    make_huge(root / "huge.bin")
    with half_way(brood, "/huge.bin") as connection:
        os.truncate(root / "huge.bin", 1 << 20)
        with pytest.raises(CutOff):
            connection.answer()
    assert fetch(brood, "/small.txt").body == b"small\n"
    brood.is_ordered = True


@pytest.mark.parametrize("model", models.EVERY)
def test_a_file_that_is_replaced_meanwhile_is_sent_as_it_was(serve, root, model):
    brood = serve(model)
    make_huge(root / "huge.bin", b"1")
    with half_way(brood, "/huge.bin") as connection:
        make_huge(root / "new.bin", b"2")
        os.replace(root / "new.bin", root / "huge.bin")
        body = connection.rest().partition(b"\r\n\r\n")[2]
    assert len(body) == HUGE and body[:1] == body[-1:] == b"1"
    assert fetch(brood, "/huge.bin", "Range: bytes=0-0").body == b"2"


@pytest.mark.parametrize("model", models.EVERY)
def test_clients_that_leave_in_the_middle_take_nobody_with_them(serve, root, model):
    brood = serve(model)
    make_huge(root / "huge.bin")
    standing = brood.workers()
    for _ in range(10):
        with half_way(brood, "/huge.bin") as connection:
            # Unread bytes make it a reset, and the next bytes for it a broken pipe.
            connection.socket.shutdown(socket.SHUT_RD)
    assert fetch(brood, "/small.txt").body == b"small\n"
    # One-shot workers and forked ones are others for each client.
    assert brood.workers() == standing or model in ("fork", "oneshot")
    brood.is_ordered = True


@pytest.mark.parametrize("model", models.EVERY)
def test_the_directory_is_the_one_that_was_there_at_the_start(serve, root, model):
    brood = serve(model)
    root.rename(root.with_name("moved"))
    root.mkdir()
    (root / "small.txt").write_bytes(b"another\n")
    assert fetch(brood, "/small.txt").body == b"small\n"


@pytest.mark.parametrize("model", models.EVERY)
def test_a_directory_that_is_swapped_for_a_link_again_and_again_leads_nowhere(serve, root, model):
    """Whoever checks first and opens then is too late now and then."""
    brood = serve(model)
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "file").write_bytes(b"secret\n")
    (root / "real").mkdir()
    (root / "real" / "file").write_bytes(b"public\n")
    (root / "link").symlink_to("../outside")
    seen = set()
    for number in range(60):
        (root / "at").unlink(missing_ok=True)
        (root / "at").symlink_to("real" if number % 2 else "link")
        answer = fetch(brood, "/at/file")
        seen.add((answer.status, answer.body))
    assert seen == {(200, b"public\n"), (404, b"404 Not Found\n")}


def test_what_the_service_may_not_read_is_forbidden(start, own_user):
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        root = pathlib.Path(directory)
        (root / "mine.txt").touch(mode=0o600)
        (root / "closed").mkdir(mode=0o711)
        (root / "closed" / "index.html").write_bytes(b"open\n")
        brood = start("files", root, "--list", "--model", "event", "--workers", "1", warm=False, **own_user)
        brood.request = get("/closed/", "Connection: close")
        brood.warm_up()
        assert fetch(brood, "/mine.txt").status == 403
        assert fetch(brood, "/closed").status == 301 and fetch(brood, "/closed/").body == b"open\n"
        (root / "closed" / "index.html").unlink()
        assert fetch(brood, "/closed/").status == 403
        (root / "closed" / "index.html").write_bytes(b"open\n")


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_a_socket_that_is_no_tcp_socket_gets_the_same_bytes(serve, root, scheme):
    content = os.urandom(3 << 20)
    (root / "large.bin").write_bytes(content)
    url = "tcp://127.0.0.1:0" if scheme == "tcp" else f"unix:@files-test-{time.monotonic_ns()}"
    brood = serve("event", listen=[url])
    with Connection(brood.url) as connection:
        assert connection.ask(get("/large.bin")).body == content


def nonblocking_sockets(brood):
    (worker,) = brood.workers()
    found = 0
    for number, what in processes.descriptors_of(worker).items():
        if what.startswith("socket:"):
            flags = re.search(r"^flags:\s+(\d+)$", pathlib.Path(f"/proc/{worker}/fdinfo/{number}").read_text(), re.M)
            found += bool(int(flags[1], 8) & os.O_NONBLOCK)
    return found


def test_the_socket_blocks_again_when_a_large_file_was_sent(serve, root):
    """Programs that inherit it expect that."""
    make_huge(root / "huge.bin")
    brood = serve("event", at_once=10)
    with Connection(brood.url) as connection:
        assert connection.ask(get("/small.txt")).status == 200
        before = nonblocking_sockets(brood)
        with half_way(brood, "/huge.bin"):
            assert nonblocking_sockets(brood) == before + 1
        connection.send(get("/huge.bin", "Range: bytes=0-1000000"))
        assert len(connection.answer().body) == 1000001
        wait_until(lambda: nonblocking_sockets(brood) == before, LONG, lambda: "the flag was left behind")


# ---- Disks ------------------------------------------------------------------------------------------------------


def threads_of(brood):
    """Of all workers: one each, unless something was offloaded."""
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in brood.workers())


def make_cold(path):
    """Only what is on the disk can be fetched from it."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def is_cold(path):
    with open(path, "rb") as file:
        try:
            os.preadv(file.fileno(), [bytearray(1)], os.path.getsize(path) // 2, os.RWF_NOWAIT)
        except BlockingIOError:
            return True
        except OSError:
            pytest.skip("this file system cannot tell what is in memory")
    return False


def test_what_is_in_memory_is_sent_without_a_thread(serve, root):
    (root / "large.bin").write_bytes(os.urandom(3 << 20))
    if is_cold(root / "large.bin"):
        pytest.skip("memory is short")
    brood = serve("event")
    for target in "/large.bin", "/small.txt", "/nowhere", "/large.bin", "/nowhere":
        fetch(brood, target)
    # A name that was never looked for may have been offloaded by one worker, once.
    before = threads_of(brood)
    for _ in range(20):
        for target in "/large.bin", "/small.txt", "/nowhere":
            fetch(brood, target)
    assert threads_of(brood) - before <= 2


def test_what_is_on_the_disk_is_fetched_by_a_thread(serve, root):
    content = os.urandom(8 << 20)
    (root / "cold.bin").write_bytes(content)
    make_cold(root / "cold.bin")
    if not is_cold(root / "cold.bin"):
        pytest.skip("the kernel keeps it")
    brood = serve("event")
    before = threads_of(brood)
    assert fetch(brood, "/cold.bin").body == content
    assert threads_of(brood) > before


def test_nobody_waits_for_a_fifo(serve, root):
    os.mkfifo(root / "fifo")
    brood = serve("iterative")
    begin = time.monotonic()
    for _ in range(20):
        assert fetch(brood, "/fifo").status == 404
    assert time.monotonic() - begin < 2 * SCALE


def test_a_full_table_of_files_is_told_as_such(serve, root):
    """Clients have places of their own in it; what they ask for has not."""
    make_huge(root / "huge.bin")
    brood = serve("event", "--rlimit", "nofile=128", at_once=60)
    seen = set()
    with contextlib.ExitStack() as stack:
        for _ in range(58):
            connection = stack.enter_context(half_way(brood, "/huge.bin"))
            seen.add(connection.held.partition(b"\r\n")[0])
    assert seen == {b"HTTP/1.1 200 OK", b"HTTP/1.1 503 Service Unavailable"}
    wait_until(lambda: fetch(brood, "/small.txt").status == 200, LONG, lambda: "it has not recovered")


# ---- The start --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["missing", "file"])
def test_a_directory_that_is_none_is_told_at_the_start(start, tmp_path, what):
    (tmp_path / "file").touch()
    with pytest.raises(AssertionError, match=f"{what}: (No such file|Not a directory)"):
        start("files", tmp_path / what, warm=False)


def test_a_relative_directory_is_relative_to_where_it_was_started(serve, start, root):
    brood = start("files", "../root", warm=False)
    brood.request = get("/small.txt", "Connection: close")
    brood.warm_up()
    assert fetch(brood, "/small.txt").body == b"small\n"
    assert clients.ask(brood.url, get("/small.txt", "Connection: close")).endswith(b"small\n")
