"""Facts, messages, contacts, links and what became of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from common import db

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "fact",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", UUID, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        schema="notifier",
    )
    op.create_table(
        "alias",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("id", UUID, primary_key=True),
        sa.Column("into_id", UUID, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        schema="notifier",
    )
    op.create_index("alias_into_idx", "alias", ["dealer_id", "into_id"], schema="notifier")
    op.create_table(
        "appointment",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("appointment_id", UUID, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("vehicle_id", UUID),
        sa.Column("customer_id", UUID),
        sa.Column("invitation_id", UUID),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        schema="notifier",
    )
    op.create_index("appointment_vehicle_idx", "appointment", ["dealer_id", "vehicle_id"], schema="notifier")
    op.create_index("appointment_customer_idx", "appointment", ["dealer_id", "customer_id"], schema="notifier")
    op.create_index("appointment_invitation_idx", "appointment", ["dealer_id", "invitation_id"], schema="notifier")
    op.create_table(
        "answer",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("event_id", UUID, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("invitation_id", UUID),
        sa.Column("vehicle_id", UUID),
        sa.Column("customer_id", UUID),
        sa.Column("type", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("said_at", _INSTANT, nullable=False),
        sa.Column("heard_at", _INSTANT, nullable=False),
        sa.Column("alert", sa.Text),
        schema="notifier",
    )
    op.create_index("answer_invitation_idx", "answer", ["dealer_id", "invitation_id"], schema="notifier")
    op.create_index("answer_customer_idx", "answer", ["dealer_id", "customer_id"], schema="notifier")
    op.create_index("answer_alert_idx", "answer", ["dealer_id"], schema="notifier", postgresql_where=sa.text("alert is not null"))
    op.create_table(
        "hold",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("subject_id", UUID, primary_key=True),
        sa.Column("held_at", _INSTANT),
        sa.Column("restored_at", _INSTANT),
        schema="notifier",
    )
    op.create_table(
        "message",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("message_id", UUID, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("customer_id", UUID),
        sa.Column("user_id", UUID),
        sa.Column("workshop_id", UUID),
        sa.Column("due", JSONB, nullable=False),
        sa.Column("cause_id", UUID, nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("waits", sa.Text),
        sa.Column("send_at", _INSTANT, nullable=False),
        sa.Column("claim", UUID),
        sa.Column("leased_until", _INSTANT),
        sa.Column("looked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("local_on", sa.Date),
        sa.Column("language", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("html", sa.Text),
        sa.Column("provider_ref", sa.Text),
        sa.Column("because", sa.Text),
        sa.Column("sent_at", _INSTANT),
        sa.Column("listed_at", _INSTANT, nullable=False),
        schema="notifier",
    )
    op.create_index(
        "message_open_idx",
        "message",
        ["dealer_id", "send_at"],
        schema="notifier",
        postgresql_where=sa.text("state in ('due', 'claimed')"),
    )
    op.create_index("message_list_idx", "message", ["dealer_id", "listed_at", "message_id"], schema="notifier")
    op.create_index("message_customer_idx", "message", ["dealer_id", "customer_id"], schema="notifier")
    op.create_index(
        "message_provider_ref_idx",
        "message",
        ["dealer_id", "provider_ref"],
        schema="notifier",
        postgresql_where=sa.text("provider_ref is not null"),
    )
    op.create_table(
        "contact",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("reference", UUID, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("message_id", UUID, nullable=False),
        sa.Column("vehicle_id", UUID),
        sa.Column("type", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=False),
        sa.CheckConstraint("step in (1, 2)", name="contact_step_check"),
        schema="notifier",
    )
    op.create_index("contact_message_idx", "contact", ["dealer_id", "message_id"], schema="notifier")
    op.create_table(
        "link",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("message_id", UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("reference", UUID),
        sa.Column("step", sa.Integer),
        schema="notifier",
    )
    op.create_table(
        "history",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("message_id", UUID, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("by_machine", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="notifier",
    )
    op.create_table(
        "stray",
        sa.Column("dealer_id", UUID, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("on_day", sa.Date, primary_key=True),
        sa.Column("seen", sa.Integer, nullable=False),
        schema="notifier",
    )
    db.secure(op, "notifier", "fact", "alias", "appointment", "answer", "hold", "message", "contact", "link", "history", "stray")
