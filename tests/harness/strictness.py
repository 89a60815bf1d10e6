# SPDX-License-Identifier: MIT
"""
What servers take for a request: each probe is followed by a good request on the same connection. The peers were measured once,
on loopback, in November 2026; brood is measured whenever the test runs, and the page must say what it finds.

    python3 tests/harness/strictness.py HOST PORT > docs/reference/http-strictness.md     (of `brood serve hello`)
"""
import collections
import re
import socket
import sys

PEERS = {
    "nginx": "1.22.1",
    "httpd": "2.4.71",
    "lighttpd": "1.4.69",
    "h2o": "2.2.5",
    "gunicorn": "26.1",
    "waitress": "3",
    "node": "20.20",
    "unicorn": "6",
    "uWSGI": "2.0.21",
}
GOOD = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
SILENCE_S = 0.3  # after which nothing more is to come

# peers: in the order of PEERS; "taken": answered as if it were good; "-": not measured.
Probe = collections.namedtuple("Probe", "name raw peers")


def head(*lines, start="GET / HTTP/1.1", host="Host: a"):
    """A request without body, each line ended as it should be."""
    return "".join(f"{line}\r\n" for line in (start, host, *lines, "") if line is not None).encode("latin-1")


def chunked(body):
    return head("Transfer-Encoding: chunked") + body


def length(value):
    return head(f"Content-Length: {value}") + b"x"


PROBES = [
    Probe("no Host", b"GET / HTTP/1.1\r\n\r\n", "400 400 400 taken taken taken 400 taken taken"),
    Probe("two Hosts", head("Host: b"), "400 400 400 taken 400 400 taken taken taken"),
    Probe("`Host: a b`", head(host="Host: a b"), "400 400 400 taken taken taken taken 500 taken"),
    Probe("lines that end in LF", b"GET / HTTP/1.1\nHost: a\n\n", "taken 400 400 taken 400 400 400 taken taken"),
    Probe("`X-F : 1`", head("X-F : 1"), "400 400 400 400 400 400 400 400 taken"),
    Probe("a folded field", head("X-F: 1", " 2"), "400 taken taken taken 400 taken 400 taken taken"),
    Probe("NUL in a value", head("X-F: a\0b"), "400 400 400 400 400 400 400 400 taken"),
    Probe("BEL in a value", head("X-F: a\x07b"), "taken 400 400 400 400 400 400 400 taken"),
    Probe("Content-Length and chunked", head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
          "400 nothing 400 taken 400 taken 400 taken taken"),
    Probe("two Content-Lengths, alike", head("Content-Length: 1", "Content-Length: 1") + b"x",
          "400 400 400 taken 400 400 400 400 taken"),
    Probe("`Content-Length: 1, 1`", length("1, 1"), "400 400 400 400 400 400 400 400 taken"),
    Probe("`Content-Length: +1`", length("+1"), "400 400 400 400 400 400 400 400 hangs"),
    Probe("`Content-Length: 0x1`", length("0x1"), "400 400 400 400 400 400 400 400 -"),
    Probe("`Content-Length: 1_0`", length("1_0"), "400 400 400 400 400 400 400 400 -"),
    Probe("a Content-Length of 2^64 + 1", length("18446744073709551617"), "400 400 400 400 waits 413 400 400 taken"),
    Probe("`Transfer-Encoding: xchunked`", head("Transfer-Encoding: xchunked"),
          "501 400 501 400 501 501 400 taken taken"),
    Probe("`Transfer-Encoding: identity`", head("Transfer-Encoding: identity"),
          "501 400 501 400 taken 501 400 taken taken"),
    Probe("`Transfer-Encoding: gzip, chunked`", head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
          "501 taken 501 400 taken 501 taken taken taken"),
    Probe("two Transfer-Encodings", head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
          "400 - taken taken 400 501 400 400 taken"),
    Probe("Transfer-Encoding in HTTP/1.0", head("Transfer-Encoding: chunked", start="GET / HTTP/1.0") + b"0\r\n\r\n",
          "400 - 400 taken 400 taken taken taken taken"),
    Probe("a chunk extension that ends in LF", chunked(b"1;a\nx\r\n0\r\n\r\n"),
          "taken 400 taken taken fails 400 400 taken -"),
    Probe("chunk size `1 `", chunked(b"1 \r\nx\r\n0\r\n\r\n"), "taken taken taken taken fails 400 400 400 -"),
    Probe("chunk size `0x1`", chunked(b"0x1\r\nx\r\n0\r\n\r\n"), "400 400 400 - fails 400 400 400 -"),
    Probe("chunk size `+1`", chunked(b"+1\r\nx\r\n0\r\n\r\n"), "400 400 400 400 fails 400 400 400 -"),
    Probe("chunk size ` 1`", chunked(b" 1\r\nx\r\n0\r\n\r\n"), "400 400 400 - fails 400 400 400 -"),
    Probe("a method nobody knows", head(start="BREW / HTTP/1.1"), "taken taken 501 405 taken taken 400 taken taken"),
    Probe("a method in small letters", head(start="get / HTTP/1.1"), "400 taken 501 405 400 400 400 taken taken"),
    Probe("HTTP/0.9", b"GET /\r\n\r\n", "taken taken nothing 400 400 nothing nothing taken nothing"),
    Probe("HTTP/1.01", head(start="GET / HTTP/1.01"), "taken 400 400 400 400 400 400 taken -"),
    Probe("200 fields", head(*[f"X-{i}: 1" for i in range(200)]), "taken 400 taken 400 431 taken taken taken nothing"),
    Probe("a field of 9 KiB", head("X-F: " + "a" * 9216), "400 400 431 taken 431 taken taken taken reset"),
    Probe("a target of 9 KiB", head(start=f"GET /{'a' * 9216} HTTP/1.1"), "414 414 431 403 400 taken taken 414 reset"),
    Probe("`Expect: garbage`", head("Expect: garbage"), "taken 417 taken 417 417 taken 417 taken taken"),
    Probe("two requests at once", head(), "taken taken taken taken lost taken taken - -"),
]


def ask(address, raw):
    """All that comes back until the server ends the connection, or falls silent."""
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(raw + GOOD)
        client.settimeout(SILENCE_S)
        answer = b""
        try:
            while part := client.recv(1 << 16):
                answer += part
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


def outcome(answer):
    """Of the probe: "taken", a status, or "nothing". More than one answer although the first was a refusal: "smuggled"."""
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
    if not statuses:
        return "nothing"
    # A method that the handler does not know is its affair: the request was read as one.
    first = "taken" if statuses[0] in (200, 405) else str(statuses[0])
    if first == "taken":
        return first if len(statuses) == 2 else "taken, and the next one lost"
    return first if len(statuses) == 1 else "smuggled"


def measure(address):
    return [outcome(ask(address, probe.raw)) for probe in PROBES]


def page(outcomes):
    lines = [
        "# What is taken for a request",
        "",
        "Each probe is followed by a good request on the same connection. *taken*: answered as if it were good; a number: refused with",
        "this status. The column of brood is what the test `tests/scenario/test_http_strictness.py` finds, or it fails; it is the same",
        "under every model. The others were measured once, in November 2026, with their defaults, on loopback: "
        + ", ".join(f"{name} {version}" for name, version in PEERS.items()) + ".",
        "Made by `tests/harness/strictness.py`.",
        "",
        "| probe | **brood** | " + " | ".join(PEERS) + " |",
        "|---|---|" + "---|" * len(PEERS),
    ]
    for probe, found in zip(PROBES, outcomes):
        lines.append(f"| {probe.name} | **{found}** | " + " | ".join(probe.peers.split()) + " |")
    lines += [
        "",
        "Whatever two servers read differently, one behind the other, lets a client hide a request in another one's body: so nothing of",
        "it is guessed at. Methods are tokens, known or not: which ones there are is the handler's affair. What of this has to be let pass",
        "can be, by name: `--permit-bare-lf`, `--permit-obsolete-fold`, `--permit-blank-before-colon` ([command](command.md)).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(measure((sys.argv[1], int(sys.argv[2])))))
