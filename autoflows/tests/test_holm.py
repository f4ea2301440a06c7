"""The demo's dealer: invented, the same every time, and with something to do in the weeks after its start."""

from datetime import date, timedelta

import pytest

from autoflows.demo import holm

STARTS = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 12, 15), date(2028, 2, 29)]


@pytest.mark.parametrize("started_on", STARTS)
def test_services_fall_so_that_most_of_the_next_forty_days_have_an_invitation(started_on: date) -> None:
    last = {
        invoice["customer"]["customerNumber"]: date.fromisoformat(invoice["date"])
        for invoice in holm.invoices(started_on)
        if any(line["product"]["productNumber"] == "SERV" for line in invoice["lines"])
        and date.fromisoformat(invoice["date"]) <= started_on
    }
    eleven_months_on = {on + timedelta(days=334) for on in last.values()}
    ahead = [on for on in eleven_months_on if started_on - timedelta(days=9) <= on <= started_on + timedelta(days=42)]
    assert len(ahead) >= 30


def test_numbers_follow_dates_and_every_text_names_the_car() -> None:
    invoices = holm.invoices(STARTS[0])
    assert [invoice["bookedInvoiceNumber"] for invoice in invoices] == list(range(40_001, 40_001 + len(invoices)))
    assert [invoice["date"] for invoice in invoices] == sorted(invoice["date"] for invoice in invoices)
    plates = {owner.number: owner.plate for owner in holm.owners()}
    assert all(plates[invoice["customer"]["customerNumber"]] in invoice["notes"]["heading"] for invoice in invoices)
    assert len(set(plates.values())) == 60
    assert holm.PLATE in plates.values()


def test_everyone_is_invented_and_somebody_lacks_an_address() -> None:
    customers = holm.customers(STARTS[0])
    assert all(customer.get("email", "@example.com").endswith("@example.com") for customer in customers)
    assert all(customer.get("mobilePhone", "201234").startswith("201234") for customer in customers)
    assert any("email" not in customer for customer in customers)
    assert any("mobilePhone" not in customer for customer in customers)
    assert all("email" in customer or "mobilePhone" in customer for customer in customers)


def test_the_same_start_gives_the_same_world() -> None:
    assert holm.invoices(STARTS[0]) == holm.invoices(STARTS[0])
    assert holm.orders(STARTS[0]) == holm.orders(STARTS[0])
