# SPDX-License-Identifier: MIT
"""A brood to be treated badly: started with the handler of supervised.c, its stderr read as it comes."""
import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import threading
import time

from harness.patience import BROOD, LONG, ROOT
from harness.processes import children_of, descendants_of, descriptors_of, stat_of, wait_until


def compile_handler(directory):
    """supervised.c as a handler.so"""
    path = pathlib.Path(directory) / "supervised.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    source = ROOT / "tests" / "harness" / "supervised.c"
    subprocess.run([*compiler, "-O1", "-fPIC", "-shared", "-D_GNU_SOURCE", f"-I{ROOT / 'include'}", "-o", path, source],
                   check=True)
    return path


class Supervised:
    """`brood serve ARGUMENTS` while it runs. wrapper: a command that executes it, such as unshare."""

    def __init__(self, *arguments, wrapper=(), environment=None, command=BROOD, **options):
        self.process = subprocess.Popen([*wrapper, str(command), "serve", *map(str, arguments)],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                                        env=os.environ | (environment or {}), start_new_session=True, **options)
        self.wrapped = bool(wrapper)
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def pid(self):
        """Of the supervisor."""
        if not self.wrapped:
            return self.process.pid
        return wait_until(lambda: children_of(self.process.pid), LONG, "no process in the wrapper")[0].pid

    def wait_for(self, pattern, count=1, seconds=LONG):
        """All matches in stderr, once there are so many."""
        wait_until(lambda: len(re.findall(pattern, self.text)) >= count, seconds,
                   lambda: f"{count} times {pattern!r} in:\n{self.text}")
        return re.findall(pattern, self.text)

    def urls(self, count=1):
        return self.wait_for(r"(?m)^listening on (\S+) \(", count)

    def service_processes(self):
        """Pids of those that live."""
        return [stat.pid for stat in children_of(self.pid) if stat.state != "Z"]

    def service_process(self):
        (pid,) = wait_until(self.service_processes, LONG, "no service process")
        return pid

    def send(self, *signals):
        for one in signals:
            os.kill(self.pid, one)

    def wait(self, seconds=LONG):
        """The exit status, once it and everything it started are gone."""
        below = [stat.pid for stat in descendants_of(self.process.pid)]
        status = self.process.wait(seconds)
        self._reader.join(LONG)
        wait_until(lambda: not [pid for pid in below if is_alive(pid)], LONG, f"left behind: {below}")
        return status

    def stop(self, seconds=LONG):
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            for stat in descendants_of(self.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stat.pid, signal.SIGKILL)
            self.process.kill()
        self.process.wait(LONG)
        self._reader.join(LONG)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def is_alive(pid):
    stat = stat_of(pid)
    return stat is not None and stat.state != "Z"


def is_listening(port):
    """Some socket of ours, or what a process left, still has this TCP port."""
    wanted = f":{port:04X} "
    listening = "0A"
    for line in pathlib.Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if (fields[1] + " ").endswith(wanted) and fields[3] == listening:
            return True
    return False


def counts_of(pid):
    """(descriptors, zombies among the children)"""
    return len(descriptors_of(pid)), sum(stat.state == "Z" for stat in children_of(pid))


def settled_counts_of(pid):
    """The same, once an old generation's descriptors are closed and its processes reaped: twice the same, half a second apart."""
    seen = []

    def is_settled():
        seen.append(counts_of(pid))
        time.sleep(0.25)
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3] and seen[-1][1] == 0

    wait_until(is_settled, LONG, lambda: f"never twice the same: {seen[-5:]}")
    return seen[-1]
