"""Leads at the front door: the customer's page, the dealer's lists, and what staff says."""

from datetime import date

import httpx
import pytest
from api_house import House, english, lead, lead_code, of, visible

from common.events import Event
from common.events.answers import ContactSuppressed, CustomerAnswered, LeadAnswered, LeadFollowUpRecorded
from common.events.words import LeadType
from common.testing.runtime import DEALER, OTHER_DEALER


def answers(told: list[Event]) -> list[tuple[str, str | None, str]]:
    assert not any(isinstance(event, CustomerAnswered) for event in told)
    return [(event.answer, event.reason, event.type) for event in told if isinstance(event, LeadAnswered)]


@pytest.mark.parametrize("hint", ["", "?svar=ring", "?svar=nej", "?svar=afmeld", "?svar=book"])
@pytest.mark.parametrize("path", ["/a/", "/u/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(house: House, path: str, method: str, hint: str) -> None:
    before = await house.everything()
    async with house.browser() as browser:
        answer = await browser.request(method, f"{path}{lead_code()}{hint}")
    assert answer.status_code == 200
    assert not english(answer.text)
    assert await house.everything() == before
    assert await house.rt.published() == []


@pytest.mark.parametrize("kind", list(LeadType))
async def test_the_page_says_what_it_is_about_and_offers_no_booking(house: House, kind: str) -> None:
    await house.rt.deliver(DEALER, lead(revision=5, type=kind))
    async with house.browser() as browser:
        page = visible((await browser.get(f"/a/{lead_code()}")).text)
    for words in (
        "Nordhavn Auto",
        "Skoda Octavia (AB12345)",
        "Ring til mig",
        "Nej tak",
        "Jeg har fundet en anden løsning",
        "Afmeld",
    ):
        assert words in page
    assert "Bestil" not in page
    assert "Anne" not in page


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"svar": "ring"}, ("call_me", None)),
        ({"svar": "nej", "grund": "price"}, ("no", "price")),
        ({"svar": "nej", "grund": "sold"}, ("no", "sold")),
    ],
)
async def test_a_button_is_an_answer_and_again_is_the_same(
    house: House, form: dict[str, str], said: tuple[str, str | None]
) -> None:
    async with house.browser() as browser:
        for _ in range(2):
            assert (await browser.post(f"/a/{lead_code()}", data=form)).status_code == 200
    assert answers(await house.rt.published()) == [(*said, "lease_expiry")]


@pytest.mark.parametrize(
    "form", [{"svar": "book"}, {"svar": "nej"}, {"svar": "nej", "grund": "x"}, {}, {"svar": "'; drop table"}]
)
async def test_what_a_lead_does_not_ask_leads_back_to_its_page(house: House, form: dict[str, str]) -> None:
    async with house.browser() as browser:
        answer = await browser.post(f"/a/{lead_code()}", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/a/{lead_code()}")
    assert await house.rt.published() == []


async def test_one_click_unsubscribes_from_everything(house: House) -> None:
    async with house.browser() as browser:
        for _ in range(2):
            assert (await browser.post(f"/u/{lead_code()}", content="List-Unsubscribe=One-Click")).status_code == 200
    told = await house.rt.published()
    assert answers(told) == [("unsubscribe", None, "lease_expiry")]
    assert [event.customer_id for event in told if isinstance(event, ContactSuppressed)] == [of("customer")]


async def listed(browser: httpx.AsyncClient, view: str, **more: str) -> list[str]:
    answer = await browser.get("/api/v1/leads", params={"view": view, **more})
    assert answer.status_code == 200, answer.text
    return [row["lead_id"] for row in answer.json()["items"]]


async def test_each_view_shows_its_leads(house: House) -> None:
    coming = lead(
        name="1", stage="planned", contacted_on=None, call_from_on=None, send_on=date(2026, 4, 13), type="warranty_expiry"
    )
    far = lead(name="2", stage="planned", contacted_on=None, call_from_on=None, send_on=date(2026, 4, 14))
    stopped = lead(name="3", stage="pending", contacted_on=None, call_from_on=None, send_on=date(2026, 2, 12), permanent=True)
    fresh = lead(name="4", contacted_on=date(2026, 2, 10), call_from_on=date(2026, 2, 17))
    closed = lead(name="5", stage="closed", outcome="no_reaction", contacted_on=date(2025, 12, 1), call_from_on=None)
    await house.rt.deliver(DEALER, coming, far, stopped, fresh, closed)
    mine = str(of("lead"))
    async with house.logged_in() as browser:
        assert await listed(browser, "coming") == [str(coming.lead_id)]
        assert await listed(browser, "coming", type="visit") == []
        assert await listed(browser, "sent") == [str(fresh.lead_id), mine, str(closed.lead_id)]
        assert await listed(browser, "follow-up") == [mine]
        assert await listed(browser, "answered") == await listed(browser, "call") == []
        await browser.post(f"/a/{lead_code()}", data={"svar": "ring"})
        assert await listed(browser, "follow-up") == []
        assert await listed(browser, "call") == await listed(browser, "answered") == [mine]
        await browser.post(f"/a/{lead_code()}", data={"svar": "nej", "grund": "price"})
        assert await listed(browser, "call") == []
        assert await listed(browser, "answered") == [mine]


async def test_a_list_goes_on_where_its_page_ended(house: House) -> None:
    await house.rt.deliver(DEALER, *(lead(name=str(n), contacted_on=date(2026, 1, 1 + n % 3)) for n in range(7)))
    async with house.logged_in() as browser:
        for view in ("sent", "follow-up"):
            whole = await listed(browser, view)
            found: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                answer = (await browser.get("/api/v1/leads", params={"view": view, "limit": 3, "cursor": cursor})).json()
                found += [row["lead_id"] for row in answer["items"]]
                cursor = answer["next_cursor"]
            assert found == whole
            assert len(set(found)) == 8


@pytest.mark.parametrize("query", ["view=all", "type=service", "cursor=%00", "cursor=abc", "limit=0", "limit=9999"])
async def test_a_question_that_cannot_be_read_is_refused(house: House, query: str) -> None:
    async with house.logged_in() as browser:
        assert (await browser.get(f"/api/v1/leads?{query}")).status_code in (400, 422)


async def test_a_row_says_who_what_and_why(house: House) -> None:
    async with house.logged_in() as browser:
        (row,) = (await browser.get("/api/v1/leads?view=follow-up")).json()["items"]
    assert (row["customer"], row["plate"], row["type"], row["due_on"]) == ("Anne Holm", "AB12345", "lease_expiry", "2026-08-02")
    assert row["why"] == ["Bilens leasingaftale udløber den 2.8.2026."]
    assert row["reasons"] == ["contract_ends"]


async def test_staff_says_once_how_it_ended(house: House) -> None:
    async with house.logged_in() as browser:
        for _ in range(2):
            body = {"outcome": "booked", "note": "prøvetur torsdag"}
            assert (await browser.post(f"/api/v1/leads/{of('lead')}/outcome", json=body)).status_code == 204
        assert await listed(browser, "follow-up") == []
    (told,) = await house.rt.published()
    assert isinstance(told, LeadFollowUpRecorded)
    assert (told.outcome, told.note, told.lead_id) == ("booked", "prøvetur torsdag", of("lead"))


async def test_the_dealers_page_shows_a_list_and_takes_what_staff_says(house: House) -> None:
    async with house.logged_in() as browser:
        page = (await browser.get("/leads?view=follow-up")).text
        for words in (
            "Leasing udløber",
            "Anne Holm",
            "AB12345",
            "Opfølgning",
            "Ikke truffet",
            "Bilens leasingaftale udløber den 2.8.2026.",
        ):
            assert words in visible(page)
        assert not english(page)
        csrf = (await browser.get("/api/v1/session")).json()["csrf"]
        form = {"csrf": csrf, "back": "follow-up"}
        answer = await browser.post(f"/leads/{of('lead')}/no_reaction", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/leads?view=follow-up")
        assert (await browser.post(f"/leads/{of('lead')}/visited", data=form)).status_code == 422
        assert (await browser.post(f"/leads/{of('lead')}/booked", data={"csrf": "x"})).status_code == 403
    assert [event.outcome for event in await house.rt.published() if isinstance(event, LeadFollowUpRecorded)] == ["no_reaction"]


@pytest.mark.parametrize("query", ["?view=%3Cscript%3E", "?type=%3Cscript%3E", "?view=coming&type=visit"])
async def test_a_filter_that_is_none_shows_what_there_is(house: House, query: str) -> None:
    async with house.logged_in() as browser:
        answer = await browser.get(f"/leads{query}")
    assert answer.status_code == 200
    assert "<script" not in answer.text


async def test_a_salesman_may_say_how_a_lead_ended_and_hold_no_invitation(house: House) -> None:
    async with house.logged_in() as owner:
        await house.rt.sql(DEALER, """update api."user" set role = 'sales'""")
        assert (await owner.post(f"/api/v1/leads/{of('lead')}/outcome", json={"outcome": "booked"})).status_code == 204
        assert (await owner.post(f"/api/v1/invitations/{of('invitation')}/hold", json={})).status_code == 403


async def test_an_older_revision_changes_nothing(house: House) -> None:
    await house.rt.deliver(DEALER, lead(revision=4, stage="closed", outcome="booked", call_from_on=None))
    await house.rt.deliver(DEALER, lead(revision=3))
    async with house.logged_in() as browser:
        assert await listed(browser, "follow-up") == []
    async with house.logged_in(OTHER_DEALER) as browser:
        assert len(await listed(browser, "follow-up")) == 1
