"""Questions that are passed on to their owners: signed, bounded, and costing nothing but themselves when nobody answers."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from api_house import House, of, open_doors
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from api import interface, questions
from api.questions import FORWARDED, Forwarded, target
from common import web
from common.errors import NotFound
from common.ids import DealerId
from common.testing.runtime import DEALER
from common.web import INTERNAL, asking_dealer, asking_user

V1 = "/api/v1"


@pytest.fixture
async def owner(house: House) -> FastAPI:
    """Another service, with the real check of who asks."""
    app = FastAPI()
    web.install(app)
    asking = asking_dealer(house.rt.settings.derived(INTERNAL))
    router = APIRouter()

    @router.get("/explain")
    async def explain(dealer: Annotated[DealerId, Depends(asking)], vehicle: str, type: str = "", on: str = "") -> dict[str, str]:
        return {"dealer": str(dealer), "vehicle": vehicle, "type": type, "on": on}

    @router.get("/campaigns")
    async def campaigns(dealer: Annotated[DealerId, Depends(asking)], q: str = "") -> dict[str, str]:
        return {"dealer": str(dealer), "q": q}

    @router.get("/campaigns/{name}")
    async def campaign(_: Annotated[DealerId, Depends(asking)], name: str) -> Response:
        if name == "gone":
            raise NotFound("There is no such campaign.", code="no_campaign")
        if name == "page":
            return Response("<script>alert(1)</script>", media_type="text/html", headers={"set-cookie": "a=b", "etag": '"x"'})
        if name == "broken":
            return Response(status_code=500)
        return Response(status_code=302, headers={"location": "https://elsewhere.example"})

    @router.get("/lexicon/drafts/{draft}/vehicles")
    async def vehicles(_: Annotated[DealerId, Depends(asking)], draft: UUID, limit: int, cursor: str = "") -> dict[str, Any]:
        if draft != of("draft"):
            raise NotFound("There is no such draft (any more).")
        visits = [{"order_id": str(of(f"order {n}")), "tags": []} for n in range(201 if cursor else 1)]
        return {
            "vehicles": 3, "items": [{"vehicle_id": str(of("vehicle")), "visits": visits}][:limit], "done": True,
            "next_cursor": None if cursor else str(of("vehicle")),
        }  # fmt: skip

    @router.post("/what-if")
    async def what_if(_: Annotated[DealerId, Depends(asking)], body: dict[str, Any]) -> dict[str, Any]:
        (vehicle,) = body["vehicles"]
        standing = {
            "stage": "planned",
            "invite_on": "2026-03-01",
            "due_on": None,
            "blocked": None,
            "outcome": None,
            "sentences": [],
        }
        told = {"type": "service", "before": standing, "after": standing | {"sentences": [str(len(vehicle["visits"]))]}}
        return {"vehicles": 1, "items": [{"vehicle_id": vehicle["vehicle_id"], "plate": None, **told}]}

    @router.api_route("/reviews/{rest:path}", methods=["GET", "POST", "DELETE"], include_in_schema=False)
    @router.api_route("/lexicon/{rest:path}", methods=["GET", "POST", "DELETE"], include_in_schema=False)
    async def anything(_: Annotated[DealerId, Depends(asking)], request: Request) -> dict[str, str]:
        user = str(asking_user(request))
        return {"did": f"{request.method} {request.url.path}", "user": user, "key": request.headers.get("idempotency-key", "")}

    app.include_router(router)
    return app


@pytest.fixture
def with_owner(house: House, owner: FastAPI, monkeypatch: pytest.MonkeyPatch) -> House:
    urls = dict.fromkeys(("scheduler", "ingest", "classifier"), "http://owner.internal")
    monkeypatch.setattr(house.asking.settings, "service_urls", urls)
    house.app = open_doors(house.rt, house.asking, owner)
    return house


async def test_why_is_asked_of_the_scheduler_in_the_dealers_name(with_owner: House) -> None:
    async with with_owner.logged_in() as browser:
        for name in (str(of("vehicle")), "AB12345", "ab 12 345"):
            answer = await browser.get(f"{V1}/vehicles/{name}/explain?type=service&on=2026-03-01")
            wanted = {"dealer": str(DEALER), "vehicle": str(of("vehicle")), "type": "service", "on": "2026-03-01"}
            assert (answer.status_code, answer.json()) == (200, wanted)
        for name in ("ZZ98765", "XX00000", str(of("nothing"))):
            assert (await browser.get(f"{V1}/vehicles/{name}/explain")).status_code == 404


async def test_which_invitations_would_move_is_asked_of_two_and_a_page_at_a_time(with_owner: House) -> None:
    path = f"{V1}/lexicon/drafts/{of('draft')}/invitations"
    async with with_owner.logged_in() as browser:
        first = (await browser.get(path)).json()
        rest = (await browser.get(f"{path}?cursor={first['next_cursor']}")).json()
        gone = await browser.get(f"{V1}/lexicon/drafts/{of('another')}/invitations")
        too_many = await browser.get(f"{path}?limit=101")
    assert (first["vehicles"], first["looked_at"], first["done"], first["visits_left_out"]) == (3, 1, True, 0)
    assert first["items"][0]["vehicle_id"] == str(of("vehicle"))
    assert (rest["next_cursor"], rest["visits_left_out"], rest["items"][0]["after"]["sentences"]) == (None, 1, ["200"])
    assert (gone.status_code, too_many.status_code) == (404, 422)


async def test_managers_publish_and_advisors_give_verdicts_in_their_own_names(with_owner: House) -> None:
    publish, verdict = f"{V1}/lexicon/versions", f"{V1}/reviews/{of('order')}/verdict"
    statuses = {}
    for role in ("owner", "advisor", "mechanic"):
        async with with_owner.logged_in(role=role) as browser:
            headers = {"idempotency-key": role}
            statuses[role] = [(await browser.post(path, json={}, headers=headers)).status_code for path in (publish, verdict)]
            assert (await browser.get(f"{V1}/lexicon/versions")).status_code == 200
            if role == "advisor":
                told = (await browser.post(verdict, json={}, headers=headers)).json()
    assert statuses == {"owner": [200, 200], "advisor": [403, 200], "mechanic": [403, 403]}
    assert told == {"did": f"POST /reviews/{of('order')}/verdict", "user": str(of("advisor")), "key": "advisor"}


@pytest.mark.parametrize("q", ["plain", "with space", "æøå & more", "100%", '"quoted"', "a+b", "a/b?c#d"])
async def test_what_is_asked_arrives_as_it_was_given(with_owner: House, q: str) -> None:
    async with with_owner.logged_in() as browser:
        answer = await browser.get(f"{V1}/campaigns", params={"q": q})
    assert answer.json() == {"dealer": str(DEALER), "q": q}


async def test_an_owners_refusal_comes_through_and_its_faults_do_not(with_owner: House) -> None:
    async with with_owner.logged_in() as browser:
        gone, page, broken, away = [await browser.get(f"{V1}/campaigns/{name}") for name in ("gone", "page", "broken", "away")]
        out = await browser.get(f"{V1}/campaigns/%2e%2e/messages")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_campaign")
    assert page.headers["content-type"] == "application/octet-stream", "an owner's page is not run under our address"
    assert "set-cookie" not in page.headers
    assert page.headers["etag"] == '"x"'
    assert (broken.status_code, away.status_code) == (503, 503)
    assert out.status_code == 404


async def test_with_nobody_else_there_lists_and_answers_work_and_questions_say_try_again(house: House) -> None:
    nobody = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    house.app = open_doors(house.rt, house.asking, FastAPI(), http=nobody)
    house.asking.settings.service_urls.update(dict.fromkeys(("scheduler", "ingest"), "http://127.0.0.1:9"))
    async with house.logged_in() as browser:
        for path in ("pending", "follow-up", "calls", "booked", "no", "owner-changed", "users", "settings"):
            assert (await browser.get(f"{V1}/{path}")).status_code == 200
        assert (await browser.post(f"{V1}/invitations/{of('invitation')}/answer", json={"answer": "call_me"})).status_code == 204
        for path in ("messages", "messages.csv", "campaigns", "imports", "connections", f"vehicles/{of('vehicle')}/explain"):
            answer = await browser.get(f"{V1}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
            assert answer.headers["retry-after"]


def refuse(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody is there")


async def test_an_owner_that_does_not_believe_us_is_away(house: House, owner: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    other = house.asking.settings.model_copy(update={"database_secret": type(house.rt.settings.database_secret)("another")})
    monkeypatch.setattr(house.asking, "settings", other.model_copy(update={"service_urls": {"scheduler": "http://x"}}))
    house.app = open_doors(house.rt, house.asking, owner)
    async with house.logged_in() as browser:
        assert (await browser.get(f"{V1}/campaigns")).status_code == 503


async def test_an_owner_that_is_slow_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(questions, "LIMIT_SECONDS", 0.05)
    house.app = open_doors(house.rt, house.asking, FastAPI(), http=httpx.AsyncClient(transport=httpx.MockTransport(never)))
    async with house.logged_in() as browser:
        assert (await browser.get(f"{V1}/messages")).status_code == 503


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        ("/a", "", "/a"),
        ("/a", "b=1&c=", "/a?b=1&c="),
        ("/a", "b=%C3%A6&c=x y", "/a?b=%C3%A6&c=x+y"),
        ("/a b", "", "/a%20b"),
    ],
)
def test_a_question_is_written_in_one_way(path: str, query: str, asked: str) -> None:
    assert target(path, query) == asked


def test_what_an_owner_describes_is_described_by_us(owner: FastAPI) -> None:
    ours: dict[str, Any] = {"paths": {f"{V1}/campaigns/{{id}}/answer": {"post": {}}}, "components": {"schemas": {}}}
    interface.merge(ours, owner.openapi(), FORWARDED[0])
    assert set(ours["paths"]) == {f"{V1}/campaigns/{{id}}/answer", f"{V1}/campaigns", f"{V1}/campaigns/{{name}}"}
    assert "scheduler_HTTPValidationError" in ours["components"]["schemas"]
    assert "#/components/schemas/HTTPValidationError" not in str(ours["paths"])
    interface.merge(ours, owner.openapi(), Forwarded("nothing", "scheduler"))
