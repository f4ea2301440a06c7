"""What a credit note takes back: the order that it names, else the one whose amount it mirrors."""

from collections.abc import Iterable, Sequence
from datetime import date

from common.events.work_orders import WorkOrderChanged


def total(order: WorkOrderChanged) -> int:
    """The net amount of all lines, in minor units."""
    return sum(line.amount or 0 for line in order.lines)


def covers(credits: Sequence[WorkOrderChanged], order: WorkOrderChanged) -> bool:
    """Whether these credit notes together take back every line: only then it is no visit any more."""
    if not credits:
        return False
    if not any(line.amount is not None for line in order.lines) or not any(map(total, credits)):
        return any(not credit.lines for credit in credits) or sum(len(credit.lines) for credit in credits) >= len(order.lines)
    left = total(order) - sum(abs(total(credit)) for credit in credits)
    return left <= len(order.lines)  # rounding takes a minor unit a line


def named_by(number: str | None, orders: Iterable[WorkOrderChanged]) -> WorkOrderChanged | None:
    """The order of that number among a customer's own: a text may hold any number, a year or another shop's invoice."""
    return next((order for order in orders if order.number == number and order.status == "finished"), None)


def mirrored_by(credit: WorkOrderChanged, orders: Iterable[WorkOrderChanged]) -> WorkOrderChanged | None:
    """The latest order of the mirrored amount up to the credit note's day; an order and its credit note are one vehicle's."""
    found = [
        order
        for order in orders
        if order.status == "finished"
        and total(order) == -total(credit) != 0
        and _same_vehicle(order, credit)
        and _is_before(order, credit)
    ]
    return max(found, key=lambda order: (order.finished_on or date.min, order.number), default=None)


def mirroring(order: WorkOrderChanged, credits: Iterable[WorkOrderChanged]) -> WorkOrderChanged | None:
    """The earliest of these credit notes that mirrors an order: it was heard of before the order was."""
    found = [credit for credit in credits if mirrored_by(credit, [order.model_copy(update={"status": "finished"})]) is not None]
    return min(found, key=lambda credit: (credit.finished_on or date.max, credit.number), default=None)


def _same_vehicle(order: WorkOrderChanged, credit: WorkOrderChanged) -> bool:
    return credit.vehicle_id is None or order.vehicle_id == credit.vehicle_id


def _is_before(order: WorkOrderChanged, credit: WorkOrderChanged) -> bool:
    return order.finished_on is None or credit.finished_on is None or order.finished_on <= credit.finished_on
