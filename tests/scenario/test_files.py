# SPDX-License-Identifier: MIT
"""files: what a directory is to its clients, in every model: names, types, links, conditions, ranges, siblings."""
import contextlib
import email.utils
import gzip
import os
import socket
import time

import pytest

from harness import models
from harness.brood import Brood
from harness.http_client import Connection, ask, get

HOUR_AGO = int(time.time()) - 3600
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
LARGE = os.urandom(1 << 20) * 10
PAGE = b"<!DOCTYPE html><title>here</title>\n"

# Beneath the root. All are an hour old, so that their tags are strong.
TREE = {
    "index.html": PAGE,
    "alphabet.txt": ALPHABET,
    "empty.txt": b"",
    "large.bin": LARGE,
    "a b&<c>.txt": b"odd\n",
    "README": b"no extension\n",
    "UPPER.PNG": b"\x89PNG",
    "page.js": b"1" * 1000,
    "page.js.gz": gzip.compress(b"1" * 1000),
    "page.js.br": b"as good as brotli",
    "page.js.zst": b"as good as zstd",
    "stale.css": b"new",
    "stale.css.gz": b"old",
    "sub/index.html": b"sub\n",
    "sub/deep/file.txt": b"deep\n",
    "bare/file.txt": b"bare\n",
    ".hidden": b"hidden\n",
    ".git/config": b"hidden\n",
    "twice/index.html/file.txt": b"an index that is a directory\n",
}


def plant(root):
    for name, content in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (HOUR_AGO, HOUR_AGO))
    os.utime(root / "stale.css.gz", (HOUR_AGO - 1, HOUR_AGO - 1))
    (root.parent / "secret.txt").write_bytes(b"secret\n")
    os.mkfifo(root / "fifo")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(root / "socket"))
    for name, target in {
        "inside": "sub/deep/file.txt", "sub/up": "../alphabet.txt", "outside": "../secret.txt",
        "absolute": str(root / "alphabet.txt"), "outside-directory": "..", "loop": "loop", "dangling": "nowhere",
        "sub/far": "../../secret.txt", "magic": "/proc/self/root/etc/passwd",
    }.items():
        (root / name).symlink_to(target)
    return root


@pytest.fixture(scope="module", name="root")
def planted_root(tmp_path_factory):
    """Where a root that is left by a link would lead to is a file, too."""
    root = tmp_path_factory.mktemp("files") / "root"
    root.mkdir()
    return plant(root)


@contextlib.contextmanager
def serving(directory, root, *words):
    brood = Brood(directory, ["--listen", "tcp://127.0.0.1:0", "files", root, *words])
    brood.request = get("/", "Connection: close")
    try:
        brood.warm_up()
        yield brood
    except BaseException:
        brood.kill()
        raise
    brood.finish()


@pytest.fixture(scope="module", name="brood",
                params=[pytest.param(model, marks=pytest.mark.xdist_group(f"files-{model}")) for model in models.EVERY])
def shared_brood(request, tmp_path_factory, root):
    """One for all; its descriptors are counted when the last scenario is over."""
    with serving(tmp_path_factory.mktemp("files") / request.param, root, *models.words(request.param)) as brood:
        yield brood


@pytest.fixture(scope="module", name="listing")
def listing_brood(tmp_path_factory, root):
    with serving(tmp_path_factory.mktemp("files") / "list", root, "--list", "--hidden", "--cache", "1h", "--index",
                 "README") as brood:
        yield brood


def fetch(brood, target, *fields, method="GET"):
    return ask(brood.url, get(target, *fields, "Connection: close", method=method), method=method)


def status_of(brood, target, *fields, method="GET"):
    return fetch(brood, target, *fields, method=method).status


# ---- Names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target, content, kind", [
    ("/alphabet.txt", ALPHABET, "text/plain"),
    ("/", PAGE, "text/html"),
    ("/sub/", b"sub\n", "text/html"),
    ("/sub/deep/file.txt", b"deep\n", "text/plain"),
    ("/sub/../alphabet.txt", ALPHABET, "text/plain"),
    ("/README", b"no extension\n", "application/octet-stream"),
    ("/UPPER.PNG", b"\x89PNG", "image/png"),
    ("/empty.txt", b"", "text/plain"),
    ("/a%20b%26%3Cc%3E.txt?query", b"odd\n", "text/plain"),
    ("/inside", b"deep\n", "application/octet-stream"),
    ("/sub/up", ALPHABET, "application/octet-stream"),
    ("/page.js", b"1" * 1000, "text/javascript"),
])
def test_a_path_is_a_file(brood, target, content, kind):
    answer = fetch(brood, target)
    assert (answer.status, answer.body, answer.fields["content-type"]) == (200, content, kind)
    assert answer.fields["vary"] == "Accept-Encoding" and answer.fields["accept-ranges"] == "bytes"


@pytest.mark.parametrize("target", [
    "/nowhere", "/alphabet.txt/", "/alphabet.txt/x", "/dangling", "/loop", "/outside", "/outside-directory/secret.txt",
    "/outside-directory", "/sub/far", "/absolute", "/magic", "/fifo", "/socket", "/.hidden", "/.git/config", "/.git/",
    "/bare/", "/twice/", "//etc/passwd", "//alphabet.txt", "/" + "x" * 300, "/" + "x/" * 3000,
])
def test_what_is_no_file_beneath_the_root_is_not_found(brood, root, target):
    answer = fetch(brood, target)
    assert (answer.status, answer.body) == (404, b"404 Not Found\n")
    assert str(root).encode() not in str(answer).encode()


@pytest.mark.parametrize("target", [
    "/..", "/../secret.txt", "/%2e%2e/secret.txt", "/%2E./secret.txt", "/sub/%2e%2e/%2e%2e/secret.txt",
    "/..%2fsecret.txt", "/sub/..%2F..%2fsecret.txt", "/%2fetc%2fpasswd", "/alphabet.txt%00", "/%", "/%zz",
])
def test_a_path_that_climbs_or_cannot_be_decoded_is_refused(brood, target):
    answer = fetch(brood, target)
    assert answer.status == 400 and b"secret\n" not in answer.body


def test_a_directory_is_redirected_to_its_slash(brood):
    for target, location in {"/sub": "/sub/", "/sub?a=/../b": "/sub/?a=/../b", "/sub/deep": "/sub/deep/",
                             "/%73ub": "/sub/"}.items():
        answer = fetch(brood, target)
        assert (answer.status, answer.fields["location"]) == (301, location)


def test_no_redirect_leads_to_another_host(brood):
    for target in "//sub", "///sub", "/.//sub", "/sub/..//sub", "//test/..//sub":
        answer = fetch(brood, target)
        assert answer.status == 404 and "location" not in answer.fields


def test_what_a_path_names_changes_at_once(brood, root):
    path = root / f"changing-{os.path.basename(brood.directory)}"
    assert status_of(brood, f"/{path.name}") == 404
    path.write_bytes(b"one")
    assert fetch(brood, f"/{path.name}").body == b"one"
    path.unlink()
    path.mkdir()
    assert status_of(brood, f"/{path.name}") == 301
    path.rmdir()
    assert status_of(brood, f"/{path.name}") == 404


# ---- Methods ----------------------------------------------------------------------------------------------------


def test_head_is_get_without_the_content(brood):
    for target in "/alphabet.txt", "/", "/sub", "/nowhere", "/page.js":
        whole, head = fetch(brood, target), fetch(brood, target, method="HEAD")
        assert head.body == b"" and head.status == whole.status
        assert {**head.fields, "date": ""} == {**whole.fields, "date": ""}


def test_other_methods_are_told_which_there_are(brood):
    for method in "POST", "PUT", "DELETE", "PROPFIND":
        answer = fetch(brood, "/alphabet.txt", method=method)
        assert (answer.status, answer.fields["allow"]) == (405, "GET, HEAD, OPTIONS")
    for target in "/alphabet.txt", "*":
        answer = fetch(brood, target, method="OPTIONS")
        assert (answer.status, answer.fields["allow"]) == (204, "GET, HEAD, OPTIONS")


# ---- Ranges and conditions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted, part, told", [
    ("0-0", b"a", "0-0"),
    ("0-3", b"abcd", "0-3"),
    ("10-12", b"klm", "10-12"),
    ("20-", b"uvwxyz", "20-25"),
    ("20-99", b"uvwxyz", "20-25"),
    ("-2", b"yz", "24-25"),
    ("-99", ALPHABET, "0-25"),
])
def test_a_range_is_a_part(brood, wanted, part, told):
    answer = fetch(brood, "/alphabet.txt", f"Range: bytes={wanted}")
    assert (answer.status, answer.body, answer.fields["content-range"]) == (206, part, f"bytes {told}/26")


def test_a_part_of_a_large_file_is_byte_for_byte_what_it_was(brood):
    answer = fetch(brood, "/large.bin", f"Range: bytes=1234567-{len(LARGE) - 77}")
    assert answer.status == 206 and answer.body == LARGE[1234567:-76]


@pytest.mark.parametrize("wanted", ["bytes=26-", "bytes=-0", "bytes=99-100"])
def test_a_range_behind_the_end_cannot_be_satisfied(brood, wanted):
    answer = fetch(brood, "/alphabet.txt", f"Range: {wanted}", "Accept-Encoding: gzip")
    assert (answer.status, answer.fields["content-range"]) == (416, "bytes */26")


@pytest.mark.parametrize("wanted", ["bytes=0-1, 4-5", "lines=1-2", "bytes=3-2", "bytes=a-b", "bytes="])
def test_several_ranges_and_what_is_none_are_answered_with_the_whole(brood, wanted):
    answer = fetch(brood, "/alphabet.txt", f"Range: {wanted}")
    assert (answer.status, answer.body) == (200, ALPHABET)


def test_conditions_compare_tags_and_dates(brood):
    fields = fetch(brood, "/alphabet.txt").fields
    tag, date = fields["etag"], fields["last-modified"]
    assert tag.startswith('"') and email.utils.parsedate_to_datetime(date).timestamp() == HOUR_AGO
    before = email.utils.formatdate(HOUR_AGO - 1, usegmt=True)
    for condition, status in {
        f"If-None-Match: {tag}": 304,
        f'If-None-Match: "x", W/{tag}': 304,
        "If-None-Match: *": 304,
        'If-None-Match: "x"': 200,
        f"If-Modified-Since: {date}": 304,
        f"If-Modified-Since: {before}": 200,
        f"If-Match: {tag}": 200,
        f"If-Match: W/{tag}": 412,
        'If-Match: "x"': 412,
        f"If-Unmodified-Since: {date}": 200,
        f"If-Unmodified-Since: {before}": 412,
    }.items():
        answer = fetch(brood, "/alphabet.txt", condition)
        assert answer.status == status, condition
        assert status == 412 or answer.fields["etag"] == tag


def test_a_range_of_something_else_is_the_whole(brood):
    fields = fetch(brood, "/alphabet.txt").fields
    for known, status in {fields["etag"]: 206, fields["last-modified"]: 206, '"x"': 200, f"W/{fields['etag']}": 200,
                          email.utils.formatdate(HOUR_AGO - 1, usegmt=True): 200}.items():
        assert status_of(brood, "/alphabet.txt", "Range: bytes=0-1", f"If-Range: {known}") == status


def test_a_file_that_has_just_changed_has_a_weak_tag(brood, root):
    path = root / f"fresh-{os.path.basename(brood.directory)}"
    path.write_bytes(b"now")
    weak = fetch(brood, f"/{path.name}").fields["etag"]
    os.utime(path, (HOUR_AGO, HOUR_AGO))
    assert weak.startswith('W/"') and fetch(brood, f"/{path.name}").fields["etag"].startswith('"')


def test_a_date_to_come_is_not_told(brood, root):
    path = root / f"future-{os.path.basename(brood.directory)}"
    path.write_bytes(b"soon")
    os.utime(path, (HOUR_AGO + 86400, HOUR_AGO + 86400))
    assert "last-modified" not in fetch(brood, f"/{path.name}").fields


# ---- Siblings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accepted, coding", [
    ("gzip", "gzip"), ("zstd, gzip", "zstd"), ("gzip, deflate, br, zstd", "br"), ("*", "br"),
    ("br;q=0.5, gzip;q=0.9", "gzip"), ("br;q=0, gzip;q=0.1", "gzip"), ("gzip;q=0", None), ("deflate", None),
    ("gzip;q=0.5, identity", None), ("", None), ("gzip;;q", None),
])
def test_a_sibling_is_sent_to_who_likes_it_best(brood, accepted, coding):
    plain, answer = fetch(brood, "/page.js"), fetch(brood, "/page.js", f"Accept-Encoding: {accepted}")
    suffix = {"gzip": ".gz", "zstd": ".zst", "br": ".br", None: ""}[coding]
    assert answer.body == TREE[f"page.js{suffix}"]
    assert answer.fields.get("content-encoding") == coding
    assert answer.fields["content-type"] == "text/javascript" and answer.fields["vary"] == "Accept-Encoding"
    assert (answer.fields["etag"] == plain.fields["etag"]) == (coding is None)


def test_a_sibling_has_ranges_and_conditions_of_its_own(brood):
    whole = fetch(brood, "/page.js", "Accept-Encoding: br")
    tag = whole.fields["etag"]
    part = fetch(brood, "/page.js", "Accept-Encoding: br", "Range: bytes=3-6", f"If-Range: {tag}")
    assert (part.status, part.body, part.fields["content-encoding"]) == (206, whole.body[3:7], "br")
    assert status_of(brood, "/page.js", "Accept-Encoding: br", f"If-None-Match: {tag}") == 304
    assert status_of(brood, "/page.js", "Accept-Encoding: gzip", f"If-None-Match: {tag}") == 200


def test_a_refusal_is_not_said_to_be_compressed(brood):
    for refused in "Range: bytes=9999-", 'If-Match: "x"':
        answer = fetch(brood, "/page.js", "Accept-Encoding: gzip", refused)
        assert answer.status in (412, 416) and "content-encoding" not in answer.fields


def test_a_sibling_that_is_older_is_not_sent(brood):
    assert fetch(brood, "/stale.css", "Accept-Encoding: gzip").body == b"new"


# ---- Options ----------------------------------------------------------------------------------------------------


def test_a_list_shows_what_there_is_and_its_links_lead_there(listing):
    page = fetch(listing, "/sub/")
    assert page.status == 200 and page.fields["content-type"] == "text/html; charset=utf-8"
    links = [part.partition(b'"')[0] for part in page.body.split(b'href="')[1:]]
    assert links == [b"../", b"./deep/", b"./far", b"./index.html", b"./up"]
    assert status_of(listing, "/sub/./deep/") == 200 and status_of(listing, "/sub/./up") == 200


def test_names_in_a_list_are_no_markup(listing, root):
    directory = root / "<names>"
    directory.mkdir(exist_ok=True)
    (directory / 'x"><script>&\n\x01').touch()
    (directory / "javascript:x").touch()
    page = fetch(listing, "/%3Cnames%3E/").body
    assert b"<script>" not in page and b"<names>" not in page and b"\x01" not in page
    assert b'<a href="./x%22%3E%3Cscript%3E%26%0A%01">x&quot;&gt;&lt;script&gt;&amp;??</a>' in page
    assert b'<a href="./javascript%3Ax">' in page
    assert status_of(listing, "/%3Cnames%3E/x%22%3E%3Cscript%3E%26%0A%01") == 200


def test_a_list_ends_somewhere(listing, root):
    directory = root / "many"
    directory.mkdir(exist_ok=True)
    for number in range(4097):
        (directory / f"{number:04}").touch()
    page = fetch(listing, "/many/").body
    assert page.count(b"<li>") == 4096 + 1 and page.endswith(b"There are more.\n")


def test_the_index_has_the_name_that_it_was_given(listing):
    assert fetch(listing, "/").body == b"no extension\n"


def test_dot_files_are_served_where_that_is_asked_for(listing):
    assert fetch(listing, "/.hidden").body == b"hidden\n"
    assert fetch(listing, "/.git/").body.count(b"./config") == 1


def test_a_file_is_as_good_as_new_for_as_long_as_it_is_said(listing):
    assert fetch(listing, "/alphabet.txt").fields["cache-control"] == "max-age=3600"
    for refused in "Range: bytes=99-", 'If-Match: "x"':
        assert "cache-control" not in fetch(listing, "/alphabet.txt", refused).fields


def test_nothing_is_listed_unless_that_is_asked_for(brood):
    assert status_of(brood, "/bare/") == 404 and status_of(brood, "/bare/file.txt") == 200


# ---- Connections ------------------------------------------------------------------------------------------------


def test_a_large_file_arrives_byte_for_byte_and_the_connection_goes_on(brood):
    with Connection(brood.url) as connection:
        for _ in range(3):
            assert connection.ask(get("/large.bin")).body == LARGE
            assert connection.ask(get("/alphabet.txt")).body == ALPHABET


def test_requests_that_came_at_once_are_answered_in_order(brood):
    with Connection(brood.url) as connection:
        connection.send(get("/alphabet.txt") + get("/nowhere") + get("/large.bin") + get("/sub") + get("/"))
        assert [connection.answer().status for _ in range(5)] == [200, 404, 200, 301, 200]
