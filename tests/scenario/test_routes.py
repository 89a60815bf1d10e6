# SPDX-License-Identifier: MIT
"""
Handlers side by side in one service (`--route 'PATH HANDLER'`, `route = …`), and words behind a handler's name: what is served,
what is shown, what changes with a reload; and what is said of each mistake, with its place.
"""
import os
import re
import signal

import pytest

from harness import models, processes, web
from harness.command import CONFIGURATION, NO_INPUT, USAGE, assert_refused, brood
from harness.http_client import ask, get
from harness.patience import LONG
from harness.processes import wait_until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to change its root directory")


@pytest.fixture(name="site")
def files_to_serve(tmp_path):
    site = tmp_path / "a site"
    site.mkdir()
    (site / "page.txt").write_text("a page\n")
    return site


@pytest.fixture(name="routed")
def start_routed(start):
    """routed("/ hello", …, options=[…]) is a brood with these routes that is asked over HTTP by the invariants, too."""
    def start_one(*routes, model="fork", options=()):
        words = [word for route in routes for word in ("--route", route)]
        started = start(*models.words(model), *options, *words, warm=False)
        started.request = web.PROBE
        started.warm_up()
        return started

    return start_one


def body(brood_or_url, target, **options):
    url = getattr(brood_or_url, "url", brood_or_url)
    return ask(url, get(target, "Connection: close", **options), method=options.get("method", "GET")).body.decode()


def status(started, target, **options):
    return ask(started.url, get(target, "Connection: close", **options), method=options.get("method", "GET")).status


# ---- What is served ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model", models.EVERY)
def test_handlers_stand_side_by_side(routed, handlers, site, model):
    plugin = handlers("mounted")
    started = routed("/ hello", f"'/s/' files '{site}'", f"GET /one {plugin} 'a word' --text=x", f"/all/ {plugin} other --loud",
                     f"/of/{{name=World}} {plugin}:brood_handler w", model=model)
    assert body(started, "/Zhuibing") == "Hello, Zhuibing!\n"
    assert body(started, "/s/page.txt") == "a page\n"
    assert body(started, "/one") == "word=a word text=x loud=0 rest= name=-\n"
    assert body(started, "/all/of/it") == "word=other text=- loud=1 rest=of/it name=-\n"
    assert body(started, "/of/brood") == "word=w text=- loud=0 rest= name=brood\n"
    assert body(started, "/of/") == "word=w text=- loud=0 rest= name=World\n"
    assert status(started, "/s/none") == 404
    assert status(started, "/s") == 301, "a route that ends in a slash comes before one of all paths"
    assert status(started, "/one", method="HEAD") == 200


@pytest.mark.parametrize("model", ["fork", "event"])
def test_without_a_route_of_all_paths_others_are_not_found(routed, model):
    started = routed("GET /hi hello", "/d/ hello --delay 1ms", model=model)
    assert body(started, "/d/x") == "Hello, x!\n"
    assert [status(started, target) for target in ("/", "/hix", "/hi/", "/d")] == [404, 404, 404, 301]
    answer = ask(started.url, get("/hi", "Connection: close", method="POST"))
    assert (answer.status, answer.fields["allow"]) == (405, "GET, HEAD")


def test_a_service_of_routes_is_called_http(routed):
    started = routed("/ hello")
    assert "(http, fork, 40 workers)" in started.text()
    started.wait_for_record("end", service="http")


def test_the_words_of_a_handler_stand_behind_it(start, site):
    started = start("files", site, warm=False)
    started.request = web.PROBE
    started.warm_up()
    assert body(started, "/page.txt") == "a page\n"


def test_a_relative_directory_counts_from_where_brood_was_started(start, tmp_path):
    # Brood is started in a directory of its own.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page.txt").write_text("near\n")
    started = start("files", "../site", "--chdir", "/", warm=False)
    started.request = web.PROBE
    started.warm_up()
    assert body(started, "/page.txt") == "near\n"


def test_a_relative_access_log_counts_from_there_too(start, tmp_path):
    started = start("hello", "--chdir", "/", "--access-log", "common", "--access-log-file", "../access.log", warm=False)
    started.request = web.PROBE
    started.warm_up()
    assert body(started, "/x") == "Hello, x!\n"
    wait_until(lambda: '"GET /x HTTP/1.1" 200' in (tmp_path / "access.log").read_text(), LONG, started.text)


@needs_root
def test_behind_a_chroot_the_directory_is_found_from_within(start, site):
    (site / "deep").mkdir()
    (site / "deep" / "page.txt").write_text("deep\n")
    started = start("--route", f"/top/ files '{site}'", "--route", f"/deep/ files '{site}/deep'", "--chroot", site, warm=False)
    started.request = web.PROBE
    started.warm_up()
    assert [body(started, target) for target in ("/top/page.txt", "/deep/page.txt")] == ["a page\n", "deep\n"]


@needs_root
def test_a_directory_outside_of_the_chroot_is_refused(site, tmp_path):
    assert_refused(brood("check", "files", tmp_path, "--chroot", site), USAGE, "is not beneath")
    assert_refused(brood("check", "--route", f"/ files '{tmp_path}'", "--chroot", site), USAGE,
                   "copy it there, it is opened from within")


# ---- From a file, and anew from it -------------------------------------------------------------------------------

def write(path, *lines):
    path.write_text("[service web]\nlisten = tcp://127.0.0.1:0\n" + "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("model", ["fork", "event"])
def test_a_reload_picks_up_changed_routes(start, handlers, site, tmp_path, model):
    path = tmp_path / "brood.ini"
    write(path, f"model = {model}", "route = / hello", f"route = /s/ files '{site}'")
    started = start("-c", path, listen=(), listeners=1, warm=False)
    started.request = web.PROBE
    assert body(started, "/s/page.txt") == "a page\n"
    write(path, f"model = {model}", "route = / hello", f"route = /t/ {handlers('mounted')} word")
    started.send(signal.SIGHUP)
    started.wait_for_record("reloaded")
    assert body(started, "/t/x") == "word=word text=- loud=0 rest=x name=-\n"
    assert body(started, "/s/page.txt") == "Hello, s/page.txt!\n"
    write(path, f"model = {model}", "route = / hello", "route = / hello")
    started.send(signal.SIGHUP)
    assert "brood.ini:5: route: '/'" in started.wait_for_record("reload failed, everything goes on as before")[0]["why"]
    assert body(started, "/t/x").startswith("word=word")
    wait_until(lambda: len(processes.children_of(started.supervisor)) == 1, LONG, started.text) # the old one has left


def test_the_words_of_a_handler_stand_in_its_key(start, site, tmp_path):
    write(tmp_path / "brood.ini", f"handler = files '{site}' --list")
    started = start("-c", tmp_path / "brood.ini", listen=(), listeners=1, warm=False)
    started.request = web.PROBE
    assert body(started, "/page.txt") == "a page\n"
    assert "page.txt" in body(started, "/")


# ---- What check shows --------------------------------------------------------------------------------------------

def printed(*words, **options):
    result = brood("check", "--print", *words, **options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_check_shows_routes_and_where_they_come_from(handlers, site, tmp_path):
    routes = "/ hello --delay 1s", f"/s/ files '{site}'", f"/x {handlers('mounted')} w"
    write(tmp_path / "brood.ini", *(f"route = {route}" for route in routes))
    text = printed("-c", "brood.ini", cwd=tmp_path)
    shown = re.findall(r"^route = (.*?) +\((.*)\)$", text, re.M)
    assert shown == [(route, f"brood.ini:{line}") for line, route in enumerate(routes, 3)]
    assert "handler = " not in text
    alone = printed("--route", "/ hello")
    assert re.search(r"^\[service http\]\nlisten = tcp://127.0.0.1:8888 +\(default\)$", alone, re.M), alone
    assert re.search(r"^route = / hello +\(environment BROOD_ROUTE\)$", printed(env={"BROOD_ROUTE": "/ hello"}), re.M)


def test_check_shows_words_as_one_would_write_them(site):
    text = printed("files", site, "--list")
    assert re.search(rf"^handler = files '{re.escape(str(site))}' +\(command line\)\nlist = yes ", text, re.M), text


def test_check_shows_what_is_in_effect_where_http_is_spoken(handlers):
    for words in ["hello"], ["--route", "/ hello"], [handlers("mounted"), "w", "-l", "tcp://:1"]:
        text = printed(*words)
        for line in ("idle-timeout = 15s", "request-timeout = 1m", "head-timeout = 20s", "max-body = 8192K", "access-log = off"):
            assert re.search(rf"^{line} +\(default\)$", text, re.M), (words, line)
        for name, number in ("refusal", 503), ("last-words", 502), ("late-words", 504), ("killed-words", 503):
            assert re.search(rf"^{name} = HTTP/1\.1 {number} [^\n]*\\n  \(default\)$", text, re.M), (words, name)
    text = printed("echo")
    assert re.search(r"^idle-timeout = 5m ", text, re.M)
    assert not re.search(r"^(head-timeout|max-body|access-log|refusal|last-words) = ", text, re.M)


def test_help_shows_what_differs_where_http_is_spoken():
    text = re.sub(r"\s+", " ", brood("serve", "--help").stdout)
    assert "(default 5m, HTTP 15s)" in text and "(default off, HTTP 1m)" in text
    assert "--route 'PATH HANDLER …'" in text and "(ROUTE: '/static/ files /srv'" in text
    files = brood("serve", "files", "--help").stdout
    assert files.startswith("usage: brood serve [OPTIONS] files DIR [ITS OPTIONS]\n")
    assert re.search(r"^ +DIR +the directory", files, re.M)


# ---- What is wrong, and what is said then ------------------------------------------------------------------------

WRONG_ROUTES = [
    ("hello", "the path comes first, then the handler: write '/ hello'"),
    ("hello /x", "the path comes first, then the handler: write '/x hello'"),
    ("./x.so /x", "the path comes first, then the handler: write '/x ./x.so'"),
    ("static files /srv", "'static' is no path: write '/static HANDLER', a path begins with '/'"),
    (" ", "there is nothing in it: write a path and a handler, as in '/ hello'"),
    ("/x", "'/x' leads to no handler: write '/x HANDLER', as in '/ hello'"),
    ("GET /x", "'GET /x' leads to no handler: write 'GET /x HANDLER'"),
    ("get /x hello", "'get' is no method: they are written in capitals, as in 'GET /x'"),
    ("G(T /x hello", "write 'METHOD /path', with one blank between them"),
    ("/x helo", "'helo' is no handler, did you mean 'hello'?"),
    ("/x banana", "'banana' is no handler; known: hello, files, ./handler.so"),
    ("/x echo", "'echo' does not speak HTTP, and cannot stand behind the route '/x'; known: hello, files, ./handler.so"),
    ("/x cgi", "'cgi' is not part of this version; known: hello, files, ./handler.so"),
    ("/x mine.so", "'mine.so' is no handler, did you mean './mine.so'?"),
    ("/x ''", "'' is no handler; known: hello"),
    ("/x 'hello", "a ' quote is not closed"),
    ("/x hello\\", "a backslash stands at the end"),
    ("/x hello --dleay 1s", "--dleay: unknown option, did you mean '--delay'?"),
    ("/x hello --banana", "--banana: handler hello has no such option; see: brood serve hello --help"),
    ("/x hello --delay", "--delay: needs a value: write --delay=VALUE"),
    ("/x hello --delay 5", "--delay: '5' has no unit"),
    ("/x hello --delay 5s --delay 5s", "--delay: given twice: keep one of them"),
    ("/x hello --workers 5", "--workers: is an option of the service: write it outside of what handler hello gets"),
    ("/x hello Zhuibing", "what is 'Zhuibing'? hello is the HANDLER, and takes no further words"),
    ("/x files", "handler files needs its DIR, the directory that is served: write 'files DIR'"),
    ("/x files ''", "handler files needs its DIR"),
    ("/x files / /", "what is '/'? files is the HANDLER, and takes no further words behind its DIR"),
    ("/a//b hello", "it has an empty segment"),
    ("/a/../b hello", "paths are without '.' and '..'"),
    ("/{a}/{a} hello", "it has two {name}s that are the same"),
    ("/x{a} hello", "a {name} stands for a whole segment"),
    ("/{a=1}/b hello", "only the last segment may have a default"),
    ("/a%20b hello", "'/a%20b': paths are decoded when they are looked at: write the byte itself for %20"),
    ("/a?b=c hello", "a route is a path, without '?' or '#'"),
    ("/" + "x" * 300 + " hello", "it has more than 255 bytes"),
    ("/" + "x/" * 20 + " hello", "it has more than 16 segments"),
]


@pytest.mark.parametrize("route, sentence", WRONG_ROUTES, ids=[route[:30] for route, _ in WRONG_ROUTES])
def test_a_wrong_route_is_told_what_and_where(tmp_path, route, sentence):
    result = brood("check", "--route", route)
    assert_refused(result, USAGE, sentence)
    assert result.stderr.startswith("brood: --route: ")
    if route.strip():
        write(tmp_path / "brood.ini", "route = /fine hello", f"route = {route}")
        result = brood("check", "-c", "brood.ini", cwd=tmp_path)
        assert_refused(result, CONFIGURATION, sentence)
        assert result.stderr.startswith("brood: brood.ini:4: route: ")


WRONG_TOGETHER = [
    (["--route", "/ hello", "--route", "/ hello"], "--route: '/' fits the same paths as '/' (--route): keep one of them"),
    (["--route", "/{a} hello", "--route", "/{b} hello"], "'/{b}' fits the same paths as '/{a}'"),
    (["--route", "GET /a hello", "--route", "GET /a files /"], "'GET /a' fits the same paths as 'GET /a'"),
    (["--route", "/ hello"] * 65, "--route: given more than 64 times"),
    (["--route"], "--route needs a value: write --route ROUTE"),
    (["--route", ""], "--route needs a value"),
    (["--rotue", "/ hello"], "unknown option --rotue, did you mean --route?"),
    (["hello", "--route", "/x hello"], "--route: hello is the HANDLER, and cannot stand beside routes: write it as one, "
                                       "as in: --route '/ hello'"),
    (["echo", "--route", "/x hello"], "--route: echo is the HANDLER, and does not speak HTTP: leave one of them out"),
    (["--route", "/x hello", "--delay", "5s"], "--delay belongs to a handler: write it behind that, within --route"),
    (["--route", "/x hello", "--", "ls"], "a command behind --"),
    (["--route", "/x hello", "-l", "udp://:1"], "--listen: 'udp://:1' has no connections, and HTTP needs them: write tcp://"),
    (["hello", "-l", "unixgram:@x"], "--listen: 'unixgram:@x' has no connections, and HTTP needs them"),
    (["files"], "handler files needs its DIR, the directory that is served: write 'files DIR'"),
    (["files", "/", "/"], "what is '/'? files is the HANDLER, and takes no further words behind its DIR"),
    (["hello", "Zhuibing"], "what is 'Zhuibing'? hello is the HANDLER, and takes no further words"),
    (["echo", "--head-timeout", "5s"], "--head-timeout: handler echo does not speak HTTP: leave it out"),
    (["echo", "--max-body", "5M"], "--max-body: handler echo does not speak HTTP: leave it out"),
    (["calc", "--access-log", "common"], "--access-log: handler calc does not speak HTTP: leave it out"),
    (["echo", "--access-log", "off"], "--access-log: handler echo does not speak HTTP: leave it out"),
    (["echo", "--permit-bare-lf", "on"], "--permit-bare-lf: handler echo does not speak HTTP: leave it out"),
    (["hello", "--permit-bare-lf", "yes"], "--permit-bare-lf: 'yes' is unknown; write on or off"),
    (["hello", "--access-log-file", "x"], "--access-log-file: without an access-log: choose its format"),
    (["hello", "--access-log", "off", "--access-log-file", "x"], "--access-log-file: without an access-log"),
    (["hello", "--access-log", "cmmon"], "--access-log: 'cmmon' is unknown, did you mean 'common'?"),
    (["hello", "--access-log", "yes"], "--access-log: 'yes' is unknown; known: off, common, combined, combined+, json"),
    (["hello", "--max-body", "5"], "--max-body: '5' is out of range: write a size from 1K"),
    (["hello", "--max-body", "5X"], "--max-body: "),
    (["hello", "--head-timeout", "0"], "--head-timeout: '0' is no time to wait"),
    (["hello", "--late-words", ""], "--late-words needs a value"),
    (["hello", "--killed-words", "\\q"], "--killed-words: '\\q' is no escape"),
    (["hello", "--late-words", "x" * 4097], "--late-words: 4097 bytes are too many: write at most 4096"),
]


@pytest.mark.parametrize("words, sentence", WRONG_TOGETHER, ids=[" ".join(words)[:50] for words, _ in WRONG_TOGETHER])
def test_what_does_not_go_together_is_told(words, sentence):
    assert_refused(brood("check", *words), USAGE, sentence)


WRONG_FILES = [
    (["handler = hello", "route = / hello"], 4, "route: cannot stand beside 'handler = hello' (brood.ini:3: handler): write that "
                                                "as a route, too, as in: route = / hello"),
    (["route = / hello", "route = / hello"], 4, "route: '/' fits the same paths as '/' (brood.ini:3: route): keep one of them"),
    (["route = / hello", "delay = 5s"], 4, "delay: no service has this key; if it is a handler's, write it into its route"),
    (["route = / hello", "wrokers = 5"], 4, "wrokers: unknown key, did you mean 'workers'?"),
    (["rotue = / hello"], 1, "[service web] has no handler"),
    (["route ="], 3, "'route' has no value"),
    (["handler = files"], 3, "handler: handler files needs its DIR"),
    (["handler = hello --dleay 5s"], 3, "handler: --dleay: unknown option, did you mean '--delay'?"),
    (["handler = hello --delay 5s", "delay = 5s"], 3, "handler: --delay: given twice"),
    (["handler = echo", "max-body = 5M"], 4, "max-body: handler echo does not speak HTTP: leave it out"),
    (["handler = echo x y"], 3, "handler: what is 'x'? echo is the HANDLER, and takes no further words"),
]


@pytest.mark.parametrize("lines, line, sentence", WRONG_FILES, ids=["; ".join(lines) for lines, _, _ in WRONG_FILES])
def test_a_wrong_file_is_told_its_line(tmp_path, lines, line, sentence):
    write(tmp_path / "brood.ini", *lines)
    assert_refused(brood("check", "-c", "brood.ini", cwd=tmp_path), CONFIGURATION, f"brood: brood.ini:{line}: {sentence}")


def test_options_of_http_alone_belong_to_services_that_speak_it(handlers):
    deaf = f"{handlers('mounted')}:deaf"
    assert_refused(brood("check", deaf, "-l", "tcp://:1", "--max-body", "5M"), USAGE, "--max-body: handler ")
    assert brood("check", deaf, "-l", "tcp://:1").returncode == 0
    for option in ["--head-timeout", "off"], ["--max-body", "off"], ["--access-log", "json"], ["--late-words", "x"]:
        assert brood("check", handlers("mounted"), "w", "-l", "tcp://:1", *option).returncode == 0, option
        assert brood("check", "--route", "/ hello", *option).returncode == 0, option
    # Whoever's worker was late, or killed, may hear of it in any protocol.
    assert brood("check", "echo", "--late-words", "late\\n", "--killed-words", "sorry\\n").returncode == 0


def test_a_loaded_handler_is_checked_in_its_place(handlers):
    plugin = handlers("mounted")
    for words, sentence in [
        (f"/ {plugin}:deaf", "does not speak HTTP, and cannot stand behind the route '/'"),
        (f"/ {plugin}:none w", "has no symbol none"),
        (f"/ {plugin}", "needs its WORD, told as it is"),
        (f"/ {plugin} a b", "what is 'b'?"),
        (f"/ {plugin} a --txet=b", "--txet: unknown option, did you mean '--text'?"),
        (f"/ {plugin} a --loud=b", "--loud: 'b' is neither yes nor no"),
    ]:
        result = brood("check", "--route", words)
        assert result.returncode in (USAGE, CONFIGURATION)
        assert sentence in result.stderr and result.stderr.startswith("brood: --route: "), result.stderr
    served = brood("serve", "--route", f"/ {plugin}:deaf", "-l", "tcp://127.0.0.1:0")
    assert served.returncode == USAGE
    assert re.match(r"brood: --route: .* does not speak HTTP", served.stderr.splitlines()[-1])
    assert_refused(brood("check", "--route", "/ ./none.so"), CONFIGURATION, "--route: cannot read ./none.so: No such file")


def test_a_directory_that_is_none_is_refused_before_anything_is_served(site, tmp_path):
    assert_refused(brood("serve", "files", tmp_path / "none"), NO_INPUT, "none: No such file or directory; name a directory")
    assert_refused(brood("serve", "files", site / "page.txt"), NO_INPUT, "page.txt: Not a directory")
    write(tmp_path / "brood.ini", "route = / files none")
    assert_refused(brood("serve", "-c", "brood.ini", cwd=tmp_path), NO_INPUT,
                   "brood: brood.ini:3: route: files none: No such file or directory; name a directory")


def test_a_service_of_routes_may_have_any_name(start):
    started = start("--route", "/ hello", "--name", "web", warm=False)
    started.request = web.PROBE
    body(started, "/")
    assert wait_until(lambda: started.records("end", service="web"), 5, started.text)
