"""The frame of the dealer's pages: who is logged in, the menu, and how fresh the sources are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api import listing, store
from api.domain import access
from api.guarding import Asking, Guard, NotLoggedIn, check_form
from api.rendering import INSIDE, PRIVATE, page
from api.wording import EMPTY, FACTS, LEADS, MENU
from common.events.settings import DealerChanged
from common.service import Runtime

STALE = timedelta(days=1)


class Shell:
    """Makes pages for those who are logged in."""

    def __init__(self, runtime: Runtime, guard: Guard) -> None:
        self.runtime, self.guard = runtime, guard

    async def asking(self, request: Request) -> Asking | Response:
        """Who asks; for somebody who is not logged in, the way to the login."""
        try:
            return await self.guard.asking(request)
        except NotLoggedIn:
            return RedirectResponse("/login", status_code=303, headers=PRIVATE)

    async def deciding(self, request: Request, csrf: str) -> Asking:
        """Who pressed a button. Raises NotLoggedIn, Forbidden."""
        asking = await self.guard.asking(request)
        check_form(asking, csrf)
        asking.must_decide()
        return asking

    async def show(self, template: str, asking: Asking, here: str, *, status: int = 200, **values: Any) -> Response:
        """A page inside the frame."""
        return page(template, headers=INSIDE, status=status, **{**await self._around(asking, here), **values})

    async def _around(self, asking: Asking, here: str) -> Mapping[str, Any]:
        async with self.runtime.work(asking.dealer) as work:
            dealer = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
            sources = await listing.source_views(work)
            polled = {source.title for source in await store.sources(work.session, work.dealer) if source.polled}
        now = self.runtime.clock.now()
        shown = [
            {
                **source.model_dump(),
                "cannot_tell": [FACTS[what] for what in source.cannot_tell],
                "stale": source.title in polled and (source.fresh_at is None or now - source.fresh_at > STALE),
            }
            for source in sources
        ]
        return {
            "language": "da", "asking": asking, "dealer": dealer.title if dealer else "", "lists": MENU, "here": here,
            "sources": shown,
            "zone": dealer.timezone if dealer else "UTC", "heading": dict(MENU)[here], "lead": LEADS[here], "empty": EMPTY[here],
            "may_decide": asking.role in access.MAY_DECIDE,
        }  # fmt: skip
