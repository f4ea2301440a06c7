"""Mails that came back are looked for: the errand is woken for nobody in particular, and from then on wakes itself."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "insert into notifier.wakeup (name, dealer_id, at) values ('bounces', '00000000-0000-0000-0000-000000000000', now())"
        " on conflict do nothing"
    )
