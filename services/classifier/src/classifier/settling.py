"""What was touched is read again, once per batch: text and lexicon in, the events that changed out."""

from dataclasses import replace
from uuid import UUID

from classifier import domain, lexicons, store
from classifier.domain import telling
from classifier.domain.mechanics import codes, is_code, named
from classifier.domain.verdicts import decided, text_mark
from common.events.visits import Reading
from common.events.words import OrderStatus
from common.handling import Settlers
from common.ids import AppointmentId, OrderId
from common.work import Work

settlers = Settlers()
SLICE = 200


@settlers.of(OrderId)
async def read_orders(ids: frozenset[UUID], work: Work) -> None:
    """Read these orders and tell what is new."""
    reader, names = await reader_of(work), await store.names(work.session, work.dealer)
    texts = await store.orders(work.session, work.dealer, ids)
    given = await store.verdicts(work.session, work.dealer, ids)  # once the orders are locked, so that none is given meanwhile
    mechanics, noted = {}, []
    for text in texts:
        order = text.work_order
        known = telling.worth_reading(order.status)
        read = reader.read(telling.order_of(order, text.heard_on)) if known else domain.Read()
        is_visit = order.status == OrderStatus.FINISHED
        written = codes(read.mechanics) if is_visit else {}
        mechanics[text.id] = {code: (is_code(one), names.get(code)) for code, one in written.items()}
        if is_visit and (verdict := given.get(text.id)) is not None:
            read = decided(read, verdict, text_mark(order))
        read = replace(read, mechanics=named(read.mechanics, names))
        told = _tell(work, text, telling.of_order(order, read, text.heard_on, text.told))
        noted.append(store.Noted(text.id, told, telling.unclear_on(told)))
    await store.save_orders(work.session, work.dealer, noted, lexicon=reader.version)
    await store.save_mechanics(work.session, work.dealer, mechanics)


@settlers.of(AppointmentId)
async def read_appointments(ids: frozenset[UUID], work: Work) -> None:
    """Read these appointments and tell what is new."""
    reader = await reader_of(work)
    noted = []
    for text in await store.appointments(work.session, work.dealer, ids):
        appointment = text.appointment
        read = reader.read(telling.appointment_text(appointment))
        told = _tell(work, text, telling.of_appointment(appointment, read, text.told))
        noted.append(store.Noted(text.id, told))
    await store.save_appointments(work.session, work.dealer, noted, lexicon=reader.version)


async def language_of(work: Work) -> str:
    """The dealer's language; where there is no lexicon for it yet, or nobody told the language, the default."""
    language = await store.language_of(work.session, work.dealer)
    return language if language in lexicons.languages() else lexicons.DEFAULT


async def reader_of(work: Work) -> domain.Reader:
    """What this dealer's texts are read with: the lexicon of its language with what it published last."""
    language, current = await language_of(work), await store.current(work.session, work.dealer)
    key = (language, current.number, current.digest)
    if (known := lexicons.known_reader(key)) is not None:
        return known
    own = await store.content(work.session, work.dealer, current.number)
    return lexicons.reader(key, own or domain.NOTHING)


async def touch_slice(work: Work) -> bool:
    """Touch some of the dealer's texts that were read with another lexicon; False when these were the last."""
    reader = await reader_of(work)
    orders, appointments = await store.unread(work.session, work.dealer, reader.version, SLICE)
    work.touch(OrderId, *orders)
    work.touch(AppointmentId, *appointments)
    return len(orders) + len(appointments) == SLICE


def _tell(work: Work, text: store.Text, readings: list[Reading]) -> telling.Told:
    told = dict(text.told)
    for reading in readings:
        work.publish(reading)
        told[reading.name] = reading.model_dump(mode="json")
    return told
