"""What notifier heard of others: the newest state of each thing, answers, holds, appointments, and who is whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from common.bus import parking
from common.events.appointments import AppointmentChanged
from common.events.base import State
from common.events.customers import CustomerChanged
from common.events.due import CampaignQuestionDue
from common.events.words import Answer, AppointmentStatus, Channel
from common.ids import DealerId
from notifier.domain.look import Heard
from notifier.tables import SCHEMA, AliasRow, AnswerRow, AppointmentRow, CampaignQuestionRow, FactRow, HoldRow, columns

FACT, ANSWER, HOLD, APPOINTMENT = columns(FactRow), columns(AnswerRow), columns(HoldRow), columns(AppointmentRow)
QUESTION = columns(CampaignQuestionRow)
S = TypeVar("S", bound=State)

_SAME = text("""
with recursive up(origin, id) as (
    select id, id from unnest(cast(:ids as uuid[])) as start(id)
    union select up.origin, a.into_id from up join notifier.alias a on a.dealer_id = :dealer and a.id = up.id
), whole(origin, id) as (
    select origin, id from up
    union select whole.origin, a.id from whole join notifier.alias a on a.dealer_id = :dealer and a.into_id = whole.id
)
select origin, id, not exists (select 1 from notifier.alias a where a.dealer_id = :dealer and a.id = whole.id) as current
from whole
""")
_STANDS = (AppointmentStatus.BOOKED, AppointmentStatus.MOVED)


async def remember(session: AsyncSession, dealer: DealerId, state: State, subject: UUID) -> bool:
    """Keep the newest state of a thing; False when this one is known or older."""
    row = insert(FactRow).values(
        dealer_id=dealer, kind=state.name, id=subject, revision=state.revision, body=state.model_dump(mode="json")
    )
    kept = await session.execute(
        row.on_conflict_do_update(
            index_elements=["dealer_id", "kind", "id"],
            set_={"revision": row.excluded.revision, "body": row.excluded.body},
            where=FACT.revision < row.excluded.revision,
        ).returning(FACT.id)
    )
    return kept.first() is not None


async def load(session: AsyncSession, dealer: DealerId, kind: type[S], ids: Iterable[UUID]) -> dict[UUID, S]:
    """The newest state of these things; one that was not heard of is left out."""
    found = await session.execute(
        select(FACT.id, FACT.body).where(
            FACT.dealer_id == dealer,
            FACT.kind == kind.name,
            FACT.id.in_(list(ids)),
        )
    )
    return {row.id: kind.model_validate(row.body) for row in found}


async def load_all(session: AsyncSession, dealer: DealerId, kind: type[S]) -> list[S]:
    """The newest state of everything of a kind that is few (users)."""
    found = await session.execute(select(FACT.body).where(FACT.dealer_id == dealer, FACT.kind == kind.name).order_by(FACT.id))
    return [kind.model_validate(row.body) for row in found]


async def remember_merge(session: AsyncSession, dealer: DealerId, *, old: UUID, into: UUID, revision: int) -> None:
    row = insert(AliasRow).values(dealer_id=dealer, id=old, into_id=into, revision=revision)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["dealer_id", "id"],
            set_={"into_id": row.excluded.into_id, "revision": row.excluded.revision},
            where=columns(AliasRow).revision < row.excluded.revision,
        )
    )


class Identities:
    """Which ids mean the same customer or vehicle, and which of them is the one in use."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._all: dict[UUID, set[UUID]] = defaultdict(set)
        self._current: dict[UUID, UUID] = {}
        for row in rows:
            self._all[row.origin].add(row.id)
            if row.current:
                self._current[row.origin] = row.id

    def of(self, subject: UUID) -> set[UUID]:
        return self._all.get(subject, {subject})

    def current(self, subject: UUID) -> UUID:
        return self._current.get(subject, subject)


async def identities(session: AsyncSession, dealer: DealerId, ids: Iterable[UUID]) -> Identities:
    return Identities(await session.execute(_SAME, {"dealer": dealer, "ids": list(set(ids))}))


async def remember_answer(session: AsyncSession, dealer: DealerId, event_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(insert(AnswerRow).values(dealer_id=dealer, event_id=event_id, **values).on_conflict_do_nothing())


async def hold(session: AsyncSession, dealer: DealerId, subject: UUID, *, held_at: datetime) -> None:
    await _hold(session, dealer, subject, "held_at", held_at)


async def restore(session: AsyncSession, dealer: DealerId, subject: UUID, *, restored_at: datetime) -> None:
    await _hold(session, dealer, subject, "restored_at", restored_at)


async def _hold(session: AsyncSession, dealer: DealerId, subject: UUID, column: str, at: datetime) -> None:
    row = insert(HoldRow).values(dealer_id=dealer, subject_id=subject, **{column: at})
    latest = func.greatest(HOLD[column], row.excluded[column])
    await session.execute(row.on_conflict_do_update(index_elements=["dealer_id", "subject_id"], set_={column: latest}))


async def remember_appointment(session: AsyncSession, dealer: DealerId, appointment: AppointmentChanged, at: datetime) -> None:
    values = appointment.model_dump(
        include={"appointment_id", "vehicle_id", "customer_id", "invitation_id", "status", "revision"}
    )
    row = insert(AppointmentRow).values(dealer_id=dealer, changed_at=at, **values)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["dealer_id", "appointment_id"],
            set_={name: row.excluded[name] for name in (*values, "changed_at")},
            where=APPOINTMENT.revision < row.excluded.revision,
        )
    )


async def suppressed_at(session: AsyncSession, dealer: DealerId, address: str, channel: str) -> bool:
    """Whether somebody who has this address said never again, for all channels or this one."""
    mine = FACT.body["email" if channel == Channel.EMAIL else "mobile"].astext == address
    found = await session.execute(
        select(ANSWER.event_id)
        .join(
            FactRow, (FACT.dealer_id == ANSWER.dealer_id) & (FACT.id == ANSWER.customer_id) & (FACT.kind == CustomerChanged.name)
        )
        .where(
            ANSWER.dealer_id == dealer,
            ANSWER.kind == "suppressed",
            or_(ANSWER.channel.is_(None), ANSWER.channel == channel),
            mine,
        )
        .limit(1)
    )
    return found.first() is not None


async def is_parked(session: AsyncSession, dealer: DealerId, subjects: set[UUID]) -> bool:
    """Whether something about these vehicles and customers was set aside here, so that we do not know what it says."""
    return any(key in subjects for _, key in await parking.parked_keys(session, SCHEMA, SCHEMA, dealer))


async def heard(
    session: AsyncSession, dealer: DealerId, *, reference: UUID, vehicle: set[UUID], customer: set[UUID], channel: str
) -> Heard:
    """Everything heard that bears on one contact of one invitation, or on a lead."""
    answers = await session.execute(
        select(AnswerRow).where(
            ANSWER.dealer_id == dealer,
            or_(
                ANSWER.invitation_id == reference,
                (ANSWER.kind == "suppressed") & ANSWER.customer_id.in_(customer),
            ),
        )
    )
    rows = list(answers.scalars())
    begun = [row.heard_at for row in rows if row.answer == Answer.BOOKING_STARTED]
    held = await _held(session, dealer, {reference} | vehicle | customer)
    let_go = [restored for subject in vehicle | customer if (restored := held.get(subject, (None, None))[1])]
    appointments = await _appointments(session, dealer, reference, vehicle, customer)
    return Heard(
        answers=frozenset(row.answer for row in rows if row.kind == "answered" and row.answer),
        booking_started_at=max(begun, default=None),
        followed_up=any(row.kind == "followed_up" for row in rows),
        suppressed=any(row.kind == "suppressed" and row.channel in (None, channel) for row in rows),
        held=_stands(*held.get(reference, (None, None)), *let_go),
        excluded=any(_stands(*held.get(subject, (None, None))) for subject in vehicle | customer),
        booked=any(row.invitation_id == reference and row.status in _STANDS for row in appointments),
        appointment_at=max((row.changed_at for row in appointments), default=None),
        parked=await is_parked(session, dealer, {reference} | vehicle | customer),
    )


def _stands(held_at: datetime | None, *restored_at: datetime | None) -> bool:
    return held_at is not None and all(restored is None or restored < held_at for restored in restored_at)


async def _held(
    session: AsyncSession, dealer: DealerId, subjects: set[UUID]
) -> dict[UUID, tuple[datetime | None, datetime | None]]:
    found = await session.execute(select(HoldRow).where(HOLD.dealer_id == dealer, HOLD.subject_id.in_(subjects)))
    return {row.subject_id: (row.held_at, row.restored_at) for row in found.scalars()}


async def _appointments(
    session: AsyncSession, dealer: DealerId, invitation: UUID, vehicle: set[UUID], customer: set[UUID]
) -> list[AppointmentRow]:
    """Those of the vehicle, those that answer the invitation, and those of the customer that name no vehicle."""
    found = await session.execute(
        select(AppointmentRow).where(
            APPOINTMENT.dealer_id == dealer,
            or_(
                APPOINTMENT.invitation_id == invitation,
                APPOINTMENT.vehicle_id.in_(vehicle),
                APPOINTMENT.vehicle_id.is_(None) & APPOINTMENT.customer_id.in_(customer),
            ),
        )
    )
    return list(found.scalars())


async def answers_to_tell(session: AsyncSession, dealer: DealerId, *, limit: int = 100) -> list[AnswerRow]:
    """Answers that employees are still to be told of, locked."""
    found = await session.execute(
        select(AnswerRow)
        .where(ANSWER.dealer_id == dealer, ANSWER.alert.is_not(None))
        .order_by(ANSWER.heard_at, ANSWER.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def told(session: AsyncSession, dealer: DealerId, event_id: UUID) -> None:
    await session.execute(update(AnswerRow).where(ANSWER.dealer_id == dealer, ANSWER.event_id == event_id).values(alert=None))


async def remember_question(
    session: AsyncSession, dealer: DealerId, question: CampaignQuestionDue, event_id: UUID, *, heard_at: datetime
) -> bool:
    """Keep a question about a wheel season; False when it was asked before."""
    row = insert(CampaignQuestionRow).values(
        dealer_id=dealer, campaign_id=question.campaign_id, question=question.question, event_id=event_id,
        body=question.model_dump(mode="json"), heard_at=heard_at,
    )  # fmt: skip
    kept = await session.execute(row.on_conflict_do_nothing().returning(QUESTION.campaign_id))
    return kept.first() is not None


async def questions_to_ask(session: AsyncSession, dealer: DealerId, *, limit: int = 100) -> list[CampaignQuestionRow]:
    """Questions that the dealer is still to be asked, locked."""
    found = await session.execute(
        select(CampaignQuestionRow)
        .where(QUESTION.dealer_id == dealer, QUESTION.told.is_(False))
        .order_by(QUESTION.heard_at, QUESTION.campaign_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(found.scalars())


async def campaign_answered(session: AsyncSession, dealer: DealerId, campaign_id: UUID) -> bool:
    """Whether the dealer has said how this wheel season is to run."""
    found = await session.execute(
        select(ANSWER.event_id)
        .where(ANSWER.dealer_id == dealer, ANSWER.kind == "campaign", ANSWER.invitation_id == campaign_id)
        .limit(1)
    )
    return found.first() is not None
