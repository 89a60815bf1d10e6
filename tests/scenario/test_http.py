# SPDX-License-Identifier: MIT
"""
HTTP/1.1 as clients see it, in every model: what is kept alive and what is closed, in which order answers come, what becomes
of bodies that nobody reads, and of handlers that do not do what they should.
"""
import contextlib
import email.utils
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness import clients, web
from harness.http_client import Connection, CutOff, ask, chunked, get, post
from harness.patience import LONG, SCALE

BODY_MAX = 1 << 20
UNREAD_MAX = 1 << 16  # of a body that is skipped for the next request's sake


@pytest.fixture(scope="module", name="brood",
                params=[pytest.param(model, marks=pytest.mark.xdist_group(f"http-{model}")) for model in web.MODELS])
def shared_brood(request, tmp_path_factory):
    with web.shared(tmp_path_factory.mktemp("http"), request.param, "--max-body", "1M") as brood:
        brood.model = request.param
        yield brood


@pytest.fixture(name="connection")
def one_connection(brood):
    with Connection(brood.url) as connection:
        yield connection


def number(answer):
    assert answer.status == 200, answer
    return int(answer.body)


def skip_interim(connection):
    answer = connection.answer()
    return connection.answer() if answer.status == 100 else answer


# ---- Which connection goes on -----------------------------------------------------------------------------------


def test_a_connection_is_kept_alive(brood, connection):
    answers = [connection.ask(get("/pid")) for _ in range(20)]
    assert len({number(answer) for answer in answers}) == 1
    assert not any("connection" in answer.fields for answer in answers)


@pytest.mark.parametrize("option", ["close", "Close", "x, close", "keep-alive, close"])
def test_a_client_that_wants_it_closed_has_it_closed(connection, option):
    answer = connection.ask(get("/", f"Connection: {option}"))
    assert answer.fields["connection"] == "close" and connection.is_over()


def test_a_handler_that_wants_it_closed_has_it_closed(connection):
    assert connection.ask(get("/close")).fields["connection"] == "close" and connection.is_over()


def test_http_1_0_is_closed(connection):
    answer = connection.ask(get("/request", version="1.0", host=None))
    assert answer.body.startswith(b"GET|/request||0|") and answer.fields["connection"] == "close"
    assert connection.is_over()


def test_http_1_0_is_kept_alive_if_it_says_so(connection):
    for _ in range(3):
        answer = connection.ask(get("/pid", "Connection: keep-alive", version="1.0"))
        assert answer.fields["connection"] == "keep-alive" and number(answer)


def test_to_http_1_0_what_has_no_known_length_ends_with_the_connection(connection):
    answer = connection.ask(get("/chunks", "Connection: keep-alive", version="1.0"))
    assert "transfer-encoding" not in answer.fields and answer.fields["connection"] == "close"
    assert answer.body == b"chunk 0\nchunk 1\nchunk 2\n"


# ---- Pipelining -------------------------------------------------------------------------------------------------


def test_five_hundred_pipelined_requests_are_answered_in_order(connection):
    connection.send(b"".join(get(f"/query?name={i}") for i in range(500)))
    for i in range(500):
        assert connection.answer().body == b"name=%d|%d|%d\n" % (i, len(str(i)), i)


BODY = bytes(range(256)) * 20
KINDS = [(get("/chunks?2"), "GET", b"chunk 0\nchunk 1\n"), (post("/length", BODY), "POST", b"5120\n"),
         (chunked("/length", [BODY[:100], BODY[100:]]), "POST", b"5120\n"), (get("/", method="HEAD"), "HEAD", b""),
         (chunked("/unread", [b"not read"] * 9), "POST", b"unread\n"), (post("/unread", BODY), "POST", b"unread\n"),
         (post("/sip", get("/request?smuggled")), "POST", b"1\n"), (b"\r\n" + get("/"), "GET", b"hello\n"),
         (chunked("/sip", [BODY], trailers=[b"X: y"]), "POST", b"1\n"), (get("/fail?2"), "GET", b"404 Not Found\n")]


def expect_answers(connection, kinds):
    for _, method, wanted in kinds:
        assert connection.answer(method).body == wanted


def test_pipelined_requests_of_all_kinds_keep_their_bounds(connection):
    connection.send(b"".join(request for request, _, _ in KINDS * 5))
    expect_answers(connection, KINDS * 5)


@pytest.mark.parametrize("seed", range(5))
def test_how_requests_are_cut_into_packets_changes_nothing(connection, seed):
    chance = random.Random(seed)
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    kinds = [chance.choice(KINDS) for _ in range(30)]
    data = b"".join(request for request, _, _ in kinds)
    while data:
        size = chance.choice([1, 2, 3, 10, 50, 1000, 8192, 20000])
        connection.send(data[:size])
        data = data[size:]
        if chance.random() < 0.2:
            time.sleep(0.0005)
    expect_answers(connection, kinds)


def test_a_request_that_comes_byte_by_byte_is_answered(connection):
    for byte in get("/pid"):
        connection.send(bytes([byte]))
        time.sleep(0.002)
    assert number(connection.answer())
    assert number(connection.ask(get("/pid")))


# ---- HEAD, Date, forms of the target ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/", "/chunks", "/file", "/fail?5"])
def test_head_is_answered_with_the_fields_of_get_alone(connection, target):
    got, head = connection.ask(get(target)), connection.ask(get(target, method="HEAD"), "HEAD")
    for answer in (got, head):
        del answer.fields["date"]
    assert (head.status, head.fields, head.body) == (got.status, got.fields, b"")
    assert number(connection.ask(get("/pid")))


def test_a_head_request_that_is_refused_gets_no_body(connection):
    connection.send(get("/", "Bad Field: x", method="HEAD"))
    answer = connection.answer("HEAD")
    assert answer.status == 400 and connection.is_over()


def test_date_is_now(connection):
    date = connection.ask(get("/")).fields["date"]
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 2 * SCALE
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)


@pytest.mark.parametrize("target, wanted", [
    ("http://other:81/request?x", "GET|/request|other:81|1|http://other:81/request?x|"),
    ("http://other", None),
    ("/a/%2e%2e/request", "GET|/request|test|1|/a/%2e%2e/request|"),
    ("/./request", "GET|/request|test|1|/./request|"),
])
def test_a_target_is_read_in_each_of_its_forms(connection, target, wanted):
    answer = connection.ask(get(target))
    assert answer.body.decode().startswith(wanted or "hello")


def test_options_of_everything_are_answered(connection):
    assert connection.ask(get("*", method="OPTIONS")).status == 200


def test_connect_is_not_implemented(connection):
    assert connection.ask(get("test:80", method="CONNECT")).status == 501 and connection.is_over()


# ---- Expect: 100-continue ---------------------------------------------------------------------------------------


def expecting(target, size, *fields, version="1.1"):
    return get(target, f"Content-Length: {size}", "Expect: 100-continue", *fields, method="POST", version=version)


def test_a_client_that_waits_is_told_to_go_on(connection):
    for _ in range(3):
        assert connection.ask(expecting("/length", 5)).status == 100
        assert number(connection.ask(b"12345")) == 5


def test_a_client_that_does_not_wait_for_it_is_answered_too(connection):
    connection.send(expecting("/length", 5) + b"12345" + get("/pid"))
    assert number(skip_interim(connection)) == 5
    assert number(connection.answer())


def test_a_client_that_waits_with_chunks_is_told_to_go_on(connection):
    head, _, body = chunked("/echo", [b"12345"], "Expect: 100-continue").partition(b"\r\n\r\n")
    connection.send(head + b"\r\n\r\n")
    # The answer begins before the body is read, so it is no use to ask for it any more.
    answer = connection.answer() if connection.held else None
    connection.send(body)
    answer = answer or skip_interim(connection)
    assert answer.status == 200 and answer.body == b"12345"


def test_nobody_is_told_to_send_what_nobody_reads(connection):
    answer = connection.ask(expecting("/unread", 5))
    assert answer.status == 200 and answer.fields["connection"] == "close"
    assert connection.is_over()


@pytest.mark.parametrize("size, fields, status", [(BODY_MAX + 1, (), 413), (5, ("Expect: 200-ok",), 417)])
def test_a_client_that_waits_is_refused_before_it_sends(connection, size, fields, status):
    answer = connection.ask(expecting("/length", size, *fields))
    assert answer.status == status and answer.fields["connection"] == "close"
    assert connection.is_over()


def test_http_1_0_knows_no_interim_answers(connection):
    connection.send(expecting("/length", 5, version="1.0"))
    connection.send(b"12345")
    assert number(connection.answer()) == 5


# ---- Bodies -----------------------------------------------------------------------------------------------------


def test_chunks_with_extensions_and_trailers_are_read(connection):
    body = (b'5;name=value;other="quoted; \\" too"\r\nhello\r\n6 ;a\r\n world\r\n000\r\nX-Trailer: one\r\nX-Other: two\r\n\r\n')
    request = get("/echo", "Transfer-Encoding: chunked", method="POST") + body
    for _ in range(2):
        assert connection.ask(request).body == b"hello world"


def test_chunks_that_come_byte_by_byte_are_read(connection):
    for byte in chunked("/echo", [b"hello", b" world"], trailers=[b"X: y"]):
        connection.send(bytes([byte]))
        time.sleep(0.001)
    assert connection.answer().body == b"hello world"


def test_what_is_echoed_in_chunks_is_what_was_sent(brood):
    body = bytes(i * i % 251 for i in range(200000))
    for request in (post("/echo", body), chunked("/echo", [body[i:i + 7001] for i in range(0, len(body), 7001)])):
        answer = ask(brood.url, request)
        assert answer.fields["transfer-encoding"] == "chunked" and answer.body == body


def test_trailers_come_behind_the_last_chunk(connection):
    answer = connection.ask(get("/chunks?100"))
    assert answer.body.count(b"\n") == 100 and answer.trailers == {"x-count": "all"}


@pytest.mark.parametrize("request_of", [lambda body: post("/unread", body), lambda body: chunked("/unread", [body])])
def test_a_small_body_that_nobody_reads_is_skipped(connection, request_of):
    for _ in range(3):
        connection.send(request_of(b"GET /smuggled HTTP/1.1\r\n\r\n" * 1000))
        answer = connection.answer()
        assert answer.body == b"unread\n" and "connection" not in answer.fields
    assert number(connection.ask(get("/pid")))


@pytest.mark.parametrize("request_of", [lambda body: post("/unread", body), lambda body: chunked("/unread", [body])])
def test_a_large_body_that_nobody_reads_ends_the_connection_and_its_answer_is_not_lost(connection, request_of):
    connection.send(request_of(b"x" * (10 * UNREAD_MAX)))
    assert connection.answer().body == b"unread\n"
    assert connection.is_over()


def test_a_body_as_long_as_it_may_be_is_taken(connection):
    for request in (post("/length", bytes(BODY_MAX)), chunked("/length", [bytes(BODY_MAX // 8)] * 8)):
        assert number(connection.ask(request)) == BODY_MAX


@pytest.mark.parametrize("target", ["/length", "/unread"])
def test_a_body_that_says_that_it_is_too_long_is_refused_at_once(connection, target):
    connection.send(get(target, f"Content-Length: {BODY_MAX + 1}", method="POST"))
    assert connection.answer().status == 413 and connection.is_over()


def test_a_body_that_turns_out_to_be_too_long_is_refused(connection):
    connection.send(chunked("/length", [bytes(BODY_MAX // 4)] * 5))
    assert connection.answer().status == 413 and connection.is_over()


def test_a_broken_body_is_refused_for_whoever_reads_it(connection):
    connection.send(get("/length", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\nx\r\n\r\n" + get("/pid"))
    assert connection.answer().status == 400 and connection.is_over()


def test_a_broken_body_that_nobody_reads_ends_the_connection(connection):
    """Also where it broke only after it was answered."""
    connection.send(get("/unread", "Transfer-Encoding: chunked", method="POST"))
    time.sleep(0.05)
    connection.send(b"5\r\nhello\r\nx\r\n\r\n" + get("/pid"))
    assert connection.answer().body == b"unread\n" and connection.is_over()


# ---- Half-closed clients ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_, method", [(get("/chunks"), "GET"), (post("/echo", b"chunk 0\nchunk 1\nchunk 2\n"), "POST")])
def test_a_client_that_has_ended_its_output_gets_its_answer(connection, request_, method):
    connection.send(request_)
    connection.finish()
    assert connection.answer(method).body == b"chunk 0\nchunk 1\nchunk 2\n" and connection.is_over()


def test_a_client_that_ends_its_output_behind_pipelined_requests_gets_all_answers(connection):
    connection.send(b"".join(get(f"/query?{i}") for i in range(50)))
    connection.finish()
    for i in range(50):
        assert connection.answer().body == b"%d|-2|\n" % i
    assert connection.is_over()


def test_an_empty_line_behind_the_last_request_is_no_request(connection):
    connection.send(post("/length", b"12345") + b"\r\n")
    connection.finish()
    assert number(connection.answer()) == 5 and connection.is_over()


@pytest.mark.parametrize("part", [get("/")[:-2], get("/")[:9], post("/length", b"12345")[:-1]])
def test_half_a_request_is_refused(connection, part):
    connection.send(part)
    connection.finish()
    assert connection.answer().status == 400 and connection.is_over()


# ---- Handlers that do not do what they should -------------------------------------------------------------------


@pytest.mark.parametrize("target, status", [
    ("/fail?2", 404), ("/fail?13", 403), ("/fail?1", 403), ("/fail?11", 503), ("/fail?16", 503), ("/fail?5", 500),
    ("/nothing", 500), ("/empty", 500), ("/begin-then-fail", 404), ("/many-headers", 500), ("/status?199", 500),
    ("/status?600", 500)])
def test_a_handler_that_fails_before_it_answers_has_its_client_told(connection, target, status):
    for _ in range(2):
        answer = connection.ask(get(target))
        assert answer.status == status and answer.body.startswith(b"%d " % status)
        assert set(answer.fields) == {"content-type", "date", "content-length"}


@pytest.mark.parametrize("target", ["/short", "/write-then-fail"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_answer_that_is_not_complete_is_seen_to_be_cut_off(connection, target, version):
    with pytest.raises((CutOff, ConnectionResetError)):
        connection.ask(get(target, version=version))


@pytest.mark.parametrize("target, body", [("/long", b"0123456789"), ("/twice", b"once\n"), ("/header", b"clean")])
def test_nothing_leaves_that_no_answer_has_room_for(connection, target, body):
    for _ in range(2):
        answer = connection.ask(get(target))
        assert answer.status == 200 and answer.body == body
        assert set(answer.fields) == {"content-type", "date", "content-length"}


@pytest.mark.parametrize("status, length", [(204, None), (205, "0"), (304, None)])
def test_a_status_without_a_body_gets_none(connection, status, length):
    answer = connection.ask(get(f"/status?{status}"))
    assert answer.status == status and answer.fields.get("content-length") == length
    assert number(connection.ask(get("/pid")))


def test_a_handler_may_use_all_the_stack_that_it_is_promised(connection):
    for _ in range(3):
        assert connection.ask(get("/stack?" + "a=b&" * 1000 + "name=deep")).body.startswith(b"deep 127.0.0.1:")


# ---- Clients that others wrote ----------------------------------------------------------------------------------


def curl(*words, data=None):
    """What it writes, and what --write-out says of each transfer."""
    result = subprocess.run(["curl", "--silent", "--show-error", "--max-time", f"{LONG:g}", "--write-out", "%{json}\\n", *words],
                            input=data, capture_output=True, check=True)
    lines = result.stdout.splitlines()
    told = [json.loads(line) for line in lines if line.startswith(b"{")]
    return b"\n".join(line for line in lines if not line.startswith(b"{")), told


def place(brood):
    return brood.url.replace("tcp", "http")


def test_curl_keeps_alive(brood):
    _, told = curl(*[f"{place(brood)}/pid"] * 5)
    assert [transfer["num_connects"] for transfer in told] == [1, 0, 0, 0, 0]
    assert {transfer["http_code"] for transfer in told} == {200}


def test_curl_sends_chunks_and_expects(brood):
    body = bytes(range(32, 96)) * 3000
    where = f"{place(brood)}/length"
    for words in (["-T", "-"], ["-H", "Transfer-Encoding: chunked", "--data-binary", "@-"],
                  ["-H", "Expect: 100-continue", "--data-binary", "@-"]):
        said, told = curl("-X", "POST", *words, where, data=body)
        assert said == b"%d" % len(body) and told[0]["http_code"] == 200


@pytest.mark.parametrize("wanted, status, size", [("0-99", 206, 100), ("99990-", 206, 10), ("-5", 206, 5), ("200000-", 416, None)])
def test_curl_asks_for_ranges(brood, wanted, status, size):
    _, told = curl("--output", "/dev/null", "--range", wanted, f"{place(brood)}/file")
    assert told[0]["http_code"] == status
    assert size is None or told[0]["size_download"] == size


def test_python_s_http_client_is_served(brood):
    host = brood.url.partition("//")[2]
    connection = http.client.HTTPConnection(host, timeout=LONG)
    with contextlib.closing(connection):
        for i in range(5):
            connection.request("POST", "/echo", body=(b"%d" % k for k in range(i)), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read() == b"".join(b"%d" % k for k in range(i))
            connection.request("HEAD", "/file")
            answer = connection.getresponse()
            assert answer.read() == b"" and answer.getheader("Content-Length") == "100000"


def tool(home, name, *words):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    result = subprocess.run([name, *words], capture_output=True, text=True, check=False, timeout=LONG,
                            env={**os.environ, "HOME": str(home)})
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def at_once(brood):
    """Where clients take turns, those of a tool that keeps them alive would wait for each other."""
    return "1" if brood.model == "iterative" else "4"


@pytest.mark.slow
def test_ab_sees_no_failure(brood, tmp_path):
    said = tool(tmp_path, "ab", "-q", "-k", "-n", "2000", "-c", at_once(brood), f"{place(brood)}/")
    assert re.search(r"Complete requests:\s+2000\n", said) and re.search(r"Failed requests:\s+0\n", said)
    assert "Non-2xx" not in said


@pytest.mark.slow
def test_wrk_sees_no_failure(brood, tmp_path):
    said = tool(tmp_path, "wrk", "-t", "1", "-c", at_once(brood), "-d", "1s", f"{place(brood)}/")
    assert "Socket errors" not in said and "Non-2xx" not in said
    assert int(re.search(r"(\d+) requests in", said).group(1)) > 100


@pytest.mark.slow
def test_h2load_sees_no_failure(brood, tmp_path):
    said = tool(tmp_path, "h2load", "--h1", "-n", "1000", "-c", at_once(brood), "-m", "4", f"{place(brood)}/")
    assert "1000 succeeded, 0 failed, 0 errored, 0 timeout" in said


@pytest.mark.slow
def test_siege_sees_no_failure(brood, tmp_path):
    said = tool(tmp_path, "siege", "-b", "-q", "-c", at_once(brood), "-r", "100", f"{place(brood)}/")
    assert re.search(r"Availability:\s+100.00|availability\W+100.00", said, re.I), said


# ---- What is told -----------------------------------------------------------------------------------------------


def test_who_was_served_is_told_with_its_last_request(brood):
    with Connection(brood.url) as connection:
        for i in range(3):
            connection.ask(get(f"/query?told-{i}"))
    told, = brood.wait_for_record("end", note="GET /query?told-2")
    assert told["requests"] == 3 and told["reason"] == "finished"


def test_who_broke_the_rules_is_told_with_the_rule(brood):
    assert ask(brood.url, get("/", "Bad Field: x")).status == 400
    assert clients.ask(brood.url, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").startswith(b"HTTP/1.1 400 ")
    assert ask(brood.url, get("/length?told", "Transfer-Encoding: chunked", method="POST") + b"x\r\n").status == 400
    assert ask(brood.url, get("/length?told", f"Content-Length: {BODY_MAX + 1}", method="POST")).status == 413
    for note in ("refused=a blank between the name of a field and its colon (RFC 9112, 5.1)",
                 "refused=the method is not a token (RFC 9110, 9.1)",
                 "POST /length?told refused=the size of a chunk is not hexadecimal digits and nothing else (RFC 9112, 7.1)",
                 "POST /length?told refused=the body is larger than max_body_kib (RFC 9110, 15.5.14)"):
        brood.wait_for_record("end", reason="bad-request", note=note)
