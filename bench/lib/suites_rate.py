# SPDX-License-Identifier: MIT
"""Latency against the rate at which clients come, whether the server is ready or not: one panel for each model."""

from lib.handlers import PLUGIN_FLAGS
from lib.suite import Contender, Suite

# Model → the bare loop, and the options that choose it.
MODELS = {
    "fork": ("fork_pidfd", "-m fork"),
    "one-shot": ("oneshot", "-m prefork --fresh oneshot -w 8"),
    "prefork": ("prefork", "-m prefork -w 8"),
    "thread": ("threads", "-m thread"),
    "event": ("once_epoll", "-m event -w 1"),
}

# Of work for each client, about 50 µs: else it would be the client that cannot do more, and not the server.
KILOSTEPS = 40
SERVE = f"{{brood}} serve {{work}}/burden.so -l tcp://127.0.0.1:{{port}} --kilosteps {KILOSTEPS}"


def panel(model):
    bare, options = MODELS[model]
    return (
        Contender(
            f"{model}: loop", f"{{bare}}/{bare} {{port}} 0 {KILOSTEPS}", f"bench/bare/{bare}.c -pthread -Wl,-z,now",
            panel=model, line="bare loop",
        ),
        Contender(
            f"{model}: brood", f"{SERVE} {options}", f"bench/burden.c {PLUGIN_FLAGS}", panel=model, line="brood"
        ),
    )  # fmt: skip


RATE = Suite(
    name="rate",
    work="clients that come at a given rate: a block of 64 bytes, some work, the block back",
    contenders=tuple(contender for model in MODELS for contender in panel(model)),
    round_s=42,
    axis="clients that come, in a second",
    rounds=5,
    seconds=0.5,
    rates=(0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0),
    open_at_once=64,
    remarks=(
        f"Each client is worth {KILOSTEPS},000 steps of arithmetic, about 50 µs: without them the client's core would"
        " be full before the server's.",
        "Latency counts from the moment at which a client should have come, to the end of its connection. The rates"
        " are parts of the one that would fill the core of the model's bare loop.",
        "Where a line ends earlier, the server took less than 97 % of the clients that came.",
    ),
)

RATE_SUITES = (RATE,)
