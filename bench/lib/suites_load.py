# SPDX-License-Identifier: MIT
"""The suite of brood load: what a request costs the client, beside a bare epoll client and beside wrk."""

from lib.suite import Contender, Goal, Panel, Suite

ECHO = ("{bare}/echo_epoll {port}", "bench/bare/echo_epoll.c -Wl,-z,now")
HTTP = ("{bare}/http_epoll {port}", "bench/bare/http_epoll.c -Wl,-z,now")
BLOCK = "x" * 64
ASK = "{brood_load} --json --processes 1 --clients {at_once} --conns 1 --requests {each} "

LOAD = Suite(
    name="load",
    work="the client's CPU: a block of 64 bytes, echoed, and GET, on connections that stay",
    client="",
    unit="request",
    contenders=(
        Contender(
            "bare client", *ECHO,
            client="{bare}/load_epoll {port} {at_once} {count}", client_source="bench/bare/load_epoll.c -Wl,-z,now",
        ),
        Contender("brood load", *ECHO, client=ASK + f"--message {BLOCK} tcp://127.0.0.1:{{port}}"),
        Contender("wrk, HTTP", *HTTP, client="wrk -t1 -c{at_once} -d1s http://127.0.0.1:{port}/", peer=True),
        Contender("brood load, HTTP", *HTTP, client=ASK + "http://127.0.0.1:{port}/"),
    ),
    floors=("bare client",),
    panels=(Panel(title="CPU of the client for a request", times="bare client"),),
    goals=(Goal("brood load", 1.3, "bare client"), Goal("brood load, HTTP", 1.0, "wrk, HTTP")),
    rounds=5,
    round_s=19,
    count=120000,
    open_at_once=32,
    remarks=("wrk counts no more than a histogram does; it is told a time, and not a number of requests.",),
)  # fmt: skip

LOAD_SUITES = (LOAD,)
