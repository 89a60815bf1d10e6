# SPDX-License-Identifier: MIT
"""The suites of HTTP. Everybody answers the same 14 bytes of text/plain, and gets what a browser sends."""

from lib.suite import Contender, Goal, Panel, Suite

HELLO = "--size 14"
HELLO_CLOSE = HELLO + " --close"
SERVE = "{brood} serve hello -l tcp://127.0.0.1:{port} "
AT_ERROR_LEVEL = " --log-level error"
ACCESS_LOG = " --access-log combined --access-log-file {work}/access-{port}.log"

# Whose configurations are in bench/peers, and what their small answer is called.
NGINX = "/bin/sh {{peers}}/http_nginx.sh {log} {{work}}/files {{work}} {{port}}"
PEERS = {
    "nginx": (NGINX, "/"),
    "lighttpd": ("/bin/sh {{peers}}/http_lighttpd.sh {log} {{work}} {{port}}", "/hello"),
    "h2o": ("/bin/sh {{peers}}/http_h2o.sh {log} {{work}} {{port}}", "/"),
    "Apache prefork": ("/bin/sh {{peers}}/http_apache.sh {log} {{work}} {{port}}", "/hello"),
}
PEERS_REMARK = (
    "nginx returns a text from its configuration; h2o and lighttpd a file, without ETag: nothing else that they can"
    " do by themselves is cheaper. One worker each; all but time-outs and limits on numbers as shipped."
)
LINES_REMARK = "At its default log level brood writes a line for each connection that ended."

IDLE_CLIENTS = 10000

FILES = {"1 KiB": 1024, "64 KiB": 65536, "10 MiB": 10485760}


def loop(load=HELLO):
    return Contender("loop", "{bare}/http_epoll {port}", "bench/bare/http_epoll.c -Wl,-z,now", load=load)


def brood(name="brood", options="{model}", load=HELLO, idle=0):
    return Contender(name, SERVE + options, load=load, idle=idle)


def peer(name, load=HELLO, log="off", idle=0):
    command, target = PEERS[name.partition(",")[0]]
    return Contender(name, command.format(log=log), load=f"--target {target} {load}", idle=idle, peer=True)


HTTP = Suite(
    name="http",
    work="connections that stay: GET, 14 bytes of text/plain",
    client="load_http",
    unit="request",
    contenders=(
        loop(),
        brood(),
        brood("brood at error level", "{model}" + AT_ERROR_LEVEL),
        peer("nginx"),
        peer("lighttpd"),
        peer("h2o"),
    ),
    floors=("loop",),
    round_s=6,
    goals=(
        Goal("brood", 1.10, "loop"),
        Goal("brood at error level", 1.10, "loop"),
        # What a peer beats is no floor.
        Goal("loop", 1.0, "nginx"),
        Goal("loop", 1.0, "lighttpd"),
        Goal("loop", 1.0, "h2o"),
    ),
    count=100000,
    open_at_once=32,
    remarks=(PEERS_REMARK,),
)

CLOSE = Suite(
    name="http-close",
    work="a connection for each request: GET, 14 bytes of text/plain",
    client="load_http",
    unit="request",
    contenders=(
        loop(HELLO_CLOSE),
        brood(load=HELLO_CLOSE),
        brood("brood at error level", "{model}" + AT_ERROR_LEVEL, load=HELLO_CLOSE),
        peer("nginx", HELLO_CLOSE),
        peer("lighttpd", HELLO_CLOSE),
        peer("h2o", HELLO_CLOSE),
    ),
    floors=("loop",),
    round_s=6,
    goals=(
        Goal("brood", 1.0, "h2o"),
        Goal("brood at error level", 1.0, "h2o"),
        Goal("loop", 1.0, "h2o"),
    ),
    count=20000,
    open_at_once=32,
    remarks=(PEERS_REMARK, LINES_REMARK),
)

LOG = Suite(
    name="http-log",
    work="connections that stay, and an access log on all but the loop: GET, 14 bytes of text/plain",
    client="load_http",
    unit="request",
    contenders=(
        loop(),
        brood(options="{model}" + ACCESS_LOG),
        peer("nginx", log="on"),
        peer("lighttpd", log="on"),
        peer("h2o", log="on"),
    ),
    floors=("loop",),
    round_s=6,
    goals=(Goal("brood", 1.0, "nginx"), Goal("brood", 1.0, "h2o"), Goal("brood", 1.0, "lighttpd")),
    count=100000,
    open_at_once=32,
    remarks=(PEERS_REMARK, "The log is a file, in the format combined; when its lines are written is left to each."),
)

PREFORK = Suite(
    name="http-prefork",
    work="processes, a connection for each request: GET, 14 bytes of text/plain",
    client="load_http",
    unit="request",
    contenders=(
        brood("brood prefork", "-m prefork -w 8", load=HELLO_CLOSE),
        brood("brood prefork, access log", "-m prefork -w 8" + ACCESS_LOG, load=HELLO_CLOSE),
        brood("brood fork", "-m fork", load=HELLO_CLOSE),
        peer("Apache prefork", HELLO_CLOSE),
        peer("Apache prefork, access log", HELLO_CLOSE, log="on"),
    ),
    floors=("brood prefork",),
    round_s=9,
    goals=(
        Goal("brood prefork", 1.0, "Apache prefork"),
        Goal("brood prefork, access log", 1.0, "Apache prefork, access log"),
    ),
    count=15000,
    open_at_once=8,
    remarks=("Apache answers with a file, without ETag: it has no cheaper way.", LINES_REMARK),
)

IDLE = Suite(
    name="http-idle",
    work=f"connections that stay, among {IDLE_CLIENTS} that have been answered and say nothing more: GET, 14 bytes",
    client="load_http",
    unit="request",
    contenders=(
        brood(options="{model} --idle-timeout 10m", idle=IDLE_CLIENTS),
        peer("nginx", idle=IDLE_CLIENTS),
        peer("h2o", idle=IDLE_CLIENTS),
    ),
    floors=("brood",),
    round_s=5,
    rounds=5,
    panels=(Panel("idle_bytes", "memory of the server for an idle connection"), Panel(times="brood")),
    goals=(Goal("brood", 1.5 * 1024, field="idle_bytes"),),
    count=20000,
    open_at_once=32,
    agree_on="idle_bytes",
    remarks=(PEERS_REMARK,),
)


def files_suite(size, count):
    """One for each size: their figures have nothing in common. The file's name is its size."""
    load = f"--target /{FILES[size]} --size {FILES[size]}"
    return Suite(
        name="files-" + size.replace(" ", "").removesuffix("iB").lower(),
        work=f"connections that stay: GET, a file of {size}",
        client="load_http",
        unit="request",
        contenders=(
            Contender("brood", "{brood} serve files {work}/files -l tcp://127.0.0.1:{port} {model}", load=load),
            Contender("nginx", NGINX.format(log="off"), load=load, peer=True),
        ),
        floors=("brood",),
        round_s=3,
        goals=(Goal("brood", 1.0, "nginx"),),
        count=count,
        open_at_once=32,
        files=tuple(FILES.values()),
        remarks=("nginx with sendfile and tcp_nopush, and without a cache of open files, as Debian configures it.",),
    )


HTTP_SUITES = (
    HTTP,
    CLOSE,
    LOG,
    PREFORK,
    IDLE,
    files_suite("1 KiB", 50000),
    files_suite("64 KiB", 20000),
    files_suite("10 MiB", 300),
)
