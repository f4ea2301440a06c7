"""Rules without a database: which vehicle a snapshot is, what a credit note covers, and e-conomic's real bodies."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus.envelope import seal
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import DealerId, OrderId, SourceId
from ingest.domain import crediting, economic
from ingest.domain.mapping import FileMapping
from ingest.domain.merging import Identity, Known, identify
from ingest.domain.rows import order_of
from ingest.domain.snapshots import OrderSnapshot, TooLarge

REAL = Path(__file__).parents[3].parent / "shared" / "fixtures" / "economic"
A, B, C = (UUID(int=n) for n in (1, 2, 3))
V1, V2 = "WVWZZZ1KZAW000001", "WVWZZZ1KZAW000002"


@pytest.mark.parametrize(
    ("vin", "found", "identity"),
    [
        (V1, [], Identity(None)),
        (None, [Known(A)], Identity(A)),
        (V1, [Known(A)], Identity(A)),
        (V1, [Known(A, V1)], Identity(A)),
        (V1, [Known(A, V2)], Identity(None)),  # its plate is on another vehicle now
        (V1, [Known(B, V1), Known(A)], Identity(A, (B,))),  # VIN and plate were told apart until now
        (V1, [Known(B, V1), Known(A, V2)], Identity(B)),
        (None, [Known(A, V1), Known(B, V2)], Identity(A)),  # the plate is surer than the source's key
        (V1, [Known(C, V1), Known(B), Known(A)], Identity(A, (C, B))),
        (V1, [Known(A, V1), Known(A, V1)], Identity(A)),
    ],
)
def test_a_vehicle_is_known_again(vin: str | None, found: list[Known], identity: Identity) -> None:
    assert identify(vin, found) == identity


@given(
    st.lists(st.builds(Known, st.sampled_from([A, B, C]), st.sampled_from([None, V1, V2])), max_size=3),
    st.sampled_from([None, V1, V2]),
)
def test_vehicles_with_two_vins_are_never_one(found: list[Known], vin: str | None) -> None:
    identity = identify(vin, found)
    one = {identity.vehicle, *identity.same}
    vins = {vin, *(known.vin for known in found if known.vehicle in one and known.vin == vin)} - {None}
    assert len(vins) <= 1
    assert identity.vehicle is None or identity.vehicle < min(identity.same, default=UUID(int=9))


def order(number: str, *amounts: int | None, on: date = date(2026, 1, 1), status: str = "finished") -> WorkOrderChanged:
    lines = tuple(OrderLine(text=f"line {place}", amount=amount) for place, amount in enumerate(amounts))
    return WorkOrderChanged(
        revision=1, order_id=OrderId(A), source_id=SourceId(B), number=number, status=status, finished_on=on, lines=lines
    )  # fmt: skip


@pytest.mark.parametrize(
    ("credits", "covered"),
    [
        ([], False),
        ([order("k", -1000, -500)], True),
        ([order("k", -1500)], True),
        ([order("k", -1499)], True),  # rounding
        ([order("k", -500)], False),
        ([order("k", -500), order("l", -1000)], True),
        ([order("k")], True),  # it names the order, and says nothing of amounts
        ([order("k", None)], False),
        ([order("k", None, None)], True),
    ],
)
def test_only_what_covers_every_line_takes_a_visit_back(credits: list[WorkOrderChanged], covered: bool) -> None:
    assert crediting.covers(credits, order("1", 1000, 500)) is covered


def test_a_credit_note_without_a_number_mirrors_the_latest_order_before_it() -> None:
    note = order("9", -100, on=date(2026, 3, 1), status="credited")
    orders = [order("1", 100), order("2", 100, on=date(2026, 2, 1)), order("3", 100, on=date(2026, 4, 1)), order("4", 99)]
    found = crediting.mirrored_by(note, orders)
    assert found is not None
    assert found.number == "2"
    assert crediting.mirrored_by(order("9", on=date(2026, 3, 1)), [order("1")]) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Kreditnota til faktura 12345", "12345"),
        ("Krediterer fakt. nr. 77", "77"),
        ("KREDITNOTA vedr. faktura nr.: 4711, beløb 200", "4711"),
        ("Credit note for invoice 12", "12"),
        ("Vedr. fakt.nr. 31, fortrudt", "31"),
        ("Kreditnota 5 til faktura 12", "12"),
        ("Kreditnota faktura 5", None),  # its own number
        ("Kredit", None),
    ],
)
def test_a_credit_note_may_name_what_it_takes_back(text: str, number: str | None) -> None:
    body = {"bookedInvoiceNumber": 5, "date": "2026-01-01", "netAmount": -10.0, "notes": {"heading": text}}
    assert economic.invoice(body).seems_to_credit == number


def invoiced(heading: str, *lines: tuple[str, float | None, str | None], reference: str | None = None) -> dict[str, Any]:
    """An invoice with its notes' heading and lines of text, amount and product."""
    told = [
        {"description": text, "totalNetAmount": amount, "product": {"productNumber": product} if product else None}
        for text, amount, product in lines
    ]
    return {"notes": {"heading": heading}, "references": {"other": reference}, "lines": told}


@pytest.mark.parametrize(
    ("body", "plate"),
    [
        (invoiced("AB12345, km: 72.500", ("Service", 900.0, None)), "AB12345"),
        (invoiced("CD23456", reference="AB12345"), "AB12345"),
        (invoiced("Golf", ("AB12345", None, None)), "AB12345"),
        (invoiced("Golf", ("AB12345", 0.0, None)), "AB12345"),
        (invoiced("CD23456", ("Reg.nr. AB12345", 900.0, "9")), "AB12345"),
        (invoiced("Golf", ("Service AB12345", 900.0, None)), None),
        (invoiced("Golf", ("Del AB12345", None, "77")), None),
        (invoiced("AB12345", ("Motorolie VW 50400/50700", 90.0, "7")), "AB12345"),
        (invoiced("Lånebil CD23456 udleveret. Reg.nr. AB12345"), "AB12345"),
        (invoiced("AB12345 og CD23456"), None),
    ],
)
def test_the_plate_of_an_invoice_is_the_surest_and_never_a_part_number(body: dict[str, Any], plate: str | None) -> None:
    assert economic.vehicle_in(body).plate == plate


FILE = FileMapping(columns={"no": "number", "on": "finished_on", "r": "remarks", "t": "text", "a": "amount"})


@pytest.mark.parametrize(
    ("rows", "plate"),
    [
        ([{"remarks": "AB12345"}, {"text": "Filter CD23456", "amount": "90"}], "AB12345"),
        ([{"text": "AB12345"}], "AB12345"),
        ([{"text": "Service AB12345", "amount": "900"}], None),
        ([{"text": "Service, reg.nr. AB12345", "amount": "900"}], "AB12345"),
        ([{"remarks": "Lånebil CD23456"}, {"text": "AB12345"}], "AB12345"),
    ],
)
def test_the_plate_of_a_files_order_is_the_surest(rows: list[dict[str, str]], plate: str | None) -> None:
    given = [{"number": "1", "finished_on": "2026-01-01", **row} for row in rows]
    assert order_of(given, FILE, "DK").vehicle.plate == plate


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"bookedInvoiceNumber": "5"},
        {"bookedInvoiceNumber": 5},
        {"bookedInvoiceNumber": 5, "date": "soon"},
        {"bookedInvoiceNumber": 5, "date": "2026-01-01", "netAmount": "much"},
        {"bookedInvoiceNumber": 5, "date": "2026-01-01", "lines": [{"totalNetAmount": 1e308}]},
        {"bookedInvoiceNumber": 5, "date": "2026-01-01", "lines": [{"quantity": float("inf")}]},
    ],
)
def test_a_body_that_is_not_as_documented_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(economic.Unreadable):
        economic.invoice(body)


def test_an_order_larger_than_can_be_told_is_none() -> None:
    body = {"bookedInvoiceNumber": 5, "date": "2026-01-01", "lines": [{"description": "x" * 2500}] * 41}
    with pytest.raises(TooLarge):
        economic.invoice(body)


def test_the_largest_order_can_be_told() -> None:
    lines = tuple(OrderLine(code="c" * 5, text="\u2028" * 42, quantity=1.5, unit="u" * 3, amount=100) for _ in range(2000))
    snapshot = OrderSnapshot("1", "finished", date(2026, 1, 1), lines=lines)
    told = order("1").model_copy(update={"lines": snapshot.lines})
    assert seal(told, DealerId(A), datetime(2026, 1, 1, tzinfo=UTC), None)


def real(name: str) -> Any:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the real bodies are not here: {path.parent.name} is no part of this repository")
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_real_credit_note_is_read() -> None:
    found = economic.invoice(real("invoice_booked_16.json"))
    assert (found.number, found.status, found.total(), found.currency) == ("16", "credited", -75_700, "DKK")
    assert (found.finished_on, found.is_credit_note(), found.lines[0].code) == (date(2024, 1, 17), True, "14")
    assert found.customer is not None
    assert (found.customer.number, found.remarks) == ("1117", "Fotokopiering m.m. 2023")


def test_real_heads_and_customers_are_read() -> None:
    heads = [economic.invoice(body) for body in real("invoices_booked_page.json")["collection"]]
    assert [(head.number, head.status) for head in heads] == [("16", "credited"), ("18", "finished")]
    bodies = real("customers_page_0.json")["collection"] + real("customers_page_1.json")["collection"]
    customers = [economic.customer(body, "DK") for body in bodies]
    assert len({customer.number for customer in customers}) == len(bodies) == 39
    assert {customer.kind for customer in customers} == {"private", "business"}
    assert sum(customer.email is not None for customer in customers) == sum("email" in body for body in bodies)
