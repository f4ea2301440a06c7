"""Making alerts due: of answers to employees who want to hear of them, and of questions about wheel seasons to the dealer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.events.due import CampaignQuestionDue
from common.events.settings import UserAlertsChanged
from common.events.words import Channel
from common.ids import UserId, derived_id
from common.work import Work
from notifier.domain import alerts
from notifier.domain.due import AlertDue
from notifier.domain.states import Purpose
from notifier.store import facts, ledger
from notifier.tables import AnswerRow, CampaignQuestionRow


async def has_any(work: Work) -> bool:
    """Whether somebody is still to be told, or asked."""
    answers = await facts.answers_to_tell(work.session, work.dealer, limit=1)
    return bool(answers or await facts.questions_to_ask(work.session, work.dealer, limit=1))


async def make_due(work: Work) -> None:
    """Make an alert due for each employee who wants one, of the next answers and questions."""
    users = await facts.load_all(work.session, work.dealer, UserAlertsChanged)
    for answer in await facts.answers_to_tell(work.session, work.dealer):
        if work.now - answer.said_at < alerts.TOO_OLD_TO_TELL:
            for user in users:
                await _tell(work, answer, user)
        answer.alert = None
    for row in await facts.questions_to_ask(work.session, work.dealer):
        question = CampaignQuestionDue.model_validate(row.body)
        if alerts.is_worth_asking(question, work.now):
            for user_id in alerts.who_is_asked(users):
                await _ask(work, row, question, user_id)
        row.told = True


async def _tell(work: Work, answer: AnswerRow, user: UserAlertsChanged) -> None:
    kind, subject = answer.alert, answer.invitation_id or answer.customer_id
    if kind is None or subject is None or not user.active or kind not in user.alerts:
        return
    if kind == alerts.UNSUBSCRIBE and answer.customer_id is not None:
        subject = answer.customer_id
    due = AlertDue(
        kind=kind, reference=alerts.reference(kind, subject, user.user_id, answer.said_at), vehicle_id=answer.vehicle_id,
        type=answer.type, reason=answer.reason, said_at=answer.said_at,
    )  # fmt: skip
    about = {"customer_id": answer.customer_id, "user_id": user.user_id, "cause_id": answer.event_id}
    await _add(work, due, about | {"decided_at": answer.heard_at}, send_at=work.now)


async def _ask(work: Work, row: CampaignQuestionRow, question: CampaignQuestionDue, user_id: UserId | None) -> None:
    send_at = max(work.now, alerts.asked_at(question))
    due = AlertDue(
        kind=question.question, reference=alerts.question_reference(question.campaign_id, question.question, user_id),
        type=question.type, said_at=row.heard_at, campaign=question,
    )  # fmt: skip
    about: dict[str, Any] = {"user_id": user_id, "workshop_id": question.workshop_id, "cause_id": row.event_id}
    await _add(work, due, about | {"decided_at": row.heard_at}, send_at=send_at)


async def _add(work: Work, due: AlertDue, about: dict[str, Any], *, send_at: datetime) -> None:
    message_id: UUID = derived_id("alert message", due.reference)
    shared = {
        "purpose": Purpose.ALERT, "channel": Channel.EMAIL, "customer_id": None, "workshop_id": None,
        "due": due.model_dump(mode="json"), "send_at": send_at, "listed_at": send_at,
    }  # fmt: skip
    await ledger.add_due(work.session, work.dealer, message_id, shared | about)
