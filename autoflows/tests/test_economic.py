"""The e-conomic simulator: the shapes of real answers, pages and filters, and what goes wrong on demand."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from autoflows.demo import holm
from autoflows.demo.economic import Economic

REAL = Path(__file__).parents[2].parent / "shared" / "fixtures" / "economic"
TOKENS = {"X-AppSecretToken": "demo", "X-AgreementGrantToken": "demo"}
DAY = date(2026, 3, 2)


@pytest.fixture
def economic() -> Economic:
    return Economic(
        holm.customers(DAY), holm.invoices(DAY), drafts=holm.orders(DAY), now=lambda: datetime(2026, 3, 2, 9, tzinfo=UTC)
    )


@pytest.fixture
async def http(economic: Economic) -> AsyncIterator[httpx.AsyncClient]:
    async with economic.serving() as url, httpx.AsyncClient(base_url=url, headers=TOKENS, trust_env=False) as client:
        yield client


async def every(http: httpx.AsyncClient, address: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while address is not None:
        page = (await http.get(address)).json()
        found += page["collection"]
        address = page["pagination"].get("nextPage")
    return found


async def test_pages_are_followed_by_their_links_and_the_last_has_none(http: httpx.AsyncClient) -> None:
    found = await every(http, "/customers?pagesize=7")
    assert [one["customerNumber"] for one in found] == [1001 + n for n in range(60)]
    first = (await http.get("/customers")).json()["pagination"]
    assert (first["pageSize"], first["skipPages"], first["results"]) == (20, 0, 60)
    assert "previousPage" not in first
    last = (await http.get(first["lastPage"])).json()["pagination"]
    assert "nextPage" not in last
    assert "previousPage" in last


async def test_conditions_are_joined_by_and(http: httpx.AsyncClient) -> None:
    both = "/invoices/booked?filter=date$gte:2025-04-01$and:date$lt:2025-05-01&pagesize=1000"
    assert {one["date"][:7] for one in await every(http, both)} == {"2025-04"}


async def test_a_condition_joined_by_an_ampersand_is_passed_over_and_stands_in_every_link(http: httpx.AsyncClient) -> None:
    page = (await http.get("/invoices/booked?filter=date$gte:2025-04-01&date$lte:2025-04-30&pagesize=1000")).json()
    assert any(one["date"] > "2025-04-30" for one in page["collection"])
    assert page["collection"][0]["self"].endswith("?date$lte:2025-04-30")


async def test_lists_have_no_lines_and_the_newest_can_come_first(http: httpx.AsyncClient) -> None:
    page = (await http.get("/invoices/booked?sort=-bookedInvoiceNumber")).json()["collection"]
    assert all("lines" not in one for one in page)
    assert page[0]["bookedInvoiceNumber"] > page[-1]["bookedInvoiceNumber"]
    assert (await http.get(page[0]["self"])).json()["lines"]


async def test_an_invoice_appears_when_the_clock_passes_its_day(economic: Economic, http: httpx.AsyncClient) -> None:
    before = (await http.get("/invoices/booked")).json()["pagination"]["results"]
    economic.now = lambda: datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=30)
    assert (await http.get("/invoices/booked")).json()["pagination"]["results"] > before


@pytest.mark.parametrize("missing", sorted(TOKENS))
async def test_both_tokens_are_needed(http: httpx.AsyncClient, missing: str) -> None:
    answer = await http.get("/customers", headers={missing: "wrong"})
    assert answer.status_code == 401
    assert {"message", "developerHint", "logId", "httpStatusCode", "errors", "logTime"} <= set(answer.json())


@pytest.mark.parametrize("query", ["pagesize=1001", "pagesize=x", "skippages=x", "filter=nonsense", "filter=date$gte:1$and:x"])
async def test_a_parameter_that_cannot_be_is_a_400(http: httpx.AsyncClient, query: str) -> None:
    assert (await http.get(f"/customers?{query}")).status_code == 400


async def test_what_is_not_there_is_a_404(http: httpx.AsyncClient) -> None:
    assert [(await http.get(path)).status_code for path in ("/invoices/booked/1", "/nothing", "/customers/x")] == [404] * 3


async def test_oddities_are_used_up(economic: Economic, http: httpx.AsyncClient) -> None:
    economic.oddities.too_many, economic.oddities.failing, economic.oddities.truncated = 1, 1, 1
    answers = [await http.get("/customers") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 500, 200, 200]
    assert answers[0].headers["retry-after"] == "0"
    with pytest.raises(ValueError):
        answers[2].json()
    assert answers[3].json()


async def test_a_draft_that_ends_between_two_pages_shifts_the_next_one(economic: Economic, http: httpx.AsyncClient) -> None:
    economic.oddities.ended = [7001]
    assert [one["orderNumber"] for one in await every(http, "/orders/drafts?pagesize=1")] == [7001]


def real(name: str) -> Any:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the real bodies are not here: {path.parent.name} is no part of this repository")
    return json.loads(path.read_text(encoding="utf-8"))


def shape(told: Any, missing_ok: frozenset[str] = frozenset()) -> Any:
    """The keys of a body, and of the bodies in it."""
    if isinstance(told, dict):
        return {name: shape(value, missing_ok) for name, value in told.items() if name not in missing_ok}
    return shape(told[0], missing_ok) if isinstance(told, list) and told else None


SPARSE = frozenset({"ean", "telephoneAndFaxNumber", "mobilePhone", "email", "corporateIdentificationNumber", "country"})
SPARSE |= {"references", "textLine1", "address", "zip", "city", "unit"}


@pytest.mark.parametrize(
    ("name", "path"),
    [("customers_page_0.json", "/customers?skippages=1"), ("invoices_booked_page.json", "/invoices/booked?pagesize=2")],
)
async def test_a_page_has_the_keys_of_a_real_one(http: httpx.AsyncClient, name: str, path: str) -> None:
    theirs, ours = real(name), (await http.get(path)).json()
    theirs["pagination"].pop("previousPage", None)
    ours["pagination"].pop("previousPage", None)
    assert shape(ours, SPARSE) == shape(theirs, SPARSE)


async def test_the_last_page_has_the_keys_of_a_real_one(http: httpx.AsyncClient) -> None:
    ours = (await http.get("/customers?skippages=2")).json()
    assert ours["pagination"].keys() == real("customers_page_1.json")["pagination"].keys()


async def test_an_invoice_has_the_keys_of_a_real_one(http: httpx.AsyncClient) -> None:
    first = (await http.get("/invoices/booked")).json()["collection"][0]
    assert shape((await http.get(first["self"])).json(), SPARSE) == shape(real("invoice_booked_16.json"), SPARSE)
