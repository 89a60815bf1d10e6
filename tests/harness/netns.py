# SPDX-License-Identifier: MIT
"""
A network of two machines and a wire that can be slow, lossy or cut: two network namespaces and a veth between them.

None of it has a name outside of this process: a namespace is a descriptor that we hold, the wire lies between two of
them. So nothing can be left behind, however a test run ends. The thread that opens a Link stands on the client's
side until the Link is closed, and so do the sockets, threads and processes that it makes; the server is started with
`server_side` before its words.

Loss is a rule of nftables, a rate is tbf: kernels that have these and no netem are common. Delay is what tbf's queue
makes.
"""
import ctypes
import functools
import ipaddress
import os
import pathlib
import re
import subprocess

from harness.patience import LONG
from harness.processes import wait_until

NETWORK = "192.0.2.0/24"
SERVER = "192.0.2.1"
CLIENT = "192.0.2.2"        # where clients come from who do not say otherwise
OTHER_CLIENT = "192.0.2.3"
MANY_CLIENTS = ipaddress.ip_network("198.18.0.0/16")
WIRE = "wire"               # each side's name for its end

# So much may wait to be sent at a given rate. Nothing is lost of what fits; what is slow is then late as well.
QUEUE_BYTES = 1 << 20
BURST_BYTES = 4096

PACKET_BYTES = 1448         # of a stream, at most, in one of them

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)

# What comes in at either end of the wire. Where it goes out the sender's kernel would notice a drop.
_RULES = """
table inet faults
delete table inet faults
table inet faults {{
    counter lost {{ }}
    chain incoming {{
        type filter hook input priority 0
        iifname {wire} numgen random mod 1000 < {per_mille} counter name lost drop
    }}
}}
"""


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(namespace):
    _check(_LIBC.setns(namespace, _CLONE_NEWNET))


def _new_namespace(home):
    _check(_LIBC.unshare(_CLONE_NEWNET))
    try:
        return _current()
    finally:
        _enter(home)


class Side:
    """One of the two machines."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.prefix = ("nsenter", f"--net=/proc/{os.getpid()}/fd/{namespace}")

    def run(self, *words, text=None, keep=()):
        result = subprocess.run([*self.prefix, *map(str, words)], input=text, capture_output=True, text=True,
                                pass_fds=keep, timeout=LONG, check=False)
        if result.returncode != 0:
            raise OSError(f"{' '.join(map(str, words))}: {result.stderr.strip()}")
        return result.stdout

    def ip(self, *lines):
        self.run("ip", "-batch", "-", text="\n".join(lines) + "\n")

    def set(self, name, value):
        """A sysctl of this machine's network."""
        self.run("sysctl", "-q", "-w", f"net.ipv4.{name}={value}")

    def packets_lost(self):
        return int(re.search(r"packets (\d+)", self.run("nft", "list", "counter", "inet", "faults", "lost"))[1])

    def sockets(self):
        """TCP connections that are not over: not even an end that is still to be confirmed."""
        return self.run("ss", "-Htan", "state", "connected", "exclude", "time-wait").splitlines()


class Link:
    """Perfect at first, and again after `repair`."""

    def __init__(self):
        self._home = _current()
        self._open = [self._home]
        self.server = self.client = None
        try:
            self.server, self.client = (Side(self._new_side()) for _ in range(2))
            self._connect()
            _enter(self.client.namespace)
        except BaseException:
            self._let_go()
            raise

    def _new_side(self):
        namespace = _new_namespace(self._home)
        self._open.append(namespace)
        return namespace

    def _connect(self):
        far = self.client.namespace
        self.server.run("ip", "link", "add", WIRE, "type", "veth", "peer", "name", WIRE,
                        "netns", f"/proc/self/fd/{far}", keep=[far])
        # What is lost is a packet, as on a wire, and not 64 KiB that no device has cut into packets yet.
        up = ("link set lo up", f"link set {WIRE} gso_max_segs 1 up")
        self.server.ip(*up, f"address add {SERVER}/24 dev {WIRE}")
        self.client.ip(*up, *self._client_addresses())

    @staticmethod
    def _client_addresses():
        return [f"address add {address}/24 dev {WIRE}" for address in (CLIENT, OTHER_CLIENT)]

    @property
    def server_side(self):
        return self.server.prefix

    def many_clients(self):
        """Addresses that clients may bind as well, 65534 of them."""
        self.client.ip(f"route add local {MANY_CLIENTS} dev lo")
        self.server.ip(f"route add {MANY_CLIENTS} via {CLIENT}")
        return map(str, MANY_CLIENTS.hosts())

    # ---- What may be wrong with it ----------------------------------------------------------------------------

    def rate(self, kbit_per_s):
        """In each direction."""
        for side in (self.server, self.client):
            side.run("tc", "qdisc", "replace", "dev", WIRE, "root", "tbf", "rate", f"{kbit_per_s}kbit",
                     "burst", BURST_BYTES, "limit", QUEUE_BYTES)

    def lose(self, percent):
        """Of the packets in each direction, at random. They are sent again sooner than if the way was long."""
        for side in (self.server, self.client):
            side.run("ip", "route", "change", NETWORK, "dev", WIRE, "rto_min", "20ms")
            side.run("nft", "-f", "-", text=_RULES.format(wire=WIRE, per_mille=int(percent * 10)))

    def packets_lost(self):
        return self.server.packets_lost() + self.client.packets_lost()

    def cut(self):
        """No packet comes through; the server is not told."""
        self.client.ip(f"link set {WIRE} down")

    def forget_client(self):
        """Packets come through, and nobody there is meant by them."""
        self.client.ip(f"address flush dev {WIRE}")

    def repair(self):
        self.client.ip(f"link set {WIRE} up", f"address flush dev {WIRE}", *self._client_addresses())
        for side in (self.server, self.client):
            if "tbf" in side.run("tc", "qdisc", "show", "dev", WIRE):
                side.run("tc", "qdisc", "delete", "dev", WIRE, "root")
            side.run("nft", "flush", "ruleset")

    # ---- The end ----------------------------------------------------------------------------------------------

    def _let_go(self):
        _enter(self._home)
        for fd in reversed(self._open):
            os.close(fd)
        self._open.clear()

    def _inhabitants(self):
        names = {os.readlink(f"/proc/self/fd/{side.namespace}") for side in (self.server, self.client)}
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/ns/net"):
            try:
                if os.readlink(path) in names:
                    found.append(path.parts[2])
            except OSError:
                continue
        return found

    def close(self):
        """Nobody may live there any more, and no connection may keep its namespace alive after us."""
        try:
            _enter(self._home)
            self.server.run("ip", "link", "delete", WIRE)
            for side in (self.server, self.client):
                side.run("ss", "-HKtan")
                wait_until(lambda s=side: not s.sockets(), LONG, lambda s=side: f"left behind: {s.sockets()}")
            wait_until(lambda: not self._inhabitants(), LONG, lambda: f"processes left behind: {self._inhabitants()}")
        finally:
            self._let_go()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@functools.lru_cache(maxsize=None)
def missing():
    """Why there can be no such network here, in a sentence; None: there can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    try:
        with Link() as link:
            link.rate(1000)
            link.lose(1)
            link.repair()
    except OSError as error:
        return f"this machine has no network namespaces with tbf and nftables: {error}"
    return None
