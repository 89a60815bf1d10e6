# SPDX-License-Identifier: MIT
"""--refusal and --last-words: how they are written, and that they are said."""
import pytest

from harness import clients
from harness.command import CONFIGURATION, USAGE, assert_refused, brood

BYTES = "0\\t\\\\\\x00\\xfF\\r\\n"
SAID = b"0\t\\\x00\xff\r\n"


@pytest.mark.parametrize("option", ["--refusal", "--last-words"])
@pytest.mark.parametrize("text, sentence", [
    ("a\\q", "'\\q' is no escape of C: write \\n, \\r, \\t, \\\\, \\0, \\x7f or \\177"),
    ("\\", "'\\' is no escape"),
    ("\\xg", "'\\xg' is no escape"),
    ("x" * 4097, "4097 bytes are too many: write at most 4096"),
])
def test_a_wrong_text_gets_one_sentence(option, text, sentence):
    assert_refused(brood("check", "echo", f"{option}={text}"), USAGE, f"{option}: {sentence}")


def test_4096_bytes_may_take_more_characters():
    assert brood("check", "echo", "--refusal", "\\x41" * 4096).returncode == 0


def test_a_file_is_told_its_line(tmp_path):
    path = tmp_path / "brood.ini"
    path.write_text("[service a]\nhandler = echo\nlisten = tcp://127.0.0.1:0\nlast-words = \\z\n", "utf-8")
    result = brood("check", "-c", path)
    assert_refused(result, CONFIGURATION, "brood.ini:4: last-words: '\\z' is no escape")


def test_print_shows_it_as_it_was_written():
    assert f"refusal = {BYTES} " in brood("check", "--print", "echo", "--refusal", BYTES).stdout


def test_a_refusal_is_said_byte_by_byte(start, handlers):
    served = start(handlers("obey"), "--max-clients", 1, "--refusal", BYTES, warm=False)
    served.checked = False
    with clients.connect(served.url) as first:
        first.sendall(b"hello\n")
        assert first.recv(100) == b"hello\n"
        assert clients.ask(served.url, b"") == SAID


def test_last_words_are_said_byte_by_byte(start, handlers, tmp_path):
    path = tmp_path / "brood.ini"
    path.write_text(f"[service a]\nhandler = {handlers('obey')}\nlisten = tcp://127.0.0.1:0\nlast-words = {BYTES}\n",
                    "utf-8")
    served = start("-c", path, listen=(), listeners=1)
    assert clients.ask(served.url, b"crash\n") == SAID
