# SPDX-License-Identifier: MIT
"""The README's table of documents: each command in it is run as it stands there, and says what the row promises."""
import os
import pathlib
import re
import shlex

import pytest

from harness.own_network import IN_OWN_NETWORK, inside
from harness.patience import BROOD, ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network of its own")

SERVE = "./dev run "  # builds what is built here already, and then serves
LISTENERS = {"./dev run echo -m fork": 4, "./dev run echo --stamp": 2}

# Each client's command, and what it has to say. A row's servers are each asked all that follows them.
EXPECTED = {
    "printf '2**100\\n' | socat -t9 - TCP:127.0.0.1:8999": r"1267650600228229401496703205376\n",
    "printf hi | socat - TCP:127.0.0.1:50007": r"Echo=>b'hi' at \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    "curl http://127.0.0.1:8888/Zhuibing": r"Hello, Zhuibing!\n",
    "curl http://127.0.0.1:8888/hello": r"Hello, hello!\n",
    "build/brood load http://127.0.0.1:8888/hello --clients 128 --conns 1": r"(?s).*\n  requests +128 .*\n  errors +0\n.*",
    "build/brood lab 3c": r"(?s).*The mistake was seen .*brood did not show it.*",
    "build/brood lab 3d": r"(?s).*The mistake was seen .*brood did not show it.*",
    "build/brood lab 3e": r"(?s).*The mistake was seen .*brood did not show it.*",
    "build/brood lab 3f": r"(?s).*The mistake was seen .*brood did not show it.*",
}
MODELS = re.compile(r"-m (iterative|thread|prefork|event)")


def rows():
    """{document: the spans of code of its row}"""
    table = re.search(r"^\| document .*?\n\n", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)[0]
    found = {}
    for line in table.strip().splitlines()[2:]:
        document, works, _ = re.split(r"(?<!\\) \| ", line.strip("| "), maxsplit=2)
        found[document] = [span.replace("\\|", "|") for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", works)]
    return found


ROWS = rows()


def is_client(span):
    return span.startswith("build/brood ") or "socat " in span or span.startswith("curl ")


def sessions(spans):
    """Each server with what it is asked: what follows it, or, if that is another server, what follows that."""
    servers = [at for at, span in enumerate(spans) if span.startswith(SERVE)]
    found = []
    for at, behind in zip(servers, [*servers[1:], len(spans)]):
        asked = [span for span in spans[at:behind] if is_client(span)]
        found.append((spans[at], asked or [span for span in spans[behind:] if is_client(span)]))
    return found


@pytest.fixture(name="serve")
def serve_in_own_network(start):
    def serve(command):
        words = shlex.split(command.removeprefix(SERVE))
        listeners = next((number for begin, number in LISTENERS.items() if command.startswith(begin)), 1)
        brood = start(*words, listen=(), listeners=listeners, prefix=IN_OWN_NETWORK, warm=False)
        brood.checked = False  # its urls are out of reach from here
        return brood

    return serve


def check(command, pid):
    """As it stands, but for where the build is."""
    said = inside(pid, "sh", "-c", command.replace("build/brood", shlex.quote(str(BROOD))), cwd=ROOT)
    assert re.fullmatch(EXPECTED[command], said.stdout), (command, said.stdout, said.stderr)


def test_every_row_has_commands_and_every_command_is_known():
    assert len(ROWS) == 5
    for document, spans in ROWS.items():
        assert sessions(spans), document
        assert {span for span in spans if is_client(span)} <= EXPECTED.keys()


PAIRS = [(server, command) for spans in ROWS.values() for server, asked in sessions(spans) for command in asked]


@pytest.mark.parametrize("server, command", PAIRS)
def test_a_row_does_what_it_says(serve, server, command):
    check(command, serve(server).supervisor)


@pytest.mark.xdist_group("its sockets have names")
@pytest.mark.parametrize("model", sorted({"fork", *MODELS.findall(" ".join(sum(ROWS.values(), [])))}))
def test_the_third_row_s_command_serves_under_each_model_it_names(serve, model):
    server, = [span for span in sum(ROWS.values(), []) if span.startswith("./dev run echo -m fork")]
    brood = serve(server.replace("-m fork", f"-m {model}"))
    for address in "TCP:127.0.0.1:7007", "UDP:127.0.0.1:7007", "UNIX-CONNECT:/tmp/e":
        said = inside(brood.supervisor, "socat", "-t1", "-", address, input="there and back")
        assert said.stdout == "there and back", (address, said.stderr)
