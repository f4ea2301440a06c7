"""Bringing databases up to date: roles, one schema per service, common's tables, then the service's own history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from common import db
from common.events import PARTITIONS, topics
from common.settings import OWNER, READER, Settings, role_name, schema_name

COMMON = "common:migrations"


@dataclass(frozen=True)
class Schema:
    """A service's schema and where its history lies (`scheduler:migrations`)."""

    name: str
    migrations: str


async def prepare(admin_dsn: str, settings: Settings, schemas: Iterable[Schema]) -> None:
    """As an administrator of one database: create roles and schemas. Safe to repeat; passwords follow the secret."""
    names = [schema.name for schema in schemas]
    connection: asyncpg.Connection[Any] = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("select pg_advisory_lock(4211)")  # roles are the cluster's: one at a time
        for role in (OWNER, READER, *names):
            await _create_role(connection, role_name(role), settings.password(role_name(role)))
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"grant create, connect on database {database} to {role_name(OWNER)}")
        await connection.execute("revoke create on schema public from public")
        for name in names:
            await connection.execute(f"create schema if not exists {name} authorization {role_name(OWNER)}")
            await connection.execute(f"grant usage on schema {name} to {role_name(name)}, {role_name(READER)}")
    finally:
        await connection.close()


async def _create_role(connection: "asyncpg.Connection[Any]", role: str, password: str) -> None:
    exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
    verb = "alter" if exists else "create"
    await connection.execute(f"{verb} role {role} login nosuperuser nobypassrls nocreatedb nocreaterole password '{password}'")


async def upgrade(settings: Settings, schemas: Iterable[Schema]) -> None:
    """As the owner: common's tables of each schema, then the service's own, then a head for each of its topics."""
    for schema in schemas:
        address = settings.dsn(schema.name, OWNER).replace("postgresql://", "postgresql+asyncpg://", 1)
        engine = create_async_engine(address, connect_args={"server_settings": {"lock_timeout": "10s"}})
        try:
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade, schema)
        finally:
            await engine.dispose()


def _upgrade(connection: Connection, schema: Schema) -> None:
    connection.exec_driver_sql(f"select pg_advisory_xact_lock(hashtext('migrate {schema.name}'))")
    for history, table in ((COMMON, "common_version"), (schema.migrations, "version")):
        command.upgrade(_config(connection, schema.name, history, table), "head")
        connection.exec_driver_sql(f"grant select on {schema.name}.{table} to {role_name(schema.name)}")
    add_heads(connection, schema.name, [topic.name for topic in topics().values() if schema_name(topic.writer) == schema.name])


def add_heads(connection: Connection, schema: str, names: Sequence[str]) -> None:
    """Give each topic that a service writes its partitions."""
    for name in names:
        connection.exec_driver_sql(
            f"insert into {schema}.head (topic, part) select '{name}', part"
            f" from generate_series(0, {PARTITIONS - 1}) part on conflict do nothing"
        )


def pending(connection: Connection, schema: Schema) -> bool:
    """Whether a schema waits for a migration."""
    for history, table in ((COMMON, "common_version"), (schema.migrations, "version")):
        config = _config(connection, schema.name, history, table)
        wanted = set(ScriptDirectory.from_config(config).get_heads())
        options = {"version_table": table, "version_table_schema": schema.name}
        if set(MigrationContext.configure(connection, opts=options).get_current_heads()) != wanted:
            return True
    return False


def _config(connection: Connection, schema: str, history: str, version_table: str) -> Config:
    config = Config()
    config.set_main_option("script_location", history)
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, schema=schema, version_table=version_table)
    return config


def run_env(schema: str, metadata: MetaData) -> None:
    """What a service's `migrations/env.py` does: run its history inside the caller's transaction."""
    _run(schema, metadata)


def run_common_env() -> None:
    """What common's own `migrations/env.py` does; which schema is the caller's to say."""
    schema = context.config.attributes["schema"]
    _run(schema, db.schema(schema))


def _run(schema: str, metadata: MetaData) -> None:
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table=attributes["version_table"],
        version_table_schema=schema,
        include_schemas=True,
        include_name=lambda name, kind, _: kind != "schema" or name == schema,
    )
    context.run_migrations()
