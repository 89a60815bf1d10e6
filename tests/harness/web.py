# SPDX-License-Identifier: MIT
"""A brood that serves handlers/http_obey.c, for the scenarios about HTTP."""
import contextlib

from harness import models, plugins
from harness.brood import Brood
from harness.http_client import get

# `kept` is no model of its own here: HTTP has words for the dead by default.
MODELS = models.EVERY

# A new client when the invariants are checked: its answer ends with its connection.
PROBE = get("/", "Connection: close")


def make_ready(brood):
    brood.request = PROBE
    brood.warm_up()
    return brood


def obeying(start, handlers, model, *words, at_once=None, **options):
    return make_ready(start(handlers("http_obey"), *models.words(model, at_once), *words, warm=False, **options))


@contextlib.contextmanager
def shared(directory, model, *words):
    """One for many scenarios, checked when the last of them is over."""
    brood = Brood(directory / model, ["--listen", "tcp://127.0.0.1:0", plugins.handler(directory, "http_obey"),
                                      *models.words(model), *words])
    try:
        yield make_ready(brood)
    except BaseException:
        brood.kill()
        raise
    brood.finish()
