# SPDX-License-Identifier: MIT
"""
R20: a second start, and what is in the way: what a killed brood left, a symbolic link, somebody's file. The same for each
path that brood makes: a Unix listener, the control socket, the pid file. What is not ours is never removed or followed.
"""
import os
import signal
import socket
import stat

import pytest

from harness import clients, models
from harness.command import CANNOT_CREATE, UNAVAILABLE, assert_refused, brood as command
from harness.patience import LONG, SCALE
from harness.processes import wait_until

pytestmark = pytest.mark.fault

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot"]
PRECIOUS = "root:x:0:0:root:/root:/bin/bash\n"

# {kind: (the words that ask for it, what it is, exit status of a second start)}
PATHS = {
    "listener": (lambda path: ("--listen", f"unix:{path}"), stat.S_ISSOCK, UNAVAILABLE),
    "control": (lambda path: ("--control", path), stat.S_ISSOCK, UNAVAILABLE),
    "pid": (lambda path: ("--pid-file", path), stat.S_ISREG, CANNOT_CREATE),
}


@pytest.fixture(name="place")
def a_directory(tmp_path):
    """Where the paths are made; `Brood` has another one."""
    place = tmp_path / "place"
    place.mkdir()
    return place


def start_at(start, path, kind, model="fork", **options):
    return start("echo", *models.words(model), *PATHS[kind][0](path), listeners=1 + (kind == "listener"), **options)


def serve_at(path, kind):
    """A second one, which ought to refuse."""
    return command("serve", "echo", "--listen", "tcp://127.0.0.1:0", *PATHS[kind][0](path))


def assert_works(brood, path, kind):
    assert PATHS[kind][1](os.lstat(path).st_mode)
    if kind == "listener":
        assert clients.ask(f"unix:{path}", b"here") == b"here"
    elif kind == "control":
        assert command("ctl", "--control", path, "status").returncode == 0
    else:
        assert path.read_text("ascii") == f"{brood.supervisor}\n"


@pytest.mark.parametrize("kind", PATHS)
def test_r20_a_second_start_refuses_and_the_first_one_works_on(start, place, kind):
    path = place / "path"
    first = start_at(start, path, kind)
    before = os.lstat(path)
    for _ in range(3):
        assert_refused(serve_at(path, kind), PATHS[kind][2], str(path))
    assert os.lstat(path).st_ino == before.st_ino
    assert_works(first, path, kind)
    assert first.stop() == 0
    assert os.listdir(place) == []


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:{port}", "udp://127.0.0.1:{port}", "unix:@brood-scenario-{port}"])
@pytest.mark.parametrize("model", ["fork", "prefork"])
def test_r20_a_second_start_without_a_path_refuses_as_well(start, model, url):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = url.format(port=reserved.getsockname()[1])
    first = start("echo", *models.words(model), listen=[url])
    assert_refused(command("serve", "echo", "--listen", url), UNAVAILABLE, url)
    assert clients.ask(first.url, b"here") == b"here"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", PATHS)
def test_r20_what_a_killed_one_left_is_replaced(start, place, kind, model):
    path = place / "path"
    first = start_at(start, path, kind, model)
    os.kill(first.supervisor, signal.SIGKILL)
    first.process.wait(LONG)
    wait_until(lambda: not first.left(), 1 * SCALE, lambda: f"left: {first.left()}")
    first.stopped = True
    assert path.exists(), "nothing stale to be replaced"
    second = start_at(start, path, kind, model)
    assert_works(second, path, kind)
    assert second.stop() == 0
    assert os.listdir(place) == []


def file_there(path, target):
    del target
    path.write_text(PRECIOUS)


def directory_there(path, target):
    del target
    path.mkdir()


def fifo_there(path, target):
    del target
    os.mkfifo(path)


def link_to_a_file(path, target):
    path.symlink_to(target)


def link_to_nothing(path, target):
    path.symlink_to(target.with_name("nothing"))


@pytest.mark.parametrize("obstacle", [file_there, directory_there, fifo_there, link_to_a_file, link_to_nothing])
@pytest.mark.parametrize("kind", PATHS)
def test_r20_what_is_not_ours_is_neither_removed_nor_followed(place, kind, obstacle):
    path, target = place / "path", place / "target"
    target.write_text(PRECIOUS)
    obstacle(path, target)
    before, names = os.lstat(path), set(os.listdir(place))
    assert_refused(serve_at(path, kind), CANNOT_CREATE, str(path))
    assert os.lstat(path) == before
    assert target.read_text() == PRECIOUS
    assert set(os.listdir(place)) - {"path.lock"} == names


@pytest.mark.parametrize("kind", ["listener", "control"])
def test_r20_a_link_to_the_live_socket_is_not_followed(start, place, kind):
    path, link = place / "path", place / "link"
    first = start_at(start, path, kind)
    link.symlink_to(path)
    assert_refused(serve_at(link, kind), CANNOT_CREATE, str(link))
    assert link.is_symlink()
    assert_works(first, path, kind)


@pytest.mark.parametrize("kind", ["listener", "control"])
def test_r20_somebody_elses_live_socket_is_theirs(place, kind):
    """Without a lock of ours beside it."""
    path = place / "path"
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        assert_refused(serve_at(path, kind), UNAVAILABLE, str(path))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_r20_the_number_of_somebody_else_in_a_pid_file_is_no_reason_to_stop(start, place):
    """The lock says who lives, not the number: that may be anybody's by now."""
    path = place / "path"
    path.write_text(f"{os.getpid()}\n")
    brood = start_at(start, path, "pid")
    assert_works(brood, path, "pid")
