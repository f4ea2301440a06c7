"""Two services that only tests have: the prober publishes, the listener hears and writes down what it heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from common.errands import Errand
from common.errors import TransientError
from common.events.base import Event, State, topic
from common.handling import Handlers, Settlers
from common.jobs import Jobs
from common.service import Runtime, Service
from common.work import Work

TOPIC = topic("probes", writer="prober", kind="happened", retention_days=1)
ECHOES = topic("echoes", writer="listener", kind="happened", retention_days=1)
STATES = topic("probe_states", writer="prober", kind="state", retention_days=1)
MIGRATIONS = "common.testing:probe_migrations"


class ProbeSeen(Event):
    """The `number`th thing about one item; numbers of an item are published in order."""

    name = "probe.seen.v1"
    topic = TOPIC
    item: UUID
    number: int
    padding: str = ""

    def key(self) -> UUID:
        return self.item


class ProbeStands(State):
    """How one item stands."""

    name = "probe.stands.v1"
    topic = STATES
    entity_field = "item"
    item: UUID
    note: str = ""

    def key(self) -> UUID:
        return self.item


class ProbeEchoed(Event):
    """The listener heard a probe and says so."""

    name = "probe.echoed.v1"
    topic = ECHOES
    item: UUID
    number: int

    def key(self) -> UUID:
        return self.item


@dataclass
class Faults:
    """What a test wants to go wrong: numbers that cannot be handled, and how often the world is away first."""

    poison: set[int] = field(default_factory=set)
    away: int = 0
    calls: int = 0


def prober(jobs: Jobs | None = None, errands: Callable[[Runtime], Sequence[Errand]] | None = None) -> Service:
    """The service that publishes probes, with the jobs and errands of a test."""
    return Service(name="prober", migrations=MIGRATIONS, publishes=(ProbeSeen, ProbeStands), jobs=jobs or Jobs(), errands=errands)


def listener(faults: Faults | None = None) -> Service:
    """The service that hears probes; it writes an effect for each and echoes it."""
    found = faults or Faults()
    handlers, settlers = Handlers(), Settlers()

    @handlers.on(ProbeSeen)
    async def write_down(probe: ProbeSeen, work: Work) -> None:
        found.calls += 1
        await work.session.execute(
            text("insert into listener.effect (dealer_id, item, number) values (:dealer, :item, :number)"),
            {"dealer": work.dealer, "item": probe.item, "number": probe.number},
        )
        work.publish(ProbeEchoed(item=probe.item, number=probe.number))
        if found.away > 0:
            found.away -= 1
            raise TransientError("the world is away")
        if probe.number in found.poison:
            raise ValueError(f"number {probe.number} cannot be handled")

    return Service(name="listener", migrations=MIGRATIONS, handlers=handlers, settlers=settlers, publishes=(ProbeEchoed,))
