# SPDX-License-Identifier: MIT
"""The page that says what brood takes for a request, beside others: docs/reference/http-strictness.md."""
import pathlib
import urllib.parse

import pytest

from harness import models, strictness, web

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "http-strictness.md"


@pytest.mark.parametrize("model", ["fork", "event", "thread"])
def test_the_page_says_what_brood_does(start, model):
    brood = start("hello", *models.words(model), warm=False)
    brood.request = web.PROBE
    brood.warm_up()
    address = urllib.parse.urlsplit(brood.url)
    outcomes = strictness.measure((address.hostname, address.port))
    assert strictness.page(outcomes) == PAGE.read_text(), "make it anew: see tests/harness/strictness.py"


def test_nothing_that_two_servers_read_differently_is_taken():
    text = PAGE.read_text()
    taken = [line.split("|")[1].strip() for line in text.splitlines() if "| **taken**" in line]
    assert taken == [
        "a method nobody knows",
        "a method in small letters",
        "a field of 9 KiB",
        "two requests at once",
    ]
    assert "smuggled" not in text and "lost**" not in text
