"""Who customers are now: merged records as one, and without the addresses at which nobody may be written to."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from common.events.answers import ContactSuppressed, CustomerExcluded, InvitationRestored
from common.events.customers import CustomerChanged, CustomerMerged
from common.events.settings import DealerChanged
from common.placeholders import Channel, placeholders
from leads.domain import facts as f
from leads.store.facts import merges
from leads.tables import SCHEMA, FactRow

_fact = FactRow.__table__  # type: ignore[attr-defined]  # sqlmodel does not type it
BY_HAND = "by hand"


async def people(session: AsyncSession, told_of: DealerChanged, wanted: Collection[UUID]) -> dict[UUID, f.Customer]:
    """These customers, and under the id of each merged one the customer it became."""
    dealer = told_of.dealer_id
    merged = await merges(session, dealer, CustomerMerged.name)
    survivors = {merged.get(customer, customer) for customer in wanted}
    belongs = {c: survivor for c, survivor in merged.items() if survivor in survivors} | {c: c for c in survivors}
    names = (CustomerChanged.name, ContactSuppressed.name, CustomerExcluded.name, InvitationRestored.name)
    rows = await session.execute(
        select(_fact).where(_fact.c.dealer_id == dealer, _fact.c.name.in_(names), _fact.c.customer_id.in_(list(belongs)))
    )
    told: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        told[belongs[row.customer_id]].append(row)
    theirs: set[tuple[Channel, str]] = {
        ("email", row.body["email"]) for rows in told.values() for row in rows if row.body.get("email")
    }
    shared = await placeholders(session, SCHEMA, dealer, theirs, merged)
    lost = await _unsubscribed(session, dealer, merged) | {address for _, address in shared}
    found = {one: person for one in survivors if (person := _customer(one, told[one], lost, told_of)) is not None}
    return {customer: found[survivor] for customer, survivor in belongs.items() if survivor in found}


async def _unsubscribed(session: AsyncSession, dealer: UUID, merged: Mapping[UUID, UUID]) -> set[str]:
    """Addresses of customers who said never again, known now or once."""
    suppressed = await session.execute(
        select(_fact.c.customer_id).where(
            _fact.c.dealer_id == dealer,
            _fact.c.name == ContactSuppressed.name,
            _fact.c.body["channel"].astext.is_(None) | (_fact.c.body["channel"].astext == "email"),
        )
    )
    gone = {merged.get(row.customer_id, row.customer_id) for row in suppressed}
    everybody = [*gone, *(one for one, into in merged.items() if into in gone)]
    rows = await session.execute(
        text(
            """select a.address from leads.fact c cross join lateral (
                values (c.body ->> 'email') union all select jsonb_array_elements_text(coalesce(c.body -> 'former', '[]'))
            ) a (address)
            where c.dealer_id = :dealer and c.name = 'customer.changed.v1' and c.entity = any(:customers) and a.address is not null"""
        ),
        {"dealer": dealer, "customers": everybody},
    )
    return {row.address for row in rows}


def _customer(customer_id: UUID, rows: Iterable[Any], lost: set[str], dealer: DealerChanged) -> f.Customer | None:
    by_name: defaultdict[str, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, row.entity.int)):
        by_name[row.name].append(row)
    changed = [CustomerChanged.model_validate(row.body) for row in by_name[CustomerChanged.name]]
    if not changed:
        return None
    told = next((c for c in changed if c.customer_id == customer_id), changed[0])
    channels = {row.body.get("channel") for row in by_name[ContactSuppressed.name]}
    excluded = [row for row in by_name[CustomerExcluded.name] if row.body.get("customer_id")]
    return f.Customer(
        customer_id, None if told.email in lost else told.email, told.kind, frozenset(told.groups), told.consent.leads,
        suppressed=bool({None, "email"} & channels), is_dealer=_is_dealer(told, dealer),
        excluded=standing_exclusion(excluded, by_name[InvitationRestored.name]),
    )  # fmt: skip


def _is_dealer(customer: CustomerChanged, dealer: DealerChanged) -> bool:
    """Whether a customer is the dealer itself: by its legal name, or by an address that messages leave from."""
    sender = dealer.sender
    names = {name.casefold() for name in (sender.legal_name, dealer.title) if name}
    addresses = {address.casefold() for address in (sender.email, sender.reply_to) if address}
    return (customer.full_name or "").casefold() in names or (customer.email or "").casefold() in addresses


def standing_exclusion(excluded: Iterable[Any], restored: Iterable[Any]) -> str | None:
    """Why somebody is excluded, unless it was undone since."""
    undone_at = max((row.at for row in restored if not row.body.get("invitation_id")), default=None)
    standing = [row for row in excluded if undone_at is None or row.at > undone_at]
    return (standing[-1].body.get("reason") or BY_HAND) if standing else None
