# SPDX-License-Identifier: MIT
"""
R30, behind a proxy: what nginx or haproxy passes on of requests that two servers could read differently, brood reads as they
did. Each log has as many requests as the other: none was hidden in another one's body.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from harness import models, strictness, web
from harness.patience import LONG
from harness.processes import wait_until

UNPACKED = pathlib.Path(__file__).resolve().parents[2] / "build" / "peers" / "usr"


def find(name):
    unpacked = UNPACKED / "sbin" / name
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else None)


NGINX, HAPROXY = find("nginx"), find("haproxy")
SETTLED_S = 0.5
NGINX_CONFIGURATION = """
daemon off;
pid {work}/pid;
error_log {work}/error.log;
worker_processes 1;
{user}
events {{ worker_connections 512; }}
http {{
    log_format passed_on '$upstream_addr';
    access_log {work}/access.log passed_on;
    client_body_temp_path {work}/body;
    proxy_temp_path {work}/proxy;
    fastcgi_temp_path {work}/fastcgi;
    uwsgi_temp_path {work}/uwsgi;
    scgi_temp_path {work}/scgi;
    upstream brood {{ server {brood}; keepalive 4; }}
    server {{
        listen unix:{work}/front;
        location / {{
            proxy_pass http://brood;
            proxy_http_version 1.1;
            proxy_ignore_client_abort on;
            proxy_request_buffering {buffering};
            proxy_set_header Connection "";
            proxy_set_header X-Last "1";
        }}
    }}
}}
"""


# One connection to brood is used by many clients of haproxy; the server's name is "<NOSRV>" for what it refused itself.
HAPROXY_CONFIGURATION = """
global
    log stdout format raw local0
defaults
    mode http
    log global
    log-format "%s %U"
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    retries 0
    http-reuse always
    {buffering} http-buffer-request
frontend front
    bind {work}/front
    default_backend back
backend back
    http-request set-header X-Last 1
    server brood {brood}
"""


@contextlib.contextmanager
def standing(work, command, log, **options):
    """Until its socket is there, and no longer than that is wanted."""
    with open(log, "ab") as output, subprocess.Popen(command, stdout=output, stderr=output, **options) as proxy:
        try:
            wait_until((work / "front").exists, LONG, log.read_text)
            yield
        finally:
            proxy.terminate()
            proxy.wait(LONG)


@contextlib.contextmanager
def nginx_in_front(work, brood, buffering):
    """How many requests it has passed on so far."""
    work.mkdir()
    (work / "nginx.conf").write_text(NGINX_CONFIGURATION.format(
        work=work, brood=brood.url.removeprefix("tcp://"), buffering=buffering,
        user="user root;" if os.geteuid() == 0 else ""))
    with standing(work, (NGINX, "-p", work, "-e", work / "error.log", "-c", work / "nginx.conf"), work / "error.log"):
        # Of a connection that failed once there are several, with commas between them.
        yield lambda: sum(line.count(",") + (line != "-") for line in (work / "access.log").read_text().splitlines())


@contextlib.contextmanager
def haproxy_in_front(work, brood, buffering):
    """How many requests it has passed on so far."""
    work.mkdir()
    (work / "haproxy.cfg").write_text(HAPROXY_CONFIGURATION.format(
        work=work, brood=brood.url.removeprefix("tcp://"), buffering="option" if buffering == "on" else "no option"))
    libraries = {**os.environ, "LD_LIBRARY_PATH": str(UNPACKED / "lib" / "x86_64-linux-gnu")}
    with standing(work, (HAPROXY, "-db", "-f", work / "haproxy.cfg"), work / "log", env=libraries):
        yield lambda: sum(line.startswith("brood ") for line in (work / "log").read_text().splitlines())


def ask(path, raw):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(strictness.SILENCE_S)
        client.connect(str(path))
        client.sendall(raw + strictness.GOOD)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while client.recv(1 << 16):
                pass


def check_chain(start, tmp_path, model, in_front, buffering):
    log = tmp_path / "access.log"
    brood = start("hello", *models.words(model), "--access-log", "common", "--access-log-file", log, warm=False)
    brood.request = web.PROBE
    with in_front(tmp_path / "proxy", brood, buffering) as passed_on:
        for probe in strictness.PROBES:
            ask(tmp_path / "proxy" / "front", probe.raw)
        # Either writes its lines when it has time.
        def counts():
            return passed_on(), len(log.read_text().splitlines())

        wait_until(lambda: counts()[0] == counts()[1] > 10, LONG, lambda: f"{counts()}: {log.read_text()}")
        time.sleep(SETTLED_S)
        assert counts()[0] == counts()[1]


@pytest.mark.fault
@pytest.mark.skipif(not NGINX, reason="nginx is not here: tools/fetch-peers nginx unpacks it")
@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("model", ["fork", "event"])
def test_brood_behind_nginx_sees_as_many_requests_as_it_passed_on(start, tmp_path, model, buffering):
    check_chain(start, tmp_path, model, nginx_in_front, buffering)


@pytest.mark.fault
@pytest.mark.skipif(not HAPROXY, reason="haproxy is not here: tools/fetch-peers haproxy unpacks it")
@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("model", ["fork", "event"])
def test_brood_behind_haproxy_sees_as_many_requests_as_it_passed_on(start, tmp_path, model, buffering):
    check_chain(start, tmp_path, model, haproxy_in_front, buffering)
