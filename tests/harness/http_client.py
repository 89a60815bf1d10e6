# SPDX-License-Identifier: MIT
"""
HTTP by hand: what is sent is sent as it is, what comes is read strictly. An answer that is cut off, or followed by bytes of
which there should be none, is no answer.
"""
import collections
import contextlib
import socket

from harness import clients
from harness.patience import LONG

Answer = collections.namedtuple("Answer", "status fields body trailers")


class CutOff(Exception):
    """The connection ended within an answer."""


def fields_of(lines):
    """{small name: value}; what comes twice is joined as a list."""
    found = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        assert colon and name and not name[0:1].isspace(), f"no field: {line}"
        name = name.decode("ascii").lower()
        value = value.strip().decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


class Connection:
    """One connection, and what came on it that was not read yet."""

    def __init__(self, url, timeout=LONG):
        self.socket = clients.connect(url, timeout)
        self.held = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise CutOff(self.held)
        self.held += part

    def _take(self, size):
        while len(self.held) < size:
            self._more()
        taken, self.held = self.held[:size], self.held[size:]
        return taken

    def _line(self):
        while b"\r\n" not in self.held:
            self._more()
        line, _, self.held = self.held.partition(b"\r\n")
        return line

    def _lines(self):
        """To the empty one."""
        found = []
        while line := self._line():
            found.append(line)
        return found

    def _chunks(self):
        body = b""
        while size := int(self._line(), 16):
            body += self._take(size)
            assert self._take(2) == b"\r\n", "a chunk goes on after its size"
        return body

    def rest(self):
        """To the end of the connection."""
        held, self.held = self.held, b""
        return held + clients.read_to_end(self.socket)

    def _body(self, status, fields, method):
        if method == "HEAD" or status in (204, 304) or status < 200:
            return b""
        if fields.get("transfer-encoding") == "chunked":
            assert "content-length" not in fields
            return None
        if "content-length" in fields:
            return self._take(int(fields["content-length"]))
        assert fields.get("connection") == "close", f"an answer without end: {fields}"
        return self.rest()

    def answer(self, method="GET"):
        """The next one, be it interim."""
        line = self._line()
        version, status, _ = line.split(b" ", 2)
        assert version == b"HTTP/1.1", line
        fields = fields_of(self._lines())
        body = self._body(int(status), fields, method)
        trailers = {}
        if body is None:
            body = self._chunks()
            trailers = fields_of(self._lines())
        return Answer(int(status), fields, body, trailers)

    def ask(self, data, method="GET"):
        self.send(data)
        return self.answer(method)

    def is_over(self):
        """Nothing more comes but the end, be it a reset."""
        with contextlib.suppress(ConnectionResetError):
            rest = self.rest()
            assert rest == b"", f"after the last answer: {rest[:500]}"
        return True


def get(target="/", *fields, method="GET", version="1.1", host="test"):
    """The bytes of a request without a body. fields: whole lines."""
    lines = [f"{method} {target} HTTP/{version}", *([f"Host: {host}"] if host else []), *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(target, body, *fields):
    return get(target, f"Content-Length: {len(body)}", *fields, method="POST") + body


def chunked(target, chunks, *fields, trailers=()):
    head = get(target, "Transfer-Encoding: chunked", *fields, method="POST")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + b"".join(
        line + b"\r\n" for line in trailers) + b"\r\n"


def ask(url, data, timeout=LONG, method="GET"):
    """One request on a connection of its own."""
    with Connection(url, timeout) as connection:
        return connection.ask(data, method)
