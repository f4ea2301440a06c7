"""Customers' links. GET and HEAD change nothing; a button posts the answer. No JavaScript, no cookie."""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import answering, store
from api.guarding import Guard, counted_guess
from api.rendering import CUSTOMER, PRIVATE, PageRoute, page
from common.events.customers import VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.settings import DealerChanged, WorkshopChanged
from common.events.words import Answer, NoReason
from common.ids import DealerId
from common.service import Runtime
from common.work import Work

REASONS = (
    (NoReason.SOLD, "Bilen er solgt"),
    (NoReason.OTHER_WORKSHOP, "Jeg bruger et andet værksted"),
    (NoReason.PRICE, "Prisen"),
    (NoReason.DONE_ELSEWHERE, "Det er lavet et andet sted"),
    (NoReason.NOT_NOW, "Ikke lige nu"),
    (NoReason.OTHER, "Noget andet"),
)
SAID = {"book": Answer.BOOKING_STARTED, "ring": Answer.CALL_ME, "nej": Answer.NO}
ALREADY = {
    "call_me": "Du har bedt os ringe til dig.",
    "no": "Du har svaret nej tak.",
    "booked": "Du har bestilt tid.",
    "unsubscribe": "Du er afmeldt.",
    "booking_started": "Du var på vej til at bestille tid.",
}
THANKS = {
    Answer.CALL_ME: ("Tak – vi ringer til dig", "Vi ringer på det nummer, vi har til dig, inden for åbningstiden."),
    Answer.NO: ("Tak for svaret", "Vi minder dig ikke om det igen denne gang."),
    Answer.UNSUBSCRIBE: ("Du er afmeldt", "Du får ikke flere indkaldelser fra os, hverken på e-mail eller SMS."),
    Answer.BOOKING_STARTED: ("Bestil tid", "Ring til værkstedet for at bestille tid."),
}


@dataclass(frozen=True)
class Found:
    """What a code leads to."""

    dealer: DealerId
    invitation: UUID


def build(runtime: Runtime, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False, route_class=PageRoute)

    async def find(request: Request, code: str) -> Found | None:
        """Whose a code is. Guessing is counted by address and waits longer each time; who has a right code is never kept waiting,
        for many customers and mail programs share an address."""
        async with runtime.sessions() as session:
            link = await store.link(session, code) if re.fullmatch(r"[A-Za-z0-9]{1,20}", code) else None
        if link is None:
            await guard.count_try(counted_guess(guard.address(request)))
            return None
        return Found(DealerId(link.dealer_id), link.invitation_id)

    async def show(request: Request, code: str, template: str) -> Response:
        found = await find(request, code)
        if found is None:
            return gone()
        async with runtime.work(found.dealer) as work:
            invitation = await answering.find(work, found.invitation)
            values = await around(work, invitation)
            said = (await store.answers_of(work.session, work.dealer, [found.invitation])).get(found.invitation, [])
        answers = [row.kind for row in said if row.kind in ALREADY]
        hint = request.query_params.get("svar", "")
        return page(
            template, headers=CUSTOMER, code=code, hint=hint if hint in (*SAID, "afmeld") else "", reasons=REASONS, thanks=None,
            answered=ALREADY[answers[-1]] if answers else None, **values,
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
        if svar not in SAID or (svar == "nej" and grund not in set(NoReason)):
            return RedirectResponse(f"/a/{code}", status_code=303, headers=PRIVATE)
        async with runtime.work(found.dealer) as work:
            invitation = await answering.find(work, found.invitation)
            values = await around(work, invitation)
            await answering.answer(work, invitation, SAID[svar], NoReason(grund) if svar == "nej" else None, by="link")
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
            invitation = await answering.find(work, found.invitation)
            values = await around(work, invitation)
            await answering.answer(work, invitation, Answer.UNSUBSCRIBE, None, by="link")
        return thanks(Answer.UNSUBSCRIBE, code, values)

    return router


async def around(work: Work, invitation: InvitationChanged) -> dict[str, Any]:
    """The words on the page: who asks, about which vehicle, and who that legally is."""
    dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    workshop = None
    if invitation.workshop_id is not None:
        workshop = await store.told(work.session, work.dealer, WorkshopChanged, invitation.workshop_id)
    car = await store.told(work.session, work.dealer, VehicleChanged, invitation.vehicle_id)
    name = " ".join(filter(None, (car.make, car.model))) if car else ""
    what = f"{name} ({car.plate})" if car and car.plate and name else (car.plate if car and car.plate else name) or "din bil"
    sender = dealer.sender if dealer else None
    legal = [sender.legal_name, sender.address, sender.registration, sender.phone] if sender else []
    return {
        "language": "da",
        "workshop": (sender.name if sender and sender.name else None) or (dealer.title if dealer else ""),
        "intro": f"Det er tid til service på {what}.",
        "booking": (workshop.booking_url if workshop else None) or (dealer.booking_url if dealer else None) or "",
        "footer": " · ".join(part for part in legal if part),
    }


def with_reference(url: str, code: str) -> str:
    """The dealer's booking page, with our reference so that the booking can be told apart."""
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query), ("ref", code)])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def thanks(said: Answer, code: str, values: dict[str, Any]) -> Response:
    title, text = THANKS[said]
    told = {"title": title, "text": text, "undo": said != Answer.UNSUBSCRIBE}
    return page("customer.html", headers=CUSTOMER, code=code, thanks=told, hint="", reasons=REASONS, answered=None, **values)


def gone() -> Response:
    """The same for a code that never was, and one that is no more."""
    return page("gone.html", status=404, language="da")
