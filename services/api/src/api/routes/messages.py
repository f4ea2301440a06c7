"""Messages as sent: notifier keeps them, and is asked."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from api import downloads, store
from api.guarding import Asking
from api.routes.shared import KNOWN, CursorParam, Limit, Rest
from api.wording import type_title
from common.events.customers import CustomerChanged, VehicleChanged
from common.work import Work

Purpose = Literal["invitation", "alert", "lead"]
PAGES = 50  # of 200 in a file


def build(rest: Rest) -> APIRouter:
    router = rest.router("messages")
    User = Annotated[Asking, Depends(rest.user)]

    async def page(user: Asking, cursor: str | None, limit: int, customer: UUID | None, purpose: str | None) -> dict[str, Any]:
        asked = {"customer": str(customer) if customer else None, "purpose": purpose}
        found = await rest.questions.messages(user, cursor=cursor, limit=limit, **asked)
        async with rest.runtime.work(user.dealer) as work:
            await name_all(work, found["items"], user.language)
        return found

    @router.get("/messages", dependencies=KNOWN)
    async def messages(
        user: User,
        customer: UUID | None = None,
        purpose: Purpose | None = None,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Mails and SMS as sent, newest first: to whom, for what, their state, opens and clicks (asked of notifier)."""
        return await page(user, cursor, limit, customer, purpose)

    @router.get("/messages/{message_id}", dependencies=KNOWN)
    async def message(message_id: UUID, user: User) -> dict[str, Any]:
        """One message as it was sent, its text, and what became of it (asked of notifier)."""
        found = await rest.questions.ask("notifier", f"/messages/{message_id}", user)
        async with rest.runtime.work(user.dealer) as work:
            await name_all(work, [found], user.language)
        return found

    async def as_file(kind: str, user: Asking, customer: UUID | None, purpose: Purpose | None) -> Response:
        items: list[dict[str, Any]] = []
        cursor = None
        for _ in range(PAGES):
            found = await page(user, cursor, 200, customer, purpose)
            items += found["items"]
            if (cursor := found["next_cursor"]) is None:
                break
        async with rest.runtime.work(user.dealer) as work:
            return await downloads.of_messages(work, items, kind, user.language)

    def a_file(kind: str) -> Any:
        async def read(user: User, customer: UUID | None = None, purpose: Purpose | None = None) -> Response:
            return await as_file(kind, user, customer, purpose)

        return read

    for kind in downloads.KINDS:
        router.get(f"/messages.{kind}", name=f"messages_{kind}", **downloads.described(kind))(a_file(kind))
    return router


async def name_all(work: Work, items: Iterable[dict[str, Any]], language: str) -> None:
    """Say of each message whose it is and for which vehicles: notifier knows ids only."""
    items = list(items)
    people = await store.states.of(work.session, work.dealer, CustomerChanged, _ids([item["customer_id"] for item in items]))
    contacts = [contact for item in items for contact in item["contacts"]]
    cars = await store.states.of(work.session, work.dealer, VehicleChanged, _ids([one["vehicle_id"] for one in contacts]))
    for item in items:
        person = people.get(UUID(item["customer_id"])) if item["customer_id"] else None
        item["customer"], item["customer_number"] = (person.full_name, person.number) if person else (None, None)
    for one in contacts:
        car = cars.get(UUID(one["vehicle_id"])) if one["vehicle_id"] else None
        one["plate"] = car.plate if car else None
        one["type_title"] = type_title(one["type"], language) if one["type"] else None


def _ids(given: Iterable[str | None]) -> set[UUID]:
    return {UUID(one) for one in given if one}
