"""How e-conomic dresses what it knows: the documented fields and links around the few that a data set gives.

What is not known stays absent, as there; lines stand only in a document's own resource.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

Body = dict[str, Any]
Link = Callable[[str], str]
_TERMS = {"paymentTermsNumber": 1, "daysOfCredit": 8, "name": "Netto 8 dage", "paymentTermsType": "net"}
_ZONE = {"name": "Domestic", "vatZoneNumber": 1, "enabledForCustomer": True, "enabledForSupplier": True}


def customer(told: Mapping[str, Any], link: Link) -> Body:
    """A customer, the same in lists and in its own resource."""
    here = f"customers/{told['customerNumber']}"
    group = told.get("customerGroup") or {"customerGroupNumber": 1}
    return {
        "currency": "DKK",
        "paymentTerms": {"paymentTermsNumber": 1, "self": link("payment-terms/1")},
        "balance": 0.0,
        "dueAmount": 0.0,
        "vatZone": {"vatZoneNumber": 1, "self": link("vat-zones/1")},
        "layout": {"layoutNumber": 21, "self": link("layouts/21")},
        **told,
        "customerGroup": {**group, "self": link(f"customer-groups/{group['customerGroupNumber']}")},
        "contacts": link(f"{here}/contacts"),
        "templates": {
            "invoice": link(f"{here}/templates/invoice"),
            "invoiceLine": link(f"{here}/templates/invoiceline"),
            "self": link(f"{here}/templates"),
        },
        "totals": {
            "drafts": link(f"invoices/totals/drafts/{here}"),
            "booked": link(f"invoices/totals/booked/{here}"),
            "self": link(f"{here}/totals"),
        },
        "deliveryLocations": link(f"{here}/delivery-locations"),
        "invoices": {
            "drafts": link(f"{here}/invoices/drafts"),
            "booked": link(f"{here}/invoices/booked"),
            "self": link(f"{here}/invoices"),
        },
        "eInvoicingDisabledByDefault": False,
        "self": link(here),
    }


def invoice(told: Mapping[str, Any], link: Link) -> Body:
    """A booked invoice, with its lines."""
    here = f"invoices/booked/{told['bookedInvoiceNumber']}"
    return {
        "orderNumber": told["bookedInvoiceNumber"] + 1,
        **_document(told, link),
        "remainder": 0.0,
        "remainderInBaseCurrency": 0.0,
        "pdf": {"download": link(f"{here}/pdf")},
        "sent": link(f"{here}/sent"),
        "self": link(here),
    }


def order(told: Mapping[str, Any], link: Link, state: str) -> Body:
    """A draft or sent order, with its lines."""
    here = f"orders/{state}/{told['orderNumber']}"
    return {**_document(told, link), "costPriceInBaseCurrency": 0.0, "marginPercentage": 100.0, "self": link(here)}


def head(body: Mapping[str, Any]) -> Body:
    """A document as lists show it."""
    return {name: value for name, value in body.items() if name != "lines"}


def _document(told: Mapping[str, Any], link: Link) -> Body:
    net, gross = float(told.get("netAmount", 0.0)), float(told.get("grossAmount", 0.0))
    number = told["customer"]["customerNumber"]
    return {
        "exchangeRate": 100.0,
        "netAmountInBaseCurrency": net,
        "grossAmountInBaseCurrency": gross,
        "roundingAmount": 0.0,
        **told,
        "dueDate": (date.fromisoformat(told["date"]) + timedelta(days=8)).isoformat(),
        "paymentTerms": {**_TERMS, "self": link("payment-terms/1")},
        "customer": {"customerNumber": number, "self": link(f"customers/{number}")},
        "recipient": {**told.get("recipient", {}), "vatZone": {**_ZONE, "self": link("vat-zones/1")}},
        "layout": {"layoutNumber": 21, "self": link("layouts/21")},
        "lines": [_line(line, link) for line in told.get("lines", ())],
    }


def _line(told: Mapping[str, Any], link: Link) -> Body:
    net = float(told.get("totalNetAmount", 0.0))
    number = (told.get("product") or {}).get("productNumber")
    found = {"discountPercentage": 0.0, "unitCostPrice": 0.0, "vatRate": 25.0, "vatAmount": round(net * 0.25, 2), **told}
    if number is not None:
        found["product"] = {"productNumber": number, "self": link(f"products/{number}")}
    return found
