"""What a browser sends is read within limits: of size, of time, of number."""

import asyncio

import pytest
from fastapi import HTTPException
from starlette.requests import Request

from vestige.web.bodies import Answers, _answers, body


def request(pieces, kind="application/x-www-form-urlencoded", pause=0.0, length=None):
    waiting = list(pieces)

    async def receive():
        await asyncio.sleep(pause)
        more = len(waiting) > 1
        return {"type": "http.request", "body": waiting.pop(0), "more_body": more}

    headers = [(b"content-type", kind.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def refused(made):
    with pytest.raises(HTTPException) as caught:
        asyncio.run(made)
    return caught.value.status_code


def test_what_is_too_long_is_refused_before_it_is_read_and_while_it_is():
    assert refused(body(request([b"x"], length=10**12), 1000, 5)) == 413
    assert refused(body(request([b"x" * 600] * 2), 1000, 5)) == 413


def test_what_is_too_slow_is_refused():
    assert refused(body(request([b"x"] * 10, pause=0.05), 1000, 0.12)) == 408


def test_a_browser_that_goes_away_is_no_fault_of_ours():
    async def gone():
        return {"type": "http.disconnect"}

    cut = Request({"type": "http", "method": "POST", "headers": []}, gone)
    assert refused(body(cut, 1000, 5)) == 400


def test_only_forms_are_forms():
    assert refused(_answers(request([b"{}"], kind="application/json"))) == 415
    assert refused(_answers(request([b"a=1&" * 20_001]))) == 413


def test_every_value_of_a_field_is_heard():
    found = asyncio.run(_answers(request([b"frame=1&frame=2&", b"title=K%C3%B6nig+"])))
    assert isinstance(found, Answers)
    assert (found.all("frame"), found.one("title"), found.one("none", "x")) == (["1", "2"], "König", "x")
    assert (len(found), list(found), found["frame"]) == (2, ["frame", "title"], ["1", "2"])
