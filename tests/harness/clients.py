# SPDX-License-Identifier: MIT
"""Clients: one that asks and reads to the end, and crowds that do so all at once. Everything they do is bounded."""
import re
import selectors
import socket
import time

from harness.patience import LONG


def address_of(url):
    """(family, type, address) of a URL as `listening on` prints it."""
    scheme, _, place = re.fullmatch(r"(\w+):(//)?(.*)", url).groups()
    kind = socket.SOCK_DGRAM if scheme in ("udp", "unixgram") else socket.SOCK_STREAM
    if scheme in ("unix", "unixgram"):
        return socket.AF_UNIX, kind, "\0" + place[1:] if place.startswith("@") else place
    host, _, port = place.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return family, kind, (host.strip("[]"), int(port))


def connect(url, timeout=LONG):
    """A connected socket; from a Unix datagram client an address of its own (autobind), or nobody could answer."""
    family, kind, address = address_of(url)
    client = socket.socket(family, kind)
    client.settimeout(timeout)
    if family == socket.AF_UNIX and kind == socket.SOCK_DGRAM:
        client.bind("")
    client.connect(address)
    return client


def read_to_end(client, limit=1 << 28):
    parts, size = [], 0
    while size < limit:
        part = client.recv(1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def ask(url, request=b"1\n", timeout=LONG):
    """Send it all, say that this is all, and read to the end: what nc does."""
    with connect(url, timeout) as client:
        client.sendall(request)
        if client.type == socket.SOCK_DGRAM:
            return client.recv(1 << 16)
        client.shutdown(socket.SHUT_WR)
        return read_to_end(client)


def try_to_ask(url, request=b"1\n", timeout=LONG):
    """The answer, or None where there was nothing but an error."""
    try:
        return ask(url, request, timeout)
    except OSError:
        return None


class Crowd:
    """Many stream clients at once, each with a request of its own. Answers come in by `run`."""

    def __init__(self, url, requests, half_close=True):
        self.answers = [b"" for _ in requests]
        self.errors = [None for _ in requests]
        self.seconds = [None for _ in requests]  # until the end of the answer
        self._half_close = half_close
        self._selector = selectors.DefaultSelector()
        self._started = time.monotonic()
        family, _, address = address_of(url)
        for index, request in enumerate(requests):
            client = socket.socket(family, socket.SOCK_STREAM)
            client.setblocking(False)
            client.connect_ex(address)
            self._selector.register(client, selectors.EVENT_WRITE, (index, request))

    def _end(self, client, index, error):
        self._selector.unregister(client)
        client.close()
        self.errors[index] = error
        self.seconds[index] = time.monotonic() - self._started

    def _say(self, client, index, request):
        client.send(request)  # small ones: all of it fits
        if self._half_close:
            client.shutdown(socket.SHUT_WR)
        self._selector.modify(client, selectors.EVENT_READ, (index, None))

    def _hear(self, client, index):
        part = client.recv(1 << 16)
        self.answers[index] += part
        if not part:
            self._end(client, index, None)

    def run(self, seconds):
        """Until everybody has read to the end, or so long. True: everybody has."""
        deadline = time.monotonic() + seconds
        while self._selector.get_map() and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.1):
                index, request = key.data
                try:
                    if request is None:
                        self._hear(key.fileobj, index)
                    else:
                        self._say(key.fileobj, index, request)
                except OSError as error:
                    self._end(key.fileobj, index, error)
        return not self._selector.get_map()

    def close(self):
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
