# SPDX-License-Identifier: MIT
"""R39: what a service process may do once it serves, whom it became, and that it serves as asked or not at all."""
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest

from harness import clients, plugins, processes
from harness.brood import Brood
from harness.command import CONFIGURATION, NO_INPUT, NO_PERMISSION, USAGE, assert_refused, brood as run_brood
from harness.patience import BROOD, LONG, SCALE
from harness.processes import wait_until

MODELS = ["iterative", "fork", "thread"]
NOBODY = 65534
CAPABILITIES = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")


@pytest.fixture(name="public")
def public_directory():
    """One that everybody can read: other users load handlers from it."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield pathlib.Path(directory)


@pytest.fixture(name="handler")
def handler_for_everybody(public):
    return plugins.handler(public, "rights")


def rights(brood):
    """What the handler tells: {name: value}."""
    lines = clients.ask(brood.url).decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":\t") for line in lines)}


def score_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text("ascii"))


# ---- Another user ---------------------------------------------------------------------------------------------

@needs_root
@pytest.mark.parametrize("model", MODELS)
def test_r39_every_id_group_and_capability_goes_before_the_first_line_of_the_users_code(start, handler, model):
    brood = start("--user", "nobody", "--model", model, handler, extra_groups=[4, 5])
    told = rights(brood)
    group = int(told["Gid"].split()[0])
    assert told["Uid"].split() == [str(NOBODY)] * 4
    assert told["Gid"].split() == [str(group)] * 4 and group != 0
    assert told["Groups"] == ""
    assert {name: int(told[name], 16) for name in CAPABILITIES} == dict.fromkeys(CAPABILITIES, 0)
    assert told["NoNewPrivs"] == "1"
    assert told["constructor"] == told["load"] == str(NOBODY)
    assert told["setuid"] == told["setgid"] == "EPERM"
    assert told["shadow"] == "EACCES"
    assert processes.status_field(brood.service, "Uid").split() == [str(NOBODY)] * 4
    assert processes.status_field(brood.supervisor, "Uid").split() == ["0"] * 4


@needs_root
def test_r39_a_user_may_be_a_number_that_nobody_has_with_a_group(start, handler):
    told = rights(start("--user", "3000001", "--group", "3000002", handler))
    assert told["Uid"].split() == ["3000001"] * 4 and told["Gid"].split() == ["3000002"] * 4
    assert told["Groups"] == ""


@needs_root
@pytest.mark.fault
@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid", "capset"])
@pytest.mark.parametrize("fault", ["error=EAGAIN", "error=EPERM"])
def test_r39_any_step_that_fails_ends_the_service_before_it_serves(handler, call, fault):
    refused_start(call, fault, handler)


@needs_root
@pytest.mark.fault
@pytest.mark.parametrize("call", ["setgroups", "setresgid", "setresuid"])
def test_r39_a_step_that_only_pretends_to_succeed_is_noticed(handler, call):
    refused_start(call, "retval=0", handler)


def refused_start(call, fault, handler):
    traced = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{fault}"]
    done = subprocess.run([*traced, BROOD, "serve", "-l", "tcp://127.0.0.1:0", "--user", "nobody", handler],
                          capture_output=True, text=True, timeout=LONG, check=False, extra_groups=[4, 5])
    assert done.returncode == NO_PERMISSION, done.stderr
    assert "listening on" not in done.stderr
    said = re.findall(r"^brood: .*$", done.stderr, re.M)
    assert len(said) == 1 and ("nobody" in said[0] or "capabilities" in said[0]), done.stderr


@needs_root
def test_who_is_not_root_becomes_nobody_else(public):
    command = shutil.copy(BROOD, public)
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--user", "nobody", "--log-file", "/dev/null", "echo",
                     command=command, user=3000001, group=3000001, extra_groups=[])
    assert_refused(done, NO_PERMISSION, "cannot become the user nobody: only root can")


@needs_root
def test_who_is_not_root_may_name_itself(start, own_user, public):
    uid = own_user["user"]
    told = rights(start("--user", uid, "--group", uid, plugins.handler(public, "rights"), **own_user))
    assert told["Uid"].split() == [str(uid)] * 4 and told["NoNewPrivs"] == "1"


def test_a_user_that_is_unknown_is_a_mistake_of_who_named_it(tmp_path):
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--user", "no-such-user", "--log-file", "/dev/null", "echo")
    assert_refused(done, USAGE, "there is no user no-such-user")
    config = tmp_path / "brood.ini"
    config.write_text("[service e]\nhandler = echo\nlisten = tcp://127.0.0.1:0\nuser = no-such-user\n")
    done = run_brood("serve", "-c", config, "--log-file", "/dev/null")
    assert_refused(done, CONFIGURATION, f"{config}:4: user: there is no user no-such-user")


def test_a_group_needs_a_user():
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--group", "0", "echo")
    assert_refused(done, USAGE, "--group: needs a user")


@needs_root
def test_root_without_a_user_is_warned_about_once_and_root_by_name_is_not(start):
    warned = start("echo")
    (record,) = warned.records("serving as root; --user names somebody with fewer rights")
    assert record["services"] == "echo" and record["level"] == "warn"
    assert not start("--user", "root", "echo").records(level="warn")
    assert not start("--user", "nobody", "echo").records(level="warn")


# ---- What goes on as before -----------------------------------------------------------------------------------

@needs_root
def test_what_the_supervisor_opened_it_also_writes_and_removes(start, public, tmp_path):
    """Log, pid file and Unix socket lie where the service's user has no rights."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    log, pid_file, socket = private / "log", private / "pid", private / "socket"
    brood = start("--user", "nobody", "--log-file", log, "--pid-file", pid_file, "echo", listen=[f"unix:{socket}"])
    brood.log_file = log
    assert int(pid_file.read_text("ascii")) == brood.supervisor
    assert pid_file.stat().st_uid == 0
    before = log.rename(private / "log.1")
    brood.send(signal.SIGUSR1)
    brood.wait_for_record("log reopened")
    lines = len(before.read_text("ascii").splitlines())
    for _ in range(3):
        assert clients.ask(brood.url, b"hello") == b"hello"
    wait_until(lambda: len(brood.records("end")) == 3, LONG, "the service process writes to the new log")
    assert len(before.read_text("ascii").splitlines()) == lines
    assert stat.S_IMODE(log.stat().st_mode) == 0o640 and log.stat().st_uid == 0
    assert brood.stop() == 0
    assert not pid_file.exists() and not socket.exists()


@needs_root
def test_a_service_process_that_died_is_started_again_with_the_same_rights(start, handler):
    brood = start("--user", "nobody", handler)
    first = brood.service
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(brood.records("ready")) == 2, LONG, brood.text)
    assert brood.service != first
    assert rights(brood)["Uid"].split() == [str(NOBODY)] * 4


@needs_root
@pytest.mark.parametrize("model", MODELS)
def test_r16_a_supervisor_that_is_killed_takes_other_users_along(handler, tmp_path, model):
    brood = Brood(tmp_path / "brood", ["-l", "tcp://127.0.0.1:0", "--user", "nobody", "-m", model, handler])
    try:
        dies = rights(brood)["dies"]
        assert model == "thread" or dies == str(int(signal.SIGKILL)), "a thread does not tell for its process"
        os.kill(brood.supervisor, signal.SIGKILL)
        brood.process.wait(LONG)
        wait_until(lambda: not brood.left(), 1 * SCALE, "left behind")
    finally:
        brood.kill()


# ---- A smaller world ------------------------------------------------------------------------------------------

@needs_root
@pytest.mark.parametrize("model", MODELS)
def test_behind_a_chroot_a_handler_is_loaded_and_serves(start, public, handler, model):
    """Nothing else is in there: no /proc, no /dev, no time zones."""
    inside = public / "jail" / "lib"
    inside.mkdir(parents=True)
    shutil.copy(handler, inside)
    brood = start("--user", "nobody", "--chroot", public / "jail", "-m", model, inside / "rights.so")
    told = rights(brood)
    assert told["etc"] == "unseen" and told["cwd"] == "/"
    assert told["constructor"] == str(NOBODY)
    assert os.readlink(f"/proc/{brood.supervisor}/root") == "/"
    hours = {record["time"][11:13] for record in brood.records()}
    assert len(hours) <= 2, "in the time zone of the supervisor"


def test_a_handler_outside_of_the_chroot_is_refused(handlers, tmp_path):
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--chroot", tmp_path, handlers("rights"))
    assert_refused(done, USAGE, f"--chroot: {handlers('rights')} is not beneath {tmp_path}")


def test_a_chroot_that_is_not_there_is_refused(tmp_path):
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--chroot", tmp_path / "none", "echo")
    assert_refused(done, NO_INPUT, "--chroot: cannot enter")


# ---- Limits ---------------------------------------------------------------------------------------------------

def test_limits_hold_for_workers_and_not_for_the_supervisor(start, handlers):
    brood = start("--rlimit", "nofile=300", "--rlimit", "core=0", handlers("rights"))
    told = rights(brood)
    assert told["files"] == "300 300" and told["core"] == "0 0"
    assert resource.prlimit(brood.supervisor, resource.RLIMIT_NOFILE)[0] != 300


@pytest.mark.parametrize("limit, sentence", [
    ("nofle=1", "did you mean 'nofile'?"), ("nofile=many", "write a number"), ("spoons=1", "known are nofile")])
def test_a_limit_that_is_none_is_refused(limit, sentence):
    assert_refused(run_brood("serve", "-l", "tcp://127.0.0.1:0", "--rlimit", limit, "echo"), USAGE,
                   f"--rlimit: {'there' if 'known' in sentence or 'mean' in sentence else 'nofile'}")
    assert sentence in run_brood("check", "--rlimit", limit, "echo").stderr


def test_a_limit_given_twice_is_refused():
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--rlimit", "core=0", "--rlimit", "core=1", "echo")
    assert_refused(done, USAGE, "--rlimit: the limit core is given twice")


@needs_root
def test_a_limit_above_what_is_allowed_is_refused(public):
    command = shutil.copy(BROOD, public)
    done = run_brood("serve", "-l", "tcp://127.0.0.1:0", "--rlimit", "nofile=1000", "--log-file", "/dev/null", "echo",
                     command=command, user=3000001, group=3000001, extra_groups=[],
                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500)))
    assert_refused(done, NO_PERMISSION, "nofile is more than the 500")


@pytest.mark.parametrize("option, more", [((), 200), (("--oom-score-adj", "5"), 5), (("--oom-score-adj", "off"), 0)])
def test_when_memory_is_out_workers_go_before_the_supervisor(start, handlers, option, more):
    brood = start(*option, handlers("rights"))
    expected = min(score_of(brood.supervisor) + more, 1000)
    assert int(rights(brood)["score"]) == expected == score_of(brood.service)


def test_no_new_privileges_may_be_switched_off(start, handlers):
    assert rights(start(handlers("rights")))["NoNewPrivs"] == "1"
    assert rights(start("--no-new-privs", "off", handlers("rights")))["NoNewPrivs"] == "0"
