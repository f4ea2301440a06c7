"""No statement names two schemas: a service's code names only its own, so that each may have a database of its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from common.service import Service
from common.testing.postgres import Database

ROOT = Path(__file__).parents[2]


def texts(path: Path) -> Iterator[str]:
    """Every string in a module that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


async def test_a_services_code_names_only_tables_of_its_own(database: Database, services: list[Service]) -> None:
    connection = await asyncpg.connect(database.cluster.dsn(database.name))
    rows = await connection.fetch("select schemaname, tablename from pg_tables")
    await connection.close()
    tables = {(row["schemaname"], row["tablename"]) for row in rows}
    names = "|".join(service.schema.name for service in services)
    pattern = re.compile(rf"\b({names})\.([a-z_]+)\b")
    found = [
        f"{path.relative_to(ROOT)}: {schema}.{table}"
        for service in services
        for path in sorted((ROOT / "services" / service.name / "src").rglob("*.py"))
        for text in texts(path)
        for schema, table in pattern.findall(text)
        if schema != service.schema.name and (schema, table) in tables
    ]
    assert found == []


async def test_common_names_no_schema_at_all(database: Database, services: list[Service]) -> None:
    names = "|".join(service.schema.name for service in services)
    pattern = re.compile(rf"\b(from|into|update|join|table) ({names})\.")
    found = [
        f"{path.relative_to(ROOT)}: {text[:60]}"
        for path in sorted((ROOT / "libs" / "common" / "src").rglob("*.py"))
        if "testing" not in path.parts
        for text in texts(path)
        if pattern.search(text)
    ]
    assert found == []
