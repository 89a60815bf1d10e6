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
MEMORY_GROUPS = pathlib.Path("/sys/fs/cgroup/memory")


@contextlib.contextmanager
def failing_calls(pids, *injections):
    """strace's "accept4:error=EMFILE:when=3+5" and the like for processes, one or many, and those they fork from now on."""
    pids = [pids] if isinstance(pids, int) else pids
    injected = [word for injection in injections for word in ("-e", f"inject={injection}")]
    names = ",".join(injection.partition(":")[0] for injection in injections)
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={names}", *injected,
               "-p", ",".join(map(str, pids))]
    with subprocess.Popen(command) as tracer:
        try:
            wait_until(lambda: all(processes.status_field(pid, "TracerPid") == str(tracer.pid) for pid in pids), LONG,
                       "strace attaches")
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
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, which, before)


class Group:
    """A cgroup of our own, gone again when the block ends."""

    def __init__(self, parent):
        self.path = parent / f"scenario-{uuid.uuid4().hex[:8]}"

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


class PidsGroup(Group):
    """Bounds how many processes may be (version 1, or 2 where that is all there is)."""

    def __init__(self):
        super().__init__(PIDS_GROUPS if PIDS_GROUPS.is_dir() else pathlib.Path("/sys/fs/cgroup"))

    @staticmethod
    def possible():
        return os.geteuid() == 0 and PIDS_GROUPS.is_dir()

    def bound(self, count):
        self._write("pids.max", "max" if count is None else str(count))

    def count(self):
        return int(self._write("pids.current"))


class MemoryGroup(Group):
    """Bounds memory (version 1): beyond, the kernel ends the worst of its processes."""

    def __init__(self):
        super().__init__(MEMORY_GROUPS)

    @staticmethod
    def possible():
        return os.geteuid() == 0 and MEMORY_GROUPS.is_dir()

    def bound(self, size):
        self._write("memory.limit_in_bytes", str(size))
