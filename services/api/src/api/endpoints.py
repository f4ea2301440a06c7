"""Addresses that others post webhooks to. What signs them is kept sealed, and nobody can make the address up."""

from datetime import datetime

from api import store
from common.sealing import Seal, Sealed
from common.settings import Settings
from common.work import Work

_PURPOSE = "webhook secrets"


async def add(work: Work, settings: Settings, source: str, secret: str, now: datetime) -> str:
    """The dealer's address for a source, signed with this secret from now on too; the same secret again changes nothing."""
    name = settings.derived(f"endpoint {source} {work.dealer}")[:32]
    if secret not in await secrets(work, settings, name):
        sealed = Seal(settings, _PURPOSE).close(secret)
        await store.add_endpoint(work.session, work.dealer, name, source, sealed, now)
    return name


async def secrets(work: Work, settings: Settings, name: str) -> list[str]:
    """What signs an address's webhooks; one that was sealed by another installation signs nothing."""
    seal, found = Seal(settings, _PURPOSE), []
    for sealed in await store.endpoint_secrets(work.session, work.dealer, name):
        try:
            found.append(seal.open(sealed))
        except Sealed:
            continue
    return found
