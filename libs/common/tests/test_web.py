"""The web's edge: bad input is a problem with a reason, never a 5xx; only api may ask in a user's name."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from common import web
from common.errors import Conflict, DomainError, NotFound, TransientError
from common.ids import DealerId

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Given(BaseModel):
    name: str
    count: int = 0


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    web.install(app)

    @app.post("/things")
    async def make(given: Given) -> Given:
        return given

    @app.get("/fails/{how}")
    async def fail(how: str) -> None:
        errors = {
            "missing": NotFound("No such thing."),
            "conflict": Conflict("Done already."),
            "away": TransientError("the database"),
        }
        raise errors.get(how) or DomainError("A rule says no.", code="by_rule")

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


BAD_BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b'{"name": NaN}', b'{"name": "x", "count": Infinity}', b'{"name": "\\u0000"}',
    b'{"name": "\\ud800"}', b'{"name": "x", "name": "y"}', b'{"name": "x", "count": 9223372036854775808}',
    b'{"name": "x", "count": 1e999}', b'{"name": "x", "count": ' + b"9" * 5000 + b"}", b"\xff\xfe{\x00",
    '{"name": "x"}'.encode("utf-16"),
    b"[" * 100_000, b'{"name": "\xc3\x28"}', b'{"name": 7}', b'{"count": 1}', b'{"name": "x", "count": "many"}',
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
async def test_a_bad_body_is_a_problem_and_is_not_repeated(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/things", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_a_good_body_comes_through(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "Bjørn 🚗", "count": 3})
    assert answer.json() == {"name": "Bjørn 🚗", "count": 3}


async def test_a_body_beyond_the_bound_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", content=b"x" * (web.MAX_BODY + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("how", "status", "code"), [("missing", 404, "not_found"), ("conflict", 409, "conflict"), ("rule", 422, "by_rule")]
)
async def test_what_a_rule_refuses_is_a_problem_with_its_code(
    client: httpx.AsyncClient, how: str, status: int, code: str
) -> None:
    answer = await client.get(f"/fails/{how}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_what_is_away_says_when_to_try_again_and_not_what_it_was(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fails/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "database" not in answer.text


@pytest.mark.parametrize("path", ["/things", "/nowhere", "/fails/rule"])
async def test_every_answer_has_the_headers_of_a_careful_server(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


plain_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_strict_json_reads_whatever_json_can_say(value: Any) -> None:
    assert web.strict_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_strict_json_refuses_with_a_value_error_and_nothing_else(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        web.strict_json(raw)


def test_a_signed_request_is_known_by_its_dealer_and_only_for_that_path_and_moment() -> None:
    dealer = DealerId(uuid4())
    header = web.sign("secret", dealer=dealer, user=uuid4(), method="GET", path="/messages?limit=1", at=NOW)
    assert web.verified("secret", header, method="GET", path="/messages?limit=1", at=NOW) == dealer
    other = header.replace(str(dealer), str(uuid4()))
    late = NOW + timedelta(seconds=web.SIGNED_SECONDS + 1)
    for secret, given_header, method, path, at in [
        ("another", header, "GET", "/messages?limit=1", NOW),
        ("secret", other, "GET", "/messages?limit=1", NOW),
        ("secret", header, "POST", "/messages?limit=1", NOW),
        ("secret", header, "GET", "/messages?limit=2", NOW),
        ("secret", header, "GET", "/messages?limit=1", late),
        ("secret", "", "GET", "/messages?limit=1", NOW),
        ("secret", ";;;;", "GET", "/messages?limit=1", NOW),
    ]:
        with pytest.raises(DomainError) as refused:
            web.verified(secret, given_header, method=method, path=path, at=at)
        assert refused.value.status == 401
