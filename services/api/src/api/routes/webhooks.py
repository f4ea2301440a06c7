"""Webhooks: verified over the raw body, taken once, passed on as they came. A booking with our reference acts at once."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from api import answering, endpoints, store
from api.domain.bookings import BOOKING, CALCOM, CALENDLY, SYSTEMS, codes, stands
from api.domain.signatures import Unsigned, verify, verify_calcom, verify_calendly, verify_jwt
from common.errors import DomainError
from common.events.settings import DealerChanged
from common.events.webhooks import WebhookAccepted
from common.events.words import Answer
from common.ids import DealerId, derived_id
from common.service import Runtime
from common.web import SMS_CALLBACKS, dealer_at, strict_json
from common.work import Work

MAX_BODY = 64 * 1024
SIGNED_TOO = ("id", "msisdn", "status")  # a token that repeats these is good for that body only
GATEWAYAPI = "gatewayapi"
OURS = ("invitation_id", "vehicle_id", "customer_id")  # ours to say, not theirs
VERIFY = {BOOKING: verify, CALENDLY: verify_calendly, CALCOM: verify_calcom}


class Refused(DomainError):
    code = "unsigned"
    status = 401


def build(runtime: Runtime, callback_secret: str | None) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def take(system: str, endpoint: str, request: Request) -> Response:
        body = await _body(request)
        async with runtime.sessions() as session:
            owner = await store.endpoint(session, endpoint[:60])
        if owner is None or owner.source != system:
            raise Refused("This webhook is not signed with the endpoint's secret.")
        async with runtime.work(DealerId(owner.dealer_id)) as work:
            secrets = await endpoints.secrets(work, runtime.settings, owner.endpoint)
            try:
                webhook_id = VERIFY[system](request.headers, body, secrets, runtime.system.now())
            except Unsigned:
                raise Refused("This webhook is not signed with the endpoint's secret.") from None
            told = _object(body)
            if await store.take_delivery(work.session, work.dealer, system, webhook_id, runtime.system.now()):
                await _take_booking(work, system, webhook_id, told)
        return Response(status_code=204)

    def door(system: str) -> None:
        async def booking(endpoint: str, request: Request) -> Response:
            """A booking system's webhook, signed as that system documents it."""
            return await take(system, endpoint, request)

        router.add_api_route(f"/webhooks/{system}/{{endpoint}}", booking, methods=["POST"])

    for system in SYSTEMS:
        door(system)

    callbacks = runtime.settings.derived(SMS_CALLBACKS)

    @router.post("/webhooks/gatewayapi/{address}")
    async def sms_callback(address: str, request: Request) -> Response:
        """GatewayAPI's delivery reports: to an address nobody can make up, and signed where the provider was told to sign."""
        told = _object(await _body(request))
        if callback_secret is not None:
            _check_callback(request.headers.get("x-gwapi-signature", ""), callback_secret, told)
        owner = dealer_at(callbacks, address[:100])
        if owner is None:
            raise Refused("This address is not known.")
        async with runtime.work(owner) as work:
            if await store.told(work.session, work.dealer, DealerChanged, work.dealer) is None:
                raise Refused("This address is not known.")
            delivery = f"{told.get('id')} {told.get('status')} {told.get('time')}"
            if await store.take_delivery(work.session, work.dealer, GATEWAYAPI, str(derived_id(delivery)), runtime.system.now()):
                _pass_on(work, GATEWAYAPI, str(derived_id(delivery)), told)
        return Response(status_code=204)

    return router


def _check_callback(token: str, secret: str, told: dict[str, Any]) -> None:
    """Raises Refused unless the token is signed, and says nothing else than the body does."""
    try:
        claims = verify_jwt(token, secret)
    except Unsigned:
        raise Refused("This callback is not signed.") from None
    if any(name in claims and claims[name] != told.get(name) for name in SIGNED_TOO):
        raise Refused("This callback was signed for another body.")


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MAX_BODY:
        raise DomainError(f"A webhook may have {MAX_BODY:,} bytes at most.", code="too_large", status=413)
    return body


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = strict_json(body)
    except ValueError as error:
        raise DomainError(f"The body is not acceptable JSON: {error}.", code="bad_json", status=400) from None
    if not isinstance(found, dict):
        raise DomainError("The body is no JSON object.", code="bad_json", status=400)
    return found


async def _take_booking(work: Work, system: str, webhook_id: str, told: dict[str, Any]) -> None:
    """Pass it on; one that stands and carries our reference answers its invitation in the same transaction."""
    for name in OURS:
        told.pop(name, None)
    for code in codes(system, told):
        link = await store.link(work.session, code)
        if link is None or link.dealer_id != work.dealer:
            continue
        invitation = await answering.find(work, link.invitation_id)
        ours = dict(zip(OURS, (invitation.invitation_id, invitation.vehicle_id, invitation.customer_id), strict=True))
        told |= {name: str(value) for name, value in ours.items() if value is not None}
        if stands(system, told):
            await answering.answer(work, invitation, Answer.BOOKED, None, by="webhook")
        break
    _pass_on(work, system, webhook_id, told)


def _pass_on(work: Work, source: str, delivery_id: str, told: dict[str, Any]) -> None:
    body = json.dumps(told, ensure_ascii=False)
    work.publish(WebhookAccepted(source=source, delivery_id=delivery_id, body=body, at=work.now))
