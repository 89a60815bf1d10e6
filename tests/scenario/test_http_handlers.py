# SPDX-License-Identifier: MIT
"""What becomes of a request whose handler does what few do: answers beyond all bounds, or in a child of its own."""
import pytest

from harness import web
from harness.http_client import Connection, get


@pytest.mark.parametrize("model", web.MODELS)
def test_an_answer_that_does_not_fit_leaves_nothing_behind(start, handlers, model):
    with Connection(web.obeying(start, handlers, model).url) as connection:
        answer = connection.ask(get("/overflow"))
        assert (answer.status, answer.body) == (404, b"404 Not Found\n")
        assert "x-1" not in answer.fields
        assert connection.ask(get("/")).status == 200


@pytest.mark.parametrize("model", web.MODELS)
def test_a_child_of_the_handler_answers_alone(start, handlers, model):
    with Connection(web.obeying(start, handlers, model).url) as connection:
        answer = connection.ask(get("/fork"))
        if model in ("thread", "event"):
            assert answer.status == 500 # brood_fork is not for these
            return
        assert answer.status == 200 and int(answer.body) > 0
        connection.finish()
        assert connection.is_over()
