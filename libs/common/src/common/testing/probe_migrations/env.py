"""Alembic's entry for the two services that only tests have."""

from alembic import context

from common import db
from common.migrate import run_env

run_env(context.config.attributes["schema"], db.schema(context.config.attributes["schema"]))
