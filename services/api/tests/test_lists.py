"""The lists by REST: what stands on each, the filters, the pages and the files."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_house import NOW, House, invitation, of, visible
from hypothesis import given
from hypothesis import strategies as st

from api import cursors, downloads
from api.wording import FILE_COLUMNS, TYPES
from common.errors import DomainError
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.invitations import InvitationChanged, Reason
from common.events.settings import WorkshopChanged
from common.events.words import InvitationType
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import CustomerId, OrderId, SourceId, VehicleId, WorkshopId
from common.testing.runtime import DEALER

TODAY = date(2026, 2, 12)
WAITING: dict[str, Any] = {"stage": "planned", "step": 0, "contacted_on": None, "closes_on": None}


def waiting(name: str, send_on: date = TODAY, **facts: Any) -> InvitationChanged:
    """An invitation that has not left yet."""
    return invitation(name=name, revision=1, **{**WAITING, "send_on": send_on, **facts})


async def read(browser: httpx.AsyncClient, path: str) -> Any:
    answer = await browser.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(browser: httpx.AsyncClient, path: str) -> list[UUID]:
    return [UUID(row["invitation_id"]) for row in (await read(browser, path))["items"]]


def ids(*which: str) -> list[UUID]:
    return [of(f"invitation{name}") for name in which]


async def test_pending_marks_what_is_held_blocked_and_new(house: House) -> None:
    house.rt.at(NOW - timedelta(days=3))
    await house.rt.deliver(DEALER, waiting("old"), waiting("far", TODAY + timedelta(days=8)))
    house.rt.at(NOW)
    reasons = (Reason(code="open_order", params={"number": "77", "changed_on": "2026-02-01"}),)
    await house.rt.deliver(
        DEALER,
        waiting("blocked", TODAY + timedelta(days=1), blocked="open_order", reasons=reasons),
        waiting("today", TODAY + timedelta(days=7)),
        waiting("gone", TODAY, blocked="suppressed", permanent=True),
        waiting("going", TODAY + timedelta(days=1), blocked="suppressed", permanent=True),
    )
    async with house.logged_in() as browser:
        await browser.post(f"/api/v1/invitations/{of('invitationold')}/hold", json={"reason": "ferie"})
        rows = {UUID(row["invitation_id"]): row for row in (await read(browser, "/pending?language=en"))["items"]}
    old, blocked, today = (rows[of(f"invitation{name}")] for name in ("old", "blocked", "today"))
    assert set(rows) == set(ids("old", "blocked", "today", "going"))
    assert (old["held"], old["new"]) == (True, False)
    assert (blocked["new"], today["new"]) == (True, True)
    assert blocked["reasons"] == ["open_order"]
    assert blocked["blocked_why"] == blocked["why"][0] == "An order of that kind is open (no. 77, changed 2026-02-01)."


async def test_what_comes_near_by_the_clock_is_new_for_a_day(house: House) -> None:
    house.rt.at(NOW - timedelta(days=5))
    await house.rt.deliver(DEALER, waiting("soon", TODAY + timedelta(days=7)))
    seen = []
    for hours in (-11, 0, 15):
        house.rt.at(NOW + timedelta(hours=hours))
        async with house.logged_in() as browser:
            seen.append([row["new"] for row in (await read(browser, "/pending"))["items"]])
    assert seen == [[], [True], [False]], (
        "not listed at 23:00 local time the day before, new at 10:00, and not at 01:00 the day after"
    )


async def test_follow_up_has_the_customers_open_and_finished_orders(house: House) -> None:
    other = VehicleId(of("second car"))
    orders = [
        WorkOrderChanged(
            revision=1, order_id=OrderId(of(number)), source_id=SourceId(of("s")), number=number, status=status,
            customer_id=CustomerId(of("customer")), vehicle_id=vehicle, changed_on=date(2025, 1, day),
            finished_on=date(2025, 1, day) if status == "finished" else None, lines=(OrderLine(text="Dæk"),),
        )
        for number, status, vehicle, day in (
            ("1", "finished", VehicleId(of("vehicle")), 3), ("2", "open", other, 2), ("3", "finished", other, 9),
        )
    ]  # fmt: skip
    await house.rt.deliver(DEALER, *orders, invitation(revision=3))
    async with house.logged_in() as browser:
        (row,) = (await read(browser, "/follow-up?view=awaiting"))["items"]
        assert await names(browser, "/follow-up?view=all") == ids("")
        assert await names(browser, "/follow-up") == []
    assert [(order["number"], order["status"]) for order in row["orders"]] == [
        ("2", "open"),
        ("3", "finished"),
        ("1", "finished"),
    ]


async def test_answers_move_an_invitation_between_the_lists(house: House) -> None:
    await house.rt.deliver(DEALER, invitation(name="b", revision=1), invitation(name="c", revision=1))
    base = "/api/v1/invitations/"
    async with house.logged_in() as browser:
        await browser.post(f"{base}{of('invitation')}/answer", json={"answer": "call_me"})
        await browser.post(f"{base}{of('invitationb')}/answer", json={"answer": "no", "reason": "price"})
        await house.rt.deliver(DEALER, invitation(name="c", revision=2, stage="closed", outcome="booked", closed_on=TODAY))
        assert await names(browser, "/calls") == ids("")
        assert await names(browser, "/no") == ids("b")
        assert await names(browser, "/no?reason=price&reason=sold") == ids("b")
        assert await names(browser, "/no?reason=sold") == []
        assert await names(browser, "/booked") == ids("c")
        assert await names(browser, "/follow-up?view=all") == []
        await browser.post(f"{base}{of('invitation')}/outcome", json={"outcome": "answered_no"})
        assert await names(browser, "/calls") == []
        assert set(await names(browser, "/no")) == set(ids("", "b"))


async def test_who_went_to_book_is_unconfirmed_until_the_booking_is_known(house: House) -> None:
    async with house.browser() as customer:
        await customer.post("/a/aaaaaaaaaa", data={"svar": "book"})
    async with house.logged_in() as browser:
        (row,) = (await read(browser, "/booked"))["items"]
        assert row["unconfirmed"] is True
        because = (Reason(code="booked", params={"doubtful": "doubtful"}),)
        closed: dict[str, Any] = {"stage": "closed", "outcome": "booked", "closed_on": TODAY, "reasons": because}
        await house.rt.deliver(DEALER, invitation(revision=5, **closed))
        (row,) = (await read(browser, "/booked"))["items"]
        assert (row["unconfirmed"], row["doubtful"]) == (False, True)


async def test_a_changed_owner_is_checked_and_released(house: House) -> None:
    await house.rt.deliver(DEALER, waiting("o", blocked="owner_changed"), waiting("p"))
    async with house.logged_in() as browser:
        assert await names(browser, "/owner-changed") == ids("o")
        page = (await browser.get("/owner-changed")).text
        assert "Samme ejer" in visible(page)
        released = await browser.post(f"/api/v1/invitations/{of('invitationo')}/release-owner")
        assert released.status_code == 204
        assert (await read(browser, "/owner-changed"))["items"][0]["owner_released"] is True
    assert [event.name for event in await house.rt.published(DEALER)] == ["owner.released.v1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abc"),
        ("type=service", "ab"),
        ("type=wheel_winter", "c"),
        ("type=service&type=wheel_winter", "abc"),
        ("q=anne", "ab"),
        ("q=HOLM", "ab"),
        ("q=7", "ab"),
        ("q=ab 12345", "ab"),
        ("q=xy", "c"),
        ("q=%25", ""),
        ("q=_", ""),
        ("workshop={workshop}", "b"),
        ("reason=owner_changed", "c"),
        ("from=2026-02-13", "bc"),
        ("to=2026-02-13", "ab"),
        ("from=2026-02-13&to=2026-02-13", "b"),
    ],
)
async def test_filters(house: House, query: str, found: str) -> None:
    workshop = WorkshopId(of("workshop"))
    await house.rt.deliver(
        DEALER,
        VehicleChanged(revision=1, vehicle_id=VehicleId(of("xy")), plate="XY99999"),
        CustomerChanged(revision=1, customer_id=CustomerId(of("other")), full_name="Bo Bak", number="8"),
        waiting("a"),
        waiting("b", TODAY + timedelta(days=1), workshop_id=workshop),
        waiting(
            "c", TODAY + timedelta(days=2), type="wheel_winter", vehicle_id=of("xy"), customer_id=of("other"),
            blocked="owner_changed",
        ),
    )  # fmt: skip
    async with house.logged_in() as browser:
        seen = await read(browser, f"/pending?{query.format(workshop=workshop)}")
    assert [UUID(row["invitation_id"]) for row in seen["items"]] == ids(*found)
    assert seen["total"] == len(found)


async def test_an_employee_sees_the_invitations_of_his_workshops_and_of_none(house: House) -> None:
    mine, other = (WorkshopId(of(name)) for name in ("mine", "other"))
    await house.rt.deliver(DEALER, waiting("a", workshop_id=mine), waiting("b", workshop_id=other), waiting("c"))
    await house.rt.sql(
        DEALER, "update api.\"user\" set workshops = jsonb_build_array(cast(:w as text)) where role = 'advisor'", w=str(mine)
    )
    async with house.logged_in(role="advisor") as browser:
        assert set(await names(browser, "/pending")) == set(ids("a", "c"))
        for name, status in (("a", 204), ("b", 404), ("c", 204)):
            held = await browser.post(f"/api/v1/invitations/{of(f'invitation{name}')}/hold", json={})
            assert held.status_code == status
        assert (await browser.get(f"/api/v1/invitations/{of('invitationb')}")).status_code == 404


@pytest.mark.parametrize("name", ["/pending?", "/no?", "/booked?"])
async def test_pages_have_each_row_once_whatever_comes_between(house: House, name: str) -> None:
    some = [waiting(f"{n:02}", TODAY + timedelta(days=n % 5)) for n in range(12)]
    if name != "/pending?":
        some = [one.model_copy(update={"stage": "closed", "outcome": "booked", "closed_on": one.send_on}) for one in some]
    await house.rt.deliver(DEALER, *some)
    if name == "/no?":
        async with house.logged_in() as browser:
            for one in some:
                house.rt.at(NOW + timedelta(days=one.anchor.toordinal() % 2))
                await browser.post(f"/api/v1/invitations/{one.invitation_id}/answer", json={"answer": "no", "reason": "sold"})
    async with house.logged_in() as browser:
        whole = await names(browser, f"{name}limit=200")
        seen: list[UUID] = []
        cursor = ""
        for number in range(10):
            page = await read(browser, f"{name}limit=5{cursor}")
            seen += [UUID(row["invitation_id"]) for row in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
            if name == "/pending?":
                await house.rt.deliver(DEALER, waiting(f"late{number}", TODAY - timedelta(days=1)))  # before the place we are at
    assert len(whole) == 12
    assert seen == whole


async def test_a_cursor_is_good_for_its_own_list_and_filters_only(house: House) -> None:
    await house.rt.deliver(DEALER, *(waiting(str(n)) for n in range(3)))
    async with house.logged_in() as browser:
        cursor = (await read(browser, "/pending?limit=1"))["next_cursor"]
        assert (await browser.get(f"/api/v1/pending?limit=2&cursor={cursor}")).status_code == 200
        for path in ("/follow-up?", "/pending?q=anne&", "/pending?type=service&", "/pending?from=2026-01-01&"):
            refused = await browser.get(f"/api/v1{path}cursor={cursor}")
            assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor")


@given(st.text(max_size=60))
def test_no_text_is_a_cursor_of_ours(given_text: str) -> None:
    of_list = cursors.digest("pending", {})
    if given_text:
        with pytest.raises(DomainError):
            cursors.read(given_text, of_list)


@given(st.dates(), st.uuids())
def test_a_cursor_comes_back_as_it_was(day: date, row: UUID) -> None:
    of_list = cursors.digest("pending", {})
    assert cursors.read(cursors.write(of_list, (day, row)), of_list) == (day, row)


async def test_every_type_has_its_title(house: House) -> None:
    await house.rt.deliver(DEALER, *(waiting(str(n), type=kind) for n, kind in enumerate(InvitationType)))
    for language, title in (("da", "Tandrem"), ("en", "Timing belt")):
        assert set(TYPES[language]) == set(InvitationType)
        async with house.logged_in() as browser:
            found = (await read(browser, f"/pending?language={language}&type=timing_belt"))["items"]
        assert [row["type_title"] for row in found] == [title]


async def test_workshops_are_named(house: House) -> None:
    async with house.logged_in() as browser:
        added = await browser.post("/api/v1/workshops", json={"number": "2", "title": "Nord"})
        await house.rt.deliver(DEALER, waiting("a", workshop_id=added.json()["workshop_id"]))
        (row,) = (await read(browser, "/pending"))["items"]
    assert row["workshop"] == "Nord"
    assert WorkshopChanged.name in [event.name for event in await house.rt.published(DEALER)]


async def test_a_list_as_a_file_of_the_readers_language(house: House) -> None:
    await house.rt.deliver(
        DEALER,
        CustomerChanged(revision=9, customer_id=CustomerId(of("customer")), number="7", full_name="=cmd|' /C calc'!A0"),
        waiting("a", blocked="open_order", due_on=date(2026, 3, 10)),
    )
    async with house.logged_in() as browser:
        danish = await browser.get("/api/v1/pending.csv")
        english = await browser.get("/api/v1/pending.csv?language=en&q=7")
        nothing = await browser.get("/api/v1/pending.csv?q=nobody")
    assert danish.headers["content-type"].startswith("text/csv")
    assert danish.headers["content-disposition"] == 'attachment; filename="afventer-2026-02-12.csv"'
    assert danish.content.startswith("﻿".encode())
    (row,) = csv.DictReader(io.StringIO(danish.content.decode("utf-8-sig")), delimiter=";")
    assert (row["Type"], row["Forfalder"], row["Blokeret af"]) == ("Service", "10-03-2026", "åben ordre")
    assert row["Kunde"].startswith("'="), "a spreadsheet runs nothing"
    (row,) = csv.DictReader(io.StringIO(english.content.decode("utf-8-sig")))
    assert (row["Due"], row["Plate"]) == ("2026-03-10", "AB12345")
    assert len(nothing.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("cell", "language", "text"),
    [
        (None, "da", ""),
        (1234.5, "da", "1234,5"),
        (1234.5, "en", "1234.5"),
        (date(2026, 2, 3), "da", "03-02-2026"),
        (datetime(2026, 2, 3, 23, 30, tzinfo=UTC), "da", "04-02-2026 00:30"),
        ("+4520123456", "da", "'+4520123456"),
        ("@x", "en", "'@x"),
        ("\tx", "en", "'\tx"),
        ("Anne", "da", "Anne"),
    ],
)
def test_cells(cell: Any, language: str, text: str) -> None:
    assert downloads.written(cell, language, "Europe/Copenhagen") == text


def test_each_language_of_files_has_the_same_columns() -> None:
    assert {name: len(columns) for name, columns in FILE_COLUMNS["da"].items()} == {
        name: len(columns) for name, columns in FILE_COLUMNS["en"].items()
    }
