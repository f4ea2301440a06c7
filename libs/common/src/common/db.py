"""Databases: engines, a schema's metadata, and what makes a table a dealer's own."""

from typing import Any, Protocol

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.settings import Settings, role_name

_TIMEOUTS = {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s", "timezone": "UTC", "jit": "off"}
_OWN_DEALER = "dealer_id = nullif(current_setting('app.dealer', true), '')::uuid"


class Operations(Protocol):
    """What of Alembic's `op` is used here."""

    def execute(self, sqltext: str) -> Any: ...


def schema(name: str) -> MetaData:
    """The metadata of one service's tables; give it to the registry of its row classes."""
    names = {
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
    return MetaData(schema=name, naming_convention=names)


def engine(settings: Settings, service: str, role: str | None = None, *, pool: int = 10) -> AsyncEngine:
    """An engine on a service's database; sessions of it end a lock wait and an idle transaction by themselves."""
    address = settings.dsn(service, role).replace("postgresql://", "postgresql+asyncpg://", 1)
    return create_async_engine(
        address,
        pool_size=pool,
        max_overflow=pool,
        pool_recycle=1800,
        hide_parameters=True,  # an error names its statement, never the names and addresses in it
        connect_args={"server_settings": {**_TIMEOUTS, "application_name": f"autoflows {service}"}, "timeout": 10},
    )


def grant(op: Operations, schema_name: str, *tables: str) -> None:
    """Let the service's own role use tables that belong to no dealer (each is named in `tests/architecture`)."""
    for table in tables:
        role = role_name(schema_name)
        op.execute(f"grant select, insert, update, delete on {schema_name}.{table} to {role}")


def secure(op: Operations, schema_name: str, *tables: str) -> None:
    """Make tables a dealer's own: row-level security enabled and forced, reached only with the dealer set."""
    grant(op, schema_name, *tables)
    for table in tables:
        name = f"{schema_name}.{table}"
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"alter table {name} force row level security")
        op.execute(f"create policy own_dealer on {name} using ({_OWN_DEALER}) with check ({_OWN_DEALER})")
