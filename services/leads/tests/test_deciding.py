"""How a lead goes: coming, blocked, sent, answered, followed up, ended, each with its reason (`rules.md` 1, 7)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from leads_given import (
    ANNE,
    LEAD,
    anne,
    appointment,
    as_stored,
    car,
    contract,
    instant,
    lead,
    new_car,
    policy,
    said,
    sent,
    with_mail,
)

from common.events.words import LeadType
from common.policy import Policy
from leads.domain.deciding import decide, decide_all
from leads.domain.facts import Decision, FollowUp, Ignorance, Mail, Registry, Sign, Standing, VehicleFacts, Visit

EXPIRY, LEASE, WARRANTY, VISIT = (
    LeadType.CONTRACT_EXPIRY, LeadType.LEASE_EXPIRY, LeadType.WARRANTY_EXPIRY, LeadType.VISIT,
)  # fmt: skip
ENDS = date(2026, 9, 10)
SENDS = date(2026, 3, 10)
LAST_DAY = date(2026, 8, 10)
FACTS = car(contract("service_contract", ENDS, date(2023, 9, 10)))
WRITTEN = replace(FACTS, leads=(lead(EXPIRY, ENDS, sent(SENDS)),))


def current(found: Decision) -> Standing:
    assert found.current is not None
    return found.standings[found.current]


def codes(found: Decision) -> list[str]:
    return [why.code for why in found.reasons]


def test_a_lead_is_not_begun_before_sixty_days_ahead() -> None:
    found = decide(FACTS, EXPIRY, today=date(2026, 1, 8))
    assert (codes(found), found.standings, found.look_on) == (["contract_ends", "not_due"], (), date(2026, 1, 9))
    begun = current(decide(FACTS, EXPIRY, today=date(2026, 1, 9)))
    assert (begun.stage, begun.send_on, begun.due_on, begun.customer_id) == ("planned", SENDS, ENDS, ANNE)


def test_it_leaves_on_its_day_and_not_before() -> None:
    before, on = decide(FACTS, EXPIRY, today=SENDS - timedelta(days=1)), decide(FACTS, EXPIRY, today=SENDS)
    assert (before.leaving, before.look_on, current(before).stage) == (None, SENDS, "pending")
    assert on.leaving is not None
    assert on.leaving.until == LAST_DAY


@pytest.mark.parametrize(
    ("today", "leaves"),
    [
        (date(2026, 5, 13), True),
        (date(2026, 5, 15), True),  # the day after Ascension Day
        (date(2026, 5, 14), False),  # Ascension Day
        (LAST_DAY, True),
        (LAST_DAY + timedelta(days=1), False),
    ],
)
def test_first_seen_late_it_leaves_on_the_next_sending_day_while_a_month_is_left(today: date, leaves: bool) -> None:
    found = decide(FACTS, EXPIRY, today=today)
    assert (found.leaving is not None) is leaves
    if today > LAST_DAY:
        assert (codes(found), found.standings) == (["contract_ends", "too_late"], ())


GONE = Registry(known=True, status="exported")
SOLD_ON = Registry(known=True, signs=(Sign(date(2026, 2, 1), "certain"),))
FOR_GOOD: list[tuple[dict[str, Any], str, str]] = [
    ({"answers": (said("no", date(2026, 2, 1), "sold", UUID(int=0x1001)),)}, "answered", "answered_no"),
    ({"customers": {ANNE: anne(suppressed=True)}}, "suppressed", "suppressed"),
    ({"customers": {ANNE: anne(excluded="by hand")}}, "excluded", "excluded"),
    ({"customers": {ANNE: anne(is_dealer=True)}}, "excluded", "excluded"),
    ({"customers": {ANNE: anne(kind="business")}, "policy": policy(customer_kinds={"private"})}, "excluded", "excluded"),
    ({"policy": policy(customer_kinds={"business"})}, "excluded", "excluded"),
    (
        {"customers": {ANNE: anne(groups=frozenset({"fleet"}))}, "policy": policy(excluded_groups={"fleet"})},
        "excluded",
        "excluded",
    ),
    ({"excluded": "by hand"}, "excluded", "excluded"),
    ({"customers": {ANNE: anne(consents=False)}}, "no_consent", "excluded"),
    ({"policy": policy(basis="consent")}, "no_consent", "excluded"),
    ({"country": "DE", "policy": Policy()}, "no_consent", "excluded"),
    ({"registry": GONE}, "vehicle_gone", "vehicle_gone"),
    ({"registry": SOLD_ON}, "owner_changed", "owner_changed"),
]


@pytest.mark.parametrize(("more", "because", "outcome"), FOR_GOOD)
def test_what_stops_for_good_is_shown_until_the_day_and_ends_the_lead_then(
    more: dict[str, Any], because: str, outcome: str
) -> None:
    facts = replace(FACTS, **more)
    before, on = decide(facts, EXPIRY, today=SENDS - timedelta(days=1)), decide(facts, EXPIRY, today=SENDS)
    assert (current(before).blocked, current(before).permanent, before.leaving) == (because, True, None)
    assert (current(on).stage, current(on).outcome, on.leaving) == ("closed", outcome, None)
    assert because in codes(on)


@pytest.mark.parametrize(("more", "because", "outcome"), FOR_GOOD)
def test_what_stops_for_good_ends_a_lead_that_was_written_about(more: dict[str, Any], because: str, outcome: str) -> None:
    found = decide(replace(WRITTEN, **more), EXPIRY, today=SENDS + timedelta(days=3))
    assert (current(found).stage, current(found).outcome) == ("closed", outcome)
    assert because in codes(found)


FOR_NOW: list[tuple[dict[str, Any], str]] = [
    ({"policy": Policy()}, "no_basis"),
    ({"customers": {ANNE: anne(email=None)}}, "no_address"),
    ({"customers": {}}, "no_address"),
    ({"ignorance": Ignorance(parked=True)}, "fact_parked"),
    ({"ignorance": Ignorance(stale_source="e-conomic", stale_since=date(2026, 3, 1))}, "source_stale"),
    ({"leads": (lead(EXPIRY, date(2026, 6, 1), sent(date(2026, 3, 2))),)}, "recent_lead"),
    ({"leads": (lead(EXPIRY, ENDS, Mail("refused", ANNE, SENDS, refused=frozenset({"anne@example.com"}))),)}, "no_address"),
]


@pytest.mark.parametrize(("more", "because"), FOR_NOW)
def test_what_stops_for_now_keeps_it_and_is_looked_at_every_day(more: dict[str, Any], because: str) -> None:
    found = decide(replace(FACTS, **more), EXPIRY, today=SENDS)
    assert (current(found).stage, current(found).blocked, current(found).permanent) == ("pending", because, False)
    assert (found.leaving, found.look_on) == (None, SENDS + timedelta(days=1))


def test_what_stops_until_the_last_day_is_why_it_was_missed() -> None:
    stopped = as_stored(replace(FACTS, policy=Policy()), decide(replace(FACTS, policy=Policy()), EXPIRY, today=SENDS))
    found = decide(stopped, EXPIRY, today=LAST_DAY + timedelta(days=1))
    assert (current(found).outcome, codes(found)) == ("missed", ["contract_ends", "no_basis"])


@pytest.mark.parametrize(
    ("sign", "stops"),
    [
        (Sign(date(2026, 2, 1), "probable"), False),
        (Sign(date(2019, 4, 2), "certain"), False),  # the first registration
        (Sign(date(2020, 5, 20), "certain"), False),  # within 30 days after her first visit
        (Sign(date(2022, 1, 1), "certain"), False),  # before her contract
        (Sign(date(2024, 1, 1), "certain"), True),
    ],
)
def test_only_a_certain_change_of_the_owner_stops(sign: Sign, stops: bool) -> None:
    facts = replace(FACTS, registry=Registry(known=True, signs=(sign,)))
    assert (decide(facts, EXPIRY, today=SENDS).leaving is None) is stops


@pytest.mark.parametrize("more", [{"released_on": date(2026, 2, 2)}, {"visits": (Visit(date(2026, 2, 2), ANNE),)}])
def test_a_release_or_a_later_visit_clears_the_change(more: dict[str, Any]) -> None:
    assert decide(replace(FACTS, registry=SOLD_ON, **more), EXPIRY, today=SENDS).leaving is not None


def test_who_sold_and_came_again_has_the_car() -> None:
    facts = replace(FACTS, answers=(said("no", date(2026, 1, 1), "sold"),), visits=(Visit(date(2026, 2, 2), ANNE),))
    assert decide(facts, EXPIRY, today=SENDS).leaving is not None


def test_a_later_contract_ends_what_was_planned_and_what_was_written() -> None:
    later = contract("service_contract", date(2029, 9, 10), ENDS)
    planned = replace(FACTS, leads=(lead(EXPIRY, ENDS),), contracts=(*FACTS.contracts, later))
    written = replace(WRITTEN, contracts=(*FACTS.contracts, later))
    for facts in (planned, written):
        found = decide(facts, EXPIRY, today=SENDS + timedelta(days=3))
        assert [(one.stage, one.outcome, one.reasons[-1].code) for one in found.standings] == [
            ("closed", "superseded", "has_contract")
        ]
        assert found.leaving is None


def test_a_contract_taken_back_ends_what_was_planned_until_it_is_back() -> None:
    stored = as_stored(FACTS, decide(FACTS, EXPIRY, today=date(2026, 2, 1)))
    gone = replace(stored, contracts=())
    found = decide(gone, EXPIRY, today=date(2026, 2, 2))
    assert [(one.stage, one.outcome) for one in found.standings] == [("closed", "superseded")]
    back = decide(replace(as_stored(gone, found), contracts=FACTS.contracts), EXPIRY, today=date(2026, 2, 3))
    assert (current(back).stage, current(back).lead.lead_id) == ("planned", stored.leads[0].lead_id)


def test_a_corrected_end_is_the_same_lead_and_never_a_second_mail() -> None:
    corrected = replace(WRITTEN, contracts=(contract("service_contract", ENDS + timedelta(days=55)),))
    found = decide(corrected, EXPIRY, today=date(2026, 5, 4))
    assert (current(found).lead.lead_id, current(found).stage, found.leaving) == (LEAD, "sent", None)


def test_one_mail_a_lease_also_when_it_is_prolonged() -> None:
    longer = car(contract("lease", date(2027, 9, 10), date(2023, 9, 11)), leads=(lead(LEASE, ENDS, sent(SENDS)),))
    found = decide(longer, LEASE, today=date(2027, 3, 10))
    assert (found.leaving, current(found).lead.lead_id) == (None, LEAD)


def test_a_lease_that_the_registry_does_not_know_waits_with_that_reason() -> None:
    facts = car(contract("lease", ENDS, date(2023, 9, 11)), registry=Registry(known=True, tells_leases=True, read_on=SENDS))
    assert current(decide(facts, LEASE, today=SENDS)).blocked == "lease_not_active"


def test_a_new_car_is_written_about_once() -> None:
    facts = new_car(date(2026, 1, 2))
    assert decide(facts, LeadType.CONTRACT_NEW_CAR, today=date(2026, 1, 15)).leaving is None
    assert decide(facts, LeadType.CONTRACT_NEW_CAR, today=date(2026, 1, 16)).leaving is not None
    written = replace(facts, leads=(lead(LeadType.CONTRACT_NEW_CAR, date(2026, 1, 2), sent(date(2026, 1, 16))),))
    assert decide(written, LeadType.CONTRACT_NEW_CAR, today=date(2026, 2, 16)).leaving is None
    bought = replace(written, contracts=(contract("service_contract", date(2029, 1, 2)),))
    (ended,) = decide(bought, LeadType.CONTRACT_NEW_CAR, today=date(2026, 2, 16)).standings
    assert (ended.stage, ended.outcome) == ("closed", "superseded")


def test_a_visit_that_nobody_wrote_about_in_time_is_missed() -> None:
    no_address = car(appointments=(appointment(date(2026, 3, 12)),), customers={ANNE: anne(email=None)})
    stored = as_stored(no_address, decide(no_address, VISIT, today=date(2026, 3, 9)))
    found = decide(stored, VISIT, today=date(2026, 3, 12))
    assert (current(found).outcome, codes(found)) == ("missed", ["visit_ahead", "no_address"])


def test_a_visit_known_the_day_before_still_gets_its_mail() -> None:
    facts = car(appointments=(appointment(date(2026, 3, 12)),))
    assert decide(facts, VISIT, today=date(2026, 3, 11)).leaving is not None
    assert codes(decide(facts, VISIT, today=date(2026, 3, 12))) == ["visit_ahead", "too_late"]


def test_a_visit_cancelled_after_the_mail_stays_in_follow_up() -> None:
    facts = car(
        appointments=(appointment(date(2026, 3, 12), "cancelled"),),
        leads=(lead(VISIT, date(2026, 3, 12), sent(date(2026, 3, 9))),),
    )
    (found,) = decide(facts, VISIT, today=date(2026, 3, 11)).standings
    assert (found.stage, found.call_from_on) == ("sent", date(2026, 3, 16))


def test_without_reaction_it_comes_on_follow_up_after_a_week_and_closes_after_sixty_days() -> None:
    found = decide(WRITTEN, EXPIRY, today=SENDS + timedelta(days=1))
    standing = current(found)
    assert (standing.stage, standing.call_from_on, standing.closes_on) == ("sent", date(2026, 3, 17), date(2026, 5, 9))
    assert found.look_on == date(2026, 5, 9)
    closed = decide(WRITTEN, EXPIRY, today=date(2026, 5, 12))
    assert (current(closed).outcome, current(closed).closed_on, closed.look_on) == ("no_reaction", date(2026, 5, 9), None)


def test_a_mail_that_came_back_is_followed_up_at_once() -> None:
    facts = replace(FACTS, leads=(lead(EXPIRY, ENDS, sent(SENDS, bounced_on=date(2026, 3, 11))),))
    found = decide(facts, EXPIRY, today=date(2026, 3, 11))
    assert (current(found).call_from_on, codes(found)) == (date(2026, 3, 11), ["contract_ends", "no_address"])


ANSWERED: list[tuple[Any, tuple[Any, ...]]] = [
    ([said("call_me", date(2026, 3, 12))], ("sent", "call_me", date(2026, 3, 12), None)),
    ([said("no", date(2026, 3, 12), "price")], ("closed", "answered_no", None, date(2026, 3, 12))),
    ([said("unsubscribe", date(2026, 3, 12))], ("closed", "suppressed", None, date(2026, 3, 12))),
    ([said("no", date(2026, 3, 12), "not_now"), said("call_me", date(2026, 3, 13))], ("sent", "call_me", date(2026, 3, 13), None)),
    ([said("call_me", date(2026, 3, 12)), said("no", date(2026, 3, 13), "other")], ("closed", "answered_no", None, date(2026, 3, 13))),
    ([said("no", date(2026, 3, 12), "price", UUID(int=9))], ("sent", None, date(2026, 3, 17), None)),  # to something else
]  # fmt: skip


@pytest.mark.parametrize(("answers", "expected"), ANSWERED)
def test_the_last_word_counts_in_whatever_order_it_is_told(answers: list[Any], expected: Any) -> None:
    for told in (answers, answers[::-1]):
        standing = current(decide(replace(WRITTEN, answers=tuple(told)), EXPIRY, today=date(2026, 3, 14)))
        assert (standing.stage, standing.outcome, standing.call_from_on, standing.closed_on) == expected


def test_who_asked_for_a_call_stands_there_until_staff_says_how_it_went() -> None:
    asked = replace(WRITTEN, answers=(said("call_me", date(2026, 3, 12)),))
    assert current(decide(asked, EXPIRY, today=date(2026, 8, 1))).outcome == "call_me"
    ended = replace(asked, follow_ups=(FollowUp(LEAD, "booked", instant(date(2026, 3, 13))),))
    assert (current(decide(ended, EXPIRY, today=date(2026, 8, 1))).stage) == "closed"
    again = replace(ended, answers=(*ended.answers, said("call_me", date(2026, 3, 20))))
    assert current(
        decide(as_stored(again, decide(ended, EXPIRY, today=date(2026, 3, 14))), EXPIRY, today=date(2026, 3, 21))
    ).outcome == ("call_me")


def test_an_answer_after_it_closed_without_reaction_opens_it_again() -> None:
    closed = as_stored(WRITTEN, decide(WRITTEN, EXPIRY, today=date(2026, 5, 9)))
    found = decide(replace(closed, answers=(said("call_me", date(2026, 5, 20)),)), EXPIRY, today=date(2026, 5, 20))
    assert (current(found).stage, current(found).call_from_on) == ("sent", date(2026, 5, 20))


def test_what_ended_stays_ended_with_its_reason() -> None:
    excluded = replace(FACTS, excluded="by hand")
    stored = as_stored(excluded, decide(excluded, EXPIRY, today=SENDS))
    found = decide(replace(stored, excluded=None), EXPIRY, today=SENDS + timedelta(days=1))
    assert (current(found).stage, current(found).outcome, found.leaving) == ("closed", "excluded", None)
    assert codes(found) == ["contract_ends", "excluded"]


def test_a_type_switched_off_plans_nothing_and_says_so() -> None:
    off = replace(FACTS, policy=Policy(types={"contract_expiry": False}, leads=policy().leads))
    assert codes(decide(off, EXPIRY, today=SENDS)) == ["type_off"]


def test_what_the_notifier_has_is_not_handed_over_again() -> None:
    stored = with_mail(as_stored(FACTS, decide(FACTS, EXPIRY, today=SENDS)), UUID(int=0x7001), Mail("due", ANNE, SENDS))
    found = decide(stored, EXPIRY, today=SENDS)
    assert (found.leaving, current(found).stage, current(found).send_on) == (None, "pending", SENDS)
    silent = decide(stored, EXPIRY, today=LAST_DAY + timedelta(days=1))
    assert current(silent).blocked == "fact_parked"


def test_a_corrected_address_after_a_refusal_may_be_written_to() -> None:
    refused = Mail("refused", ANNE, SENDS, refused=frozenset({"old@example.com"}))
    found = decide(replace(FACTS, leads=(lead(EXPIRY, ENDS, refused),)), EXPIRY, today=SENDS)
    assert found.leaving is not None
    assert found.leaving.again


def test_every_type_is_decided() -> None:
    decisions = decide_all(FACTS, today=SENDS)
    assert [found.type for found in decisions] == list(LeadType)
    assert all(found.reasons for found in decisions)


def test_types_live_side_by_side() -> None:
    facts: VehicleFacts = car(
        contract("service_contract", ENDS), contract("warranty", date(2026, 5, 12)), contract("lease", ENDS)
    )
    leaving = {found.type for found in decide_all(facts, today=date(2026, 3, 12)) if found.leaving}
    assert leaving == {EXPIRY, WARRANTY, LEASE}
