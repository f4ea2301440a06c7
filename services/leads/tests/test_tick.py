"""The tick of the dealer's day on a real database: which mails are due, when, and never twice."""

from datetime import date, timedelta

import pytest
from leads_world import DECLARED, ENDS, SENDS, World, about, appointment, at, contract, order

from common.events.answers import CustomerExcluded, InvitationRestored
from common.events.customers import ContractChanged, VehicleChanged
from common.events.leads import LeadChanged
from common.events.messages import ContactWithdrawn, MessageAccepted, MessageBounced, MessageRefused, MessageUnknown
from common.testing.nordhavn import ANNE, GOLF, OCTAVIA, anne, dealer, golf
from common.testing.runtime import DEALER

SERVICE = contract(1, "service_contract", ENDS)


async def test_a_contract_that_ends_is_written_about_once_and_followed_up(world: World) -> None:
    await world.begin(SERVICE)
    assert await world.days(date(2026, 3, 1), date(2026, 5, 15)) == [(SENDS, "contract_expiry")]
    (closed,) = await world.leads()
    assert (closed.stage, closed.outcome, closed.closed_on) == ("closed", "no_reaction", SENDS + timedelta(days=60))
    assert closed.contacted_on == SENDS


async def test_every_type_leaves_on_its_own_day(world: World) -> None:
    await world.begin(
        SERVICE, contract(2, "lease", ENDS), contract(3, "warranty", date(2026, 5, 12)), appointment(1, date(2026, 3, 18)),
        VehicleChanged(vehicle_id=GOLF, revision=1, customer_id=ANNE, first_registered_on=date(2026, 3, 3)),
    )  # fmt: skip
    assert await world.days(date(2026, 3, 1), date(2026, 4, 15)) == [
        (SENDS, "contract_expiry"), (SENDS, "lease_expiry"), (date(2026, 3, 12), "warranty_expiry"), (date(2026, 3, 13), "visit"),
        (date(2026, 3, 17), "contract_new_car"),
    ]  # fmt: skip


async def test_the_mail_says_when_and_until_when_it_may_leave_and_whose_it_is(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    due, lead = await world.one_due(), await world.lead()
    assert (due.customer_id, due.vehicle_id, due.type, due.due_on) == (ANNE, OCTAVIA, "contract_expiry", ENDS)
    assert (due.send_on, f"{due.send_at:%H:%M}", f"{due.send_to:%H:%M}", due.not_after) == (
        SENDS,
        "10:00",
        "18:00",
        date(2026, 8, 10),
    )
    assert (due.lead_id, due.code, due.timezone) == (lead.lead_id, lead.code, "Europe/Copenhagen")


async def test_a_tick_again_the_same_day_publishes_nothing_twice(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    assert len(await world.due()) == 1
    for minute in (0, 1, 30):
        await world.tick(SENDS, 10, minute)
    assert await world.due() == []


async def test_before_ten_nothing_leaves_and_the_tick_comes_at_ten(world: World) -> None:
    await world.begin(SERVICE)
    assert await world.tick(SENDS, 9, 59) == at(SENDS)
    assert await world.due() == []


@pytest.mark.parametrize(("hour", "leaves"), [(17, True), (18, False)])
async def test_a_tick_that_wakes_late_still_sends_before_the_window_ends(world: World, hour: int, leaves: bool) -> None:
    await world.begin(SERVICE)
    wanted = await world.tick(SENDS, hour)
    assert bool(await world.due()) is leaves
    if not leaves:
        assert wanted == at(SENDS + timedelta(days=1))


async def test_the_hour_is_the_dealers_to_say(world: World) -> None:
    await world.begin(SERVICE, dealer(2, settings={"leads": {"basis": "existing_customer", "send_at": "19:30"}}))
    assert await world.tick(SENDS, 10) == at(SENDS, 19, 30)
    await world.tick(SENDS, 19, 30)
    due = await world.one_due()
    assert due.send_to > due.send_at


async def test_a_fact_that_comes_after_ten_leaves_at_the_next_ten(world: World) -> None:
    await world.begin()
    world.rt.at(at(date(2026, 5, 11), 14))
    await world.hear(SERVICE)
    assert (await world.rt.wakes(DEALER))["tick"] == at(date(2026, 5, 12))
    await world.tick(date(2026, 5, 12))
    assert (await world.one_due()).send_on == date(2026, 5, 12)


async def test_a_coming_lead_wakes_the_tick_when_it_is_to_be_listed(world: World) -> None:
    await world.begin(contract(1, "service_contract", date(2026, 12, 10)))
    assert await world.leads() == []
    assert (await world.rt.wakes(DEALER))["tick"] == at(date(2026, 4, 11))
    await world.tick(date(2026, 4, 11))
    assert [(lead.stage, lead.send_on) for lead in await world.leads()] == [("planned", date(2026, 6, 10))]


async def test_a_mail_withdrawn_for_an_exclusion_never_leaves(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    first = await world.one_due()
    await world.hear(CustomerExcluded(vehicle_id=OCTAVIA, at=at(SENDS)), about(ContactWithdrawn, first, SENDS, because="held"))
    assert (await world.lead()).outcome == "excluded"
    await world.hear(InvitationRestored(vehicle_id=OCTAVIA, customer_id=ANNE, at=at(SENDS, 11)))
    assert await world.days(date(2026, 3, 11), date(2026, 3, 20)) == []


async def test_a_day_that_was_missed_is_caught_up_on_the_next_sending_day(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    first = await world.one_due()
    await world.hear(about(ContactWithdrawn, first, SENDS, because="not_due"))
    world.rt.at(at(date(2026, 3, 11)))
    await world.tick(date(2026, 3, 11))
    again = await world.one_due()
    assert (again.message_id, again.send_on) == (first.message_id, date(2026, 3, 11))


async def test_a_refused_address_is_never_tried_again_a_corrected_one_is(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    first = await world.one_due()
    await world.hear(about(MessageRefused, first, SENDS, because="no such mailbox"))
    assert (await world.lead()).blocked == "no_address"
    assert await world.days(date(2026, 3, 11), date(2026, 3, 13)) == []
    await world.hear(anne(2, email="anne.holm@example.com"))
    await world.tick(date(2026, 3, 16))
    again = await world.one_due()
    assert again.message_id != first.message_id
    await world.hear(about(MessageAccepted, again, date(2026, 3, 16), local_on=date(2026, 3, 16)))
    assert (await world.lead()).contacted_on == date(2026, 3, 16)


async def test_an_unknown_end_counts_as_sent(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(SENDS)
    due = await world.one_due()
    await world.hear(about(MessageUnknown, due, SENDS, local_on=SENDS, because="timeout"))
    lead = await world.lead()
    assert (lead.stage, lead.contacted_on, lead.call_from_on) == ("sent", SENDS, date(2026, 3, 17))


async def test_a_mail_that_comes_back_is_followed_up_that_day(world: World) -> None:
    await world.begin(SERVICE)
    (due,) = await world.send(SENDS)
    await world.hear(about(MessageBounced, due, SENDS, because="mailbox full", at=at(date(2026, 3, 12))))
    assert (await world.lead()).call_from_on == date(2026, 3, 12)


async def test_without_a_declared_basis_it_is_shown_and_nothing_leaves(world: World) -> None:
    await world.begin(SERVICE, dealer(2))
    assert await world.days(date(2026, 3, 9), date(2026, 3, 12)) == []
    assert (await world.lead()).blocked == "no_basis"
    await world.hear(dealer(3, settings=DECLARED))
    assert await world.days(date(2026, 3, 13), date(2026, 3, 14)) == [(date(2026, 3, 13), "contract_expiry")]


async def test_a_german_dealer_needs_consent(world: World) -> None:
    german = dealer(2).model_copy(update={"country": "DE"})
    await world.begin(SERVICE, german)
    await world.tick(date(2026, 3, 9))
    assert (await world.lead()).blocked == "no_consent"


async def test_what_is_heard_again_tells_nothing(world: World) -> None:
    await world.begin(SERVICE, golf())
    await world.tick(date(2026, 3, 9))
    await world.told(LeadChanged)
    await world.hear(SERVICE, anne(), order(1, date(2020, 4, 20)))
    await world.tick(date(2026, 3, 9), 11)
    assert await world.told(LeadChanged) == []


async def test_a_contract_taken_back_before_its_mail_is_superseded(world: World) -> None:
    await world.begin(SERVICE)
    await world.tick(date(2026, 3, 2))
    assert isinstance(SERVICE, ContractChanged)
    await world.hear(SERVICE.model_copy(update={"revision": 2, "active": False}))
    assert [(lead.stage, lead.outcome) for lead in await world.leads()] == [("closed", "superseded")]
    assert await world.days(SENDS, SENDS) == []
