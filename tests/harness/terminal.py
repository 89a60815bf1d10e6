# SPDX-License-Identifier: MIT
"""Terminals: a bare pty, to see what is left of it afterwards, and one with a screen (tmux), to see what is on it."""
import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading

from harness.patience import LONG
from harness.processes import wait_until


class Pty:
    """A program whose terminal this is: what it wrote is `output`."""

    def __init__(self, words, columns=80, rows=24, env=None):
        self._master, slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.slave = slave
        self.settings = termios.tcgetattr(slave)
        self.output = b""
        environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        self.process = subprocess.Popen([str(word) for word in words], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=self._take_terminal, env=environment)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _read(self):
        with contextlib.suppress(OSError):
            while part := os.read(self._master, 65536):
                self.output += part

    def wait_for(self, text, begin=0):
        wait_until(lambda: text.encode() in self.output[begin:], LONG, lambda: f"{text!r} in {self.output[begin:]!r}")

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            os.kill(self.process.pid, signal.SIGWINCH)

    def type(self, text):
        os.write(self._master, text.encode())

    def hang_up(self):
        os.close(self._master)
        self._master = -1

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LONG)
        os.close(self.slave)
        self._reader.join(LONG)
        if self._master >= 0:
            os.close(self._master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Screen:
    """A program on a terminal that remembers what is where."""

    def __init__(self, directory, words, columns=80, rows=24, env=None):
        self._tmux = ["tmux", "-S", str(directory / "tmux"), "-f", "/dev/null"]
        environment = [word for key, value in {"LC_ALL": "C.UTF-8", **(env or {})}.items()
                       for word in ("-e", f"{key}={value}")]
        # What it leaves on the screen stays, and its status can be asked for.
        self._run("new-session", "-d", "-x", str(columns), "-y", str(rows), *environment, "sleep", "60")
        self._run("set-option", "-g", "remain-on-exit", "on")
        self._run("set-option", "-g", "status", "off")
        self._run("resize-window", "-x", str(columns), "-y", str(rows))
        self._run("respawn-pane", "-k", *environment, *[str(word) for word in words])

    def _run(self, *words):
        return subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}).stdout

    def lines(self):
        return self._run("capture-pane", "-p").split("\n")[:-1]

    def text(self):
        return "\n".join(self.lines())

    def styled(self):
        """With the escapes of its colours, and blanks to the edge."""
        return self._run("capture-pane", "-p", "-e", "-N")

    def wait_for(self, text):
        wait_until(lambda: text in self.text(), LONG, lambda: f"{text!r} on:\n{self.text()}")

    def resize(self, columns, rows):
        self._run("resize-window", "-x", str(columns), "-y", str(rows))

    def press(self, *keys):
        self._run("send-keys", *keys)

    def exit_status(self):
        """None while it runs."""
        dead, status = self._run("display-message", "-p", "#{pane_dead} #{pane_dead_status}").rstrip("\n").split(" ")
        return int(status or 0) if dead == "1" else None

    def wait(self):
        wait_until(lambda: self.exit_status() is not None, LONG, lambda: f"still there:\n{self.text()}")
        return self.exit_status()

    def close(self):
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
