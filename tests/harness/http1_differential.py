#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""brood's HTTP/1 grammar against llhttp: `http1_differential.py HTTP1_DUMP [--count N] [--seed N]`.

What we accept llhttp accepts, with the same method, target, fields and body, or the difference is one of DIFFERENCES,
each with the section of the RFC that decides it. What llhttp accepts and we refuse is counted by the section that we
refuse it for. Streams are the unit tests' cases, and mutations of them and of requests built from the lists below.
Skipped (77) where there is no node. Seen with llhttp 6.1 (Debian's node 18) and 9.3."""
import argparse
import collections
import json
import random
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

SKIPPED = 77
BATCH = 5000

METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"]
TARGETS = [b"/", b"/a?b", b"/%41", b"*", b"a:80", b"http://a/b", b"http://a?x", b"//a", b"/a|b", b"/?", b"/a#b",
           b"/\"", b"http://[::1]:1/"]
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0"]
FIELDS = [b"Host: a", b"Host: a:1", b"X: y", b"X:", b"X:\t y \t", b"X: \xc3\xa9", b"Accept: */*, a;q=0.1",
          b"Content-Length: 3", b"Content-Length: 0", b"Content-Length: 003", b"Transfer-Encoding: chunked",
          b"Transfer-Encoding: Chunked\t", b"Transfer-Encoding: gzip", b"Connection: close",
          b"Connection: keep-alive",
          b"Connection: a, close", b"Connection: upgrade", b"Upgrade: ws", b"Expect: 100-continue", b" folded",
          b"X : y", b"Trailer: X", b"TE: trailers"]
BODIES = [b"", b"abc", b"\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"1;a=b\r\nx\r\n0\r\n\r\n",
          b"1;a=\"b;\\\"c\";d\r\nx\r\n00\r\n\r\n", b"3\r\nabc\r\n0\r\nX: y\r\n\r\n",
          b"A\r\n0123456789\r\n0\r\nX:\r\nY: z \r\n\r\n", b"1 ;a\r\nx\r\n0\r\n\r\n"]
PIECES = [b"\r\n", *(bytes([byte]) for byte in b"\n\r \t:;,\"\0\x7f\x80\xff0f%=\\_-")]


def only(key):
    """They agree in all but that."""
    return lambda our, their: their and {**our, key: None} == {**their, key: None}


def closes(our):
    return any(name.lower() == "connection" and "close" in value.lower() for name, value in our["fields"])


# What llhttp sees otherwise: its fault, when that is so, the section of the RFC that decides it as we do, and how.
Difference = collections.namedtuple("Difference", "fault applies section why")
DIFFERENCES = [
    Difference("HPE_INVALID_(METHOD|CONSTANT)",
               lambda our, their, stream: their is None,
               "RFC 9110, 9.1", "any token is a method; llhttp has a list"),
    Difference(".*",
               lambda our, their, stream: only("method")(our, their) and our["method"] == "QUERY",
               "RFC 9110, 9.1", "node does not know the name of a method that llhttp knows"),
    Difference("HPE_INVALID_VERSION",
               lambda our, their, stream: their is None and re.search(rb"HTTP/1\.[2-9]\r", stream),
               "RFC 9110, 2.5", "a higher minor version is read as the highest known one"),
    Difference(".*",
               lambda our, their, stream: our["method"] == "CONNECT" and not our["keep"],
               "RFC 9110, 9.3.6", "CONNECT is the last request; llhttp hands over what follows to a tunnel"),
    Difference(".*",
               lambda our, their, stream: only("keep")(our, their) and not our["keep"] and closes(our),
               "RFC 9112, 9.3", "close is close, whatever is listed beside it"),
    Difference(".*",
               lambda our, their, stream: re.search(rb"(?i)(content-length|transfer-encoding):[^\r]*\t", stream),
               "RFC 9110, 5.5", "a tab around a value is a blank"),
    Difference("HPE_(STRICT|INVALID_CHUNK_SIZE)",
               lambda our, their, stream: re.search(rb"(?i)[0-9a-f]([ \t]*;|;[^\r]*[ \t])", stream),
               "RFC 9112, 7.1.1", "blanks between the parts of an extension are let pass"),
]


def build(randomness):
    """A request out of pieces that often fit."""
    lines = [b" ".join([randomness.choice(METHODS), randomness.choice(TARGETS), randomness.choice(VERSIONS)])]
    lines += [b"Host: a"] * (randomness.random() < 0.9)
    lines += [randomness.choice(FIELDS) for _ in range(randomness.randrange(4))]
    return b"\r\n".join(lines) + b"\r\n\r\n" + randomness.choice(BODIES)


def mutate(stream, randomness):
    for _ in range(randomness.randrange(3)):
        at = randomness.randrange(len(stream) + 1)
        end = min(len(stream), at + randomness.randrange(3))
        piece = randomness.choice([b"", randomness.choice(PIECES), bytes([randomness.randrange(256)])])
        stream = stream[:at] + piece + stream[end:]
    return stream


def streams_of(cases, count, randomness):
    yield from cases
    for _ in range(count):
        stream = mutate(randomness.choice(cases) if randomness.random() < 0.5 else build(randomness), randomness)
        while randomness.random() < 0.2:
            stream += mutate(build(randomness), randomness)
        yield stream


def run(command, streams):
    data = b"".join(struct.pack(">I", len(stream)) + stream for stream in streams)
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.returncode}\n{done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def difference(stream, ours, theirs):
    """Why they differ in what we accept: None if they do not, a row of DIFFERENCES, or "" if none knows."""
    for i, our in enumerate(ours["requests"]):
        if not our["whole"] and ours["fault"]:
            return None  # refused
        their = theirs["requests"][i] if i < len(theirs["requests"]) else None
        if our == their:
            continue
        for row in DIFFERENCES:
            last = i >= len(theirs["requests"]) - 1
            if re.fullmatch(row.fault, theirs["fault"] if last else "") and row.applies(our, their, stream):
                return row
        return ""
    waits = not ours["fault"] and all(our["whole"] and our["keep"] for our in ours["requests"])
    return "" if waits and len(theirs["requests"]) > len(ours["requests"]) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=9112)
    arguments = parser.parse_args()
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        print("no node here, and so no llhttp")
        return SKIPPED
    theirs_by = [node, "--no-deprecation", str(Path(__file__).with_name("http1_llhttp.js"))]
    lines = subprocess.run([arguments.dump, "--cases"], capture_output=True, check=True, timeout=60).stdout
    cases = [bytes.fromhex(line) for line in lines.decode().split("\n")[:-1]]
    streams = list(streams_of(cases, arguments.count, random.Random(arguments.seed)))
    counts, stricter, unknown = collections.Counter(), collections.Counter(), 0
    for at in range(0, len(streams), BATCH):
        batch = streams[at:at + BATCH]
        for stream, ours, theirs in zip(batch, run([arguments.dump], batch), run(theirs_by, batch)):
            counts["requests accepted"] += sum(request["whole"] for request in ours["requests"])
            if ours["fault"] and not theirs["fault"]:
                stricter[ours["fault"]] += 1
            row = difference(stream, ours, theirs)
            if row:
                counts[f"{row.section}: {row.why}"] += 1
            elif row is not None:
                unknown += 1
                print(f"{stream!r}\n  ours   {ours}\n  theirs {theirs}")
    print(f"{len(streams)} streams; differences:")
    for why, count in counts.most_common():
        print(f"{count:7} {why}")
    print("refused here and not by llhttp, because of:")
    for section, count in stricter.most_common():
        print(f"{count:7} {section}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
