"""What a customer's mail program fetches: the redirect of a link, and the pixel. Both only note that it happened.

A link is looked up by its token; no address ever stands in a request. What is noted drives nothing.
"""

from base64 import b64decode

from fastapi import APIRouter, Request, Response

from common.events.messages import LinkClicked, MessageOpened
from common.ids import DealerId
from common.service import Runtime
from common.web import problem
from common.work import Work
from notifier import recording
from notifier.domain import clicks
from notifier.domain.states import ContactState
from notifier.store import ledger, reading
from notifier.tables import LinkRow, MessageRow

_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
_NOTED_AT_MOST = 50  # of each kind and message: someone who hammers a link fills no table
_MADE = (ContactState.ACCEPTED, ContactState.UNKNOWN, ContactState.CLAIMED)


def build(runtime: Runtime) -> APIRouter:
    router = APIRouter()

    @router.api_route("/r/{token}", methods=["GET", "HEAD"], include_in_schema=False)
    async def follow(token: str, request: Request) -> Response:
        path = await _fetch(runtime, token, request, reading.CLICKED)
        if not path:
            return problem(404, "not_found", "This link is not known.")
        return Response(status_code=302, headers=_HEADERS | {"location": f"{runtime.settings.public_url}{path}"})

    @router.api_route("/o/{token}.gif", methods=["GET", "HEAD"], include_in_schema=False)
    async def see(token: str, request: Request) -> Response:
        await _fetch(runtime, token, request, reading.OPENED)  # an unknown one looks the same
        return Response(content=_PIXEL, media_type="image/gif", headers=_HEADERS)

    return router


async def _fetch(runtime: Runtime, token: str, request: Request, what: str) -> str | None:
    """Note a fetch; returns where the link leads."""
    if (dealer := reading.dealer_of(token)) is None:
        return None
    async with runtime.work(DealerId(dealer)) as work:
        link = await reading.link(work.session, work.dealer, token)
        if link is None or (link.kind == "pixel") != (what == reading.OPENED):
            return None
        row = await ledger.lock(work.session, work.dealer, link.message_id)
        if row is not None:
            await _note(work, row, link, request, what)
        return link.path


async def _note(work: Work, row: MessageRow, link: LinkRow, request: Request, what: str) -> None:
    noted = await reading.fetches(work.session, work.dealer, row.message_id, what=what)
    if len(noted) >= _NOTED_AT_MOST:
        return
    just_now = {found.token for found in noted if work.now - found.at < clicks.TOGETHER} - {link.token}
    agent = request.headers.get("user-agent", "")
    fetch = clicks.Fetch(request.method, agent, work.now, row.sent_at, len(just_now))
    by_machine = clicks.by_machine(fetch)
    await ledger.note(work.session, row, what, at=work.now, detail=link.kind, token=link.token, by_machine=by_machine)
    contacts = await ledger.contacts_of(work.session, work.dealer, row.message_id, *_MADE)
    if what == reading.OPENED:
        if not noted:
            work.publish(MessageOpened.model_validate(recording.said(row, contacts, work.now)))
        return
    mine = [contact for contact in contacts if contact.reference == link.reference] or contacts
    if not any(found.token == link.token and found.by_machine == by_machine for found in noted):
        work.publish(LinkClicked.model_validate(recording.said(row, mine, work.now) | {"by_machine": by_machine}))
