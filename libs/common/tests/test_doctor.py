"""The doctor looks at databases, roles, schemas and clocks, and says how to mend what is wrong."""

from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from common import doctor
from common.testing.postgres import Database
from common.testing.probes import ProbeSeen, listener, prober
from common.testing.runtime import DEALER, running

SERVICES = [prober(), listener()]


async def test_where_all_is_well_everything_is_ok(probe_database: Database) -> None:
    found = await doctor.look(probe_database.settings(), SERVICES)
    assert {finding.level for finding in found} == {"ok"}
    assert {finding.about.split()[0] for finding in found} == {"database", "roles", "schema", "clock", "listener"}


async def test_a_wrong_secret_a_missing_database_and_a_wrong_port_are_told_apart(probe_database: Database) -> None:
    right = probe_database.settings()
    wrong = {
        "DATABASE_SECRET": right.model_copy(update={"database_secret": SecretStr("another")}),
        "autoflows migrate": right.model_copy(update={"database_url": right.database_url + "_not"}),
        "Is it running?": right.model_copy(update={"database_url": "postgresql://127.0.0.1:1/autoflows"}),
    }
    for how, settings in wrong.items():
        (found,) = await doctor.database(settings, prober())
        assert found.level == "fail"
        assert how in found.how


async def test_a_role_above_row_level_security_is_a_fault(probe_database: Database) -> None:
    connection = await asyncpg.connect(probe_database.cluster.dsn("postgres"))
    await connection.execute("alter role autoflows_listener bypassrls")
    try:
        (found,) = await doctor.roles(probe_database.settings(), listener())
    finally:
        await connection.execute("alter role autoflows_listener nobypassrls")
        await connection.close()
    assert found.level == "fail"
    assert "alter role autoflows_listener" in found.how


async def test_a_schema_that_waits_for_a_migration_is_a_fault(probe_database: Database) -> None:
    connection = await asyncpg.connect(probe_database.cluster.dsn(probe_database.name))
    await connection.execute("update prober.common_version set version_num = '0000'")
    await connection.close()
    (found,) = await doctor.schema(probe_database.settings(), prober())
    assert (found.level, found.how) == ("fail", "Run: autoflows migrate")


async def test_who_is_far_behind_is_named(probe_database: Database) -> None:
    settings = probe_database.settings()
    async with running(prober(), settings) as runtime, runtime.work(DEALER) as work:
        work.publish(*(ProbeSeen(item=uuid4(), number=0) for _ in range(1200)))
    (found,) = await doctor.behind(settings, [listener()])
    assert (found.level, found.what) == ("warn", "1200 events wait for it.")
    (found,) = await doctor.behind(settings.model_copy(update={"bus": "kafka"}), [listener()])
    assert found.level == "warn"
