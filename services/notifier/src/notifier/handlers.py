"""Door 1: what is due, what is known of customers and dealers, what was answered, and what providers report."""

import structlog

from common.events.answers import (
    CampaignAnswered,
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import CustomerChanged, CustomerMerged, VehicleChanged, VehicleMerged
from common.events.due import CampaignQuestionDue, MessageDue
from common.events.leads import LeadMessageDue
from common.events.settings import DealerChanged, UserAlertsChanged, WorkshopChanged
from common.events.webhooks import WebhookAccepted
from common.events.words import Channel
from common.handling import Handlers
from common.ids import WorkshopId
from common.work import Work
from notifier import recording
from notifier.domain import alerts, delivery
from notifier.domain.due import SEND, letter_due, weighed_until
from notifier.domain.states import Purpose, State, Waits
from notifier.store import facts, ledger
from notifier.tables import MessageRow

handlers = Handlers()
_log = structlog.get_logger(__name__)


@handlers.on(MessageDue)
async def remember_due(due: MessageDue, work: Work) -> None:
    if not due.contacts or any(part.step not in (1, 2) for part in due.contacts):
        raise ValueError(f"message {due.message_id} makes no contact, or one beyond the second")
    await _remember_due(due, Purpose.INVITATION, due.channel, due.workshop_id, work)


@handlers.on(LeadMessageDue)
async def remember_lead_due(due: LeadMessageDue, work: Work) -> None:
    await _remember_due(due, Purpose.LEAD, Channel.EMAIL, due.workshop_id, work)


async def _remember_due(
    due: MessageDue | LeadMessageDue, purpose: Purpose, channel: str, workshop_id: WorkshopId | None, work: Work
) -> None:
    assert work.cause is not None
    send_at = letter_due(due).window.opens_at()
    look_at = await ledger.add_due(
        work.session,
        work.dealer,
        due.message_id,
        {
            "purpose": purpose,
            "channel": channel,
            "customer_id": due.customer_id,
            "user_id": None,
            "workshop_id": workshop_id,
            "due": due.model_dump(mode="json"),
            "cause_id": work.cause.id,
            "decided_at": weighed_until(due, work.cause.occurred_at),
            "send_at": send_at,
            "listed_at": send_at,
        },
    )
    if look_at is not None:
        work.wake(SEND, look_at)


@handlers.on(CampaignQuestionDue)
async def remember_question(question: CampaignQuestionDue, work: Work) -> None:
    """Who is asked is settled by the errand, which first hears of everyone who works there."""
    assert work.cause is not None
    asked_at = alerts.asked_at(question)
    if await facts.remember_question(work.session, work.dealer, question, work.cause.id, heard_at=work.cause.occurred_at):
        work.wake(SEND, asked_at)


@handlers.on(CampaignAnswered)
async def remember_campaign_answer(answer: CampaignAnswered, work: Work) -> None:
    await _remember_answer(work, {"kind": "campaign", "invitation_id": answer.campaign_id, "said_at": answer.at}, alert=None)


@handlers.on(CustomerChanged)
async def remember_customer(customer: CustomerChanged, work: Work) -> None:
    if await facts.remember(work.session, work.dealer, customer, customer.customer_id):
        await _look_again(work, Waits.CUSTOMER_UNKNOWN)


@handlers.on(VehicleChanged)
async def remember_vehicle(vehicle: VehicleChanged, work: Work) -> None:
    if await facts.remember(work.session, work.dealer, vehicle, vehicle.vehicle_id):
        await _look_again(work, Waits.CUSTOMER_UNKNOWN)


@handlers.on(CustomerMerged)
async def remember_customer_merge(merged: CustomerMerged, work: Work) -> None:
    await facts.remember_merge(work.session, work.dealer, old=merged.customer_id, into=merged.into_id, revision=merged.revision)


@handlers.on(VehicleMerged)
async def remember_vehicle_merge(merged: VehicleMerged, work: Work) -> None:
    await facts.remember_merge(work.session, work.dealer, old=merged.vehicle_id, into=merged.into_id, revision=merged.revision)


@handlers.on(DealerChanged)
async def remember_dealer(dealer: DealerChanged, work: Work) -> None:
    if await facts.remember(work.session, work.dealer, dealer, dealer.dealer_id):
        await _look_again(work, Waits.SENDER_INCOMPLETE, Waits.DEALER_UNKNOWN)


@handlers.on(WorkshopChanged)
async def remember_workshop(workshop: WorkshopChanged, work: Work) -> None:
    if await facts.remember(work.session, work.dealer, workshop, workshop.workshop_id):
        await _look_again(work, Waits.SENDER_INCOMPLETE)


@handlers.on(UserAlertsChanged)
async def remember_user(user: UserAlertsChanged, work: Work) -> None:
    await facts.remember(work.session, work.dealer, user, user.user_id)


@handlers.on(CustomerAnswered)
async def remember_answer(answer: CustomerAnswered, work: Work) -> None:
    said = answer.model_dump(include={"invitation_id", "vehicle_id", "customer_id", "type", "answer", "reason"})
    await _remember_answer(
        work, said | {"kind": "answered", "said_at": answer.at}, alert=alerts.alert_for(answer.answer, answer.by)
    )


@handlers.on(LeadAnswered)
async def remember_lead_answer(answer: LeadAnswered, work: Work) -> None:
    said = answer.model_dump(include={"vehicle_id", "customer_id", "type", "answer", "reason"})
    about = {"kind": "answered", "invitation_id": answer.lead_id, "said_at": answer.at}
    await _remember_answer(work, said | about, alert=alerts.alert_for(answer.answer, answer.by))


@handlers.on(LeadFollowUpRecorded)
async def remember_lead_follow_up(follow_up: LeadFollowUpRecorded, work: Work) -> None:
    about = {"kind": "followed_up", "invitation_id": follow_up.lead_id, "vehicle_id": follow_up.vehicle_id}
    await _remember_answer(work, about | {"answer": follow_up.outcome, "said_at": follow_up.at}, alert=None)


@handlers.on(ContactSuppressed)
async def remember_suppression(suppressed: ContactSuppressed, work: Work) -> None:
    said = {"kind": "suppressed", "customer_id": suppressed.customer_id, "channel": suppressed.channel, "said_at": suppressed.at}
    await _remember_answer(work, said, alert=alerts.alert_for(alerts.UNSUBSCRIBE, suppressed.by))


@handlers.on(FollowUpRecorded)
async def remember_follow_up(follow_up: FollowUpRecorded, work: Work) -> None:
    said = follow_up.model_dump(include={"invitation_id", "vehicle_id"})
    await _remember_answer(work, said | {"kind": "followed_up", "answer": follow_up.outcome, "said_at": follow_up.at}, alert=None)


@handlers.on(InvitationHeld)
async def remember_hold(held: InvitationHeld, work: Work) -> None:
    await facts.hold(work.session, work.dealer, held.invitation_id, held_at=held.at)


@handlers.on(CustomerExcluded)
async def remember_exclusion(excluded: CustomerExcluded, work: Work) -> None:
    subject = excluded.vehicle_id or excluded.customer_id
    if subject is not None:
        await facts.hold(work.session, work.dealer, subject, held_at=excluded.at)


@handlers.on(InvitationRestored)
async def remember_restore(restored: InvitationRestored, work: Work) -> None:
    """With an invitation its hold is undone, without one every hold and exclusion of that vehicle and customer."""
    whole = (restored.vehicle_id, restored.customer_id)
    for subject in (restored.invitation_id,) if restored.invitation_id else whole:
        if subject is not None:
            await facts.restore(work.session, work.dealer, subject, restored_at=restored.at)


@handlers.on(AppointmentChanged)
async def remember_appointment(appointment: AppointmentChanged, work: Work) -> None:
    assert work.cause is not None
    await facts.remember_appointment(work.session, work.dealer, appointment, work.cause.occurred_at)


@handlers.on(WebhookAccepted)
async def take_report(webhook: WebhookAccepted, work: Work) -> None:
    """A delivery callback: late, twice, out of order, or about nothing of ours."""
    if webhook.source != "gatewayapi":
        return
    report = delivery.read_gatewayapi(webhook.body)
    row = await _reported_message(report, work) if report is not None else None
    if report is None or row is None:
        _log.info("callback.stray", source=webhook.source, delivery=webhook.delivery_id)
        await ledger.count_stray(work.session, work.dealer, webhook.source, webhook.at)
        return
    state = delivery.failed_on(row.channel) if report.state == State.FAILED else report.state
    if delivery.moves(State(row.state), state):
        await recording.reported(work, row, state, report.provider_ref, status=report.status, because=report.because)


async def _reported_message(report: delivery.Report, work: Work) -> MessageRow | None:
    """The message a report is about, by our reference, else by the provider's; only one that was handed in counts."""
    row = None
    if report.message_id is not None:
        row = await ledger.lock(work.session, work.dealer, report.message_id)
    if row is None and report.provider_ref is not None:
        row = await ledger.lock_by_provider_ref(work.session, work.dealer, report.provider_ref)
    return row if row is not None and delivery.was_handed_in(State(row.state), row.attempts) else None


async def _remember_answer(work: Work, said: dict[str, object], *, alert: str | None) -> None:
    assert work.cause is not None
    values = said | {"heard_at": work.cause.occurred_at, "alert": alert}
    await facts.remember_answer(work.session, work.dealer, work.cause.id, values)
    if alert is not None:
        work.wake(SEND, work.now)


async def _look_again(work: Work, *waits: Waits) -> None:
    if await ledger.look_again(work.session, work.dealer, waits, now=work.now):
        work.wake(SEND, work.now)
