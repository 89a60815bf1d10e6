# SPDX-License-Identifier: MIT
"""
The access log: each request has one line, whoever served it and whatever became of it; what clients send stays inside of its
field; nothing is lost by deaths, rotation, reload or drain.
"""
import collections
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import models, web
from harness.http_client import Connection, CutOff, ask, get, post
from harness.patience import BROOD, LONG, SCALE
from harness.processes import wait_until

CLF = re.compile(r'(?P<peer>\S+) - - \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] '
                 r'"(?P<request>(?:[^"\\\x00-\x1f\x7f]|\\x[0-9a-f]{2})*)" (?P<status>\d{3}) (?P<bytes>\d+|-)')
COMBINED = re.compile(CLF.pattern + r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"')
PLUS = re.compile(COMBINED.pattern + r' (?P<duration>\d+) (?P<queue>\d+|-) (?P<worker>\d+)(?: (?P<reason>[a-z-]+))?')

PATTERNS = {"common": CLF, "combined": COMBINED, "combined+": PLUS}

PROBE = get("/?probe", "Connection: close")


class Log:
    """The lines of a file, but for those of the harness's own clients."""

    def __init__(self, path, form):
        self.path = path
        self.form = form

    def _read(self, path):
        data = path.read_bytes() if path.exists() else b""
        assert not data or data.endswith(b"\n")
        return data.decode().splitlines()

    def lines(self):
        return [line for path in sorted(self.path.parent.glob(self.path.name + "*")) for line in self._read(path)
                if "probe" not in line]

    def records(self):
        if self.form == "json":
            return [json.loads(line) for line in self.lines()]
        matches = [(PATTERNS[self.form].fullmatch(line), line) for line in self.lines()]
        assert all(match for match, _ in matches), [line for match, line in matches if not match][:3]
        return [match.groupdict() for match, _ in matches]

    def wait_for(self, count):
        wait_until(lambda: len(self.lines()) >= count, LONG, lambda: f"{count} lines: {self.lines()[-20:]}")
        return self.records()

    def targets(self):
        return [target_of(record) for record in self.records()]


def target_of(record):
    if "target" in record:
        return record["target"]
    words = record["request"].split(" ")
    return words[1] if len(words) > 1 else None


@pytest.fixture(name="logging")
def start_logging(start, handlers, tmp_path):
    """(brood, its access log)"""
    def start_one(model, form, *words, **options):
        path = tmp_path / f"access-{len(list(tmp_path.iterdir()))}" / "log"
        path.parent.mkdir()
        brood = start(handlers("http_obey"), *models.words(model), "--access-log", form, "--access-log-file", path,
                      *words, warm=False, **options)
        brood.request = PROBE
        brood.warm_up()
        return brood, Log(path, form)
    return start_one


# ---- One line for each ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", web.MODELS)
def test_a_line_does_not_wait_for_the_end_of_a_client_that_is_silent(logging, model):
    brood, log = logging(model, "common")
    with Connection(brood.url) as connection:
        for target in ("/pid?first", "/pid?second"):
            assert connection.ask(get(target)).status == 200
            wait_until(lambda: log.targets().count(target) == 1, LONG / 5, log.targets)
        assert connection.ask(get("/pid?third")).status == 200
    wait_until(lambda: "/pid?third" in log.targets(), LONG, log.targets)
    assert [target for target in log.targets() if "?" in target] == ["/pid?first", "/pid?second", "/pid?third"]


@pytest.mark.parametrize("model", web.MODELS)
def test_each_request_has_one_line_in_the_order_of_its_connection(logging, model):
    brood, log = logging(model, "combined+")
    asked = collections.defaultdict(list)
    for number in range(4):
        with Connection(brood.url) as connection:
            for i in range(30): # one after the other: more than fit on the page of a forked worker
                asked[number].append(f"/pid?{number}-{i}")
                assert connection.ask(get(asked[number][-1], "User-Agent: " + 60 * "x")).status == 200
            for i in range(30, 50):
                asked[number].append(f"/pid?{number}-{i}")
            connection.send(b"".join(get(target) for target in asked[number][30:]))
            for _ in range(20):
                assert connection.answer().status == 200
            asked[number].append(f"/pid?{number}-last")
            assert connection.ask(get(asked[number][-1], "Connection: close")).status == 200
            assert connection.is_over()
    records = log.wait_for(4 * 51)
    for number, targets in asked.items():
        assert [t for t in map(target_of, records) if t.startswith(f"/pid?{number}-")] == targets
    assert len(records) == 4 * 51
    assert {record["status"] for record in records} == {"200"}
    assert all(int(record["bytes"]) > 0 for record in records)


@pytest.mark.parametrize("model", web.MODELS)
def test_the_line_says_who_served_it(logging, model):
    brood, log = logging(model, "json")
    with Connection(brood.url) as connection:
        pid = int(connection.ask(get("/pid", "Referer: http://from/", "User-Agent: me")).body)
        connection.ask(get("/pid", method="HEAD", version="1.0"), method="HEAD")
    first, second = log.wait_for(2)
    assert first["worker"] == second["worker"] == pid
    assert (first["peer"], first["method"], first["version"], first["status"]) == ("127.0.0.1", "GET", "HTTP/1.1", 200)
    assert (first["referer"], first["agent"]) == ("http://from/", "me")
    assert 0 <= first["duration_us"] < 5_000_000 * SCALE and first["bytes"] == len(f"{pid}\n")
    assert (second["method"], second["version"], second["bytes"], second["referer"]) == ("HEAD", "HTTP/1.0", 0, None)


@pytest.mark.parametrize("form", PATTERNS)
def test_the_formats_are_what_tools_read(logging, form):
    brood, log = logging("fork", form)
    ask(brood.url, get("/pid", "User-Agent: a b", "Connection: close"))
    (record,) = log.wait_for(1)
    assert record["request"] == "GET /pid HTTP/1.1" and record["peer"] == "127.0.0.1"
    if form != "common":
        assert (record["referer"], record["agent"]) == ("-", "a b")


def test_without_a_file_lines_stand_in_the_log_in_order_with_what_it_says(start, handlers):
    brood = start(handlers("http_obey"), "--access-log", "common", warm=False)
    assert ask(brood.url, get("/pid?here", "Connection: close")).status == 200
    brood.wait_for_record("end", note="GET /pid?here")
    lines = brood.text().splitlines()
    (at,) = [i for i, line in enumerate(lines) if CLF.fullmatch(line)]
    assert '"message":"end"' in lines[at + 1]


@pytest.mark.parametrize("model", web.MODELS)
def test_the_time_in_the_queue_is_told_of_the_first_request_where_it_is_asked_for(logging, model):
    brood, log = logging(model, "combined+", "--queue-timeout", "10s")
    with Connection(brood.url) as connection:
        connection.ask(get("/pid"))
        connection.ask(get("/pid"))
    first, second = log.wait_for(2)
    assert first["queue"].isdigit() and second["queue"] == "-"


# ---- Refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", web.MODELS)
def test_who_is_refused_has_a_line(logging, model):
    brood, log = logging(model, "combined", "--head-timeout", "300ms", "--max-body", "1k")
    for data in (b"no request\r\n\r\n", get("/nohost", host=None), get("/late")[:-2], post("/length", b"x" * 2000)):
        with Connection(brood.url) as connection:
            connection.ask(data)
    found = {(record["request"], record["status"]) for record in log.wait_for(4)}
    assert found == {("no request", "400"), ("GET /nohost HTTP/1.1", "400"), ("GET /late HTTP/1.1", "408"),
                     ("POST /length HTTP/1.1", "413")}


@pytest.mark.parametrize("model", web.MODELS)
def test_who_asks_for_nothing_has_none(logging, model):
    brood, log = logging(model, "combined")
    for data in (b"", b"\r\n"):
        with Connection(brood.url) as connection:
            connection.send(data)
            connection.finish()
            connection.rest()
    ask(brood.url, get("/pid", "Connection: close"))
    assert [target_of(record) for record in log.wait_for(1)] == ["/pid"]


@pytest.mark.parametrize("model", web.MODELS)
def test_who_left_before_an_answer_is_told_with_the_reason(logging, model):
    brood, log = logging(model, "json")
    with Connection(brood.url) as connection:
        connection.send(get("/length", "Content-Length: 100", method="POST") + b"x")
        time.sleep(0.1)
        reset(connection.socket)
    (record,) = log.wait_for(1)
    assert (record["target"], record["status"], record["reason"]) == ("/length", 0, "client-gone")


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()


# ---- Hostile ----------------------------------------------------------------------------------------------------


HOSTILE = [
    get("/a%0a127.0.0.1%22"),
    get('/"quoted"\\back'),
    get("/ok", "User-Agent: \xff\xfe\x80\x9b31m", "Referer: \"end\" \\x22"),
    get("/ok", "User-Agent: \x1b[31mred"),
    b"GET /\x1b[2J HTTP/1.1\r\nHost: test\r\n\r\n",
    b"GET /nul\0here HTTP/1.1\r\nHost: test\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    get("/" + "x" * (1 << 16)),
    get("/" + "\"" * 5000),
    get("/ok", "User-Agent: " + "\"" * 7000, "Referer: " + "\\" * 7000),
]


@pytest.mark.parametrize("form", ["combined+", "json"])
@pytest.mark.parametrize("model", ["fork", "prefork", "event", "thread"])
def test_what_clients_send_stays_in_its_field(logging, model, form):
    brood, log = logging(model, form)
    for data in HOSTILE:
        with Connection(brood.url) as connection, contextlib.suppress(OSError):
            connection.send(data)
            connection.finish()
            connection.rest()
    records = log.wait_for(len(HOSTILE))
    assert len(records) == len(HOSTILE)
    data = b"".join(path.read_bytes() for path in log.path.parent.iterdir())
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", data)
    assert all(len(line) < 4096 for line in data.splitlines())
    assert sum("[cut]" in line for line in log.lines()) >= 3


# ---- Deaths -----------------------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_the_request_of_a_dead_worker_has_its_line(logging, model):
    brood, log = logging(model, "json")
    for order in ("/crash", "/exit?3", "/begin-then-crash", "/write-then-crash"):
        with Connection(brood.url) as connection, contextlib.suppress(CutOff, ConnectionResetError):
            connection.ask(get("/pid?" + order[1:]))
            connection.ask(get(order))
    records = log.wait_for(8)
    assert len(records) == 8
    status = {record["target"]: record["status"] for record in records}
    assert [status[order] for order in ("/crash", "/exit?3", "/begin-then-crash", "/write-then-crash")] == [
        502, 502, 502, 200]
    assert all(record["status"] == 200 for record in records if record["target"].startswith("/pid"))


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_the_request_of_a_killed_worker_has_its_line(logging, model):
    brood, log = logging(model, "json")
    with Connection(brood.url) as connection:
        pid = int(connection.ask(get("/pid")).body)
        connection.send(get("/hang?1000000/" + "y" * 1000))
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        assert connection.answer().status == 503
    first, second = log.wait_for(2)
    assert (first["target"], first["status"]) == ("/pid", 200)
    assert (second["status"], second["worker"], second["cut"]) == (503, pid, True)
    assert second["target"].startswith("/hang?1000000/yyy") and second["duration_us"] > 100_000


@pytest.mark.fault
@pytest.mark.parametrize("model", [*models.MORTAL, "thread"])
def test_the_request_of_a_worker_that_is_stuck_has_its_line(logging, model):
    brood, log = logging(model, "combined+", "--request-timeout", "500ms", "--kill-after", "200ms")
    if model == "thread": # of many, so that the process is not replaced
        target = "/block"
        brood.checked = False
    else:
        target = "/spin"
    with Connection(brood.url) as connection:
        assert connection.ask(get(target)).status == 504
    (record,) = log.wait_for(1)
    assert (target_of(record), record["status"], record["reason"]) == (target, "504", None)


@pytest.mark.fault
@pytest.mark.parametrize("model", models.MORTAL)
def test_killed_workers_take_no_line_of_an_answered_request_along(logging, model):
    brood, log = logging(model, "common")
    answered, stop = [], threading.Event()

    def load(number):
        asked = 0
        while not stop.is_set():
            with contextlib.suppress(OSError, CutOff, ValueError), Connection(brood.url) as connection:
                for _ in range(200):
                    asked += 1
                    target = f"/pid?{number}-{asked}"
                    if connection.ask(get(target)).status == 200:
                        answered.append(target)
                    if stop.is_set():
                        break

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        time.sleep(0.1)
        for pid in brood.workers()[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    wait_until(lambda: set(answered) <= set(log.targets()), LONG,
               lambda: f"{len(set(answered) - set(log.targets()))} of {len(answered)} answers have no line")
    counts = collections.Counter(log.targets())
    assert not [target for target, count in counts.items() if target and count > 1]


# ---- Rotation, reload, drain ------------------------------------------------------------------------------------


class Load:
    """Requests with targets of their own, one after the other on a few connections, while something happens."""

    def __init__(self, url, connections=3):
        self.url = url
        self.stop = threading.Event()
        self.answered = []
        self.threads = [threading.Thread(target=self._run, args=(number,)) for number in range(connections)]

    def _run(self, number):
        asked = 0
        while not self.stop.is_set():
            with contextlib.suppress(OSError, CutOff), Connection(self.url) as connection:
                for _ in range(50):
                    asked += 1
                    target = f"/pid?{number}-{asked}"
                    if connection.ask(get(target)).status == 200:
                        self.answered.append(target)
                    if self.stop.is_set():
                        break

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def assert_all_told(load, log):
    assert len(load.answered) > 20
    wait_until(lambda: set(load.answered) <= set(log.targets()), LONG,
               lambda: f"without a line: {sorted(set(load.answered) - set(log.targets()))[:10]}")
    counts = collections.Counter(log.targets())
    assert not [target for target, count in counts.items() if count > 1]


@pytest.mark.parametrize("model", web.MODELS)
def test_rotation_under_load_loses_nothing(logging, model):
    brood, log = logging(model, "common")
    with Load(brood.url) as load:
        for number in range(5):
            time.sleep(0.1)
            log.path.rename(log.path.with_name(f"log.{number}"))
            os.kill(brood.supervisor, signal.SIGUSR1)
            wait_until(log.path.exists, LONG, "the file is opened anew")
    assert_all_told(load, log)
    size = log.path.stat().st_size
    ask(brood.url, get("/pid?after", "Connection: close"))
    wait_until(lambda: log.path.stat().st_size > size, LONG, "lines go to the new file")
    assert not brood.records("access log not reopened")


@pytest.mark.parametrize("model", ["prefork", "oneshot", "event"])
def test_workers_that_are_replaced_leave_all_their_lines(logging, model):
    words = () if model == "oneshot" else ("--max-requests", "20")
    brood, log = logging(model, "common", *words)
    with Load(brood.url) as load:
        time.sleep(1)
    assert_all_told(load, log)


@pytest.mark.parametrize("model", web.MODELS)
def test_a_drain_leaves_all_lines(logging, model):
    brood, log = logging(model, "common")
    with Load(brood.url) as load:
        time.sleep(0.5)
        brood.stop()
        load.stop.set()
    assert_all_told(load, log)


def test_workers_go_on_when_nobody_takes_their_lines_and_what_is_lost_is_counted(logging):
    brood, log = logging("event", "common")
    lines = 8000
    service = brood.service
    os.kill(service, signal.SIGSTOP)
    try:
        with Connection(brood.url) as connection:
            for i in range(0, lines, 100):
                connection.send(b"".join(get(f"/pid?{i + j}") for j in range(100)))
                for _ in range(100):
                    assert connection.answer().status == 200
    finally:
        os.kill(service, signal.SIGCONT)
    (record,) = wait_until(lambda: [r for r in brood.records() if "of the access log" in r["message"]], LONG,
                           "it is said")
    lost = int(record["message"].split()[0])
    assert lost > 0 and len(log.wait_for(lines - lost)) == lines - lost


# ---- Wrong inputs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words,status,sentence", [
    (["hello", "--access-log-file", "x"], 64, "choose its format"),
    (["hello", "--access-log", "rare"], 64, "combined"),
    (["echo", "--access-log", "common"], 64, "HTTP"),
    (["hello", "--access-log", "common", "--access-log-file", "/nowhere/x"], 73, "/nowhere/x"),
    (["hello", "--access-log", "common", "--access-log-file", "link"], 73, "symbolic link"),
])
def test_what_cannot_be_is_said_in_one_sentence(tmp_path, words, status, sentence):
    (tmp_path / "link").symlink_to("x")
    done = subprocess.run([BROOD, "serve", *words, "--listen", "tcp://127.0.0.1:0"], cwd=tmp_path, check=False,
                          capture_output=True, text=True, timeout=LONG)
    assert done.returncode == status and sentence in done.stderr, done.stderr
