"""Alembic's entry for the classifier's schema."""

from classifier import tables
from common.migrate import run_env

run_env("classifier", tables.metadata)
