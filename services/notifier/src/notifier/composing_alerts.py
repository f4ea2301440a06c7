"""Writing the mail to an employee when a customer has answered: first what to do, then who and which car."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.events.customers import CustomerChanged, VehicleChanged
from common.events.words import LeadType
from notifier import texts
from notifier.domain import names
from notifier.domain.letters import Written


@dataclass(frozen=True)
class Alert:
    """What an alert is written from; a customer or vehicle that we do not know stays away."""

    kind: str
    address: str
    language: str
    dealer: str
    customer: CustomerChanged | None = None
    vehicle: VehicleChanged | None = None
    type: str | None = None
    reason: str | None = None


def write(alert: Alert) -> Written:
    """Write the alert. Of the reason for a no only the words of our own list are repeated."""
    words = texts.words(alert.language, "alerts") or {}
    values = _values(alert, words)
    kind = words[alert.kind]
    phone = values["phone"]
    detail = texts.fill(kind["detail"], **values)
    if alert.kind == "call_me" and not phone:
        detail = f"{detail} {words['no_phone']}"
    subject = names.one_line(texts.fill(kind["subject"], **values))
    html, text = texts.lay_out(
        "alert",
        {
            "language": alert.language,
            "subject": subject,
            "todo": texts.fill(kind["todo"], **values),
            "detail": detail,
            "lines": _lines(alert, words["labels"], values),
            "link": None,
            "signature": texts.fill(words["signature"], dealer=names.one_line(alert.dealer)),
        },
    )
    return Written(address=alert.address, subject=subject, html=html, text=text)


def _values(alert: Alert, words: Mapping[str, Any]) -> dict[str, Any]:
    found = texts.about(alert.language, alert.type) if alert.type else None
    vehicle = alert.vehicle
    name = names.car_name(vehicle.make, vehicle.model) if vehicle else None
    plate = names.plate(vehicle.plate) if vehicle else None
    return {
        "customer": names.one_line(alert.customer.full_name if alert.customer else None) or words["customer_unknown"],
        "phone": names.phone(alert.customer.mobile) if alert.customer else None,
        "what": found["what"] if found else names.one_line(alert.type) or "service",
        "car": " ".join(part for part in (name, f"({plate})" if plate else None) if part) or None,
        "reason": words["reasons"].get(alert.reason),
        "is_lead": alert.type in set(LeadType),
    }


def _lines(alert: Alert, labels: Mapping[str, str], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    customer = alert.customer
    lines = [
        (labels["customer"], values["customer"]),
        (labels["number"], names.one_line(customer.number if customer else None)),
        (labels["phone"], values["phone"]),
        (labels["email"], names.one_line(customer.email if customer else None)),
        (labels["car"], values["car"]),
    ]
    return [(label, value) for label, value in lines if value]
