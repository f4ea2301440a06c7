"""The claim and the last look: two short transactions before a provider is called, and what is made ready in them."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from common.clock import local_day
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.messages import Contact
from common.events.settings import DealerChanged, Sender, UserAlertsChanged, WorkshopChanged
from common.events.words import Because, Channel
from common.ids import DealerId
from common.web import address_of
from common.work import Work
from notifier import composing, composing_alerts, composing_campaigns, composing_leads, recording, texts
from notifier.clients import Mail, Sms
from notifier.domain import look, sms
from notifier.domain.due import AlertDue, LetterDue, contacts_due, kept_letter
from notifier.domain.letters import Letter, Part, Places, Written
from notifier.domain.sender import sender_of
from notifier.domain.states import ContactState, Purpose, State, Waits
from notifier.domain.window import DayMissed, Leave, TooLate, Wait, may_leave
from notifier.store import facts, ledger
from notifier.tables import MessageRow

SOON = timedelta(minutes=1)
LATER = timedelta(hours=1)


@dataclass(frozen=True)
class Ways:
    """What messages need to know of the outside: where links lead, and where callbacks come back."""

    public_url: str
    notifier_url: str
    alert_from: str
    sms_callback_base: str
    sms_callback_secret: str

    def places(self, dealer: DealerId) -> Places:
        return Places(self.public_url, self.notifier_url, lambda: new_token(dealer))

    def callback_url(self, dealer: DealerId) -> str:
        return f"{self.sms_callback_base}/{address_of(self.sms_callback_secret, dealer)}"


@dataclass(frozen=True)
class Claimed:
    """A message in our hands, by this claim and no other."""

    message_id: UUID
    claim: UUID


@dataclass(frozen=True)
class Ready:
    """A message past its last look, as it goes to the provider."""

    claimed: Claimed
    channel: str
    mail: Mail | None = None
    sms: Sms | None = None


def new_token(dealer: DealerId) -> str:
    """Unguessable, and it says whose it is, so that a link is looked up as that dealer and no other."""
    return urlsafe_b64encode(dealer.bytes + secrets.token_bytes(14)).rstrip(b"=").decode()


async def claim(work: Work, *, limit: int, without: frozenset[str], lasting: timedelta) -> list[Claimed] | None:
    """Claim what may leave now; None when nothing is due. The contacts are committed before anyone outside hears of them."""
    rows = await ledger.due_now(work.session, work.dealer, now=work.now, limit=limit, without=without)
    if not rows:
        return None
    dealer = (await facts.load(work.session, work.dealer, DealerChanged, [work.dealer])).get(work.dealer)
    workshops = await facts.load(work.session, work.dealer, WorkshopChanged, {row.workshop_id for row in rows if row.workshop_id})
    claimed = []
    for row in rows:
        workshop = workshops.get(row.workshop_id) if row.workshop_id else None
        if await _may_leave(work, row, dealer, workshop) and (found := await _claim_one(work, row, dealer, lasting)):
            claimed.append(found)
    return claimed


async def _may_leave(work: Work, row: MessageRow, dealer: DealerChanged | None, workshop: WorkshopChanged | None) -> bool:
    """Whether now is the time; else the row says until when it waits, or is given up."""
    if row.purpose == Purpose.ALERT:
        return _known(work, row, dealer)
    window = kept_letter(row.purpose, row.due).window
    verdict = may_leave(window, now=work.now)
    if isinstance(verdict, TooLate):
        await _give_back(work, row, Because.TOO_LATE)
        return False
    if not _known(work, row, dealer):
        return False
    assert dealer is not None
    if not sender_of(dealer, workshop).is_complete():
        row.waits, row.send_at = Waits.SENDER_INCOMPLETE, window.ends_at()
        return False
    if isinstance(verdict, Wait):
        row.waits, row.send_at = Waits.WINDOW, verdict.until
    elif isinstance(verdict, DayMissed):
        await _give_back(work, row, Because.NOT_DUE)
    return isinstance(verdict, Leave)


def _known(work: Work, row: MessageRow, dealer: DealerChanged | None) -> bool:
    if dealer is None:
        row.waits, row.send_at = Waits.DEALER_UNKNOWN, work.now + SOON
    return dealer is not None


async def _give_back(work: Work, row: MessageRow, because: Because) -> None:
    """Its time is over: what nobody else has made meanwhile goes back to who decided it."""
    wanted = contacts_due(row.purpose, row.due)
    mine = await ledger.claim_contacts(work.session, work.dealer, row.message_id, wanted, now=work.now)
    if mine:
        await recording.withdrawn(work, row, mine, because)
    await recording.given_up(work, row, State.WITHDRAWN if mine else State.SUPERSEDED, because if mine else None)


async def _claim_one(work: Work, row: MessageRow, dealer: DealerChanged | None, lasting: timedelta) -> Claimed | None:
    wanted = contacts_due(row.purpose, row.due)
    if not await ledger.claim_contacts(work.session, work.dealer, row.message_id, wanted, now=work.now):
        await recording.given_up(work, row, State.SUPERSEDED)
        return None
    zone = row.due.get("timezone") or (dealer.timezone if dealer else "UTC")
    row.local_on = local_day(work.now, ZoneInfo(zone))
    token = uuid4()
    await ledger.lease(work.session, row, token, lasting=lasting)
    return Claimed(row.message_id, token)


async def release(work: Work, claimed: Claimed, waits: Waits, until: datetime) -> None:
    """Give a claim back: nobody was called, so nothing was sent."""
    row = await ledger.lock(work.session, work.dealer, claimed.message_id)
    if row is not None and row.claim == claimed.claim and row.state == State.CLAIMED:
        await recording.put_back(work, row, waits, until)


async def last_look(work: Work, claimed: Claimed, ways: Ways) -> Ready | None:
    """Withdraw what was touched since it was decided, and write the rest. From this commit on it may have left."""
    row = await ledger.lock(work.session, work.dealer, claimed.message_id)
    if row is None or row.claim != claimed.claim or row.state != State.CLAIMED:
        return None  # the lease ran out meanwhile, and someone else settled it
    dealer = (await facts.load(work.session, work.dealer, DealerChanged, [work.dealer]))[work.dealer]
    contacts = await ledger.contacts_of(work.session, work.dealer, row.message_id, ContactState.CLAIMED)
    if row.purpose == Purpose.ALERT:
        return await _ready_alert(work, row, claimed, dealer, ways)
    return await _ready_letter(work, row, claimed, dealer, contacts, ways)


async def _ready_letter(
    work: Work, row: MessageRow, claimed: Claimed, dealer: DealerChanged, contacts: list[Contact], ways: Ways
) -> Ready | None:
    due = kept_letter(row.purpose, row.due)
    ids = {due.customer_id} | {each for part in due.parts for each in (part.vehicle_id, part.customer_id)}
    who = await facts.identities(work.session, work.dealer, ids)
    contacts = await _untouched(work, row, due, contacts, who)
    if not contacts:
        await recording.given_up(work, row, State.WITHDRAWN, row.because)
        return None
    letter = await _letter(work, row, due, contacts, who, dealer)
    if letter is None:
        await recording.put_back(work, row, Waits.CUSTOMER_UNKNOWN, work.now + SOON)
        return None
    address = letter.customer.email if row.channel == Channel.EMAIL else letter.customer.mobile
    if not address:
        await recording.refused(work, row, Because.NO_ADDRESS)
        return None
    if await facts.suppressed_at(work.session, work.dealer, address, row.channel):
        await recording.withdrawn(work, row, contacts, Because.SUPPRESSED)
        await recording.given_up(work, row, State.WITHDRAWN, Because.SUPPRESSED)
        return None
    write = composing_leads.write if row.purpose == Purpose.LEAD else composing.write
    written = write(letter, ways.places(work.dealer), pixel=bool(dealer.settings.get("open_tracking", True)))
    if written is None:
        await recording.put_back(work, row, Waits.NO_TEXT, work.now + LATER)
        return None
    await _keep(work, row, written, letter.language)
    return _as_sent(work, row, claimed, written, letter.sender, ways)


async def _untouched(
    work: Work, row: MessageRow, due: LetterDue, contacts: list[Contact], who: facts.Identities
) -> list[Contact]:
    """The contacts that nothing touched since the message was decided; the others are withdrawn, each with its reason."""
    touched: dict[Because, list[Contact]] = {}
    customers = {part.reference: part.customer_id for part in due.parts}
    for contact in contacts:
        heard = await facts.heard(
            work.session,
            work.dealer,
            reference=contact.reference,
            vehicle=who.of(contact.vehicle_id) if contact.vehicle_id else set(),
            customer=who.of(customers[contact.reference]),
            channel=row.channel,
        )
        if because := look.touched(look.bearing_on(heard, row.purpose, contact.type), decided_at=row.decided_at):
            touched.setdefault(because, []).append(contact)
    for because, stopped in touched.items():
        row.because = because
        await recording.withdrawn(work, row, stopped, because)
    return [contact for contact in contacts if not any(contact in stopped for stopped in touched.values())]


async def _letter(
    work: Work, row: MessageRow, due: LetterDue, contacts: list[Contact], who: facts.Identities, dealer: DealerChanged
) -> Letter | None:
    """What the message is written from, or None while the customer or a vehicle was not heard of yet."""
    customer_id = who.current(due.customer_id)
    customer = (await facts.load(work.session, work.dealer, CustomerChanged, [customer_id])).get(customer_id)
    parts = [part for part in due.parts if any(contact.reference == part.reference for contact in contacts)]
    cars = {part.vehicle_id: who.current(part.vehicle_id) for part in parts}
    vehicles = await facts.load(work.session, work.dealer, VehicleChanged, cars.values())
    if customer is None or any(current not in vehicles for current in cars.values()):
        return None
    return Letter(
        channel=row.channel,
        customer=customer,
        parts=tuple(
            Part(part.reference, part.step, part.type, part.code, part.due_on, vehicles[cars[part.vehicle_id]]) for part in parts
        ),
        sender=sender_of(dealer, await _workshop(work, row)),
        language=texts.language_for(customer.language or dealer.language),
        on=row.local_on,
    )


async def _ready_alert(work: Work, row: MessageRow, claimed: Claimed, dealer: DealerChanged, ways: Ways) -> Ready | None:
    due = AlertDue.model_validate(row.due)
    if due.campaign is not None and await facts.campaign_answered(work.session, work.dealer, due.campaign.campaign_id):
        await recording.withdrawn(work, row, contacts_due(row.purpose, row.due), Because.ANSWERED)
        await recording.given_up(work, row, State.WITHDRAWN, Because.ANSWERED)
        return None
    workshop = await _workshop(work, row)
    address, wish = await _reader(work, row, sender_of(dealer, workshop), dealer)
    if not address:
        await recording.refused(work, row, Because.NO_ADDRESS)
        return None
    language = texts.language_for(wish)
    if due.campaign is not None:
        place = workshop.title if workshop is not None else None
        asked = composing_campaigns.Question(
            due.campaign, address, language, dealer.title, place, by_name=row.user_id is not None
        )
        written = composing_campaigns.write(asked, f"{ways.public_url}/campaigns/{due.campaign.campaign_id}")
    else:
        written = composing_alerts.write(await _alert(work, row, due, address, language, dealer))
    await _keep(work, row, written, language)
    sender = Sender(name="Autoflows", email=dealer.sender.email or ways.alert_from)
    return _as_sent(work, row, claimed, written, sender, ways)


async def _reader(work: Work, row: MessageRow, sender: Sender, dealer: DealerChanged) -> tuple[str | None, str | None]:
    """The address and language of the employee an alert goes to; without one it goes where customers' answers go."""
    if row.user_id is None:
        return sender.reply_to or sender.email, dealer.language
    user = (await facts.load(work.session, work.dealer, UserAlertsChanged, [row.user_id])).get(row.user_id)
    return (user.email, user.language) if user is not None and user.active else (None, None)


async def _alert(
    work: Work, row: MessageRow, due: AlertDue, address: str, language: str, dealer: DealerChanged
) -> composing_alerts.Alert:
    who = await facts.identities(work.session, work.dealer, {found for found in (row.customer_id, due.vehicle_id) if found})
    return composing_alerts.Alert(
        kind=due.kind,
        address=address,
        language=language,
        dealer=dealer.title,
        customer=await _one(work, CustomerChanged, who, row.customer_id),
        vehicle=await _one(work, VehicleChanged, who, due.vehicle_id),
        type=due.type,
        reason=due.reason,
    )


async def _workshop(work: Work, row: MessageRow) -> WorkshopChanged | None:
    if row.workshop_id is None:
        return None
    return (await facts.load(work.session, work.dealer, WorkshopChanged, [row.workshop_id])).get(row.workshop_id)


async def _one(work: Work, kind: Any, who: facts.Identities, subject: UUID | None) -> Any:
    if subject is None:
        return None
    current = who.current(subject)
    return (await facts.load(work.session, work.dealer, kind, [current])).get(current)


async def _keep(work: Work, row: MessageRow, written: Written, language: str) -> None:
    """The message as it leaves, so that it can be read later as it was sent."""
    row.address, row.subject, row.text, row.html, row.language = (
        written.address, written.subject, written.text, written.html, language,
    )  # fmt: skip
    row.looked, row.attempts, row.because = True, row.attempts + 1, None
    await ledger.keep_links(work.session, work.dealer, row.message_id, written.links)


def _as_sent(work: Work, row: MessageRow, claimed: Claimed, written: Written, sender: Sender, ways: Ways) -> Ready:
    if row.channel == Channel.SMS:
        name = sms.sender_name(sender.sms_name, sender.name)
        text = Sms(row.message_id, written.address, name, written.text, ways.callback_url(work.dealer))
        return Ready(claimed, row.channel, sms=text)
    headers = {}
    if written.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{written.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = Mail(
        message_id=row.message_id, dealer=work.dealer, to=written.address, subject=written.subject or "", text=written.text,
        html=written.html or "", from_name=sender.name or "", from_address=sender.email or "", at=work.now,
        reply_to=sender.reply_to, headers=headers,
    )  # fmt: skip
    return Ready(claimed, row.channel, mail=mail)
