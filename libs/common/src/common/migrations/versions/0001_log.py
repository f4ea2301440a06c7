"""The log with its offsets given inside COMMIT, positions, what is parked, who reads, and who wants to be woken."""

from alembic import context, op

from common import db
from common.settings import READER, role_name

revision = "0001"
down_revision = None

ENVELOPE = """
    id uuid not null, dealer_id uuid not null, key uuid not null, type text not null,
    at timestamptz not null, headers jsonb not null, body bytea not null
"""


def upgrade() -> None:
    schema = context.config.attributes["schema"]
    app, reader = role_name(schema), role_name(READER)
    for statement in (*tables(schema), append(schema), trigger(schema), *grants(schema, app, reader)):
        op.execute(statement)
    db.secure(op, schema, "state")


def tables(schema: str) -> tuple[str, ...]:
    return (
        f"""create table {schema}.outbox (
            number bigint generated always as identity primary key,
            topics text[] not null, parts int[] not null, ids uuid[] not null, dealers uuid[] not null, keys uuid[] not null,
            types text[] not null, ats timestamptz[] not null, headers text[] not null, bodies bytea[] not null)""",
        f"""create table {schema}.head (topic text, part int, next bigint not null default 0,
            primary key (topic, part)) with (fillfactor = 50)""",
        f"create table {schema}.log (topic text, part int, off bigint, {ENVELOPE}, primary key (topic, part, off))",
        f"alter table {schema}.log alter column body set storage external",
        f"""create table {schema}.position (consumer text, topic text, part int, next bigint not null, epoch text not null,
            kafka_next bigint, primary key (consumer, topic, part)) with (fillfactor = 50)""",
        f"""create table {schema}.parked (consumer text, topic text, part int, off bigint, {ENVELOPE}, error text not null,
            tries int not null, parked_at timestamptz not null default now(), primary key (consumer, topic, part, off))""",
        f"create index on {schema}.parked (consumer, topic, dealer_id, key)",
        f"""create table {schema}.reader (consumer text, topic text, part int, next bigint not null,
            seen_at timestamptz not null default now(), primary key (consumer, topic, part)) with (fillfactor = 50)""",
        f"""create table {schema}.relay_checkpoint (topic text, part int, log_next bigint not null, kafka_next bigint not null,
            primary key (topic, part)) with (fillfactor = 50)""",
        f"""create table {schema}.wakeup (name text, dealer_id uuid, at timestamptz, leased_until timestamptz,
            primary key (name, dealer_id)) with (fillfactor = 50)""",
        f"""create table {schema}.state (dealer_id uuid, type text, entity uuid, topic text not null, key uuid not null,
            revision bigint not null, body bytea not null, primary key (dealer_id, type, entity))""",
    )


def append(schema: str) -> str:
    """One statement: count per partition, lock the heads in order, bump them, write the log. Runs inside COMMIT."""
    return f"""
create function {schema}.append() returns trigger language plpgsql security definer set search_path = pg_catalog as $$
declare
    wanted bigint := cardinality(new.ids);
    written bigint;
begin
    with entry as (
        select e.*, row_number() over (partition by e.topic, e.part order by e.place) - 1 as nth
        from unnest(new.topics, new.parts, new.ids, new.dealers, new.keys, new.types, new.ats, new.headers, new.bodies)
            with ordinality as e(topic, part, id, dealer_id, key, type, at, headers, body, place)
    ), counted as (
        select topic, part, count(*) as events from entry group by topic, part
    ), locked as materialized (
        select h.topic, h.part from {schema}.head h join counted c using (topic, part)
        order by h.topic, h.part for update of h
    ), bumped as (
        update {schema}.head h set next = h.next + c.events
        from counted c join locked l using (topic, part)
        where h.topic = c.topic and h.part = c.part
        returning h.topic, h.part, h.next - c.events as first
    )
    insert into {schema}.log (topic, part, off, id, dealer_id, key, type, at, headers, body)
    select e.topic, e.part, b.first + e.nth, e.id, e.dealer_id, e.key, e.type, e.at, e.headers::jsonb, e.body
    from entry e join bumped b using (topic, part);
    get diagnostics written = row_count;
    if written <> wanted then
        raise exception 'log: % of % events have a partition to go to', written, wanted;
    end if;
    delete from {schema}.outbox where number = new.number;
    return null;
end $$
"""


def trigger(schema: str) -> str:
    return (
        f"create constraint trigger append after insert on {schema}.outbox deferrable initially deferred"
        f" for each row execute function {schema}.append()"
    )


def grants(schema: str, app: str, reader: str) -> tuple[str, ...]:
    return (
        f"grant insert on {schema}.outbox to {app}",
        f"grant select on {schema}.head, {schema}.log to {app}, {reader}",
        f"grant select, insert, update, delete on {schema}.position, {schema}.parked, {schema}.wakeup to {app}",
        f"grant select, delete on {schema}.log, {schema}.reader to {app}",
        f"grant select, insert, update, delete on {schema}.reader, {schema}.relay_checkpoint to {reader}",
        f"grant select on {schema}.relay_checkpoint to {app}",
        f"grant select on {schema}.parked, {schema}.position, {schema}.wakeup to {reader}",
    )
