"""Imports that are asked for: the file is kept, an errand reads it in slices, and whoever asked sees how far it is."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from common import failpoints
from common.errors import Conflict, DomainError, NotFound
from common.ids import DealerId, derived_id, new_id
from common.service import Runtime
from common.work import Work
from ingest import store
from ingest.domain import workbook
from ingest.domain.mapping import FileMapping, chosen, mappings_of, read_mapping
from ingest.files import MAX_BYTES, MAY_HAVE, Bringing, ImportId, Plan, parse, place_of

IMPORT = "import"
KEPT_FOR = timedelta(days=30)  # a file with its report
_SWEEP_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """What somebody wants read. `mapping` is as it was given, None for the source's own."""

    file: str
    content: bytes
    source: str  # its name, or its id
    kind: str | None = None
    mapping: Any = None
    dry_run: bool = False
    complete: bool = False
    key: str | None = None
    lines: bool = False  # JSON lines, whatever mappings the source has
    more: Mapping[str, Any] = field(default_factory=dict)

    def brief(self) -> bytes:
        """The same for the same wish."""
        told = [
            self.file,
            self.source,
            self.kind,
            self.mapping,
            self.dry_run,
            self.complete,
            {k: str(v) for k, v in self.more.items()},
        ]
        head = json.dumps(told, sort_keys=True, ensure_ascii=True, default=str).encode()
        return hashlib.sha256(hashlib.sha256(head).digest() + hashlib.sha256(self.content).digest()).digest()


async def ask(work: Work, asked: Asked) -> Any:
    """Keep a file and have it read; the same key and wish again is the same import. Raises DomainError."""
    if asked.key is not None and (known := await store.import_with_key(work.session, work.dealer, asked.key)) is not None:
        return _same(known, asked)
    if not asked.content.strip():
        raise DomainError("The file is empty.", code="empty_file")
    if len(asked.content) > MAX_BYTES:
        raise DomainError(f"The file is too large: it may have {MAY_HAVE}.", code="too_large", status=413)
    source = await source_named(work, asked.source)
    mapping = _mapping(source, asked)
    upload = new_id()
    await store.store_upload(work.session, work.dealer, upload, asked.content, work.now)
    return await _begin(work, source.source_id, asked, mapping, upload)


async def repair(work: Work, of: UUID, asked: Asked) -> Any:
    """Bring the bad rows of an import again, corrected: as the same kind, by the same mapping, and never as a complete file."""
    first = await _import(work, of)
    mapping = read_mapping(first.mapping) if first.mapping else None
    if mapping is not None:  # whatever wrote the corrected rows
        mapping = mapping.model_copy(update={"complete": False, "encoding": "auto", "sheet": None})
    wish = Asked(
        asked.file, asked.content, str(first.source_id), dry_run=asked.dry_run, key=asked.key, lines=mapping is None, more={"repairs": of},
        mapping=mapping.model_dump(mode="json") if mapping is not None else None, kind=first.kind,
    )  # fmt: skip
    return await ask(work, wish)


async def again(work: Work, of: UUID, asked: Asked) -> Any:
    """Read a stored file again: with another mapping, or for good after a dry run. What was recorded already stays unchanged."""
    first = await _import(work, of)
    content = await store.upload(work.session, work.dealer, first.upload_id)
    if content is None:
        raise DomainError("The file of this import is not kept any more; send it again.", code="file_gone", status=410)
    given = asked.mapping if asked.mapping is not None else first.mapping
    wish = Asked(
        first.file, content, str(first.source_id), asked.kind or first.kind, given, asked.dry_run,
        asked.complete or (first.complete and asked.mapping is None), asked.key, more={"again": of, **_repairs(first)},
    )  # fmt: skip
    if wish.key is not None and (known := await store.import_with_key(work.session, work.dealer, wish.key)) is not None:
        return _same(known, wish)
    source = await source_named(work, wish.source)
    mapping = _mapping(source, wish) if given is not None else None
    return await _begin(work, first.source_id, wish, mapping, first.upload_id)


def _repairs(first: Any) -> dict[str, Any]:
    return {"repairs": first.repairs} if first.repairs is not None else {}


async def _begin(work: Work, source_id: UUID, asked: Asked, mapping: FileMapping | None, upload: UUID) -> Any:
    import_id = new_id()
    complete = asked.complete or (mapping is not None and mapping.complete)
    if complete and mapping is not None and mapping.kind != "contracts":
        raise DomainError("Only a file of contracts can be complete.", code="bad_mapping")
    begun = await store.begin_import(
        work.session, work.dealer, import_id, source_id, file=asked.file[:200], at=work.now, state="waiting",
        kind=mapping.kind if mapping is not None else None, dry_run=asked.dry_run, complete=complete,
        mapping=mapping.model_dump(mode="json") if mapping is not None else None, upload_id=upload, key=asked.key,
        request=asked.brief(), repairs=asked.more.get("repairs"),
    )  # fmt: skip
    if not begun:
        raise Conflict("This key is being used for another request just now.", code="key_used")
    work.wake(IMPORT, work.now)
    return await _import(work, import_id)


def _same(known: Any, asked: Asked) -> Any:
    if known.request != asked.brief():
        raise Conflict("This Idempotency-Key was used for another request.", code="key_used")
    return known


async def _import(work: Work, import_id: UUID) -> Any:
    found = await store.import_(work.session, work.dealer, import_id)
    if found is None:
        raise NotFound("There is no such import.")
    return found


find = _import


async def source_named(work: Work, name: str) -> Any:
    """A source that takes files, by its name or its id. Raises NotFound or DomainError."""
    try:
        wanted = UUID(name)
    except ValueError:
        wanted = derived_id("source", work.dealer, name.casefold())
    source = await store.source(work.session, work.dealer, wanted)
    if source is None:
        raise NotFound(f"There is no source {name[:100]!r}.")
    if source.kind != "file":
        raise DomainError(f"{source.title} tells by itself; files are brought to a source of files.", code="other_kind")
    return source


def _mapping(source: Any, asked: Asked) -> FileMapping | None:
    """The mapping to read by; a file that is a table needs one."""
    if asked.lines:
        return None
    if asked.mapping is not None:
        return read_mapping(asked.mapping, asked.kind)
    kept = mappings_of(source.config)
    if asked.kind is None and asked.content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return None  # JSON lines, also of a source that has mappings
    found = chosen(kept, asked.kind)
    if found is None and (asked.content.startswith((workbook.MARK, workbook.OLD_MARK)) or asked.kind is not None):
        raise DomainError("A table needs a mapping of its columns.", code="no_mapping")
    return found


class Imports:
    """Reads the files that were sent, one after the other for a dealer."""

    name = IMPORT

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, dealer: DealerId) -> datetime | None:
        while True:
            async with self._runtime.work(dealer) as work:
                found = await store.next_import(work.session, dealer)
            if found is None:
                break
            await self._read(dealer, found)
        async with self._runtime.work(dealer) as work:
            left = await store.forget_uploads(work.session, dealer, work.now - KEPT_FOR)
            return work.now + _SWEEP_AFTER if left else None

    async def _read(self, dealer: DealerId, asked: Any) -> None:
        async with self._runtime.work(dealer) as work:
            content = await store.upload(work.session, dealer, asked.upload_id)
            source, place = await store.source(work.session, dealer, asked.source_id), await place_of(work)
        try:
            if content is None:
                raise DomainError("The file of this import is not kept any more; send it again.", code="file_gone")
            mapping = read_mapping(asked.mapping) if asked.mapping else None
            pile = await asyncio.to_thread(parse, content, mapping, place)  # seconds for a large one: others go on meanwhile
        except DomainError as error:
            async with self._runtime.work(dealer) as work:
                over = {"state": "failed", "problem": str(error), "ended_at": work.now}
                await store.change_import(work.session, dealer, asked.import_id, **over)
            return
        del content
        async with self._runtime.work(dealer) as work:
            begun = {"state": "running", "header": pile.header, "rows": pile.rows, "things": len(pile)}
            await store.change_import(work.session, dealer, asked.import_id, **begun)
        plan = Plan(mapping, asked.dry_run, asked.complete)
        bringing = Bringing(self._runtime, dealer, source, plan, ImportId(asked.import_id))
        await bringing.bring(pile, done=asked.done, progress=lambda *_: failpoints.hit("ingest.in_import"))
