"""A dealer's own facts: settings, workshops and employees. Changed by people and by commands, told when they differ."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.exc import IntegrityError

from api import store
from api.domain.access import ALERTS, Role, may_give
from api.domain.changes import Changed
from api.guarding import Forbidden, hash_password
from common import policy, values
from common.errors import Conflict, DomainError, NotFound
from common.events.settings import DealerChanged, Sender, UserAlertsChanged, WorkshopChanged
from common.ids import UserId, WorkshopId, derived_id, new_id
from common.work import Work

_URL = re.compile(r"https?://[^\s\"<>]{3,500}")
_SMS_NAME = re.compile(r"[A-Za-z0-9 ]{1,11}")


async def alone(work: Work) -> None:
    """Have changes of a dealer's own facts come one after the other: what is read from here on nobody else changes."""
    await store.lock_users(work.session, work.dealer)


# --- the dealer


async def dealer(work: Work, slug: str | None = None) -> DealerChanged:
    """The dealer as last told. Raises NotFound."""
    found = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    if found is None:
        name = f" {slug!r}" if slug else ""
        raise NotFound(f"There is no dealer{name}. Add it first: autoflows dealers add --slug {slug or '…'} …")
    return found


async def tell_dealer(work: Work, event: DealerChanged) -> DealerChanged:
    """Tell a dealer with its next revision, unless it was told so already."""
    before = await store.told(work.session, work.dealer, DealerChanged, work.dealer)
    if before is not None and before == event.model_copy(update={"revision": before.revision}):
        return before
    event = event.model_copy(update={"revision": (before.revision if before else 0) + 1})
    await store.remember(work.session, work.dealer, event)
    work.publish(event)
    work.touch(Changed.DEALER, work.dealer)
    return event


async def change_settings(work: Work, changes: Mapping[str, Any]) -> DealerChanged:
    """Replace these top-level settings, and drop those that are None. Raises DomainError that names each key that is wrong."""
    before = await dealer(work)
    settings = {key: value for key, value in {**before.settings, **changes}.items() if value is not None}
    policy.read(settings)
    return await tell_dealer(work, before.model_copy(update={"settings": settings}))


async def change_dealer(work: Work, facts: Mapping[str, Any]) -> DealerChanged:
    """Change what is told of a dealer besides its settings. Raises DomainError."""
    before = await dealer(work)
    return await tell_dealer(work, DealerChanged.model_validate(before.model_dump() | _checked(facts, before.sender)))


def _checked(facts: Mapping[str, Any], sender: Sender) -> dict[str, Any]:
    """Facts of a dealer or a workshop that can be used; of the sender only what is named changes."""
    found = dict(facts)
    wrong = []
    for name, check in (("timezone", zone), ("booking_url", url)):
        try:
            found[name] = check(found[name]) if found.get(name) is not None else found.get(name)
        except DomainError as error:
            wrong.append((name, str(error)))
        if name not in facts:
            del found[name]
    if facts.get("sender") is not None:
        told = {**sender.model_dump(), **facts["sender"]}
        wrong += _wrong_in_sender(told)
        found["sender"] = told
    if wrong:
        errors = [{"where": where, "problem": problem} for where, problem in wrong]
        raise DomainError(" ".join(problem for _, problem in wrong), code="bad_facts", errors=errors)
    return found


def _wrong_in_sender(told: dict[str, Any]) -> list[tuple[str, str]]:
    wrong = []
    for name in ("email", "reply_to"):
        if told.get(name) is not None:
            found = values.email(told[name])
            if found is None:
                wrong.append((f"sender.{name}", f"{told[name]!r} is no e-mail address."))
            told[name] = found
    if told.get("sms_name") is not None and not _SMS_NAME.fullmatch(told["sms_name"]):
        wrong.append(("sender.sms_name", "The sender of an SMS has at most 11 letters or digits."))
    lines = [name for name, value in told.items() if isinstance(value, str) and any(ord(letter) < 32 for letter in value)]
    return wrong + [(f"sender.{name}", "It stands in one line.") for name in lines]


def zone(name: str) -> str:
    """A time zone's name. Raises DomainError for one that is unknown."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DomainError(f"There is no time zone {name!r}; Denmark's is Europe/Copenhagen.", code="bad_zone") from None


def url(given: str) -> str:
    """An address of a web page. Raises DomainError."""
    if not _URL.fullmatch(given):
        raise DomainError(f"{given!r} is no address; it begins with https://.", code="bad_address")
    return given


# --- workshops


async def workshops(work: Work) -> list[WorkshopChanged]:
    """The dealer's workshops by title."""
    found = await store.all_told(work.session, work.dealer, WorkshopChanged)
    return sorted(found, key=lambda one: (one.title, str(one.workshop_id)))


async def workshop(work: Work, workshop_id: UUID) -> WorkshopChanged:
    """One workshop. Raises NotFound."""
    found = await store.told(work.session, work.dealer, WorkshopChanged, workshop_id)
    if found is None:
        raise NotFound("There is no such workshop.")
    return found


async def add_workshop(work: Work, number: str, facts: Mapping[str, Any]) -> WorkshopChanged:
    """Add a workshop under the number that the dealer's systems use, so that their orders find it. Raises Conflict."""
    number = number.strip()
    workshop_id = WorkshopId(derived_id("workshop", work.dealer, number))
    await alone(work)
    if await store.told(work.session, work.dealer, WorkshopChanged, workshop_id) is not None:
        raise Conflict(f"There is a workshop {number} already; change that one.", code="known_workshop")
    told = {"workshop_id": workshop_id, "number": number, "revision": 0, **_checked(facts, Sender())}
    return await _tell_workshop(work, WorkshopChanged.model_validate(told))


async def change_workshop(work: Work, workshop_id: UUID, facts: Mapping[str, Any]) -> WorkshopChanged:
    """Change what is told of a workshop. Raises NotFound, DomainError."""
    before = await workshop(work, workshop_id)
    after = WorkshopChanged.model_validate(before.model_dump() | _checked(facts, before.sender))
    return before if after == before else await _tell_workshop(work, after)


async def _tell_workshop(work: Work, event: WorkshopChanged) -> WorkshopChanged:
    event = event.model_copy(update={"revision": event.revision + 1})
    await store.remember(work.session, work.dealer, event)
    work.publish(event)
    work.touch(Changed.WORKSHOP, event.workshop_id)
    return event


# --- employees


async def add_user(
    work: Work,
    email: str,
    role: Role,
    password: str,
    *,
    alerts: Iterable[str] = (),
    workshops: Iterable[UUID] = (),
    language: str | None = None,
) -> Any:
    """Add an employee who can log in. Raises Conflict for an address that is somebody's already, DomainError."""
    address = values.email(email)
    if address is None:
        raise DomainError(f"{email!r} is no e-mail address.", code="bad_email")
    named = await _known_workshops(work, workshops)
    user, wanted = UserId(new_id()), known_alerts(alerts)
    spoken = language or (await dealer(work)).language
    hashed = hash_password(password)
    try:
        async with work.session.begin_nested():
            await store.add_user(
                work.session, work.dealer, user, email=address.lower(), role=role, password_hash=hashed, alerts=wanted,
                language=spoken, workshops=named,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(f"{address} can log in already.", code="known_user") from None
    return await _tell_user(work, await employee(work, user))


async def employee(work: Work, user_id: UUID) -> Any:
    """An employee. Raises NotFound."""
    found = await store.user(work.session, work.dealer, user_id)
    if found is None:
        raise NotFound("There is no such employee.")
    return found


async def change_user(work: Work, user_id: UUID, changes: Mapping[str, Any], *, by: str | None = None) -> Any:
    """Change an employee; whoever may less than before, or has another password, is logged out.

    `by` is the role of who changes it (None: a command). Raises NotFound, Forbidden, Conflict for the last owner, DomainError.
    """
    before = next((one for one in await store.lock_users(work.session, work.dealer) if one.user_id == user_id), None)
    if before is None:
        raise NotFound("There is no such employee.")
    found = dict(changes)
    if by is not None and not (may_give(by, before.role) and may_give(by, found.get("role", before.role))):
        raise Forbidden("Only an owner makes or changes owners.")
    if "alerts" in found:
        found["alerts"] = known_alerts(found["alerts"])
    if "workshops" in found:
        found["workshops"] = await _known_workshops(work, found["workshops"])
    if found.get("active") is False:
        found["alerts"] = []
    if "password" in found:
        found["password_hash"] = hash_password(found.pop("password"))
    loses = found.get("active", True) is False or found.get("role", before.role) != Role.OWNER
    if before.role == Role.OWNER and before.active and loses and not await _another_owner(work, user_id):
        raise Conflict("This is the dealer's last owner.", code="last_owner", advice="Make somebody else an owner first.")
    if all(getattr(before, name) == value for name, value in found.items()):
        return before
    after = await store.change_user(work.session, work.dealer, user_id, **found)
    if {"role", "active", "password_hash", "workshops"} & found.keys():
        await store.end_sessions(work.session, user_id)
    return await _tell_user(work, after)


async def _another_owner(work: Work, user_id: UUID) -> bool:
    found = await store.users(work.session, work.dealer)
    return any(one.role == Role.OWNER and one.active and one.user_id != user_id for one in found)


async def _tell_user(work: Work, user: Any) -> Any:
    work.publish(
        UserAlertsChanged(
            revision=user.revision, user_id=UserId(user.user_id), email=user.email, language=user.language,
            alerts=tuple(user.alerts), active=user.active,
        )
    )  # fmt: skip
    work.touch(Changed.USER, user.user_id)
    return user


async def _known_workshops(work: Work, wanted: Iterable[UUID]) -> list[str]:
    ids = list(wanted)
    known = await store.states.of(work.session, work.dealer, WorkshopChanged, ids)
    if unknown := [one for one in ids if one not in known]:
        raise DomainError(f"There is no workshop {unknown[0]}.", code="unknown_workshop")
    return sorted(set(map(str, ids)))


def known_alerts(wanted: Iterable[str]) -> list[str]:
    """Alerts that there are. Raises DomainError."""
    given: Sequence[str] = sorted(set(wanted))
    if unknown := [alert for alert in given if alert not in ALERTS]:
        raise DomainError(f"There is no alert {unknown[0]!r}; there are {', '.join(ALERTS)}.", code="unknown_alert")
    return list(given)
