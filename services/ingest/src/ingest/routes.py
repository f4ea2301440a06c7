"""Door 2: imports and connections, for the users of one dealer: api asks, in a signed header, which dealer that is."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from common.errors import DomainError
from common.ids import DealerId
from common.service import Runtime
from common.web import INTERNAL, asking_dealer, strict_json
from ingest import imports, store
from ingest.files import MAX_BYTES, MAY_HAVE
from ingest.imports import Asked

FIELDS = {"file", "source", "kind", "mapping", "dry_run", "complete"}
MAX_FIELD = 256 * 1024  # bytes of a mapping
PAGE = 2_000  # bad rows read at once for a download
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
Key = Annotated[str | None, Header(alias="idempotency-key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Limit = Annotated[int, Query(ge=1, le=200)]


class ExampleView(BaseModel):
    came: str
    what: str
    said: str


class ImportView(BaseModel):
    """An import, and how far it is. Rows are those of the file; `new`, `changed` and `unchanged` count what they tell: several rows
    may be one order. Of a dry run they are what would be."""

    import_id: UUID
    source_id: UUID
    source: str
    file: str
    kind: str | None
    state: str
    dry_run: bool
    complete: bool
    repairs: UUID | None
    asked_at: datetime
    ended_at: datetime | None
    rows: int
    rows_read: int
    rows_taken: int
    rows_bad: int
    percent_read: float
    percent_taken: float
    percent_bad: float
    new: int
    changed: int
    unchanged: int
    taken_back: int
    left_to_repair: int
    problem: str | None
    note: str | None
    examples: list[ExampleView]
    mapping: dict[str, Any] | None


class ImportList(BaseModel):
    items: list[ImportView]
    next_cursor: str | None


class BadRowView(BaseModel):
    line: int
    column: str | None
    problem: str
    todo: str
    row: str


class ReportView(BaseModel):
    items: list[BadRowView]
    next_cursor: str | None


class ConnectionView(BaseModel):
    """A source: what it gives, when it was last read or heard of, and whether it has been silent for longer than it may be."""

    source_id: UUID
    title: str
    kind: str
    gives: list[str]
    mappings: list[str]
    state: str
    problem: str | None
    fresh_at: datetime | None
    every_seconds: int | None
    silent: bool
    left_to_repair: int


class Again(BaseModel):
    """How a stored file is read once more."""

    model_config = ConfigDict(extra="forbid")

    mapping: dict[str, Any] | None = None
    kind: str | None = Field(default=None, max_length=40)
    dry_run: bool = False
    complete: bool = False


def build(runtime: Runtime) -> APIRouter:
    """All routes of ingest."""
    router = APIRouter()
    Dealer = Annotated[DealerId, Depends(asking_dealer(runtime.settings.derived(INTERNAL)))]

    async def accepted(dealer: DealerId, found: Any, response: Response) -> ImportView:
        response.headers["location"] = f"/imports/{found.import_id}"
        return (await views(runtime, dealer, [found]))[0]

    @router.post("/imports", status_code=202)
    async def ask(dealer: Dealer, request: Request, response: Response, key: Key = None) -> ImportView:
        """Have a file read."""
        asked = await _form(request, key)
        async with runtime.work(dealer) as work:
            found = await imports.ask(work, asked)
        return await accepted(dealer, found, response)

    @router.post("/imports/{import_id}/repair", status_code=202)
    async def repair(import_id: UUID, dealer: Dealer, request: Request, response: Response, key: Key = None) -> ImportView:
        """Have corrected rows of an import read."""
        asked = await _form(request, key, source=str(import_id))
        async with runtime.work(dealer) as work:
            found = await imports.repair(work, import_id, asked)
        return await accepted(dealer, found, response)

    @router.post("/imports/{import_id}/again", status_code=202)
    async def again(import_id: UUID, how: Again, dealer: Dealer, response: Response, key: Key = None) -> ImportView:
        """Have the stored file read again, by another mapping or for good."""
        asked = Asked("", b"", "", how.kind, how.mapping, how.dry_run, how.complete, key)
        async with runtime.work(dealer) as work:
            found = await imports.again(work, import_id, asked)
        return await accepted(dealer, found, response)

    @router.get("/imports")
    async def list_imports(dealer: Dealer, cursor: UUID | None = None, limit: Limit = 50) -> ImportList:
        """Imports, the newest first."""
        async with runtime.work(dealer) as work:
            found = await store.imports(work.session, dealer, before=cursor, limit=limit + 1)
        page = found[:limit]
        more = str(page[-1].import_id) if len(found) > limit else None
        return ImportList(items=await views(runtime, dealer, page), next_cursor=more)

    @router.get("/imports/{import_id}")
    async def show(import_id: UUID, dealer: Dealer) -> ImportView:
        """One import, and how far it is."""
        async with runtime.work(dealer) as work:
            found = await imports.find(work, import_id)
        return (await views(runtime, dealer, [found]))[0]

    @router.get("/imports/{import_id}/report")
    async def report(
        import_id: UUID, dealer: Dealer, cursor: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0, limit: Limit = 50
    ) -> ReportView:
        """The rows that could not be used, by line."""
        async with runtime.work(dealer) as work:
            await imports.find(work, import_id)
            found = await store.findings(work.session, dealer, import_id, after=cursor, limit=limit + 1)
        items = [
            BadRowView(line=row.line, column=row.field, problem=row.problem, todo=row.todo, row=row.raw) for row in found[:limit]
        ]
        return ReportView(items=items, next_cursor=str(items[-1].line) if len(found) > limit else None)

    async def pages(dealer: DealerId, import_id: UUID) -> AsyncIterator[list[Any]]:
        after = 0
        while True:
            async with runtime.work(dealer) as work:
                found = await store.findings(work.session, dealer, import_id, after=after, limit=PAGE)
            if not found:
                return
            yield found
            after = found[-1].line

    @router.get("/imports/{import_id}/report.csv")
    async def report_csv(import_id: UUID, dealer: Dealer) -> Response:
        """The report as a CSV."""
        async with runtime.work(dealer) as work:
            await imports.find(work, import_id)

        async def written() -> AsyncIterator[str]:
            yield "\ufeff" + _csv(["line", "column", "problem", "what to do", "row"])
            async for rows in pages(dealer, import_id):
                yield "".join(_csv([row.line, row.field or "", row.problem, row.todo, row.raw.rstrip("\r\n")]) for row in rows)

        return _download(written(), "text/csv; charset=utf-8", f"report-{import_id}.csv")

    @router.get("/imports/{import_id}/bad-rows")
    async def bad_rows(import_id: UUID, dealer: Dealer) -> Response:
        """The bad rows as they stood, under the file's header: to be corrected and sent to `repair`."""
        async with runtime.work(dealer) as work:
            found = await imports.find(work, import_id)

        async def written() -> AsyncIterator[str]:
            if found.header is not None:
                yield "\ufeff" + found.header.rstrip("\r\n") + "\r\n"
            async for rows in pages(dealer, import_id):
                yield "".join(row.raw.rstrip("\r\n") + "\r\n" for row in rows)

        lines = found.header is None
        media = "application/x-ndjson" if lines else "text/csv; charset=utf-8"
        return _download(written(), media, f"bad-rows-{import_id}.{'jsonl' if lines else 'csv'}")

    @router.get("/connections")
    async def connections(dealer: Dealer) -> list[ConnectionView]:
        """The dealer's sources, and how they fare."""
        async with runtime.work(dealer) as work:
            found = await store.sources(work.session, dealer)
            left = {one.source_id: await store.count_kept(work.session, dealer, one.source_id) for one in found}
            return [_connection(one, left[one.source_id], work.now) for one in found]

    return router


async def views(runtime: Runtime, dealer: DealerId, found: list[Any]) -> list[ImportView]:
    """Imports as others see them."""
    async with runtime.work(dealer) as work:
        titles = {one.source_id: one.title for one in await store.sources(work.session, dealer)}
        left = await store.count_left(work.session, dealer, [one.import_id for one in found])
    return [_view(one, titles.get(one.source_id, ""), left.get(one.import_id, 0)) for one in found]


def _view(row: Any, source: str, left: int) -> ImportView:
    same = set(ImportView.model_fields) & set(row._mapping)
    taken = row.rows_read - row.bad
    shares = {"read": row.rows_read, "taken": taken, "bad": row.bad}
    return ImportView(
        **{name: row._mapping[name] for name in same if name != "examples"}, examples=row.examples or [], source=source,
        asked_at=row.begun_at, rows_taken=taken, rows_bad=row.bad, left_to_repair=left,
        **{f"percent_{name}": round(100 * rows / row.rows, 1) if row.rows else 0.0 for name, rows in shares.items()},
    )  # fmt: skip


def _connection(row: Any, left: int, now: datetime) -> ConnectionView:
    every = row.config.get("every_seconds")
    silent = every is not None and (row.fresh_at is None or now - row.fresh_at > timedelta(seconds=2 * every + 3600))
    mappings = row.config.get("mappings") or {}
    return ConnectionView(
        source_id=row.source_id, title=row.title, kind=row.kind, gives=row.config["gives"], mappings=sorted(mappings),
        state=row.state, problem=row.problem, fresh_at=row.fresh_at, every_seconds=int(every) if every else None, silent=silent,
        left_to_repair=left,
    )  # fmt: skip


async def _form(request: Request, key: str | None, source: str | None = None) -> Asked:
    """A file and its fields. Raises DomainError that says what is missing or wrong."""
    if "multipart/form-data" not in request.headers.get("content-type", ""):
        raise DomainError("Send the file as multipart/form-data.", code="no_form", status=415)
    async with request.form(max_files=1, max_fields=len(FIELDS), max_part_size=MAX_FIELD) as form:
        if unknown := sorted(set(form) - FIELDS):
            raise DomainError(
                f"There is no field {', '.join(unknown)[:100]}; there are {', '.join(sorted(FIELDS))}.", code="bad_form"
            )
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise DomainError("The form has no file.", code="no_file")
        if (file.size or 0) > MAX_BYTES:
            raise DomainError(f"The file is too large: it may have {MAY_HAVE}.", code="too_large", status=413)
        told = {name: value for name in FIELDS - {"file"} if isinstance(value := form.get(name), str) and value.strip()}
        name = (file.filename or "file").replace("\x00", "")[-200:]
        content = await file.read()
    source = source or told.get("source")
    if source is None:
        raise DomainError("Say to which source the file belongs: the field source.", code="no_source")
    return Asked(
        name, content, source, told.get("kind"), _json(told.get("mapping")), _flag(told, "dry_run"), _flag(told, "complete"), key
    )  # fmt: skip


def _json(given: str | None) -> Any:
    if given is None:
        return None
    try:
        return strict_json(given.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise DomainError(f"The mapping is no JSON: {error}.", code="bad_mapping") from None


def _flag(told: dict[str, str], name: str) -> bool:
    given = told.get(name, "false").strip().lower()
    if given not in ("true", "false", "1", "0"):
        raise DomainError(f"{name}: say true or false.", code="bad_form")
    return given in ("true", "1")


def _csv(cells: list[Any]) -> str:
    """A line of a CSV; what a spreadsheet would take for a formula is told as a text."""
    told = [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells]
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerow(told)
    return written.getvalue()


def _download(content: AsyncIterator[str], media: str, name: str) -> Response:
    return StreamingResponse(content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})
