"""The front door as its tests see it: two dealers with an invitation each, their people, and browsers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from uuid import UUID

import httpx
from fastapi import FastAPI

from api import endpoints, routes, store
from api.administering import tell_dealer
from api.describing import V1
from api.domain import signatures
from api.forwarding import Forwarding
from api.guarding import Guard, hash_password
from api.questions import Questions
from common import web
from common.clock import FixedClock
from common.events.customers import CustomerChanged, VehicleChanged
from common.events.invitations import InvitationChanged, Reason
from common.events.leads import LeadChanged
from common.events.settings import DealerChanged, Sender
from common.ids import CustomerId, DealerId, UserId, VehicleId, derived_id
from common.testing.runtime import DEALER, OTHER_DEALER, Running

NOW = datetime(2026, 2, 12, 9, tzinfo=UTC)
BASE = "http://127.0.0.1:8080"
PASSWORD = "a long enough password"
_HASH = hash_password(PASSWORD)
SENDER = Sender(
    name="Nordhavn Auto", legal_name="Nordhavn Auto ApS", address="Kajen 1", registration="CVR 12345678", email="a@example.com"
)
NAMES = {DEALER: ("Anne Holm", "AB12345"), OTHER_DEALER: ("Fremmed Kunde", "ZZ98765")}


def of(what: str, dealer: DealerId = DEALER) -> UUID:
    """The id of a thing of a dealer."""
    return derived_id(what, dealer)


def code(dealer: DealerId = DEALER) -> str:
    return "aaaaaaaaaa" if dealer == DEALER else "bbbbbbbbbb"


def email(dealer: DealerId, role: str) -> str:
    return f"{role}@{'mine' if dealer == DEALER else 'theirs'}.example"


def invitation(dealer: DealerId = DEALER, revision: int = 2, name: str = "", **facts: object) -> InvitationChanged:
    """The dealer's invitation, sent two days ago unless told otherwise; with a name, another one."""
    given: dict[str, object] = {
        "stage": "sent", "step": 1, "send_on": date(2026, 2, 17), "contacted_on": date(2026, 2, 10), "closes_on": date(2026, 4, 11),
        "reasons": (Reason(code="due", params={"last_on": "2025-03-10", "months": 12, "interval_from": "rule"}),),
    }  # fmt: skip
    return InvitationChanged.model_validate({
        "revision": revision, "invitation_id": of(f"invitation{name}", dealer), "vehicle_id": of("vehicle", dealer),
        "customer_id": of("customer", dealer), "type": "service", "anchor": date(2025, 3, 10),
        "code": f"c{name}" if name else code(dealer), **given, **facts,
    })  # fmt: skip


def lead_code(dealer: DealerId = DEALER) -> str:
    return "llllllllll" if dealer == DEALER else "mmmmmmmmmm"


def lead(dealer: DealerId = DEALER, revision: int = 2, name: str = "", **facts: object) -> LeadChanged:
    """The dealer's lead, written about ten days ago unless told otherwise; with a name, another one."""
    given: dict[str, object] = {
        "stage": "sent", "due_on": date(2026, 8, 2), "contacted_on": date(2026, 2, 2), "call_from_on": date(2026, 2, 9),
        "closes_on": date(2026, 4, 3),
        "reasons": (Reason(code="contract_ends", params={"kind": "lease", "ends_on": "2026-08-02"}),),
    }  # fmt: skip
    return LeadChanged.model_validate({
        "revision": revision, "lead_id": of(f"lead{name}", dealer), "vehicle_id": of("vehicle", dealer),
        "customer_id": of("customer", dealer), "type": "lease_expiry", "anchor": date(2026, 8, 2),
        "code": f"k{name}" if name else lead_code(dealer), **given, **facts,
    })  # fmt: skip


@dataclass
class House:
    """The api at work."""

    rt: Running
    clock: FixedClock
    app: FastAPI
    asking: Running

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=BASE, headers={"origin": BASE})

    @asynccontextmanager
    async def logged_in(self, dealer: DealerId = DEALER, role: str = "owner") -> AsyncIterator[httpx.AsyncClient]:
        async with self.browser() as browser:
            answer = await browser.post("/api/v1/session", json={"email": email(dealer, role), "password": PASSWORD})
            assert answer.status_code == 204, answer.text
            yield browser

    async def endpoint(self, dealer: DealerId = DEALER, secret: str | None = None, system: str = "booking") -> tuple[str, str]:
        """The path that a dealer's booking system posts to, and one more secret that signs what it posts."""
        secret = secret or signatures.new_secret()
        async with self.rt.work(dealer) as work:
            name = await endpoints.add(work, self.rt.settings, system, secret, self.clock.now())
        return f"/webhooks/{system}/{name}", secret

    async def tell_dealer(self, **changes: object) -> None:
        """Say something else of the dealer."""
        async with self.rt.work(DEALER) as work:
            dealer = await store.told(work.session, DEALER, DealerChanged, DEALER)
            assert dealer is not None
            await tell_dealer(work, dealer.model_copy(update=changes))
        await self.rt.published()

    async def everything(self) -> list[str]:
        """Every row of the service, of both dealers, but for sessions."""
        found = []
        for dealer in (DEALER, OTHER_DEALER):
            for table in (
                "login",
                "attempt",
                "link",
                "endpoint",
                "endpoint_secret",
                "delivery",
                '"user"',
                "told",
                "invitation",
                "lead",
                "lead_link",
                "answer",
                "act",
                "reply",
            ):
                found += [
                    f"{table} {row.shown}" for row in await self.rt.sql(dealer, f"select x::text as shown from api.{table} x")
                ]
        return sorted(found)


def open_doors(
    rt: Running, asking: Running, others: FastAPI, callback_secret: str | None = None, http: httpx.AsyncClient | None = None
) -> FastAPI:
    """The app as a process makes it, with the others that it asks in the same process."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    web.install(app)
    questions = Questions(asking, http or httpx.AsyncClient(transport=httpx.ASGITransport(app=others)))
    forwarding = Forwarding(asking, http or httpx.AsyncClient(transport=httpx.ASGITransport(app=others)), V1)
    app.include_router(routes.build(rt, Guard(rt, behind_proxy=False), questions, callback_secret, forwarding))
    return app


async def furnish(rt: Running, dealer: DealerId) -> None:
    """A dealer with people of two roles, a customer, a vehicle and an invitation."""
    async with rt.work(dealer) as work:
        await tell_dealer(
            work,
            DealerChanged(
                dealer_id=dealer, revision=0, slug=f"d{dealer.int % 100}", title="Nordhavn Auto", country="DK", language="da",
                timezone="Europe/Copenhagen", booking_url="https://booking.example/n?x=1", sender=SENDER,
            ),
        )  # fmt: skip
        for role in ("owner", "advisor", "mechanic", "read-only"):
            await store.add_user(
                work.session, dealer, UserId(of(role, dealer)), email=email(dealer, role), role=role, password_hash=_HASH,
                alerts=[], language="da",
            )  # fmt: skip
    name, plate = NAMES[dealer]
    customer, vehicle = CustomerId(of("customer", dealer)), VehicleId(of("vehicle", dealer))
    await rt.deliver(
        dealer,
        CustomerChanged(revision=1, customer_id=customer, number="7", full_name=name, email="anne@example.com"),
        VehicleChanged(revision=1, vehicle_id=vehicle, plate=plate, make="Skoda", model="Octavia"),
        invitation(dealer, 1),
        lead(dealer, 1),
    )


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def visible(page: str) -> str:
    """What a reader of a page sees."""
    reader = _Text()
    reader.feed(page)
    return " ".join(" ".join(reader.found).split())


ENGLISH = {"the", "and", "your", "not", "you", "page", "error", "invalid", "please", "with", "this", "try", "from", "customer"}


def english(page: str) -> set[str]:
    """Words on a page that a Danish reader should not meet."""
    return ENGLISH & {word.strip(".,:;()!?").lower() for word in visible(page).split()}
