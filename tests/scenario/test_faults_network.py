# SPDX-License-Identifier: MIT
"""
R23, R24, R25, R28 on a real wire: server and clients are two network namespaces, and what lies between them loses
packets, is slow, or is cut. Brood has no TLS yet: the handshake of R23 is the first request.
"""
import collections
import contextlib
import socket
import statistics
import threading
import time

import pytest

from harness import clients, models, netns, processes
from harness.patience import LONG, SCALE
from harness.processes import wait_until
from harness.sources import ask_from, connect_from, holding

pytestmark = pytest.mark.fault

MODELS = ["event", "thread", "prefork", "fork"]
REFUSAL_WORDS = "try again later\\r\\n"
REFUSAL = b"try again later\r\n"
LATE_S = 0.7 * SCALE  # deadlines of who is not waiting are looked at four times a second
GRACE_S = 5           # of waiting are free before a rate counts (core/pace.h)
WARM_UP = 3           # clients that each brood has had when a test begins


@pytest.fixture(name="link")
def make_link():
    reason = netns.missing()
    if reason:
        pytest.skip(reason)
    with netns.Link() as link:
        yield link


@pytest.fixture(name="serve")
def serve_there(link, start):
    """Like `start`, in the server's namespace. The invariants are checked over a perfect wire again."""
    def serve_one(*words, **options):
        return start(*words, listen=[f"tcp://{netns.SERVER}:0"], prefix=link.server_side, **options)

    yield serve_one
    link.repair()


def big(size):
    """What obey's `big` sends."""
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def reasons(brood):
    return collections.Counter(record["reason"] for record in brood.records("end"))


def timed(act):
    begin = time.monotonic()
    act()
    return time.monotonic() - begin


# ---- R28: packets are lost, or the line is slow. All models share it --------------------------------------------

LOSS_PERCENT = 5
ANSWER_SIZE = 8 << 20
LINE_KBIT = 1000
LINE_BYTES_PER_S = LINE_KBIT * 125


def on_every_model(serve, handler, *words):
    return {model: serve(handler, *models.words(model), *words) for model in MODELS}


def check_finished(broods, count):
    """Each of them has had so many clients since the warm-up, and no end but this one."""
    for model, brood in broods.items():
        wait_until(lambda b=brood: sum(reasons(b).values()) == WARM_UP + count, LONG, brood.text)
        assert reasons(brood) == {"finished": WARM_UP + count}, model


def check_together(broods):
    """The invariants, which take their time; the fixture would look at one after the other."""
    models.each(list(broods.values()), lambda brood: brood.check())
    for brood in broods.values():
        brood.checked = False


def test_r28_eight_megabytes_arrive_whole_though_packets_are_lost(link, serve, handlers):
    broods = on_every_model(serve, handlers("obey"))
    link.lose(LOSS_PERCENT)

    def take(model):
        assert clients.ask(broods[model].url, b"big %d\n" % ANSWER_SIZE) == big(ANSWER_SIZE)

    models.each(MODELS, take)
    assert link.packets_lost() > len(MODELS) * ANSWER_SIZE / netns.PACKET_BYTES * LOSS_PERCENT / 100 / 2
    check_finished(broods, 1)
    link.repair()
    check_together(broods)


def test_r28_what_is_sent_comes_back_whole_though_packets_are_lost(link, serve):
    broods = on_every_model(serve, "echo")
    link.lose(LOSS_PERCENT)
    text = big(1 << 20)

    def send_and_take(model):
        with clients.connect(broods[model].url) as client:
            sender = threading.Thread(target=lambda: (client.sendall(text), client.shutdown(socket.SHUT_WR)))
            sender.start()
            assert clients.read_to_end(client) == text
            sender.join()

    models.each(MODELS * 3, send_and_take)
    assert link.packets_lost() > len(MODELS) * 3 * 2 * len(text) / netns.PACKET_BYTES * LOSS_PERCENT / 100 / 2
    check_finished(broods, 3)
    link.repair()
    check_together(broods)


def test_r28_at_a_megabit_nobody_is_timed_out(link, serve, handlers):
    broods = on_every_model(serve, handlers("obey"))
    link.rate(LINE_KBIT)
    size = 30000

    def take(model):
        assert clients.ask(broods[model].url, b"big %d\n" % size) == big(size)

    assert timed(lambda: models.each(MODELS * 3, take)) > len(MODELS) * 3 * size / LINE_BYTES_PER_S * 0.8
    check_finished(broods, 3)
    link.repair()
    check_together(broods)


@pytest.mark.parametrize("model", MODELS)
def test_r28_who_takes_something_is_not_taken_for_one_who_takes_nothing(link, serve, handlers, model):
    """poll(2) says that there is room when a third of the buffer is free: on a slow line after the write timeout."""
    link.server.set("tcp_wmem", "4096 65536 262144")
    brood = serve(handlers("obey"), *models.words(model), "--write-timeout", "250ms")
    link.rate(LINE_KBIT)
    assert clients.ask(brood.url, b"big 300000\n") == big(300000)
    check_finished({model: brood}, 1)


# ---- R28 with --min-rate: slow is not too slow ----------------------------------------------------------------

FAST_ENOUGH = LINE_BYTES_PER_S // (2 * len(MODELS)) // 8  # an eighth of what each has, if the kernel is fair
TOO_SLOW = 2 * LINE_BYTES_PER_S
STAY_S = GRACE_S + 1.5 * SCALE


def take_all_the_time(client):
    """What comes for so long. Whether it went on to the end."""
    begin = time.monotonic()
    client.sendall(b"big 100000000\n")
    while time.monotonic() - begin < STAY_S:
        if not client.recv(1 << 16):
            return False
    return True


def send_all_the_time(client):
    begin = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begin < STAY_S:
            client.send(b"x" * 1000)
        return True
    return False


@pytest.mark.parametrize("act", [take_all_the_time, send_all_the_time])
def test_r28_a_slow_line_is_too_slow_below_the_minimum_rate_and_not_above(link, serve, handlers, act):
    """A client of each model for whom it is fast enough, and one for whom it is not, all at the same time."""
    for side in (link.server, link.client):
        side.set("tcp_wmem", "4096 16384 16384")  # else whole seconds are between what is sent and what comes
    handler = handlers("obey")
    broods = {(model, rate): serve(handler, *models.words(model), "--min-rate", rate)
              for model in MODELS for rate in (FAST_ENOUGH, TOO_SLOW)}
    link.rate(LINE_KBIT)

    def stay(key):
        with clients.connect(broods[key].url) as client:
            begin = time.monotonic()
            stays = act(client)
            lasted = time.monotonic() - begin
            # Now, before it goes.
            ends = reasons(broods[key])["too-slow"]
        if key[1] == FAST_ENOUGH:
            assert stays and ends == 0
        else:
            assert not stays and ends == 1 and GRACE_S - 0.1 < lasted < STAY_S

    models.each(list(broods), stay)
    link.repair()
    check_together(broods)


# ---- R23: half a handshake ------------------------------------------------------------------------------------

UNFINISHED = 200
ASKING = 20     # properly, meanwhile, at the least
DEADLINE_S = 1


class Unfinished:
    """A third says nothing, a third half a line, a third a byte now and then: until the block ends."""

    def __init__(self, url):
        family, kind, address = clients.address_of(url)
        self._crowd = [socket.socket(family, kind) for _ in range(UNFINISHED)]
        for client in self._crowd:
            client.setblocking(False)
            client.connect_ex(address)
        self._over = threading.Event()
        self._feeder = threading.Thread(target=self._feed)

    def _feed(self):
        waiting, sipping = self._crowd[0::3], self._crowd[1::3]
        while not self._over.wait(0.1):
            waiting = [client for client in waiting if not self._say(client, b"6*")]
            for client in sipping:
                self._say(client, b"1")

    @staticmethod
    def _say(client, text):
        with contextlib.suppress(OSError):
            return client.send(text)

    def __enter__(self):
        self._feeder.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._feeder.join()
        for client in self._crowd:
            client.close()


@pytest.mark.parametrize("model", MODELS)
def test_r23_who_does_not_get_through_the_first_request_is_ended_and_harms_nobody(link, serve, model):
    brood = serve("calc", *models.words(model, UNFINISHED + 20), "--first-byte-timeout", f"{DEADLINE_S}s",
                  "--request-timeout", f"{DEADLINE_S}s")
    link.rate(10000)
    link.lose(2)

    def ended():
        return reasons(brood)["first-byte-timeout"] + reasons(brood)["request-timeout"]

    seconds = []
    with Unfinished(brood.url):
        begin = time.monotonic()
        # The first packet of the last of them may have been lost three times.
        while len(seconds) < ASKING or (ended() < UNFINISHED and time.monotonic() - begin < LONG):
            seconds.append(timed(lambda: assert_calculated(clients.ask(brood.url, b"6*7\n"))))
            time.sleep(0.02)
    assert ended() == UNFINISHED and set(reasons(brood)) == {"first-byte-timeout", "request-timeout", "finished"}
    # Some of those who asked lost a packet as well: a second goes by until the kernel tries to connect again.
    assert statistics.median(seconds) < 0.1 * SCALE


def assert_calculated(answer):
    assert answer == b"42\r\n"


# ---- R23: who vanishes without a word -------------------------------------------------------------------------

def say_nothing(client):
    del client


def say_half_a_line(client):
    client.sendall(b"6*")


def fall_silent_between_requests(client):
    client.sendall(b"6*7\n")
    assert client.recv(100) == b"42\r\n"


def take_no_answer(client):
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(100):
            client.send(b"2**4000\n" * 1000)


VANISHING = {say_nothing: "first-byte-timeout", say_half_a_line: "idle-timeout",
             fall_silent_between_requests: "idle-timeout", take_no_answer: "write-timeout"}
OF_EACH = 2


@pytest.mark.parametrize("way", [netns.Link.cut, netns.Link.forget_client])
@pytest.mark.parametrize("model", MODELS)
def test_r23_who_vanishes_without_a_word_is_ended_at_the_deadline(link, serve, model, way):
    """No FIN, no reset: the server's kernel takes them for connected long after. Brood keeps nothing of them."""
    deadlines = [f"--{which}-timeout={DEADLINE_S}s" for which in ("first-byte", "idle", "write")]
    brood = serve("calc", *models.words(model, OF_EACH * len(VANISHING) + 1), *deadlines)
    link.server.set("tcp_wmem", "4096 16384 65536")
    before = reasons(brood)
    with contextlib.ExitStack() as stack:
        for act in VANISHING:
            for _ in range(OF_EACH):
                act(stack.enter_context(clients.connect(brood.url)))
        way(link)
        wanted = before + collections.Counter(list(VANISHING.values()) * OF_EACH)
        # Who took something in the first moment of the wait may take nothing for as long once more.
        wait_until(lambda: reasons(brood) == wanted, 2 * DEADLINE_S + LATE_S, lambda: str(reasons(brood)))
        # They are still away.
        wait_until(lambda: brood.descriptor_counts() == brood.baseline, LATE_S, brood.descriptor_counts)


# ---- R24: one source floods -----------------------------------------------------------------------------------

FLOOD = 1000
KEPT = 10


def assert_served(answer):
    assert answer == b"1\n"


def percentile(seconds, share):
    return sorted(seconds)[int(len(seconds) * share)]


@pytest.mark.parametrize("model", MODELS)
def test_r24_on_a_line_that_they_share_one_source_floods_and_others_are_served(link, serve, handlers, model):
    brood = serve(handlers("obey"), *models.words(model, KEPT + 10), "--max-per-source", KEPT)
    link.rate(10000)
    alone = [timed(lambda: assert_served(ask_from(netns.CLIENT, brood.url))) for _ in range(100)]
    with contextlib.ExitStack() as flood:
        held = []

        def flooding():
            for _ in range(FLOOD):
                held.append(flood.enter_context(connect_from(netns.OTHER_CLIENT, brood.url)))

        flooder = threading.Thread(target=flooding)
        flooder.start()
        others = []
        while flooder.is_alive() or len(others) < 100:
            others.append(timed(lambda: assert_served(ask_from(netns.CLIENT, brood.url))))
        flooder.join()
        assert len(held) == FLOOD
        assert percentile(others, 0.99) < 2 * percentile(alone, 0.99) + 0.1 * SCALE
        wait_until(lambda: brood.records("end", reason="refused-per-source"), LONG, brood.text)
    brood.stop()
    assert brood.summary()["refused"] == FLOOD - KEPT


SOURCES = 10000  # the table has 8192 entries (limits/sources.h)


# In one of them each worker lets in by itself, in the other the service process does.
@pytest.mark.parametrize("model", ["event", "fork"])
def test_r24_more_sources_than_are_remembered_make_none_forgotten_that_has_clients(link, serve, handlers, model):
    brood = serve(handlers("obey"), *models.words(model, 20), "--max-per-source", 3, "--refusal", REFUSAL_WORDS)
    many = link.many_clients()
    with holding(netns.OTHER_CLIENT, brood.url, 3):
        before = resident_kib(brood)
        for _ in range(SOURCES):
            connect_from(next(many), brood.url).close()
        assert ask_from(next(many), brood.url) == b"1\n"
        assert ask_from(netns.OTHER_CLIENT, brood.url) == REFUSAL
        assert resident_kib(brood) < before + 1024


def resident_kib(brood):
    return sum(int(processes.status_field(pid, "VmRSS").split()[0]) for pid in (brood.supervisor, brood.service))


@pytest.mark.parametrize("model", MODELS)
def test_r24_a_source_that_vanished_gets_its_places_back_at_the_deadline(link, serve, handlers, model):
    brood = serve(handlers("obey"), *models.words(model, 20), "--max-per-source", 3, "--idle-timeout",
                  f"{DEADLINE_S}s", "--refusal", REFUSAL_WORDS)
    with holding(netns.OTHER_CLIENT, brood.url, 3):
        assert ask_from(netns.OTHER_CLIENT, brood.url) == REFUSAL
        link.cut()
    wait_until(lambda: reasons(brood)["idle-timeout"] == 3, DEADLINE_S + LATE_S, brood.text)
    link.repair()
    wait_until(lambda: ask_from(netns.OTHER_CLIENT, brood.url) == b"1\n", 1 * SCALE, "its places are not given back")


# ---- R25: those who are in keep asking ------------------------------------------------------------------------

PLACES = 4
AHEAD = 50   # requests that have been sent before the first answer is read


class Monopolist:
    """Always has a request on the line; comes again when it had to give way."""

    def __init__(self, url):
        self.answers = 0
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._over.is_set():
            with contextlib.suppress(OSError), clients.connect(self._url) as client:
                client.sendall(b"6*7\n" * AHEAD)
                while not self._over.is_set():
                    lines = client.recv(4096).count(b"\n")
                    if not lines:
                        break
                    self.answers += lines
                    client.sendall(b"6*7\n" * lines)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.mark.parametrize("model", MODELS)
def test_r25_who_is_new_is_served_within_a_second_while_twice_as_many_as_there_are_places_keep_asking(
        link, serve, model):
    brood = serve("calc", *models.words(model, PLACES))
    link.rate(1000)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(Monopolist(brood.url)) for _ in range(2 * PLACES)]
        wait_until(lambda: sum(one.answers > 0 for one in crowd) >= PLACES, LONG, "nobody is served")
        seconds = [timed(lambda: assert_calculated(clients.ask(brood.url, b"6*7\n"))) for _ in range(3)]
    assert max(seconds) < 1 * SCALE
    wait_until(lambda: reasons(brood)["gave-way"] > 0, LONG, brood.text)
