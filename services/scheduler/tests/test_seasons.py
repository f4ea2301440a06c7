"""Wheel seasons on a real database: the dealer is asked, days are dealt once, freed places go on; and what staff asks for by hand."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from scheduler_world import INVITED, LAST, World, at, history, order, visit

from common.events import Event
from common.events.answers import CampaignAnswered, InvitationRequested, LeadAnswered, OwnerReleased
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.due import CampaignQuestionDue
from common.events.registry import OwnershipSign, VehicleRegistryChanged
from common.ids import CampaignId, CustomerId, LeadId, VehicleId, derived_id
from common.testing.nordhavn import OCTAVIA, dealer
from common.testing.runtime import DEALER

FROM, TO = date(2026, 10, 1), date(2026, 11, 8)
OFF = {"types": {"service": False, "service_winback": False, "service_mileage": False, "wheel_summer": False}}
CAMPAIGN = CampaignId(derived_id("campaign", DEALER, "wheel_winter", 2026, ""))


def car(n: int) -> VehicleId:
    return VehicleId(UUID(int=0xCA0000 + n))


def customer(n: int) -> list[Event]:
    """A customer whose wheels were changed to summer here in April."""
    person = CustomerId(UUID(int=0xC00000 + n))
    on = date(2026, 4, 1)
    return [
        CustomerChanged(customer_id=person, revision=1, full_name=f"Kunde {n}", email=f"kunde{n}@example.com"),
        VehicleChanged(vehicle_id=car(n), revision=1, customer_id=person, plate=f"AB100{n:02}"),
        order(n, on, vehicle=car(n), customer=person),
        visit(n, on, "wheel_change_summer", vehicle=car(n)),
    ]


async def begin(world: World, count: int = 3, **settings: Any) -> None:
    await world.begin(dealer(2, settings=OFF | settings))
    for n in range(1, count + 1):
        await world.hear(*customer(n))


async def sent(world: World, first: date, last: date) -> dict[date, list[VehicleId]]:
    """On which day whose first step left."""
    found: dict[date, list[VehicleId]] = {}
    for day, message in await world.days(first, last):
        for part in message.contacts:
            if part.step == 1:
                found.setdefault(day, []).append(part.vehicle_id)
    return found


async def test_the_dealer_is_asked_twice_ahead_and_told_the_defaults_each_once(world: World) -> None:
    await begin(world)
    asked = []
    for ahead in range(60):
        day = date(2026, 8, 10) + timedelta(days=ahead)
        await world.tick(day)
        asked += [(day, one.question, one.vehicles) for one in await world.told(CampaignQuestionDue)]
    assert asked == [(date(2026, 8, 20), "ask", 3), (date(2026, 9, 10), "ask_again", 3), (date(2026, 9, 17), "tell", 3)]


async def test_of_questions_that_were_missed_only_the_latest_is_put(world: World) -> None:
    await begin(world)
    await world.tick(date(2026, 9, 14))
    assert [one.question for one in await world.told(CampaignQuestionDue)] == ["ask_again"]


async def test_who_answered_is_not_asked_again_and_the_answer_counts(world: World) -> None:
    await begin(world)
    await world.tick(date(2026, 8, 20))
    await world.hear(
        CampaignAnswered(
            campaign_id=CAMPAIGN,
            from_on=date(2026, 10, 12),
            to_on=date(2026, 10, 14),
            capacity_per_day=1,
            at=at(date(2026, 8, 21)),
        )
    )
    await world.told(CampaignQuestionDue)
    found = await sent(world, date(2026, 9, 8), date(2026, 10, 20))
    assert await world.told(CampaignQuestionDue) == []
    assert {day: len(cars) for day, cars in found.items()} == {
        date(2026, 10, 12): 1,
        date(2026, 10, 13): 1,
        date(2026, 10, 14): 1,
    }


async def test_a_season_that_the_dealer_stopped_sends_nothing(world: World) -> None:
    await begin(world)
    await world.hear(CampaignAnswered(campaign_id=CAMPAIGN, stopped=True, at=at(date(2026, 9, 1))))
    assert await sent(world, date(2026, 9, 20), TO) == {}


async def test_days_are_dealt_once_a_week_ahead_and_anew_only_when_the_dealer_asks(world: World) -> None:
    await begin(world)
    await world.tick(date(2026, 9, 24))
    before = await world.rt.sql(DEALER, "select vehicle_id, day from scheduler.place order by vehicle_id")
    await world.hear(*customer(4))
    await world.tick(date(2026, 9, 28))
    kept = await world.rt.sql(
        DEALER, "select vehicle_id, day from scheduler.place where vehicle_id <> :late order by vehicle_id", late=car(4)
    )
    assert kept == before
    world.rt.at(at(date(2026, 9, 28), 12))
    await world.hear(CampaignAnswered(campaign_id=CAMPAIGN, deal_again=True, at=at(date(2026, 9, 28), 12)))
    await world.tick(date(2026, 9, 29))
    again = await world.rt.sql(DEALER, "select vehicle_id, day from scheduler.place order by vehicle_id")
    assert [row.day for row in again] == [date(2026, 10, 6), date(2026, 10, 15), date(2026, 10, 23), date(2026, 11, 3)]


async def test_what_a_day_of_the_season_costs_follows_who_waits(world: World) -> None:
    await begin(world)
    await world.tick(date(2026, 9, 24))
    before = await world.rt.sql(DEALER, "select vehicle_id, decided_on from scheduler.decision where type = 'wheel_winter'")
    await world.tick(date(2026, 9, 25))
    assert (
        await world.rt.sql(DEALER, "select vehicle_id, decided_on from scheduler.decision where type = 'wheel_winter'") == before
    )


async def test_a_week_before_the_season_everyone_has_a_day(world: World) -> None:
    await begin(world)
    await world.tick(date(2026, 9, 23))
    assert {one.send_on for one in await world.invitations("wheel_winter")} == {None}
    await world.tick(date(2026, 9, 24))
    days = sorted(one.send_on for one in await world.invitations("wheel_winter") if one.send_on)
    assert days == [date(2026, 10, 7), date(2026, 10, 20), date(2026, 11, 2)]


# By hand


async def test_what_staff_asks_for_leaves_the_same_day_and_the_same_two_contacts_are_all(world: World) -> None:
    await world.begin(*history())
    asked = date(2026, 1, 21)
    world.rt.at(at(asked, 8))
    await world.hear(InvitationRequested(vehicle_id=OCTAVIA, type="service", at=at(asked, 8)))
    found = await world.days(asked, date(2026, 3, 20))
    assert [(day, part.step) for day, message in found for part in message.contacts] == [(asked, 1), (date(2026, 1, 28), 2)]


async def test_what_staff_asks_for_is_stopped_by_the_same_blocks(world: World) -> None:
    await world.begin(*history())
    await world.hear(order(7, date(2026, 1, 20)))  # finished, and not read
    await world.hear(InvitationRequested(vehicle_id=OCTAVIA, type="service", at=at(date(2026, 1, 20), 8)))
    await world.tick(date(2026, 1, 21))
    assert await world.due() == []
    assert (await world.invitation()).blocked == "order_unread"


async def test_what_was_asked_for_before_the_last_service_is_over(world: World) -> None:
    await world.begin(InvitationRequested(vehicle_id=OCTAVIA, type="service", at=at(LAST - timedelta(days=40))), *history())
    await world.tick(date(2026, 1, 21))
    assert await world.due() == []


# Owners


def registry(revision: int, *signs: OwnershipSign, **more: Any) -> Event:
    values = {"country": "DK", "status": "registered", "read_on": date(2026, 1, 15)} | more
    return VehicleRegistryChanged(vehicle_id=OCTAVIA, revision=revision, signs=signs, **values)


async def test_a_sign_of_another_owner_holds_until_staff_releases_it_for_good(world: World) -> None:
    await world.begin(*history(), registry(1, OwnershipSign(on=date(2025, 11, 3), sign="status")))
    await world.tick(INVITED)
    assert (await world.due(), (await world.invitation()).blocked) == ([], "owner_changed")
    world.rt.at(at(INVITED, 12))
    await world.hear(OwnerReleased(vehicle_id=OCTAVIA, at=at(INVITED, 12)))
    await world.hear(registry(2, OwnershipSign(on=date(2025, 11, 3), sign="status"), status_on=date(2025, 11, 3)))
    assert [day for day, _ in await world.days(INVITED + timedelta(days=1), INVITED + timedelta(days=2))] == [
        INVITED + timedelta(days=1)
    ]


async def test_sold_said_to_a_lead_closes_invitations_too(world: World) -> None:
    await world.begin(*history())
    answer = LeadAnswered(
        lead_id=LeadId(UUID(int=5)), vehicle_id=OCTAVIA, type="visit", answer="no", reason="sold", at=at(date(2026, 1, 25))
    )
    await world.hear(answer)
    await world.tick(INVITED)
    assert await world.due() == []
    assert (await world.invitation()).outcome == "answered_no"


@pytest.mark.parametrize(("percent", "is_held"), [(0, False), (50, None)])
async def test_the_same_customers_are_held_out_as_long_as_they_are_known(
    world: World, percent: int, is_held: bool | None
) -> None:
    await world.begin(*history(), dealer(2, settings={"held_out_percent": {"service": percent}}))
    await world.tick(INVITED)
    due = await world.due()
    told = await world.invitation()
    assert (told.outcome == "held_out") is (due == [])
    assert is_held is None or (due == []) is is_held


async def test_an_interval_that_the_dealer_changes_deals_what_is_overdue_over_twenty_sending_days(world: World) -> None:
    await world.begin()
    days = [date(2024, 11, 10) + timedelta(days=30 * n) for n in range(4)]
    for n, on in enumerate(days, 1):
        person = CustomerId(UUID(int=0xC00000 + n))
        await world.hear(
            CustomerChanged(customer_id=person, revision=1, full_name=f"Kunde {n}", email=f"kunde{n}@example.com"),
            VehicleChanged(vehicle_id=car(n), revision=1, customer_id=person, plate=f"AB100{n:02}"),
            order(n, on, vehicle=car(n), customer=person), visit(n, on, "underbody_treatment", vehicle=car(n)),
        )  # fmt: skip
    world.rt.at(at(date(2026, 2, 2), 8))
    await world.hear(dealer(2, settings={"intervals": [{"type": "underbody", "months": 12}]}))
    found = await sent(world, date(2026, 2, 2), date(2026, 3, 6))
    assert list(found.values()) == [[car(1)], [car(2)], [car(3)], [car(4)]]
    assert min(found) >= date(2026, 2, 3)
    assert max(found) <= date(2026, 3, 2)
