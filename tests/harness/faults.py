# SPDX-License-Identifier: MIT
"""Ways to hurt a running process: system calls that fail, limits, groups with a bound on processes."""
import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import uuid

from harness import processes
from harness.patience import LONG
from harness.processes import wait_until

PIDS_GROUPS = pathlib.Path("/sys/fs/cgroup/pids")


@contextlib.contextmanager
def failing_calls(pid, *injections):
    """strace's "accept4:error=EMFILE:when=3+5" and the like for a process and those it forks from now on."""
    injected = [word for injection in injections for word in ("-e", f"inject={injection}")]
    names = ",".join(injection.partition(":")[0] for injection in injections)
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={names}", *injected, "-p", str(pid)]
    with subprocess.Popen(command) as tracer:
        try:
            wait_until(lambda: processes.status_field(pid, "TracerPid") == str(tracer.pid), LONG, "strace attaches")
            yield tracer
        finally:
            # It lets go of the process, which goes on.
            tracer.send_signal(signal.SIGINT)
            tracer.wait(LONG)


@contextlib.contextmanager
def limited(pid, which, soft):
    """A soft limit of another process, for a while. What it has above that it keeps."""
    before = resource.prlimit(pid, which)
    resource.prlimit(pid, which, (soft, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, which, before)


class PidsGroup:
    """A cgroup that bounds how many processes may be (version 1, or 2 where that is all there is)."""

    def __init__(self):
        parent = PIDS_GROUPS if PIDS_GROUPS.is_dir() else pathlib.Path("/sys/fs/cgroup")
        self.path = parent / f"scenario-{uuid.uuid4().hex[:8]}"

    @staticmethod
    def possible():
        return os.geteuid() == 0 and PIDS_GROUPS.is_dir()

    def __enter__(self):
        self.path.mkdir()
        return self

    def __exit__(self, *_):
        wait_until(lambda: not self._write("cgroup.procs").strip(), LONG, "the group gets empty")
        self.path.rmdir()

    def _write(self, name, value=None):
        if value is None:
            return (self.path / name).read_text("ascii")
        (self.path / name).write_text(value, "ascii")
        return value

    def enter(self):
        """For preexec_fn: the process, and all that it will fork."""
        self._write("cgroup.procs", str(os.getpid()))

    def bound(self, count):
        self._write("pids.max", "max" if count is None else str(count))

    def count(self):
        return int(self._write("pids.current"))
