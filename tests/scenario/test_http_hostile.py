# SPDX-License-Identifier: MIT
"""
R30, R31, R33, R34, R36: requests that two servers could read in two ways, that are too large, that are made to cost time, or
to write into a log. Each is followed on its connection by a good one, which must never be answered.
"""
import json
import re
import statistics
import time

import pytest

from harness import clients, web
from harness.http_client import Connection, ask, chunked, get, post
from harness.patience import LONG, SANITIZED, SCALE
from harness.processes import status_field

SECOND = get("/request?second")
ALWAYS = ["iterative", "event"]  # the others are asked by ./dev test --all


@pytest.fixture(scope="module", name="brood", params=[
    pytest.param(model, marks=[pytest.mark.xdist_group(f"hostile-{model}"),
                               *([] if model in ALWAYS else [pytest.mark.fault])]) for model in web.MODELS])
def shared_brood(request, tmp_path_factory):
    with web.shared(tmp_path_factory.mktemp("hostile"), request.param) as brood:
        brood.model = request.param
        yield brood


def answers_to(url, data):
    """All of them, to the end of the connection, which must come by itself."""
    found = []
    with Connection(url) as connection:
        connection.send(data)
        found.append(connection.answer("POST"))
        while found[-1].fields.get("connection") != "close":
            found.append(connection.answer("POST"))
        assert connection.is_over()
    return found


def refused(url, data, status=400):
    answer, = answers_to(url, data + SECOND)
    assert answer.status == status and answer.body.startswith(b"%d " % status), answer


# ---- R30: what could be read in two ways ------------------------------------------------------------------------

def head(*lines):
    return b"".join(line + b"\r\n" for line in (b"POST /length HTTP/1.1", b"Host: a", *lines)) + b"\r\n"


def line(text):
    return text + b"\r\nHost: a\r\n\r\n"


CHUNKED = b"Transfer-Encoding: chunked"
FIVE = b"5\r\nhello\r\n"

SMUGGLING = {
    # The length, or the coding.
    "length and coding": (head(b"Content-Length: 5", CHUNKED) + FIVE + b"0\r\n\r\n", 400),
    "coding and length": (head(CHUNKED, b"Content-Length: 5") + FIVE + b"0\r\n\r\n", 400),
    "two lengths": (head(b"Content-Length: 5", b"Content-Length: 6") + b"hello!", 400),
    "the same length twice": (head(b"Content-Length: 5", b"content-length: 5") + b"hello", 400),
    "a list of lengths": (head(b"Content-Length: 5, 5") + b"hello", 400),
    "length +5": (head(b"Content-Length: +5") + b"hello", 400),
    "length -5": (head(b"Content-Length: -5") + b"hello", 400),
    "length 0x5": (head(b"Content-Length: 0x5") + b"hello", 400),
    "length 1_0": (head(b"Content-Length: 1_0") + b"hellohello", 400),
    "length 5 5": (head(b"Content-Length: 5 5") + b"hello", 400),
    "length \"5\"": (head(b'Content-Length: "5"') + b"hello", 400),
    "no length": (head(b"Content-Length:") + b"hello", 400),
    "length of 2^63": (head(b"Content-Length: 9223372036854775808"), 413),
    "length of 2^64 + 5": (head(b"Content-Length: 18446744073709551621") + b"hello", 413),
    "length of 2^63 - 1": (head(b"Content-Length: 9223372036854775807"), 413),
    "coding twice": (head(CHUNKED, CHUNKED) + FIVE + b"0\r\n\r\n", 400),
    "chunked, chunked": (head(b"Transfer-Encoding: chunked, chunked") + FIVE + b"0\r\n\r\n", 400),
    "xchunked": (head(b"Transfer-Encoding: xchunked") + FIVE + b"0\r\n\r\n", 501),
    "identity": (head(b"Transfer-Encoding: identity", b"Content-Length: 5") + b"hello", 501),
    "identity alone": (head(b"Transfer-Encoding: identity"), 501),
    "gzip, chunked": (head(b"Transfer-Encoding: gzip, chunked") + FIVE + b"0\r\n\r\n", 501),
    "chunked, identity": (head(b"Transfer-Encoding: chunked, identity") + FIVE + b"0\r\n\r\n", 400),
    "chunked;q=1": (head(b"Transfer-Encoding: chunked;q=1") + FIVE + b"0\r\n\r\n", 400),
    "chunked with VT": (head(b"Transfer-Encoding: \x0bchunked") + FIVE + b"0\r\n\r\n", 400),
    "quoted coding": (head(b'Transfer-Encoding: "chunked"') + FIVE + b"0\r\n\r\n", 400),
    "empty coding": (head(b"Transfer-Encoding:") + FIVE + b"0\r\n\r\n", 400),
    "coding before HTTP/1.1": (b"POST /length HTTP/1.0\r\n" + CHUNKED + b"\r\n\r\n" + FIVE + b"0\r\n\r\n", 400),
    # Names and values.
    "blank before colon": (head(b"Content-Length : 5") + b"hello", 400),
    "tab before colon": (head(b"Transfer-Encoding\t: chunked") + FIVE + b"0\r\n\r\n", 400),
    "folded": (head(b"X: a", b" Content-Length: 5") + b"hello", 400),
    "folded with a tab": (head(b"Transfer-Encoding:", b"\tchunked") + FIVE + b"0\r\n\r\n", 400),
    "blank before the first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "no colon": (head(b"Content-Length") + b"hello", 400),
    "no name": (head(b": 5") + b"hello", 400),
    "NUL in a name": (head(b"Content\0Length: 5") + b"hello", 400),
    "NUL in a value": (head(b"X: a\0b"), 400),
    "BEL in a value": (head(b"X: a\x07b"), 400),
    "DEL in a value": (head(b"X: a\x7fb"), 400),
    "LF in a value": (head(b"X: a\nContent-Length: 5") + b"hello", 400),
    "CR in a value": (head(b"X: a\rContent-Length: 5") + b"hello", 400),
    "LF CR": (head(b"X: a\n\rContent-Length: 5") + b"hello", 400),
    "lines that end in LF": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "CR CR LF": (b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400),
    # The request line.
    "two blanks": (line(b"GET  / HTTP/1.1"), 400),
    "a blank behind": (line(b"GET / HTTP/1.1 "), 400),
    "a tab": (line(b"GET\t/ HTTP/1.1"), 400),
    "a blank before": (line(b" GET / HTTP/1.1"), 400),
    "a blank in the target": (line(b"GET /a b HTTP/1.1"), 400),
    "HTTP/0.9": (b"GET /\r\n", 400),
    "HTTP/1.01": (line(b"GET / HTTP/1.01"), 400),
    "HTTP/2.0": (line(b"GET / HTTP/2.0"), 505),
    "http/1.1": (line(b"GET / http/1.1"), 400),
    "HTTP/1,1": (line(b"GET / HTTP/1,1"), 400),
    "no method": (line(b"/ HTTP/1.1"), 400),
    "a method that is none": (line(b"G(T / HTTP/1.1"), 400),
    "no slash": (line(b"GET index HTTP/1.1"), 400),
    "an asterisk": (line(b"GET * HTTP/1.1"), 400),
    "a fragment": (line(b"GET /a#b HTTP/1.1"), 400),
    "a byte above 0x7e": (line(b"GET /\xe4 HTTP/1.1"), 400),
    "half an escape": (line(b"GET /%a HTTP/1.1"), 400),
    "an escaped NUL": (line(b"GET /a%00b HTTP/1.1"), 400),
    "an escaped slash": (line(b"GET /a%2fb HTTP/1.1"), 400),
    "above the root": (line(b"GET /a/../../b HTTP/1.1"), 400),
    "above the root, escaped": (line(b"GET /%2e%2e/b HTTP/1.1"), 400),
    "another scheme": (line(b"GET ftp://a/b HTTP/1.1"), 400),
    "a user in the target": (line(b"GET http://a@b/ HTTP/1.1"), 400),
    "two empty lines before": (b"\r\n\r\n" + get("/"), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/2 by prior knowledge": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    # The host.
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (head(b"Host: b"), 400),
    "a host with a blank": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a host with a user": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "a host with a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "an empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "a port that is none": (b"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400),
    # Chunks.
    "chunk size 0x5": (head(CHUNKED) + b"0x5\r\nhello\r\n0\r\n\r\n", 400),
    "chunk size +5": (head(CHUNKED) + b"+5\r\nhello\r\n0\r\n\r\n", 400),
    "chunk size -5": (head(CHUNKED) + b"-5\r\nhello\r\n0\r\n\r\n", 400),
    "a blank before a chunk size": (head(CHUNKED) + b" 5\r\nhello\r\n0\r\n\r\n", 400),
    "a blank behind a chunk size": (head(CHUNKED) + b"5 \r\nhello\r\n0\r\n\r\n", 400),
    "no chunk size": (head(CHUNKED) + b"\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk size of an extension alone": (head(CHUNKED) + b";a\r\n0\r\n\r\n", 400),
    "a chunk of 2^63": (head(CHUNKED) + b"8000000000000000\r\nhello", 413),
    "a chunk of 2^64 + 5": (head(CHUNKED) + b"10000000000000005\r\nhello\r\n0\r\n\r\n", 413),
    "a chunk line that ends in LF": (head(CHUNKED) + b"5\nhello\r\n0\r\n\r\n", 400),
    "LF in an extension": (head(CHUNKED) + b"5;\nxx\r\nhello\r\n0\r\n\r\n", 400),
    "CR in an extension": (head(CHUNKED) + b"5;a\rb\r\nhello\r\n0\r\n\r\n", 400),
    "a chunk that goes on": (head(CHUNKED) + b"5\r\nhello!\r\n0\r\n\r\n", 400),
    "a chunk that ends in LF": (head(CHUNKED) + b"5\r\nhello\n0\r\n\r\n", 400),
    "a trailer of framing": (head(CHUNKED) + b"0\r\nContent-Length: 5\r\n\r\n", 400),
    "a trailer that is a host": (head(CHUNKED) + b"0\r\nHost: b\r\n\r\n", 400),
    "a trailer with a blank": (head(CHUNKED) + b"0\r\nX : b\r\n\r\n", 400),
    "a trailer that ends in LF": (head(CHUNKED) + b"0\r\nX: b\n\r\n", 400),
}


@pytest.mark.parametrize("what", SMUGGLING)
def test_r30_what_could_be_read_in_two_ways_is_refused(brood, what):
    data, status = SMUGGLING[what]
    refused(brood.url, data, status)


@pytest.mark.parametrize("what", [what for what, (data, _) in SMUGGLING.items() if data.startswith(head(CHUNKED))])
def test_r30_no_answer_comes_out_of_a_broken_body_that_nobody_reads(brood, what):
    """Its handler answers at once. What came with the head is looked at all the same; else the connection ends behind the answer."""
    data, status = SMUGGLING[what]
    with Connection(brood.url) as connection:
        connection.send(data.replace(b"/length", b"/unread", 1) + SECOND)
        answer = connection.answer("POST")
        assert (answer.status, answer.body) == (200, b"unread\n") or answer.status == status
        assert connection.is_over()


@pytest.mark.parametrize("request_of", [lambda body: post("/length", body), lambda body: post("/unread", body),
                                        lambda body: post("/sip", body), lambda body: chunked("/length", [body]),
                                        lambda body: chunked("/unread", [body]), lambda body: chunked("/sip", [body]),
                                        lambda body: post("/fail?5", body), lambda body: chunked("/nothing", [body])])
def test_r30_a_request_within_a_body_is_no_request(brood, request_of):
    with Connection(brood.url) as connection:
        for size in (1, 100, 1000):
            connection.send(request_of(get("/request?smuggled") * size) + get("/query?name=good"))
            assert b"smuggled" not in connection.answer("POST").body
            assert connection.answer().body == b"name=good|4|good\n"


# ---- R31: what is too large -------------------------------------------------------------------------------------

FILLER = b"x" * 1000
OVERSIZED = {
    "request line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "request line without end": (b"GET /" + b"a" * 60000, 414),
    "query": (b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "method": (b"A" * 60000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "field": (head(b"X: " + b"a" * 40000), 431),
    "field name": (head(b"X" * 300 + b": a"), 431),
    "fields": (head(*[b"X: " + FILLER] * 40), 431),
    "count of fields": (head(*[b"X: a"] * 200), 431),
    "fields without end": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 10000, 431),
    "empty lines": (b"\r\n" * 10000, 400),
    "line of a chunk": (head(CHUNKED) + b"5;a=" + b"x" * 9000 + b"\r\nhello\r\n0\r\n\r\n", 400),
    "line of a chunk without end": (head(CHUNKED) + b"5;a=" + b"x" * 60000, 400),
    "size of a chunk": (head(CHUNKED) + b"0" * 9000 + b"5\r\nhello\r\n0\r\n\r\n", 400),
    "extensions of chunks": (head(CHUNKED) + (b"1;a=" + FILLER + b"\r\nx\r\n") * 40 + b"0\r\n\r\n", 400),
    "trailer": (head(CHUNKED) + b"0\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "trailers": (head(CHUNKED) + b"0\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431),
    "trailers without end": (head(CHUNKED) + b"0\r\n" + b"X: a\r\n" * 10000, 431),
}


@pytest.mark.parametrize("what", OVERSIZED)
def test_r31_what_is_too_large_is_refused_and_followed_by_nothing(brood, what):
    data, status = OVERSIZED[what]
    refused(brood.url, data, status)


def test_r31_the_largest_of_everything_is_taken(brood):
    fields = [f"X-{i}: {'a' * 200}" for i in range(90)]
    with Connection(brood.url) as connection:
        answer = connection.ask(get("/headers?" + "q" * 8000, *fields))
        assert answer.status == 200 and answer.body.count(b"\n") == 91
        assert connection.ask(chunked("/echo", [b"x"] * 3000, *fields, trailers=[b"X: y"] * 32)).body == b"x" * 3000


def resident_kib(pids):
    return sum(int(status_field(pid, "VmRSS").split()[0]) for pid in pids)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has memory of its own")
@pytest.mark.parametrize("model", ["thread", "event"])
def test_r31_what_is_too_large_takes_less_than_a_mebibyte_for_each_connection(start, handlers, model):
    """Heads that want but their last line, and bodies of which a chunk never ends: all of it at once."""
    unfinished = [get("/", *["X: " + "a" * 990] * 32)[:-2], chunked("/length", [bytes(10000)] * 10)[:-5],
                  get("/length", "Transfer-Encoding: chunked", method="POST") + b"5;a=" + b"x" * 4000,
                  get("/length", "Transfer-Encoding: chunked", method="POST") + b"0\r\n" + b"X: a\r\n" * 31]
    brood = web.obeying(start, handlers, model, at_once=100)
    pids = [brood.service, *brood.workers()]
    before, count = resident_kib(pids), 80
    connections = [Connection(brood.url) for _ in range(count)]
    for i, connection in enumerate(connections):
        connection.send(unfinished[i % len(unfinished)])
    time.sleep(0.5)
    after = resident_kib(pids)
    for connection in connections:
        connection.socket.close()
    assert (after - before) / count < 256, f"{before} KiB, then {after} KiB"


# ---- R33: what is made to cost time -----------------------------------------------------------------------------

def seconds_for(connection, data):
    samples = []
    for _ in range(15):
        begin = time.monotonic()
        assert connection.ask(data).status == 200
        samples.append(time.monotonic() - begin)
    return statistics.median(samples)


@pytest.mark.parametrize("data_of", [
    lambda count: get("/query?" + "&".join("%x" % i for i in range(count))),
    lambda count: get("/query?" + "&" * count),
    lambda count: get("/headers", *[f"X{i}:" for i in range(count // 20)]),
    lambda count: chunked("/echo", [b"x"] * count),
])
def test_r33_four_times_as_much_takes_no_more_than_four_times_as_long(brood, data_of):
    with Connection(brood.url) as connection:
        few, many = (seconds_for(connection, data_of(count)) for count in (400, 1600))
    assert many < 8 * few + 0.005 * SCALE, f"{few * 1e3:.2f} ms, then {many * 1e3:.2f} ms"


def test_r33_ten_thousand_names_are_refused_at_once(brood):
    for data, status in ((get("/", *[f"X{i}: a" for i in range(10000)]), 431),
                         (get("/query?" + "&".join(f"n{i}" for i in range(10000))), 414)):
        begin = time.monotonic()
        refused(brood.url, data, status)
        assert time.monotonic() - begin < 0.2 * SCALE


# ---- R36: what is made to be written into a log -----------------------------------------------------------------

INJECTIONS = [
    get('/a%0a%1b[2J"\\\'<>|{}'), get("/" + "b" * 5000), get("/", 'X: " level=error', "User-Agent: \xa0\xff"),
    b"GET /\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX\x1b: a\r\n\r\n",
    b"\x1b]0;title\x07\nend reason=finished\n", b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", b"{\"level\": \"error\"}\r\n\r\n",
    get("/", "X: a", method="A!#$%&'*+-.^_`|~"), b"GET /?" + b"%22%0d%0a" * 800 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
]


@pytest.mark.parametrize("log", ["text", "json"])
def test_r36_nothing_that_a_client_sends_writes_lines_of_its_own(start, handlers, log):
    brood = web.obeying(start, handlers, "fork", log=log)
    for data in INJECTIONS:
        assert clients.ask(brood.url, data, LONG).startswith(b"HTTP/1.1 ")
    assert brood.stop() == 0
    raw = brood.stderr.read_bytes()
    assert all(32 <= byte < 127 or byte == 10 for byte in raw), "control bytes in the log"
    lines = raw.decode("ascii").splitlines()
    ends = [one for one in lines if re.search(r'"message": ?"end"' if log == "json" else r"\] http_obey: end ", one)]
    accepted, = re.findall(r'"?accepted"?[=:](\d+)', lines[-2])
    assert len(ends) == int(accepted) > len(INJECTIONS)
    if log == "json":
        assert all(json.loads(one) for one in lines if one.startswith("{"))


@pytest.mark.parametrize("target, note", [("/%0a%1b", "GET /%0a%1b"), ("/" + "c" * 5000, None)])
def test_r36_a_target_is_told_as_it_was_sent_and_no_more_of_it_than_fits(brood, target, note):
    assert ask(brood.url, get(target, "Connection: close")).status == 200
    told = note or "GET /" + "c" * 250
    brood.wait_for_record("end", note=told)
