"""Customers' links. GET and HEAD change nothing; a button posts the answer. No JavaScript, no cookie."""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import answering, customer_wording, lead_store, leads, store
from api.guarding import Guard, counted_guess
from api.rendering import CUSTOMER, PRIVATE, PageRoute, page
from common.events.customers import VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.words import Answer, NoReason
from common.ids import DealerId
from common.service import Runtime
from common.work import Work

SAID = {"book": Answer.BOOKING_STARTED, "ring": Answer.CALL_ME, "nej": Answer.NO}
_CARRIED = (("calendly.com", "utm_content"), ("cal.com", "metadata[ref]"), ("cal.eu", "metadata[ref]"))


@dataclass(frozen=True)
class Found:
    """What a code leads to."""

    dealer: DealerId
    reference: UUID  # the invitation, or the lead
    is_lead: bool = False


def build(runtime: Runtime, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    async def find(request: Request, code: str) -> Found | None:
        """Whose a code is. Guessing is counted by address and waits longer each time; who has a right code is never kept waiting,
        for many customers and mail programs share an address."""
        if re.fullmatch(r"[A-Za-z0-9]{1,20}", code):
            async with runtime.sessions() as session:
                if (link := await store.link(session, code)) is not None:
                    return Found(DealerId(link.dealer_id), link.invitation_id)
                if (link := await lead_store.link(session, code)) is not None:
                    return Found(DealerId(link.dealer_id), link.lead_id, is_lead=True)
        await guard.count_try(counted_guess(guard.address(request)))
        return None

    async def show(request: Request, code: str, template: str) -> Response:
        found = await find(request, code)
        if found is None:
            return gone()
        async with runtime.work(found.dealer) as work:
            values = await around(work, await asked(work, found))
            said = (await store.answers_of(work.session, work.dealer, [found.reference])).get(found.reference, [])
        answers = [row.kind for row in said if row.kind in customer_wording.ALREADY]
        hint = request.query_params.get("svar", "")
        return page(
            template, headers=CUSTOMER, code=code, hint=hint if hint in (*SAID, "afmeld") else "", thanks=None,
            answered=customer_wording.ALREADY[answers[-1]] if answers else None, **values,
        )  # fmt: skip

    @router.api_route("/a/{code}", methods=["GET", "HEAD"])
    async def see_invitation(code: str, request: Request) -> Response:
        return await show(request, code, "customer.html")

    @router.api_route("/s/{code}", methods=["GET", "HEAD"])
    async def see_by_short_link(code: str, request: Request) -> Response:
        return await show(request, code, "customer.html")

    @router.api_route("/u/{code}", methods=["GET", "HEAD"])
    async def see_unsubscribe(code: str, request: Request) -> Response:
        return await show(request, code, "unsubscribe.html")

    @router.post("/a/{code}")
    async def answer(
        code: str,
        request: Request,
        svar: Annotated[str, Form(max_length=20)] = "",
        grund: Annotated[str, Form(max_length=30)] = "",
    ) -> Response:
        found = await find(request, code)
        if found is None:
            return gone()
        if svar not in SAID or (svar == "nej" and grund not in set(NoReason)) or (found.is_lead and svar == "book"):
            return RedirectResponse(f"/a/{code}", status_code=303, headers=PRIVATE)
        async with runtime.work(found.dealer) as work:
            what = await asked(work, found)
            values = await around(work, what)
            await say(work, what, SAID[svar], NoReason(grund) if svar == "nej" else None)
        if svar == "book" and values["booking"]:
            return RedirectResponse(with_reference(values["booking"], code), status_code=303, headers=PRIVATE)
        return thanks(SAID[svar], code, values)

    @router.post("/u/{code}")
    async def unsubscribe(code: str, request: Request) -> Response:
        """The button of the page, or a mail program's one click (RFC 8058): no cookie, no redirect, again is the same."""
        found = await find(request, code)
        if found is None:
            return gone()
        async with runtime.work(found.dealer) as work:
            what = await asked(work, found)
            values = await around(work, what)
            await say(work, what, Answer.UNSUBSCRIBE, None)
        return thanks(Answer.UNSUBSCRIBE, code, values)

    return router


async def asked(work: Work, found: Found) -> InvitationChanged | LeadChanged:
    """The invitation, or the lead, that a code leads to. Raises NotFound."""
    if found.is_lead:
        return await leads.find(work, found.reference)
    return await answering.find(work, found.reference)


async def say(work: Work, what: InvitationChanged | LeadChanged, said: Answer, reason: NoReason | None) -> None:
    """Record what a customer answered by the link."""
    if isinstance(what, LeadChanged):
        await leads.answer(work, what, said, reason, by="link")
    else:
        await answering.answer(work, what, said, reason, by="link")


async def around(work: Work, invitation: InvitationChanged | LeadChanged) -> dict[str, Any]:
    """The words on the page: who asks, about which vehicle, and who that legally is. Of a lead there is nothing to book."""
    dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    workshop = None
    if invitation.workshop_id is not None:
        workshop = await store.told(work.session, work.dealer, WorkshopChanged, invitation.workshop_id)
    car = await store.told(work.session, work.dealer, VehicleChanged, invitation.vehicle_id)
    name = " ".join(filter(None, (car.make, car.model))) if car else ""
    what = f"{name} ({car.plate})" if car and car.plate and name else (car.plate if car and car.plate else name) or "din bil"
    sender = dealer.sender if dealer else None
    legal = [sender.legal_name, sender.address, sender.registration, sender.phone] if sender else []
    is_lead = isinstance(invitation, LeadChanged)
    kind = invitation.type
    intro = (
        leads.intro(kind, what)
        if is_lead
        else customer_wording.intro(kind, customer_wording.car(name, car.plate if car else None))
    )
    booking_url = (workshop.booking_url if workshop else None) or (dealer.booking_url if dealer else None) or ""
    return {
        "language": "da",
        "workshop": (sender.name if sender and sender.name else None) or (dealer.title if dealer else ""),
        "kind": kind,
        "intro": intro,
        "booking": "" if is_lead else booking_url,
        "reasons": customer_wording.LEAD_REASONS if is_lead else customer_wording.reasons(kind),
        "footer": " · ".join(part for part in legal if part),
    }


def with_reference(url: str, code: str) -> str:
    """The dealer's booking page, with our reference so that the booking can be told apart: where `{code}` stands in it, else as
    the booking system carries it along, and as `ref`."""
    if "{code}" in url:
        return url.replace("{code}", code)
    parts = urlsplit(url)
    host = parts.hostname or ""
    along = next((name for domain, name in _CARRIED if host == domain or host.endswith(f".{domain}")), None)
    query = urlencode([*parse_qsl(parts.query), *([(along, code)] if along else []), ("ref", code)])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def thanks(said: Answer, code: str, values: dict[str, Any]) -> Response:
    title, text = customer_wording.thanks(said, values["kind"])
    told = {"title": title, "text": text, "undo": said != Answer.UNSUBSCRIBE}
    return page("customer.html", headers=CUSTOMER, code=code, thanks=told, hint="", answered=None, **values)


def gone() -> Response:
    """The same for a code that never was, and one that is no more."""
    return page("gone.html", status=404, language="da")
