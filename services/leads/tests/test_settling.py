"""Facts in any order, twice, merged and told again: the same leads, and never a second mail."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from leads_world import DECLARED, ENDS, SENDS, World, appointment, at, contract, order, source

from common.errors import DomainError
from common.events import Event
from common.events.answers import (
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
    OwnerReleased,
)
from common.events.customers import Consent, CustomerChanged, CustomerMerged, VehicleChanged, VehicleMerged
from common.events.leads import LeadChanged
from common.events.registry import LeasingPeriod, OwnershipSign, VehicleRegistryChanged
from common.ids import CustomerId, InvitationId, LeadId, VehicleId, derived_id
from common.testing.nordhavn import ANNE, BO, GOLF, OCTAVIA, anne, dealer, octavia
from common.testing.runtime import DEALER, OTHER_DEALER
from leads import store

TWIN = VehicleId(derived_id("vehicle", "the same Octavia"))
CAR = octavia(first_registered_on=date(2019, 4, 2), owned_since=date(2019, 4, 2))
EVERYTHING: tuple[Event, ...] = (
    dealer(settings=DECLARED), source(), anne(), anne(2, mobile="+4520999999"), CAR, order(1, date(2020, 4, 20)), order(2, None),
    contract(1, "service_contract", ENDS - timedelta(days=20)), contract(1, "service_contract", ENDS, revision=2),
    contract(2, "lease", date(2026, 10, 12)), contract(3, "lease", date(2026, 9, 30), starts_on=date(2024, 1, 1)),
    contract(4, "warranty", date(2025, 1, 1)), appointment(1, date(2026, 3, 18)), appointment(1, date(2026, 3, 25), revision=2),
    VehicleChanged(vehicle_id=TWIN, revision=1, plate="AB12345"), contract(5, "service_contract", ENDS, vehicle=TWIN),
    VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1),
)  # fmt: skip


def registry(revision: int = 1, **more: object) -> VehicleRegistryChanged:
    values: dict[str, object] = {"country": "DK", "read_on": date(2026, 1, 12)} | more
    return VehicleRegistryChanged(revision=revision, vehicle_id=OCTAVIA, **values)


def mixed(events: Iterable[Event], seed: int) -> list[Event]:
    """Every event twice, in an order of its own."""
    shuffled = [event for event in events for _ in range(2)]
    random.Random(seed).shuffle(shuffled)
    return shuffled


@pytest.mark.parametrize("seed", range(6))
async def test_any_order_of_facts_each_twice_has_the_same_mails(world: World, seed: int) -> None:
    events = mixed(EVERYTHING, seed)
    cuts = sorted(random.Random(seed).sample(range(1, len(events)), 5))
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        await world.hear(*events[start:end])
    assert await world.days(date(2026, 3, 2), date(2026, 4, 20)) == [
        (SENDS, "contract_expiry"), (date(2026, 3, 20), "visit"), (date(2026, 4, 13), "lease_expiry"),
    ]  # fmt: skip
    assert {lead.vehicle_id for lead in await world.leads() if lead.stage != "closed"} == {OCTAVIA}


async def test_vehicles_that_are_one_after_their_mails_get_no_third(world: World) -> None:
    twin = VehicleChanged(vehicle_id=TWIN, revision=1, plate="AB12345", customer_id=ANNE)
    await world.begin(twin, contract(1, "service_contract", ENDS), contract(2, "service_contract", ENDS, vehicle=TWIN))
    assert len(await world.send(SENDS)) == 2
    await world.hear(VehicleMerged(vehicle_id=TWIN, into_id=OCTAVIA, revision=1))
    assert await world.days(date(2026, 3, 11), date(2026, 3, 31)) == []


async def test_nothing_of_an_orders_text_is_kept(world: World) -> None:
    await world.begin()
    rows = await world.rt.sql(DEALER, "select body::text as body from leads.fact where name = 'work_order.changed.v1'")
    assert rows
    assert not any("Service" in row.body or "Anne" in row.body for row in rows)


async def test_another_dealer_sees_none_of_it(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS))
    await world.tick(date(2026, 3, 9))
    for table in ("fact", "lead", "decision"):
        assert await world.rt.sql(OTHER_DEALER, f"select 1 from leads.{table}") == []


async def test_settings_that_cannot_be_read_are_not_taken(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS))
    with pytest.raises(DomainError):
        await world.hear(dealer(2, settings={"leads": {"basis": "because"}}))
    assert len(await world.send(SENDS)) == 1


STOPS: list[tuple[Event, str]] = [
    (CustomerExcluded(customer_id=ANNE, reason="ringer selv", at=at(SENDS, 8)), "excluded"),
    (CustomerExcluded(vehicle_id=OCTAVIA, at=at(SENDS, 8)), "excluded"),
    (ContactSuppressed(customer_id=ANNE, at=at(SENDS, 8)), "suppressed"),
    (ContactSuppressed(customer_id=ANNE, channel="email", at=at(SENDS, 8)), "suppressed"),
    (anne(3, consent=Consent(leads=False)), "no_consent"),
    (anne(3, full_name="Nordhavn Auto"), "excluded"),
    (dealer(3, settings={"leads": {"basis": "existing_customer", "customer_kinds": ["business"]}}), "excluded"),
    (dealer(3, settings={"leads": {"basis": "existing_customer", "excluded_groups": ["private"]}}), "excluded"),
    (
        CustomerAnswered(
            invitation_id=InvitationId(UUID(int=5)), vehicle_id=OCTAVIA, type="service", answer="no", reason="sold", at=at(SENDS, 8)
        ),
        "answered",
    ),
    (registry(status="scrapped"), "vehicle_gone"),
    (registry(signs=(OwnershipSign(on=date(2026, 2, 1), sign="owner", confidence="certain"),)), "owner_changed"),
]  # fmt: skip


@pytest.mark.parametrize(("news", "because"), STOPS, ids=lambda found: found if isinstance(found, str) else "")
async def test_what_stops_a_lead_for_good(world: World, news: Event, because: str) -> None:
    await world.begin(contract(1, "service_contract", ENDS))
    world.rt.at(at(date(2026, 3, 9), 8))
    await world.hear(news)
    blocked = await world.lead()
    assert (blocked.blocked, blocked.permanent) == (because, True)
    assert await world.send(SENDS) == []
    assert (await world.lead()).stage == "closed"


async def test_an_sms_that_is_not_wanted_stops_no_mail(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS), ContactSuppressed(customer_id=ANNE, channel="sms", at=at(SENDS, 8)))
    assert len(await world.send(SENDS)) == 1


async def test_an_exclusion_that_was_undone_stops_nothing(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS), CustomerExcluded(vehicle_id=OCTAVIA, at=at(date(2026, 1, 13))))
    world.rt.later(hours=1)
    await world.hear(InvitationRestored(vehicle_id=OCTAVIA, at=at(date(2026, 1, 13), 11)))
    assert len(await world.send(SENDS)) == 1


async def test_a_released_owner_gets_the_mail(world: World) -> None:
    sign = OwnershipSign(on=date(2026, 1, 2), sign="owner", confidence="certain")
    await world.begin(
        contract(1, "service_contract", ENDS), registry(signs=(sign,)), OwnerReleased(vehicle_id=OCTAVIA, at=at(SENDS))
    )
    assert len(await world.send(SENDS)) == 1


async def test_somebody_elses_address_that_unsubscribed_is_no_address(world: World) -> None:
    twin = CustomerChanged(customer_id=BO, revision=1, full_name="Bo Lind", email="anne@example.com")
    await world.begin(contract(1, "service_contract", ENDS), twin, ContactSuppressed(customer_id=BO, at=at(SENDS, 8)))
    assert await world.send(SENDS) == []
    assert (await world.lead()).blocked == "no_address"


async def test_an_address_of_more_than_three_customers_is_no_address(world: World) -> None:
    others = [
        CustomerChanged(customer_id=CustomerId(UUID(int=0xF0 + number)), revision=1, email="anne@example.com")
        for number in range(3)
    ]
    await world.begin(contract(1, "service_contract", ENDS), *others)
    assert await world.send(SENDS) == []
    assert (await world.lead()).blocked == "no_address"


async def test_a_customer_merged_into_another_is_written_to_as_that_one(world: World) -> None:
    old = CustomerChanged(customer_id=BO, revision=1, full_name="A. Holm", email="old@example.com")
    await world.begin(contract(1, "service_contract", ENDS, customer_id=BO), old)
    await world.hear(CustomerMerged(customer_id=BO, into_id=ANNE, revision=1))
    (due,) = await world.send(SENDS)
    assert due.customer_id == ANNE


async def test_a_lease_that_only_the_registry_knows_is_a_lead(world: World) -> None:
    lease = LeasingPeriod(from_on=date(2023, 9, 11), to_on=ENDS)
    await world.begin(registry(leasing=(lease,)))
    assert await world.days(date(2026, 3, 9), date(2026, 3, 11)) == [(SENDS, "lease_expiry")]


async def test_a_lease_that_the_registry_no_longer_shows_waits(world: World) -> None:
    over = LeasingPeriod(from_on=date(2023, 9, 11), to_on=date(2026, 1, 31))
    await world.begin(contract(1, "lease", ENDS), registry(leasing=(over,)))
    assert await world.days(date(2026, 3, 9), date(2026, 3, 11)) == []
    assert (await world.lead()).blocked == "lease_not_active"
    await world.hear(registry(2, leasing=(LeasingPeriod(from_on=date(2023, 9, 11), to_on=ENDS),)))
    assert await world.days(date(2026, 3, 12), date(2026, 3, 12)) == [(date(2026, 3, 12), "lease_expiry")]


async def test_contracts_are_known_once_any_was_recorded(world: World) -> None:
    new = VehicleChanged(vehicle_id=GOLF, revision=1, customer_id=ANNE, first_registered_on=date(2026, 3, 3))
    await world.begin(source(2, gives=("orders",)), new)
    assert await world.days(date(2026, 3, 17), date(2026, 3, 18)) == []
    await world.hear(contract(1, "warranty", date(2030, 1, 1)), new.model_copy(update={"revision": 2}))
    assert await world.days(date(2026, 3, 19), date(2026, 3, 19)) == [(date(2026, 3, 19), "contract_new_car")]


async def test_a_source_that_went_silent_holds_its_leads(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS), source(2, polled=True, fresh_at=at(date(2026, 3, 1))))
    assert await world.send(SENDS) == []
    assert (await world.lead()).blocked == "source_stale"


def answered(lead: LeadChanged, answer: str, day: date, reason: str | None = None) -> LeadAnswered:
    return LeadAnswered(
        lead_id=LeadId(lead.lead_id), vehicle_id=lead.vehicle_id, customer_id=lead.customer_id, type=lead.type, answer=answer,
        reason=reason, at=at(day),
    )  # fmt: skip


async def test_who_wants_a_call_stands_on_the_list_until_staff_says_how_it_went(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS))
    await world.send(SENDS)
    await world.hear(answered(await world.lead(), "call_me", date(2026, 3, 11)))
    asked = await world.lead()
    assert (asked.stage, asked.outcome, asked.call_from_on) == ("sent", "call_me", date(2026, 3, 11))
    told = LeadFollowUpRecorded(lead_id=asked.lead_id, vehicle_id=OCTAVIA, outcome="booked", at=at(date(2026, 3, 12)))
    await world.hear(told)
    ended = await world.lead()
    assert (ended.stage, ended.outcome, ended.closed_on) == ("closed", "booked", date(2026, 3, 12))


async def test_sold_said_to_one_lead_ends_all_of_that_car(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS), contract(2, "warranty", date(2026, 5, 12)))
    await world.send(SENDS)
    lead = next(lead for lead in await world.leads() if lead.type == "contract_expiry")
    world.rt.at(at(date(2026, 3, 11), 11))
    await world.hear(answered(lead, "no", date(2026, 3, 11), "sold"))
    assert await world.days(date(2026, 3, 12), date(2026, 3, 13)) == []
    assert {(lead.type, lead.outcome) for lead in await world.leads()} == {
        ("contract_expiry", "answered_no"),
        ("warranty_expiry", "answered_no"),
    }


async def test_every_decision_is_stored_with_its_reasons(world: World) -> None:
    await world.begin(contract(1, "service_contract", ENDS))
    async with world.rt.work(DEALER) as work:
        codes = {}
        for kind in ("contract_expiry", "contract_new_car", "lease_expiry", "warranty_expiry", "visit"):
            stored = await store.stored_decision(work.session, DEALER, OCTAVIA, kind)
            assert stored is not None
            codes[kind] = [reason["code"] for reason in stored[0].reasons]
    assert codes == {
        "contract_expiry": ["contract_ends"],
        "contract_new_car": ["has_contract"],
        "lease_expiry": ["no_contract"],
        "warranty_expiry": ["no_contract"],
        "visit": ["no_visit_ahead"],
    }


@pytest.mark.parametrize("day", [date.min, date(1900, 1, 1), date(2101, 1, 1), date.max])
async def test_a_day_that_cannot_be_meant_is_not_told_and_breaks_nothing(world: World, day: date) -> None:
    absurd = octavia(2, first_registered_on=day, owned_since=day, model_year=day.year)
    lease = LeasingPeriod(from_on=day, to_on=day)
    kinds = [contract(n, kind, day, starts_on=day) for n, kind in enumerate(("service_contract", "lease", "warranty"), 1)]
    visit = appointment(1, date(2026, 3, 12)).model_copy(update={"starts_at": datetime(day.year, 1, 1, tzinfo=UTC)})
    await world.begin(absurd, registry(first_registered_on=day, leasing=(lease,)), order(2, day), *kinds, visit)
    assert await world.days(date(2026, 3, 2), date(2026, 3, 4)) == []
    assert await world.leads() == []
