# SPDX-License-Identifier: MIT
"""How long everything takes: a plan beforehand, and for each suite an allowance that keeps all within the limit.

What suites leave over, those after them may use for further rounds, when theirs disagree.
"""

import dataclasses
import json
import time

LIMIT_S = 29 * 60  # of a run, however many suites it has
BUILD_S = 30  # brood, the bare loops, the clients
SUITE_S = 2  # compiling what it needs
SLACK_PART = 0.5  # of what is left over: for one suite
HOPELESS = 3  # times what was planned
QUICK_PART = 0.4  # of a suite's work
TRIAL_PART = 0.02


@dataclasses.dataclass(frozen=True)
class Allowance:
    rounds: int
    deadline: float  # of the monotonic clock: rounds that are not needed do not begin after it …
    hopeless: float  # … and none at all after this
    strict: bool = True  # rounds that disagree are no result


def scaled(suite, part):
    """The same with less work."""
    return dataclasses.replace(suite, count=max(10, int(suite.count * part)), seconds=suite.seconds * part)


def round_seconds(suite, results):
    """As the last results say, if they are of this declaration; else as it was declared."""
    try:
        last = json.loads((results / f"{suite.name}.json").read_text())
        work = (0 if suite.seconds else suite.count, suite.seconds)
        if (last["units_per_round"], last["seconds_per_round"]) == work:
            return last["took_s"] / last["rounds_done"]
    except (OSError, ValueError, KeyError):
        pass
    return suite.round_s


class Plan:
    def __init__(self, suites, options):
        """suites: as declared. options: rounds (None: each its own), quick, trial, seconds (None: each its own)."""
        part = TRIAL_PART if options.trial else QUICK_PART if options.quick else 1
        self.suites, self.estimates, self._rounds = [], {}, {}
        self.strict = not options.trial
        for suite in suites:
            each = round_seconds(suite, options.results)
            # Starting and stopping does not get less with the work.
            each *= part if part == 1 else 0.35 + 0.65 * part
            if suite.seconds and options.seconds:
                each *= options.seconds / suite.seconds
                suite = dataclasses.replace(suite, seconds=options.seconds)
            rounds = options.rounds or (2 if options.trial else 5 if options.quick else suite.rounds)
            self.suites.append(scaled(suite, part))
            self._rounds[suite.name] = rounds
            self.estimates[suite.name] = SUITE_S + rounds * each
        self.total_s = BUILD_S + sum(self.estimates.values())
        self._end = time.monotonic() + max(LIMIT_S, self.total_s)

    def lines(self):
        for suite in self.suites:
            seconds = self.estimates[suite.name]
            yield f"  {suite.name:16} {self._rounds[suite.name]:3} rounds {seconds:6.0f} s   {suite.work}"
        yield f"  {'in all':16} about {self.total_s / 60:.0f} min, at most {LIMIT_S // 60} min"

    def allowance(self, number):
        """For the suite of this number, which begins now."""
        suite = self.suites[number]
        now = time.monotonic()
        later = sum(self.estimates[each.name] for each in self.suites[number + 1 :])
        left_over = self._end - now - later - self.estimates[suite.name]
        deadline = now + self.estimates[suite.name] + SLACK_PART * max(0, left_over)
        hopeless = deadline + HOPELESS * self.estimates[suite.name]
        return Allowance(self._rounds[suite.name], deadline, hopeless, self.strict)
