# SPDX-License-Identifier: MIT
"""R36, R37: words in the log that were meant to be something else, and logs that cannot be written."""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness import clients, models
from harness.patience import BROOD, LONG
from harness.processes import wait_until

pytestmark = pytest.mark.fault

MODELS = ["iterative", "fork", "thread", "prefork", "oneshot"]
EX_CANTCREAT = 73
LINE_MAX = 4096

# A title for the terminal, a line of its own, an end of everything, and what is no UTF-8.
ATTACK = (b"log \x1b]0;owned\x07 \x1b[31mred \r2026-11-21 13:22:17.123 [ERROR] [1] calc: forged "
          b"\x00 \x9b31m \xff\xfe \" \\ %s%n")


# ---- R36: log injection ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", MODELS)
def test_r36_text_stays_one_line_and_in_its_place(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model), log="text")
    before = len(brood.text().splitlines())
    clients.ask(brood.url, ATTACK + b"\n")
    wait_until(lambda: "blame=" in brood.text(), LONG, brood.text)
    raw = brood.stderr.read_bytes()
    assert not re.findall(rb".*[\x00-\x09\x0b-\x1f\x7f-\x9f\xff].*", raw)
    assert len(brood.text().splitlines()) == before + 2  # what the handler said, and the end
    assert re.search(r"^\S+ \S+ \[INFO\] \[\d+\] obey: told: ", brood.text(), re.M)


@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_r36_json_parses_whatever_is_in_it(start, handlers, model):
    brood = start(handlers("obey"), *models.words(model))
    clients.ask(brood.url, ATTACK + b"\n")
    wait_until(lambda: any("blame" in record for record in brood.records("end")), LONG, brood.text)
    (end,) = (record for record in brood.records("end") if "blame" in record)
    assert "\x1b]0;owned" in end["blame"] and "told" in end["note"]
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", brood.stderr.read_bytes())
    lines = "\n".join(line for line in brood.text().splitlines() if line.startswith("{"))
    parsed = subprocess.run(["jq", "-c", "."], input=lines, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stderr
    assert len(parsed.stdout.splitlines()) == len(lines.splitlines())


@pytest.mark.parametrize("log", ["text", "json"])
def test_r36_64_kib_of_words_are_one_bounded_line(start, handlers, log):
    brood = start(handlers("obey"), log=log)
    words = b"\x1b" * 65536
    assert clients.ask(brood.url, b"log " + words + b"\n") == b"log " + words + b"\n"
    wait_until(lambda: "told" in brood.text(), LONG, brood.text)
    brood.check()
    assert brood.stop() == 0
    lines = brood.stderr.read_bytes().splitlines(keepends=True)
    assert max(map(len, lines)) <= LINE_MAX
    assert [line for line in lines if b"told: " in line and b"cut" in line]


@pytest.mark.parametrize("model", MODELS)
def test_r36_calc_shows_what_came_escaped(start, model):
    brood = start("calc", *models.words(model), "--log-level", "debug", log="text")
    clients.ask(brood.url, b"\x1b[2J\r1\n")
    wait_until(lambda: r"In buffer = b'\x1b[2J\r1\n'" in brood.text(), LONG, brood.text)
    assert b"\x1b" not in brood.stderr.read_bytes()


# ---- R37: targets that make trouble ---------------------------------------------------------------------------

def served(brood, count=5):
    for i in range(count):
        assert clients.ask(brood.url, b"%d\n" % i) == b"%d\r\n" % i


@pytest.mark.parametrize("model", MODELS)
def test_r37_a_full_device_stops_nothing(start, model):
    brood = start("calc", *models.words(model), "--log-file", "/dev/full")
    served(brood)


@pytest.mark.parametrize("model", MODELS)
def test_r37_a_fifo_without_reader_stops_nothing_and_tells_the_reader_that_comes(start, tmp_path, model):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    brood = start("calc", *models.words(model), "--log-file", fifo)
    served(brood)
    with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        time.sleep(1.1)  # tried once a second
        served(brood, 3)
        heard = wait_until(lambda: reader.read() or b"", LONG, "nothing in the pipe")
        assert re.search(rb"[1-9]\d* lines lost", heard), heard
    served(brood)  # the reader has gone
    brood.baseline = None  # the pipe, open since then
    os.unlink(fifo)


def test_r37_a_reader_that_does_not_read_stops_nothing(start, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        brood = start("calc", "--log-file", fifo)
        for _ in range(15):  # some 80 KiB: more than the pipe holds
            served(brood, 40)
        heard = b""
        while part := reader.read():
            heard += part
        served(brood, 3)
        wait_until(lambda: reader.read() or b"", LONG, "nothing in the pipe")
        assert all(line.startswith(b"{") and line.endswith(b"}") for line in heard.splitlines())
    os.unlink(fifo)


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount")
    directory = tmp_path / "disk"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "scenario", directory], check=True)
    yield directory
    subprocess.run(["umount", "-l", directory], check=True)


@pytest.mark.parametrize("model", MODELS)
def test_r37_a_full_disk_stops_nothing_and_the_loss_is_counted(start, small_disk, model):
    log = small_disk / "log"
    brood = start("calc", *models.words(model), "--log-file", log)
    served(brood, 150)
    # Standing workers leave their lines where they are fetched some time later.
    wait_until(lambda: log.stat().st_size == 16384, LONG, "the disk is full")
    served(brood)
    time.sleep(0.1)
    # Made smaller from outside, as an administrator in need would.
    os.truncate(log, 0)
    served(brood, 3)
    text = wait_until(lambda: log.read_text("utf-8") if "lost" in log.read_text("utf-8") else None, LONG, "the count")
    assert re.search(r"[1-9]\d* lines? lost", text)


def test_r37_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "log").symlink_to(tmp_path / "precious")
    done = subprocess.run([BROOD, "serve", "calc", "-l", "tcp://127.0.0.1:0", "--log-file", tmp_path / "log"],
                          capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == EX_CANTCREAT
    assert len(done.stderr.splitlines()) == 1 and "symbolic link" in done.stderr
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_r37_what_handlers_say_after_a_rotation_is_in_the_new_log(start, handlers, tmp_path, model):
    logs = tmp_path / "logs"
    logs.mkdir()
    brood = start(handlers("obey"), *models.words(model), "--log-file", logs / "log")
    (logs / "log").rename(logs / "old")
    brood.send(signal.SIGUSR1)
    wait_until((logs / "log").exists, LONG, "a new log")
    time.sleep(0.2)
    for _ in range(20):
        assert clients.ask(brood.url, b"log words\n") == b"log words\n"
    assert brood.stop() == 0
    said = [(logs / name).read_text("utf-8").count("told: words") for name in ("old", "log")]
    shutil.rmtree(logs)
    assert said == [0, 20]


@pytest.mark.parametrize("model", [*MODELS, "event"])
def test_r37_rotation_under_load_loses_no_line(start, tmp_path, model):
    logs = tmp_path / "logs"
    logs.mkdir()
    brood = start("calc", *models.words(model), "--log-file", logs / "log")
    asked, stop = [0], threading.Event()

    def keep_asking():
        while not stop.is_set():
            assert clients.ask(brood.url, b"6*7\n") == b"42\r\n"
            asked[0] += 1

    asker = threading.Thread(target=keep_asking)
    asker.start()
    try:
        for i in range(5):
            time.sleep(0.1)
            (logs / "log").rename(logs / f"log.{i}")
            brood.send(signal.SIGUSR1)
            wait_until((logs / "log").exists, LONG, "a new log")
    finally:
        stop.set()
        asker.join()
    brood.check()
    assert brood.stop() == 0
    text = "".join(path.read_text("utf-8") for path in logs.iterdir())
    accepted = int(re.search(r'"accepted":(\d+)', text).group(1))
    assert accepted > asked[0] > 10
    assert text.count('"message":"end"') == accepted
    assert "lost" not in text
    shutil.rmtree(logs)
