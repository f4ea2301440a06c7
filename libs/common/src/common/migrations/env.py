"""Alembic's entry: common's tables, once in every service's schema."""

from common.migrate import run_common_env

run_common_env()
