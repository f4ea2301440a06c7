"""What is told of an order or appointment: its text and status in, the events that should stand in the log out."""

from datetime import date
from typing import Any

from classifier.domain.evidence import Words
from classifier.domain.orders import Line, Order
from classifier.domain.reading import Read
from common.events.appointments import AppointmentChanged
from common.events.visits import AppointmentClassified, Evidence, OpenOrderClassified, Reading, TagRead, VisitClassified
from common.events.words import AppointmentStatus, OrderStatus
from common.events.work_orders import WorkOrderChanged

Told = dict[str, dict[str, Any]]  # by event name: the body last told, its revision included


def order_of(work_order: WorkOrderChanged, heard_on: date) -> Order:
    """The order as the reader sees it."""
    return Order(
        lines=tuple(Line(line.text, line.code, line.quantity, line.unit, line.amount) for line in work_order.lines),
        remarks=work_order.remarks,
        on=_day(work_order, heard_on),
        finished=work_order.status != OrderStatus.OPEN,
        odometer_km=work_order.odometer_km,
        mechanics=work_order.mechanics,
        hours=work_order.hours,
        next_service_on=work_order.next_service_on,
    )


def appointment_text(appointment: AppointmentChanged) -> Order:
    """An appointment as the reader sees it: what is wanted on that day."""
    return Order(lines=(Line(appointment.text),), on=appointment.starts_at.date(), finished=False)


def of_order(work_order: WorkOrderChanged, read: Read, heard_on: date, told: Told) -> list[Reading]:
    """A finished order is a visit, an open one an open order; what it was before is taken back where it was told."""
    found: list[Reading] = []
    if work_order.status == OrderStatus.OPEN:
        found.append(_open_order(work_order, read, still_open=True))
    elif OpenOrderClassified.name in told:
        found.append(_open_order(work_order, Read(), still_open=False))
    if work_order.status == OrderStatus.FINISHED:
        found.append(_visit(work_order, read, heard_on, counts=True))
    elif VisitClassified.name in told or work_order.status == OrderStatus.CREDITED:
        found.append(_visit(work_order, Read(), heard_on, counts=False))
    return [reading for reading in (_numbered(reading, told) for reading in found) if reading is not None]


def of_appointment(appointment: AppointmentChanged, read: Read, told: Told) -> list[Reading]:
    """What an appointment is for; a cancelled one is told too, for its reader knows its state from elsewhere."""
    reading = AppointmentClassified(
        revision=0,
        text_revision=appointment.revision,
        appointment_id=appointment.appointment_id,
        vehicle_id=appointment.vehicle_id,
        customer_id=appointment.customer_id,
        **_read(read),
    )
    numbered = _numbered(reading, told)
    return [numbered] if numbered is not None else []


def worth_reading(status: str) -> bool:
    """Whether the text of an order or appointment of that status says anything."""
    return status not in (OrderStatus.CANCELLED, OrderStatus.CREDITED, AppointmentStatus.NO_SHOW)


def unclear_on(told: Told) -> date | None:
    """The day of a visit that somebody should look at, as it was told last."""
    visit = told.get(VisitClassified.name, {})
    return date.fromisoformat(visit["visited_on"]) if visit.get("review") and visit.get("counts") else None


def _numbered(reading: Reading, told: Told) -> Reading | None:
    """The next revision, or None where the same was told already."""
    before = told.get(reading.name)
    if before is None:
        return reading.model_copy(update={"revision": 1})
    revision = int(before["revision"])
    said = reading.model_copy(update={"revision": revision}).model_dump(mode="json")
    if said == {
        **{key: nothing for key, nothing in said.items() if not nothing},
        **before,
    }:  # a field that is new says nothing yet
        return None
    return reading.model_copy(update={"revision": revision + 1})


def _visit(work_order: WorkOrderChanged, read: Read, heard_on: date, *, counts: bool) -> VisitClassified:
    return VisitClassified(
        revision=0,
        text_revision=work_order.revision,
        order_id=work_order.order_id,
        vehicle_id=work_order.vehicle_id,
        customer_id=work_order.customer_id,
        workshop_id=work_order.workshop_id,
        visited_on=_day(work_order, heard_on),
        counts=counts,
        odometer_km=read.odometer_km,
        mechanics=read.mechanics,
        hours=read.hours,
        amount=read.sums.amount,
        parts_amount=read.sums.parts_amount,
        parts=read.sums.parts,
        next_service_on=read.next_service_on,
        inspection_result=read.inspection_result,
        **_read(read),
    )


def _open_order(work_order: WorkOrderChanged, read: Read, *, still_open: bool) -> OpenOrderClassified:
    return OpenOrderClassified(
        revision=0,
        text_revision=work_order.revision,
        order_id=work_order.order_id,
        vehicle_id=work_order.vehicle_id,
        customer_id=work_order.customer_id,
        changed_on=work_order.changed_on,
        open=still_open,
        **_read(read),
    )


def _day(work_order: WorkOrderChanged, heard_on: date) -> date:
    return work_order.finished_on or work_order.changed_on or heard_on


def _read(read: Read) -> dict[str, Any]:
    tags = tuple(TagRead(tag=found.tag, evidence=tuple(map(_evidence, found.evidence))) for found in read.tags)
    overruled = tuple(TagRead(tag=one.tag, evidence=(_evidence(one.words), _evidence(one.because))) for one in read.overruled)
    return {"tags": tags, "overruled": overruled, "review": read.review}


def _evidence(words: Words) -> Evidence:
    return Evidence(words=words.words, place=words.place, rule=words.rule, strength=words.strength)
