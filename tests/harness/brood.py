# SPDX-License-Identifier: MIT
"""
A `brood serve …` under test: started with real options, watched through /proc, stopped by TERM, and checked against
the invariants that hold after every scenario: G1 no zombie, G2 descriptors as at the start, G3 children as configured,
G4 no CPU when idle, G5 a new client is answered at once, G6 no flood in the log. And: nothing is left behind.

Standing workers are children at rest, too: there are as many as it says, and each holds what each of them holds.
"""
import collections
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid

from harness import clients, processes
from harness.patience import BROOD, LONG, SCALE
from harness.processes import wait_until

LINES_PER_SECOND = 10  # of one cause
IDLE_CPU = 0.02        # of a core
ANSWER_S = 0.1         # for a new client; on a busy machine the best of several counts
IDLE_SAMPLE_S = 0.5

# What the kernel calls zombies, and what is about to be nothing.
DEAD = "ZX"

# What a standing worker hears while it waits. A keeper, which makes workers and serves nobody, hears nothing.
HEARD_BY_WORKERS = signal.SIGURG

# With what a table is filled up to where somebody else's part of it begins: more of them or fewer.
FILLING = "anon_inode:[eventfd]"


def without_duplicates(pairs):
    """Programs that read JSON keep the first of two equal keys, or the last, or stop."""
    record = dict(pairs)
    assert len(record) == len(pairs), f"a key twice in a log line: {pairs}"
    return record


class Brood:
    """
    words: everything behind `serve`. listeners: how many `listening on` lines to wait for. prefix: a program that
    runs the command (strace …, unshare …). popen: more for subprocess.Popen (preexec_fn, user …).
    """

    def __init__(self, directory, words, *, listeners=1, prefix=(), env=None, log="json", command=BROOD, **popen):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.mark = f"SCENARIO_MARK={uuid.uuid4().hex}"
        self.stderr = self.directory / "stderr"
        self.log_file = self.stderr
        self.stopped = False
        self.checked = True     # False: the scenario leaves a brood that cannot pass
        self.is_ordered = False # by the scenario, more often than lines of the log may come
        self.request = b"1\n"   # what a new client says when the invariants are checked
        self.answer = None      # and hears; None: anything, to its end
        self.delay = 0          # for how many seconds the handler sleeps on purpose
        self.words = [str(word) for word in words]
        self._start(words, log, prefix, env or {}, command, popen)
        self.pool = None        # how many standing workers there are in peace; None: none
        self.urls = self._wait_for_listeners(listeners)
        self.baseline = None
        self.standing_baseline = None
        try:
            self.services = self._find_services()
        except AssertionError:
            self.kill()
            raise

    def _start(self, words, log, prefix, env, command, popen):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BROOD")}
        environment.update(env, TMPDIR=str(self.directory))
        environment.update([self.mark.split("=")])
        logging = ("--log-format", log) if log else ()
        with open(self.stderr, "wb") as stderr:
            # A session of its own: whoever is left of it afterwards was left behind.
            self.process = subprocess.Popen(
                [*map(str, prefix), str(command), "serve", *logging, *map(str, words)], cwd=self.directory,
                env=environment, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, start_new_session=True,
                **popen)
        self.prefixed = bool(prefix)
        self.command_name = pathlib.Path(command).name

    # ---- What it says -----------------------------------------------------------------------------------------

    def text(self):
        return self.stderr.read_text("utf-8", errors="replace")

    def records(self, message=None, **fields):
        """
        Lines of the JSON log as dictionaries: all, or those that say this. A write of several may be half done while we read:
        what has no end yet is not there yet.
        """
        path = self.log_file
        whole, _, _ = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
        found = []
        for line in whole.decode().splitlines():
            if line.startswith("{"):
                record = json.loads(line, object_pairs_hook=without_duplicates)
                if (message is None or record["message"] == message) and fields.items() <= record.items():
                    found.append(record)
        return found

    def wait_for_record(self, message, seconds=LONG, **fields):
        return wait_until(lambda: self.records(message, **fields), seconds,
                          lambda: f"{message}: {self.text()[-2000:]}")

    # ---- Its processes ----------------------------------------------------------------------------------------

    def _wait_for_listeners(self, count):
        def found():
            return re.findall(r"^listening on (\S+)", self.text(), re.M)

        try:
            wait_until(lambda: self.process.poll() is not None or len(found()) >= count, LONG,
                       lambda: f"{count} listeners: {self.text()}")
            urls = found()
            if len(urls) < count:
                raise self._early_end()
            self.pool = self._pool()
        except AssertionError:
            self.kill()
            raise
        return urls

    def _pool(self):
        """What it says is the most; a pool that breathes may be smaller."""
        standing = re.search(r"^listening on .*, (?:prefork|event), (?:(\d+) to )?(\d+) workers?\)$", self.text(), re.M)
        if not standing:
            return None
        fewest, most = standing.groups()
        return range(int(fewest or most), int(most) + 1)

    @property
    def url(self):
        return self.urls[0]

    @property
    def supervisor(self):
        """Behind a prefix: the first process below it that is the command."""
        if not self.prefixed:
            return self.process.pid
        todo = [self.process.pid]
        while todo:
            pid = todo.pop(0)
            if processes.status_field(pid, "Name") == self.command_name:
                return pid
            todo += [stat.pid for stat in processes.children_of(pid)]
        raise self._early_end()

    def _early_end(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(LONG)
        return AssertionError(f"ended with {self.process.returncode}: {self.text()}")

    def _find_services(self):
        return sorted(stat.pid for stat in processes.children_of(self.supervisor) if stat.state not in DEAD)

    @property
    def service(self):
        """The one service process that is alive now."""
        (pid,) = self._find_services()
        return pid

    def _family(self):
        """(workers, keepers) of the one service process"""
        children = [stat.pid for stat in processes.children_of(self.service) if stat.state not in DEAD]
        workers = [pid for pid in children if not self.pool or processes.hears(pid, HEARD_BY_WORKERS)]
        return workers, sorted(set(children) - set(workers))

    def workers(self):
        """Those that serve somebody, or stand and wait for somebody."""
        return self._family()[0]

    def keepers(self):
        return self._family()[1]

    def zombies(self):
        return [stat for stat in processes.descendants_of(self.process.pid) if stat.state in DEAD]

    @staticmethod
    def _descriptor_count(pid):
        return sum(what != FILLING for what in processes.descriptors_of(pid).values())

    def descriptor_counts(self):
        """Of the supervisor and the service processes, without what these hold of each standing child."""
        counts = {pid: self._descriptor_count(pid) for pid in (self.supervisor, *self._find_services())}
        if self.pool:
            workers, keepers = self._family()
            counts[self.service] -= len(workers) + 2 * len(keepers)
        return counts

    def standing_counts(self):
        """{kind: the numbers of descriptors that one of them has}: one number, if all of them are at rest."""
        family = zip(("worker", "keeper"), self._family() if self.pool else ())
        return {kind: set(map(self._descriptor_count, pids)) for kind, pids in family}

    # ---- The invariants ---------------------------------------------------------------------------------------

    def warm_up(self, clients_count=3):
        """Serve a few, so that what is made once is made; then remember what is normal."""
        for _ in range(clients_count):
            self.fresh()
        self.remember()

    def _has_its_children(self):
        """A worker that leaves stands beside the one that comes: there are keepers for both."""
        workers, keepers = map(len, self._family())
        if not self.pool:
            return workers == 0
        return workers in self.pool and (keepers == 0 or workers <= keepers <= 2.2 * self.pool[-1] + 1)

    def remember(self):
        """A worker that is dead and not yet waited for still costs descriptors: what does not change any more counts."""
        def settled():
            counts = self.descriptor_counts(), self.standing_counts()
            time.sleep(0.02)
            is_still = counts == (self.descriptor_counts(), self.standing_counts())
            # One that was made a moment ago may not have all of its descriptors yet.
            is_alike = all(len(numbers) <= 1 for numbers in counts[1].values())
            return counts if is_still and is_alike and self._has_its_children() else None

        self.baseline, self.standing_baseline = wait_until(settled, LONG, lambda: (
            f"at rest after the warm-up: workers {self.workers()}, keepers {self.keepers()}"))

    def fresh(self, timeout=LONG):
        """One new client: seconds until its answer was complete."""
        begin = time.monotonic()
        answer = clients.ask(self.url, self.request, timeout)
        if self.answer is not None:
            assert answer == self.answer
        return time.monotonic() - begin

    def cpu(self, seconds=IDLE_SAMPLE_S):
        """The share of a core that supervisor, services and standing workers use together."""
        pids = (self.supervisor, *self._find_services(), *(sum(self._family(), []) if self.pool else ()))
        before, begin = sum(map(processes.cpu_seconds, pids)), time.monotonic()
        time.sleep(seconds)
        return (sum(map(processes.cpu_seconds, pids)) - before) / (time.monotonic() - begin)

    def check(self):
        """Within two seconds after a fault everything is as it was after the warm-up."""
        wait_until(lambda: not self.zombies(), 1 * SCALE, lambda: f"G1 zombies: {self.zombies()}")
        wait_until(self._has_its_children, 2 * SCALE, lambda: (
            f"G3 workers {self.workers()}, keepers {self.keepers()}, there should be {self.pool or 'none'}"))
        assert len(self._find_services()) == len(self.services), "G3 service processes"
        self._check_descriptors()
        self._check_idle()
        self._check_fresh()
        self.check_log()

    def _check_descriptors(self):
        """By count and order: a service that was started again has another pid."""
        if self.baseline is None:
            return
        wanted = list(self.baseline.values())
        wait_until(lambda: list(self.descriptor_counts().values()) == wanted, 2 * SCALE, lambda: (
            f"G2 descriptors {wanted}: {[processes.descriptors_of(pid) for pid in self.descriptor_counts()]}"))
        if self.standing_baseline is None:
            return
        wait_until(self._stand_as_before, 2 * SCALE, lambda: (
            f"G2 descriptors {self.standing_baseline}: {[processes.descriptors_of(pid) for pid in sum(self._family(), [])]}"))

    def _stand_as_before(self):
        """A keeper that waits for another worker to make has not what that one would open in the table of both."""
        now, before = self.standing_counts(), self.standing_baseline
        most = [max(counts.get("keeper", ()), default=0) for counts in (now, before)]
        return now.get("worker") == before.get("worker") and most[0] == most[1]

    def _check_idle(self):
        """The first look may still see the end of what was; a spinning process fails each time."""
        shares = []
        for _ in range(3):
            shares.append(self.cpu())
            if shares[-1] < IDLE_CPU * SCALE:
                return
        raise AssertionError(f"G4 CPU when idle: {shares}")

    def _check_fresh(self):
        seconds = []
        for _ in range(10):
            seconds.append(self.fresh())
            if seconds[-1] < self.delay + ANSWER_S * SCALE:
                return
        raise AssertionError(f"G5 a new client waits for {seconds} s")

    def check_log(self):
        """G6. A line for each client's end and each worker's death is what was promised; it is no cause."""
        if self.is_ordered:
            return
        count = collections.Counter(
            (record["time"][:19], record["pid"], re.sub(r"\d+", "#", record["message"]))
            for record in self.records() if record["message"] not in ("end", "died") and record["level"] != "debug")
        assert not count or max(count.values()) < LINES_PER_SECOND, f"G6 {count.most_common(3)}"

    # ---- The end ----------------------------------------------------------------------------------------------

    def send(self, number):
        os.kill(self.supervisor, number)

    def wait(self, seconds=LONG):
        """Its exit status, and then nothing of it may be left."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"does not end within {seconds:g} s: {self.text()[-2000:]}") from None
        self.stopped = True
        self.check_nothing_left()
        return status

    def stop(self, number=signal.SIGTERM, seconds=LONG):
        self.send(number)
        return self.wait(seconds)

    def summary(self):
        """The counters of the service's last line, summed up over all of its processes."""
        total = collections.Counter()
        for record in self.records("stopped"):
            total.update({key: value for key, value in record.items() if isinstance(value, int) and key != "pid"})
        return total

    def left(self):
        """Processes of this session, or with its mark. Dead ones are not ours any more: they wait for init."""
        session = [stat.pid for stat in processes.every_stat()
                   if stat.session == self.process.pid and stat.state not in DEAD]
        return sorted({*session, *processes.bearing(self.mark)})

    def check_nothing_left(self):
        wait_until(lambda: not self.left(), 1 * SCALE,
                   lambda: f"left behind: {[processes.stat_of(pid) for pid in self.left()]}")
        # Locks of Unix paths and the like: what a scenario makes itself, it makes elsewhere.
        files = [path.name for path in self.directory.iterdir() if path not in (self.stderr, self.log_file)]
        assert not files, f"left behind: {files}"

    def kill(self):
        """After a failure: everything that is ours, by pid."""
        for pid in self.left():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(LONG)
        self.stopped = True

    def finish(self):
        """What the fixture does with each: the invariants, an orderly stop, no trace."""
        try:
            if not self.stopped and self.checked:
                self.check()
            if not self.stopped:
                status = self.stop()
                assert status == 0, f"status {status}: {self.text()[-2000:]}"
        finally:
            if not self.stopped:
                self.kill()
