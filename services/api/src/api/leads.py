"""Leads as dealers read them and customers answer them: rows of the lists, and what is said becomes api's own fact, once."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from api import cursors, lead_store, store
from api.answering import MOST_ANSWERS
from api.listing import AnswerView, OrderView, answer_views, order_views
from common.errors import Conflict, NotFound
from common.events.answers import ContactSuppressed, LeadAnswered, LeadFollowUpRecorded
from common.events.leads import LeadChanged
from common.events.settings import DealerChanged
from common.events.words import Answer, LeadType, NoReason, Outcome
from common.ids import UserId, new_id
from common.reasons import sentence
from common.work import Work

ANSWERS = frozenset({Answer.CALL_ME, Answer.NO, Answer.UNSUBSCRIBE})
INTRO: Mapping[str, str] = {
    LeadType.CONTRACT_EXPIRY: "Serviceaftalen på {car} udløber snart. Vil du høre om en ny?",
    LeadType.CONTRACT_NEW_CAR: "Vil du høre om en serviceaftale til {car}?",
    LeadType.LEASE_EXPIRY: "Leasingaftalen på {car} udløber snart. Vil du tale om din næste bil?",
    LeadType.WARRANTY_EXPIRY: "Garantien på {car} udløber snart. Vil du høre om en forlængelse?",
    LeadType.VISIT: "Vil du tale med en sælger eller prøve en ny bil, mens vi arbejder på {car}?",
}


def intro(kind: str, car: str) -> str:
    """What the page of a lead asks; of a type that is not known here just whether to call."""
    return INTRO.get(kind, "Vil du høre mere om {car}?").format(car=car)


class LeadView(BaseModel):
    """A row of any list of leads. `why` are sentences in the reader's language, `reasons` their codes."""

    lead_id: UUID
    type: str
    stage: str
    plate: str | None
    vehicle: str | None
    customer: str | None
    customer_number: str | None
    email: str | None
    mobile: str | None
    due_on: date | None
    send_on: date | None
    contacted_on: date | None
    call_from_on: date | None
    closes_on: date | None
    closed_on: date | None
    outcome: str | None
    blocked: str | None
    why: list[str]
    reasons: list[str]
    answers: list[AnswerView]
    orders: list[OrderView]


class LeadListView(BaseModel):
    items: list[LeadView]
    next_cursor: str | None
    today: date


async def find(work: Work, lead_id: UUID) -> LeadChanged:
    """A lead of this dealer, locked so that two clicks come one after the other. Raises NotFound."""
    found = await lead_store.lead(work.session, work.dealer, lead_id, lock=True)
    if found is None:
        raise NotFound("There is no such lead.")
    return found


async def answer(work: Work, lead: LeadChanged, said: Answer, reason: NoReason | None, *, by: str) -> bool:
    """Record an answer; the same one again changes nothing. Raises Conflict for one that a lead does not ask for."""
    if said not in ANSWERS:
        raise Conflict("Nobody can answer this to a lead.", code="no_such_answer")
    reason = reason if said == Answer.NO else None
    before = (await store.answers_of(work.session, work.dealer, [lead.lead_id])).get(lead.lead_id, [])
    if before and (before[-1].kind, before[-1].reason) == (said, reason):
        return False
    if by == "link" and said != Answer.UNSUBSCRIBE and len(before) >= MOST_ANSWERS:
        raise Conflict("This lead was answered too often.", code="answered_too_often")
    await _keep(work, lead, said, reason, by)
    if said == Answer.UNSUBSCRIBE and lead.customer_id is not None:
        work.publish(ContactSuppressed(customer_id=lead.customer_id, by=by, at=work.now))
    work.publish(
        LeadAnswered(
            lead_id=lead.lead_id, vehicle_id=lead.vehicle_id, customer_id=lead.customer_id, type=lead.type, answer=said,
            reason=reason, by=by, at=work.now,
        )
    )  # fmt: skip
    return True


async def follow_up(work: Work, lead_id: UUID, outcome: Outcome, note: str | None, user: UserId) -> None:
    """Record how a lead ended; the same again changes nothing."""
    lead = await find(work, lead_id)
    told = f"{outcome}: {note}" if note else str(outcome)
    said = (await store.answers_of(work.session, work.dealer, [lead_id])).get(lead_id, [])
    if said and (said[-1].kind, said[-1].reason) == ("follow_up", told):
        return
    await _keep(work, lead, "follow_up", told, "staff", user)
    work.publish(
        LeadFollowUpRecorded(
            lead_id=lead.lead_id, vehicle_id=lead.vehicle_id, outcome=outcome, note=note, user_id=user, at=work.now
        )
    )


async def _keep(work: Work, lead: LeadChanged, kind: str, reason: str | None, by: str, user: UserId | None = None) -> None:
    await store.add_answer(
        work.session, work.dealer, new_id(), invitation_id=lead.lead_id, vehicle_id=lead.vehicle_id,
        customer_id=lead.customer_id, kind=kind, reason=reason, by=by, user_id=user, at=work.now,
    )  # fmt: skip


async def list_of(
    work: Work, view: str, *, kind: LeadType | None, cursor: str | None, limit: int, language: str | None = None
) -> LeadListView:
    """A page of one view, of one type or of all. Raises DomainError for a cursor that is none of ours."""
    dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    today = work.today(dealer.timezone if dealer else "UTC")
    of = cursors.digest("leads", view, kind)
    after = cursors.read(cursor, of)
    found = await lead_store.listed(work.session, work.dealer, view, today, kind=kind, after=after, limit=limit + 1)
    page = found[:limit]
    items = await _views(work, [lead for lead, _ in page], language or (dealer.language if dealer else "en"))
    more = cursors.write(of, (page[-1][1], page[-1][0].lead_id)) if len(found) > limit else None
    return LeadListView(items=items, next_cursor=more, today=today)


async def _views(work: Work, leads: list[LeadChanged], language: str) -> list[LeadView]:
    people, cars, orders = await store.around(work.session, work.dealer, leads)
    said = await store.answers_of(work.session, work.dealer, [lead.lead_id for lead in leads])
    found = []
    for lead in leads:
        person, car = people.get(lead.customer_id) if lead.customer_id else None, cars.get(lead.vehicle_id)
        found.append(
            LeadView(
                **lead.model_dump(include=set(LeadView.model_fields) & set(LeadChanged.model_fields) - {"reasons"}),
                plate=car.plate if car else None,
                vehicle=" ".join(filter(None, (car.make, car.model))) or None if car else None,
                customer=person.full_name if person else None,
                customer_number=person.number if person else None,
                email=person.email if person else None,
                mobile=person.mobile if person else None,
                why=[sentence(reason.code, reason.params, language) for reason in lead.reasons],
                reasons=[reason.code for reason in lead.reasons],
                answers=answer_views(said.get(lead.lead_id, [])),
                orders=order_views(orders.get(lead.vehicle_id, []), {lead.vehicle_id: car.plate if car else None}),
            )
        )  # fmt: skip
    return found
