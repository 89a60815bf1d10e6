# SPDX-License-Identifier: MIT
"""What a suite may say. All are declared in suites*.py; how they are measured is in rounds.py and offered.py.

In commands: {bare} and {work} are directories of freshly built programs, {brood} the command,
{peers} bench/peers, {port} the port to listen on at 127.0.0.1, {model} what `bench/run --model` says.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    name: str
    command: str
    source: str = ""  # compiled before: "FILE.c [flags]", relative to the project
    share: float = 1.0  # of the suite's count: a slow peer needs fewer for the same precision
    peer: bool = False  # may be missing on this machine; is then left out of the table
    load: str = ""  # more options for the load client
    paced: bool = False  # its latency is measured at the suite's part of saturation, too
    idle: int = 0  # clients that are connected besides, and say nothing
    slow: int = 0  # clients that are connected besides, and send a byte each second
    line: str = ""  # of the picture, that it is a point of; with rates: its name in its panel
    at: float = 0  # where on that line
    against: str = ""  # whom it is divided by, and whose rounds decide its spread; "": the suite's floors
    panel: str = ""  # with rates: where it is drawn; the first one of a panel is the panel's floor

    client: str = ""  # where the suite has none: it is measured, and not its server; {each} of {at_once}, or {count}
    client_source: str = ""  # compiled before, too

    @property
    def kind(self):
        measured = self.client or self.command
        return "peer" if self.peer else "bare" if measured.startswith("{bare}") else "brood"

    @property
    def needs_brood(self):
        return "{brood" in self.command + self.client


@dataclass(frozen=True)
class Goal:
    """At most so much, or at least."""

    contender: str
    at_most: float = 0
    times: str = ""  # what another contender of the suite takes; "": a figure by itself
    field: str = "cpu_us"  # of Sample
    at_least: float = 0


@dataclass(frozen=True)
class Panel:
    """A part of the suite's picture: one field of all contenders that have it."""

    field: str = "cpu_us"  # of Sample
    title: str = ""  # "": what the field is called, see fields.py
    times: str = ""  # in multiples of this contender, which is the line; "": figures by themselves


@dataclass(frozen=True)
class Suite:
    name: str
    work: str  # what one unit is worth, for the table's title
    contenders: tuple
    floors: tuple = ()  # contenders that every other one is divided by; the first one decides the spread
    round_s: float = 10  # how long a round takes, for the plan; what the last results say is believed more
    goals: tuple = ()
    panels: tuple = ()  # of the picture; (): CPU in multiples of the first floor
    axis: str = ""  # what `at` means: then the picture has lines instead of bars
    client: str = "load"  # bench/CLIENT.c, see clients.py; "": each contender's own, see measured.py
    unit: str = "connection"  # what the client counts
    rounds: int = 7  # unless somebody asks for another number
    count: int = 6000  # units of each contender in each round
    seconds: float = 0  # or so long, whatever the count
    rates: tuple = ()  # parts of what each panel's floor can do: the latency at these rates is measured, and no CPU
    open_at_once: int = 8
    paced_part: float = 0  # of the first floor's rate; 0: nobody is measured so
    transport: str = "tcp"
    agree_on: str = "cpu_us"  # the field of Sample whose ratios must be alike in all rounds
    files: tuple = ()  # sizes: {work}/files has a file of each, whose name it is
    remarks: tuple = ()  # printed below the table

    def floors_of(self, contender):
        """Title of the column → whom the contender is divided by there."""
        return {"bare loop": contender.against} if contender.against else {floor: floor for floor in self.floors}
