"""What ingest adds to the command line: `connect` a source, and `import` a file."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, get_args
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from common.errors import DomainError, NotFound, TransientError
from common.events.words import ContractKind
from common.ids import DealerId, dealer_named, derived_id
from common.service import Runtime, Service, opened
from ingest import files, store
from ingest.clients.economic import BASE, CALLS_A_DAY
from ingest.clients.sealing import Sealer
from ingest.domain.mapping import KINDS, ContractLine, FileMapping, Gives, chosen, mappings_of, read_mapping
from ingest.recording import POLL, Recorder

_out = Console(soft_wrap=True, highlight=False, markup=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SHOWN = 20  # bad rows printed; all are kept
MOST_KEPT = 100_000
_HEARD_WITHIN, _PAUSE = 60.0, 0.2  # seconds


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add ingest's commands to the command line."""
    connect = typer.Typer(help="Connect a source of orders.", no_args_is_help=True)
    app.add_typer(connect, name="connect")

    @connect.command()
    def economic(
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        app_secret: Annotated[
            str,
            typer.Option(
                help="X-AppSecretToken; asked for when not given.", envvar="ECONOMIC_APP_SECRET", prompt=True, hide_input=True
            ),
        ],
        grant: Annotated[
            str,
            typer.Option(
                help="X-AgreementGrantToken; asked for when not given.", envvar="ECONOMIC_GRANT", prompt=True, hide_input=True
            ),
        ],
        url: Annotated[str, typer.Option(help="Where the API is.")] = BASE,
        name: Annotated[str, typer.Option(help="What to call this source.")] = "e-conomic",
        open_orders: Annotated[
            bool, typer.Option("--open-orders", help="Orders not invoiced yet are jobs under way here.")
        ] = False,
        every: Annotated[str, typer.Option(help="How often to ask: 15m, 1h.")] = "1h",
        calls_a_day: Annotated[
            int, typer.Option(help="How many of the agreement's calls may be used in a day.", min=100, max=CALLS_A_DAY)
        ] = CALLS_A_DAY,
        sells: Annotated[
            list[str] | None,
            typer.Option(help="A product number that sells a contract, with its kind and months: SA36=service_contract:36."),
        ] = None,
    ) -> None:
        """Read booked invoices and customers of an e-conomic agreement, at an interval."""
        sold = dict(map(_sold, sells or ()))
        config = {
            "url": _address(url), "every_seconds": _duration(every).total_seconds(), "calls_a_day": calls_a_day,
            "gives": ["orders", *(["open_orders"] if open_orders else []), *(["contracts"] if sold else [])],
            "contract_lines": sold,
        }  # fmt: skip
        secrets = {"app_secret": app_secret, "grant": grant}
        asyncio.run(_connect(service, dealer, name, "economic", config, secrets))

    @connect.command()
    def file(
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        name: Annotated[str, typer.Option(help="What to call this source.")],
        mapping: Annotated[
            Path | None, typer.Option(help="A JSON file that maps columns to fields; without one: JSON lines.")
        ] = None,
        kind: Annotated[
            str | None, typer.Option(help=f"What such a file holds: {', '.join(KINDS)}. One mapping of each kind is kept.")
        ] = None,
        gives: Annotated[list[str] | None, typer.Option(help="What its files tell, where that is not what one expects.")] = None,
        numbers_of: Annotated[
            str | None, typer.Option(help="Another source of this dealer with the same customer numbers.")
        ] = None,
    ) -> None:
        """A source whose files are brought by `autoflows import`. Run again for one more kind of file, or another mapping."""
        found = _mapping(mapping, kind) if mapping is not None else None
        if kind is not None and found is None:
            raise DomainError("JSON lines say themselves what each line is; a kind needs a mapping.", code="bad_kind")
        other = str(source_id(dealer_named(dealer), numbers_of)) if numbers_of else None
        asyncio.run(_connect_file(service, dealer, name, found, _gives(gives), other))

    @connect.command(name="list")
    def list_sources(dealer: Annotated[str, typer.Option(help="The dealer's short name.")]) -> None:
        """Show a dealer's sources and how they fare."""
        asyncio.run(_list(service, dealer))

    @connect.command()
    def kept(
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        source: Annotated[str, typer.Option(help="The source's name (autoflows connect list).")],
        to: Annotated[Path | None, typer.Option(help="Write them as a file, to be mended and imported.")] = None,
        drop: Annotated[bool, typer.Option("--drop", help="Forget them.")] = False,
    ) -> None:
        """Show what a source told that cannot be used; an order that is recorded later is kept no more."""
        asyncio.run(_kept(service, dealer, source, to, drop))

    @app.command(name="import")
    def import_file(
        path: Annotated[Path, typer.Argument(metavar="FILE", help=f"A CSV, XLSX or JSON-lines file, {files.MAY_HAVE}.")],
        dealer: Annotated[str, typer.Option(help="The dealer's short name.")],
        source: Annotated[str, typer.Option(help="The source's name (autoflows connect file).")],
        mapping: Annotated[Path | None, typer.Option(help="Another mapping than the source's.")] = None,
        kind: Annotated[
            str | None, typer.Option(help="What it holds, where the source has several kinds: orders, contracts, …")
        ] = None,
        complete: Annotated[
            bool, typer.Option("--complete", help="It has every contract: one that it has no more is taken back.")
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and keep nothing.")] = False,
    ) -> None:
        """Bring a file of orders, appointments, contracts, customers or vehicles. Bad rows are told by line and kept for repair;
        the rest goes in."""
        raise typer.Exit(asyncio.run(_import(service, path, dealer, source, mapping, kind, complete, dry_run)))


async def _connect(
    service: Service, slug: str, name: str, kind: str, config: dict[str, Any], secrets: dict[str, str] | None
) -> None:
    dealer = dealer_named(slug)
    source = source_id(dealer, name)
    async with opened(service) as runtime:
        await _known(runtime, dealer, slug)
        async with runtime.work(dealer) as work:
            if (other := config.get("numbers_of")) and await store.source(work.session, dealer, UUID(other)) is None:
                raise NotFound(f"{slug} has no source of that name to take customer numbers from.")
            sealed = Sealer(runtime.settings).seal(secrets) if secrets else None
            await store.save_source(work.session, dealer, source, title=name, kind=kind, config=config, secrets=sealed)
            recorder = Recorder(work, source, tuple(config["gives"]))
            await recorder.source(title=name, kind=kind, fresh_at=None, polled=kind != "file")
            if kind != "file":
                work.wake(POLL, work.now)
    _out.print(f"{name} is connected for {slug}.")


async def _connect_file(
    service: Service, slug: str, name: str, mapping: FileMapping | None, gives: list[str], numbers_of: str | None
) -> None:
    """Keep a mapping of its kind beside those that the source has."""
    dealer = dealer_named(slug)
    async with opened(service) as runtime, runtime.work(dealer) as work:
        row = await store.source(work.session, dealer, source_id(dealer, name))
    if row is not None and row.kind != "file":
        raise DomainError(f"{name} is a source of another kind ({row.kind}); call this one otherwise.", code="other_kind")
    before = row.config if row is not None and mapping is not None else {}
    kept = {kind: one.model_dump(mode="json") for kind, one in mappings_of(before).items()}
    if mapping is not None:
        kept[mapping.kind] = mapping.model_dump(mode="json")
    told = gives or list(mapping.told() if mapping is not None else ("orders", "open_orders"))
    config = {
        "gives": list(dict.fromkeys([*(before.get("gives") or ()), *told])),
        "mappings": kept,
        "numbers_of": numbers_of or before.get("numbers_of"),
    }
    await _connect(service, slug, name, "file", config, None)


async def _list(service: Service, slug: str) -> None:
    dealer = dealer_named(slug)
    async with opened(service) as runtime:
        await _known(runtime, dealer, slug)
        async with runtime.work(dealer) as work:
            sources = await store.sources(work.session, dealer)
            kept = {source.source_id: await store.count_kept(work.session, dealer, source.source_id) for source in sources}
    if not sources:
        _out.print(f"{slug} has no sources yet. Connect one: autoflows connect economic --dealer {slug}")
    for source in sources:
        how = "heard of" if source.kind == "webhook" else "read"
        fresh = f"last {how} {source.fresh_at:%Y-%m-%d %H:%M} UTC" if source.fresh_at else f"not {how} yet"
        _out.print(f"{source.title} ({source.kind}): {source.state}, {fresh}; gives {', '.join(source.config['gives'])}")
        if source.problem:
            _out.print(f"  {source.problem}")
        if kept[source.source_id]:
            _out.print(f"  {kept[source.source_id]} of what it told cannot be used, and is kept for repair.")


async def _kept(service: Service, slug: str, name: str, to: Path | None, drop: bool) -> None:
    dealer = dealer_named(slug)
    async with opened(service) as runtime:
        await _known(runtime, dealer, slug)
        async with runtime.work(dealer) as work:
            if await store.source(work.session, dealer, source_id(dealer, name)) is None:
                raise NotFound(f"{slug} has no source {name!r}. See: autoflows connect list --dealer {slug}")
            rows = await store.kept(work.session, dealer, source_id(dealer, name), MOST_KEPT)
            for row in rows:
                _out.print(f"{row.kept_at:%Y-%m-%d} {row.file or row.number or 'webhook'}, line {row.line}: {row.problem}")
            if to is not None:
                _write(to, rows)
            if drop:
                await store.drop_kept(work.session, dealer, source_id(dealer, name))
    if not rows:
        _out.print(f"Nothing of {name} is kept.")


def _write(to: Path, rows: Sequence[Any]) -> None:
    """Write what is kept as a file: of a CSV the rows under the newest header."""
    header = rows[0].header if rows else None
    mine = [row for row in rows if row.header == header]
    lines = [*([header] if header else []), *(row.raw for row in mine)]
    to.write_text(
        "".join(line.rstrip("\r\n") + "\n" for line in lines), encoding="utf-8-sig"
    )  # its mark says more than any mapping
    _out.print(f"{len(mine)} of {len(rows)} are written to {to}, as UTF-8.")


async def _import(
    service: Service, path: Path, slug: str, name: str, mapping: Path | None, kind: str | None, complete: bool, dry_run: bool
) -> int:
    dealer = dealer_named(slug)
    async with opened(service) as runtime:
        await _known(runtime, dealer, slug)
        async with runtime.work(dealer) as work:
            source = await store.source(work.session, dealer, source_id(dealer, name))
        given = _mapping(mapping, kind) if mapping is not None else None
        found = given or chosen(mappings_of(source.config) if source is not None else {}, kind)
        with Progress(console=_err, disable=not _err.is_terminal, transient=True) as progress:
            task = progress.add_task(path.name, total=None)
            report = await files.bring(
                runtime, dealer, source_id(dealer, name), path, mapping=found, dry_run=dry_run, complete=complete,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )  # fmt: skip
    _tell(path.name, report, dry_run)
    return 1 if report.bad else 0


def _tell(file: str, report: files.Report, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    _out.print(
        f"{file}: {report.recorded} {report.kinds} {would}recorded ({report.new} new, {report.changed} changed), "
        f"{report.unchanged} unchanged, {len(report.bad)} bad rows."
    )
    if report.taken_back:
        _out.print(f"{report.taken_back} contracts that it has no more {'would be' if dry_run else 'were'} taken back.")
    for example in report.examples:
        _out.print(f"  {example.came} {example.what}: {example.said}")
    if report.note:
        _err.print(report.note)
    for bad in report.bad[:SHOWN]:
        _err.print(f"line {bad.line}{f', {bad.column}' if bad.column else ''}: {bad.problem}. {bad.todo}".rstrip())
    if len(report.bad) > SHOWN:
        _err.print(f"… and {len(report.bad) - SHOWN} more")


async def _known(runtime: Runtime, dealer: DealerId, slug: str) -> None:
    """Hear of this dealer, who may have been added a moment ago, while another process may be hearing the same. Raises DomainError."""
    if await _is_known(runtime, dealer):
        return
    consumer = runtime.consumer
    await consumer.load()
    heads = await runtime.reader.heads(runtime.service.topics)
    until = time.monotonic() + _HEARD_WITHIN
    while True:
        behind = await consumer.behind(heads)
        if await _is_known(runtime, dealer):
            return
        if not behind:
            raise DomainError(
                f"There is no dealer {slug!r}. Add it first: autoflows dealers add --slug {slug} …", code="no_dealer"
            )
        if time.monotonic() > until:
            raise DomainError(
                f"{slug} was not heard of yet: {behind} events wait. Try again in a minute.", code="not_heard_of_yet"
            )
        try:
            await consumer.step()
        except TransientError as error:  # most likely the other one is still at it
            _err.print(f"Waiting to hear of {slug}: {str(error).partition(chr(10))[0]}")
            await asyncio.sleep(_PAUSE)


async def _is_known(runtime: Runtime, dealer: DealerId) -> bool:
    async with runtime.work(dealer) as work:
        return await store.dealer(work.session, dealer) is not None


def source_id(dealer: UUID, name: str) -> UUID:
    """A source's id follows from its name."""
    return derived_id("source", dealer, name.casefold())


def _gives(words: list[str] | None) -> list[str]:
    if unknown := set(words or ()) - set(get_args(Gives)):
        raise DomainError(
            f"No source gives {', '.join(sorted(unknown))}; it may give {', '.join(get_args(Gives))}.", code="bad_gives"
        )
    return words or []


def _mapping(path: Path, kind: str | None = None) -> FileMapping:
    try:
        return read_mapping(json.loads(path.read_text(encoding="utf-8")), kind)
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    except ValueError as error:
        raise DomainError(f"{path} is no JSON: {error}.", code="bad_mapping") from None


def _sold(given: str) -> tuple[str, dict[str, Any]]:
    """A line's code and the contract that it sells, from `SA36=service_contract:36`."""
    code, _, line = given.rpartition("=")
    kind, _, months = line.partition(":")
    try:
        sold = ContractLine.model_validate({"kind": kind, "months": months})
    except ValidationError:
        sold = None
    if sold is None or not code.strip():
        raise DomainError(
            f"{given!r} does not say what is sold. Say for example SA36=service_contract:36; kinds are {', '.join(ContractKind)}.",
            code="bad_sells",
        )
    return code.strip(), sold.model_dump(mode="json")


def _address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url) or (
        url.startswith("http://") and not re.match(r"http://(127\.|localhost)", url)
    ):
        raise DomainError("The address must begin with https:// (http only on this machine).", code="bad_address")
    return url


def _duration(given: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})([mhd])", given)
    if found is None or (span := timedelta(**{_UNITS[found[2]]: int(found[1])})) < timedelta(minutes=5):
        raise DomainError(f"{given!r} is no interval. Say for example 15m or 1h; at least 5m.", code="bad_interval")
    return span
