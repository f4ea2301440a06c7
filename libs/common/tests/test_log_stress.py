"""The log under many writers: nothing skipped, nothing doubled, key order kept, nobody waits for an idle writer.

The same stress must catch a log whose offsets come from a sequence while the transaction is still open (the mutant).
"""

import asyncio
import random
from collections import Counter
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from common.bus.log import LogReader, Positions
from common.ids import DealerId
from common.service import Runtime
from common.settings import OWNER, Settings
from common.testing.postgres import Database
from common.testing.probes import ProbeSeen, prober
from common.testing.runtime import DEALER

WRITERS = 8
ITEMS = [uuid4() for _ in range(64)]

SEQUENCE_MUTANT = """
create sequence prober.careless;
grant usage on sequence prober.careless to autoflows_prober;
drop trigger append on prober.outbox;
create function prober.append_carelessly() returns trigger language plpgsql security definer as $$
begin
    insert into prober.log (topic, part, off, id, dealer_id, key, type, at, headers, body)
    select topic, part, nextval('prober.careless'), id, dealer_id, key, type, at, headers::jsonb, body
    from unnest(new.topics, new.parts, new.ids, new.dealers, new.keys, new.types, new.ats, new.headers, new.bodies)
        as e(topic, part, id, dealer_id, key, type, at, headers, body);
    return null;
end $$;
create trigger append after insert on prober.outbox for each row execute function prober.append_carelessly();
"""


class Stress:
    """Writers with transactions of random length, one in ten rolled back, and a reader that follows while they write."""

    def __init__(self, settings: Settings, events: int) -> None:
        self.writer = Runtime(prober(), settings, listen=False)
        self.reader = LogReader(settings)
        self.wanted = events
        self.committed: set[tuple[UUID, int]] = set()
        self.heard: list[tuple[UUID, int]] = []
        self.done = asyncio.Event()

    async def write(self, chance: random.Random) -> None:
        while len(self.committed) < self.wanted:
            probes: list[ProbeSeen] = []
            try:
                async with self.writer.work(DEALER) as work:
                    for item in sorted(chance.sample(ITEMS, 3)):
                        number = await self._claim(work.session, item, count := chance.randint(1, 12))
                        probes += [ProbeSeen(item=item, number=number + n) for n in range(count)]
                    work.publish(*probes)
                    await work.finish()  # handed to the transaction; its COMMIT is still to come
                    await asyncio.sleep(chance.random() * 0.004)
                    if chance.random() < 0.1:
                        raise RuntimeError("rolled back on purpose")
            except RuntimeError:
                continue
            self.committed |= {(probe.item, probe.number) for probe in probes}

    async def _claim(self, session, item: UUID, count: int) -> int:
        """The next numbers of an item, with its lock held until this transaction ends."""
        await session.execute(text("select pg_advisory_xact_lock(:half)"), {"half": item.int & (2**62 - 1)})
        last = await session.scalar(text("select max(number) from prober.effect where item = :item"), {"item": item})
        first = 0 if last is None else last + 1
        await session.execute(
            text("insert into prober.effect (dealer_id, item, number) values (:dealer, :item, :last)"),
            {"dealer": DEALER, "item": item, "last": first + count - 1},
        )
        return first

    async def follow(self) -> None:
        positions: Positions = dict.fromkeys(await self.reader.heads(["probes"]), 0)
        while True:
            over = self.done.is_set()
            batch = await self.reader.read(positions, 1000)
            for envelope in batch:
                probe = envelope.event()
                assert isinstance(probe, ProbeSeen)
                self.heard.append((probe.item, probe.number))
                positions[envelope.topic, envelope.partition] = envelope.offset + 1
            if over and not batch:
                return
            await asyncio.sleep(0.002)

    async def stay_idle(self, release: asyncio.Event) -> list[ProbeSeen]:
        """A writer that handed its events over and then falls asleep with its transaction open."""
        probes = [ProbeSeen(item=uuid4(), number=0) for _ in range(64)]  # in every partition, most likely
        async with self.writer.work(DealerId(uuid4())) as work:
            await work.session.execute(text("set local idle_in_transaction_session_timeout = 0"))  # it sleeps for longer
            work.publish(*probes)
            await work.finish()
            await release.wait()
        return probes

    async def run(self) -> None:
        release = asyncio.Event()
        idle = asyncio.create_task(self.stay_idle(release))
        following = asyncio.create_task(self.follow())
        await asyncio.gather(*(self.write(random.Random(number)) for number in range(WRITERS)))
        assert not idle.done()  # everybody wrote everything while it slept
        release.set()
        self.committed |= {(probe.item, probe.number) for probe in await idle}
        self.done.set()
        await following
        await self.writer.close()
        await self.reader.close()

    def faults(self) -> dict[str, int]:
        """How often the reader was betrayed."""
        counted = Counter(self.heard)
        last: dict[UUID, int] = {}
        inversions = 0
        for item, number in self.heard:
            inversions += number <= last.get(item, -1)
            last[item] = max(number, last.get(item, -1))
        return {
            "skipped": len(self.committed - set(counted)),
            "doubled": sum(times - 1 for times in counted.values()),
            "never committed": len(set(counted) - self.committed),
            "out of order": inversions,
        }


@pytest.mark.timeout(240)
async def test_eight_writers_and_an_idle_one_lose_nothing_double_nothing_and_keep_order(probe_database: Database) -> None:
    stress = Stress(probe_database.settings(), 50_000)
    await stress.run()
    assert len(stress.committed) >= 50_000
    assert stress.faults() == {"skipped": 0, "doubled": 0, "never committed": 0, "out of order": 0}


@pytest.mark.timeout(240)
async def test_the_stress_catches_offsets_from_a_sequence(probe_database: Database) -> None:
    owner = await asyncpg.connect(probe_database.settings().dsn("prober", OWNER))
    await owner.execute(SEQUENCE_MUTANT)
    await owner.close()
    stress = Stress(probe_database.settings(), 10_000)
    await stress.run()
    assert stress.faults()["skipped"] > 0


async def test_offsets_have_no_gaps_and_begin_at_nought(probe_database: Database) -> None:
    stress = Stress(probe_database.settings(), 2_000)
    await stress.run()
    reader = LogReader(probe_database.settings())
    heads = await reader.heads(["probes"])
    found = await reader.read(dict.fromkeys(heads, 0), 100_000)
    await reader.close()
    for (topic, part), head in heads.items():
        offsets = [e.offset for e in found if (e.topic, e.partition) == (topic, part)]
        assert offsets == list(range(len(offsets)))
        assert len(offsets) <= head
