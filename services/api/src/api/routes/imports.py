"""Imports and connections under /api/v1: ingest owns and answers them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.forwarding import Forwarding
from api.guarding import Asking
from api.routes.shared import REFUSALS, V1, Limit, Rest

INGEST = "ingest"
_FILE = {"type": "string", "format": "binary", "description": "CSV, XLSX or JSON lines; at most 50 MB and 1,000,000 rows."}
_DRY = {"type": "boolean", "description": "Say what would happen, and change nothing."}
_NEW: dict[str, Any] = {
    "file": _FILE, "source": {"type": "string", "description": "A source of files, by its name or id."},
    "kind": {"type": "string", "enum": ["orders", "appointments", "contracts", "customers", "vehicles"]},
    "mapping": {"type": "string", "description": "JSON; default: the source's own of that kind."},
    "dry_run": _DRY,
    "complete": {"type": "boolean", "description": "It has every contract: one that it has no more is taken back."},
}  # fmt: skip
_AGAIN = {
    "mapping": {"type": "object"}, "kind": {"type": "string"}, "dry_run": _DRY, "complete": {"type": "boolean"},
}  # fmt: skip


def _body(media: str, required: list[str], **fields: Any) -> dict[str, Any]:
    """A body as the interface describes it: ingest reads it."""
    schema = {"type": "object", "properties": fields, "required": required}
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
    return {"requestBody": {"content": {media: {"schema": schema}}, "required": True}, "parameters": [key]}


def build(rest: Rest, forwarding: Forwarding) -> APIRouter:
    router = APIRouter(  # files come here, not JSON
        prefix=V1,
        responses=REFUSALS,
        tags=["imports"],
        generate_unique_id_function=lambda route: f"imports_{route.name}",
    )
    User = Annotated[Asking, Depends(rest.user)]
    Decider = Annotated[Asking, Depends(rest.decider)]

    @router.post("/imports", status_code=202, openapi_extra=_body("multipart/form-data", ["file", "source"], **_NEW))
    async def ask(user: Decider, request: Request) -> Response:
        """Have a file read: answers at once with where to see how far it is."""
        return await forwarding.send(INGEST, "/imports", user, request)

    @router.post(
        "/imports/{import_id}/repair", status_code=202,
        openapi_extra=_body("multipart/form-data", ["file"], file=_FILE, dry_run=_DRY),
    )  # fmt: skip
    async def repair(import_id: UUID, user: Decider, request: Request) -> Response:
        """Have corrected rows of an import read, as the same kind and by the same mapping."""
        return await forwarding.send(INGEST, f"/imports/{import_id}/repair", user, request)

    @router.post("/imports/{import_id}/again", status_code=202, openapi_extra=_body("application/json", [], **_AGAIN))
    async def again(import_id: UUID, user: Decider, request: Request) -> Response:
        """Have the stored file of an import read again: by another mapping, or for good after a dry run."""
        return await forwarding.send(INGEST, f"/imports/{import_id}/again", user, request)

    @router.get("/imports")
    async def imports(user: User, request: Request, cursor: UUID | None = None, limit: Limit = 50) -> Response:
        """Imports, the newest first."""
        wanted = {"limit": str(limit), **({"cursor": str(cursor)} if cursor else {})}
        return await forwarding.send(INGEST, "/imports", user, request, wanted)

    @router.get("/imports/{import_id}")
    async def one(import_id: UUID, user: User, request: Request) -> Response:
        """One import: rows read, taken and bad, what is new, changed or unchanged, and of a dry run the first examples."""
        return await forwarding.send(INGEST, f"/imports/{import_id}", user, request)

    @router.get("/imports/{import_id}/report")
    async def report(
        import_id: UUID, user: User, request: Request, cursor: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0, limit: Limit = 50
    ) -> Response:
        """The rows that could not be used: line, column, what is wrong, and what to do."""
        wanted = {"limit": str(limit), "cursor": str(cursor)}
        return await forwarding.send(INGEST, f"/imports/{import_id}/report", user, request, wanted)

    @router.get("/imports/{import_id}/report.csv")
    async def report_csv(import_id: UUID, user: User, request: Request) -> Response:
        """The report as a CSV."""
        return await forwarding.send(INGEST, f"/imports/{import_id}/report.csv", user, request)

    @router.get("/imports/{import_id}/bad-rows")
    async def bad_rows(import_id: UUID, user: User, request: Request) -> Response:
        """The bad rows as a file: to be corrected and sent to `repair`."""
        return await forwarding.send(INGEST, f"/imports/{import_id}/bad-rows", user, request)

    @router.get("/connections")
    async def connections(user: User, request: Request) -> Response:
        """The dealer's sources: what each gives, when it was last read, and whether it is silent."""
        return await forwarding.send(INGEST, "/connections", user, request)

    return router
