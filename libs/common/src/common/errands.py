"""Door 4, outwards: claim, call, record, each in a transaction of its own and never around the call."""

from datetime import datetime
from typing import Protocol

from common.ids import DealerId


class Errand(Protocol):
    """Something that goes outside for one dealer; one at a time per errand and dealer."""

    @property
    def name(self) -> str:
        """What `Work.wake` calls it."""

    async def run(self, dealer: DealerId) -> datetime | None:
        """Do what is due and return the business time at which it next wants to run; None: only when woken."""
