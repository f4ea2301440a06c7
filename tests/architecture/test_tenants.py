"""Dealers are separated by the database itself: proven from its catalogue, and by trying."""

from uuid import uuid4

import asyncpg
import pytest

from common.ids import DealerId
from common.service import Service
from common.settings import role_name
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER

COMMON_WITHOUT_DEALER = {
    "outbox", "log", "head", "position", "parked", "reader", "relay_checkpoint", "wakeup", "common_version", "version",
}  # fmt: skip
WITHOUT_DEALER = {  # what must be found before the dealer is known; nothing here says more than whose it is
    "api": {"login", "session", "link", "lead_link", "endpoint", "attempt"},
    "notifier": {"redirect"},
    "dmr-sync": {"dealer", "record", "file", "staged"},  # who there is, and what is the registry's, not a dealer's
}

TABLES = """
select c.relname as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced, pg_get_userbyid(c.relowner) as owner,
    exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'dealer_id') as has_dealer,
    (select count(*) from pg_policy p where p.polrelid = c.oid) as policies,
    (select array_agg(a.attname order by k.place) from pg_index i cross join unnest(i.indkey) with ordinality k(num, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num where i.indrelid = c.oid and i.indisprimary) as key
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'p', 'm', 'v')
"""


async def tables_of(database: Database, schema: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(database.cluster.dsn(database.name))
    try:
        return await connection.fetch(TABLES, schema)
    finally:
        await connection.close()


async def test_every_table_of_a_dealer_is_secured_and_forced(database: Database, services: list[Service]) -> None:
    for service in services:
        free = COMMON_WITHOUT_DEALER | WITHOUT_DEALER.get(service.name, set())
        for table in await tables_of(database, service.schema.name):
            name = f"{service.schema.name}.{table['name']}"
            assert table["owner"] == role_name("owner"), f"{name} belongs to {table['owner']}"
            if table["name"] in free:
                continue
            assert table["has_dealer"], f"{name} has no dealer; secure it or list it here with a reason"
            assert table["secured"], f"{name}: row-level security is off"
            assert table["forced"], f"{name}: row-level security is not forced"
            assert table["policies"] == 1, f"{name} has {table['policies']} policies"
            assert table["key"][0] == "dealer_id", f"{name}: its key begins with {table['key'][0]}"


async def test_unique_keys_begin_with_the_dealer(database: Database, services: list[Service]) -> None:
    """A unique key over all dealers would tell one dealer what another has."""
    connection = await asyncpg.connect(database.cluster.dsn(database.name))
    rows = await connection.fetch(
        """select n.nspname as schema, c.relname as name, a.attname as first from pg_index i
        join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where i.indisunique and c.relrowsecurity"""
    )
    await connection.close()
    assert [f"{r['schema']}.{r['name']} begins with {r['first']}" for r in rows if r["first"] != "dealer_id"] == []


async def test_the_services_roles_own_nothing_and_bypass_nothing(database: Database, services: list[Service]) -> None:
    connection = await asyncpg.connect(database.cluster.dsn(database.name))
    try:
        for service in services:
            role = await connection.fetchrow("select * from pg_roles where rolname = $1", role_name(service.name))
            assert role is not None
            assert not any(role[right] for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"))
            owned = await connection.fetchval(
                "select count(*) from pg_class where relowner = (select oid from pg_roles where rolname = $1)",
                role_name(service.name),
            )
            assert owned == 0
    finally:
        await connection.close()


async def test_a_service_cannot_look_into_anothers_schema(database: Database, services: list[Service]) -> None:
    for service in services:
        connection = await asyncpg.connect(database.settings().dsn(service.name))
        for other in services:
            if other.name != service.name:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"select * from {other.schema.name}.state")
        await connection.close()


async def test_only_the_writer_may_append_to_its_log(database: Database, services: list[Service]) -> None:
    reader = await asyncpg.connect(database.settings().dsn("ingest", "reader"))
    for service in services:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(f"insert into {service.schema.name}.outbox default values")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute(f"delete from {service.schema.name}.log")
    await reader.close()


async def test_rows_of_another_dealer_can_be_neither_seen_nor_written(database: Database) -> None:
    connection = await asyncpg.connect(database.settings().dsn("scheduler"))
    insert = (
        "insert into scheduler.state (dealer_id, type, entity, topic, key, revision, body) values ($1, 't', $2, 't', $2, 1, '')"
    )

    async def write_for(owner: DealerId, acting: DealerId) -> None:
        async with connection.transaction():
            await connection.execute("select set_config('app.dealer', $1, true)", str(acting))
            await connection.execute(insert, owner, uuid4())

    await write_for(DEALER, acting=DEALER)
    async with connection.transaction():
        await connection.execute("select set_config('app.dealer', $1, true)", str(OTHER_DEALER))
        assert await connection.fetchval("select count(*) from scheduler.state") == 0
        assert await connection.execute("update scheduler.state set revision = 2") == "UPDATE 0"
        assert await connection.execute("delete from scheduler.state") == "DELETE 0"
    assert await connection.fetchval("select count(*) from scheduler.state") == 0  # no dealer: nothing
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await write_for(DEALER, acting=OTHER_DEALER)
    await connection.close()
