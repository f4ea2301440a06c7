"""`lexicon`: what a dealer adds to its lexicon, shown, tried on its history, published and rolled back."""

import asyncio
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from classifier import publishing, settling, store, trying
from classifier.domain import DealerLexicon
from common import dealers
from common.errors import DomainError, NotFound
from common.ids import DealerId
from common.service import Runtime, Service, opened
from common.web import strict_json

_out = Console(soft_wrap=True, highlight=False, markup=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
SHOWN = 20  # changes printed; all are kept with the draft
Dealer = Annotated[str, typer.Option(help="The dealer's short name or id.")]
File = Annotated[Path, typer.Option(help="All that the dealer adds, as JSON or TOML: `lexicon show --json` writes it.")]
Note = Annotated[str, typer.Option(help="Why, for the history.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def add_lexicon(app: typer.Typer, service: Service) -> None:
    """Add `lexicon` to the command line."""
    lexicon = typer.Typer(help="A dealer's own words, codes and exceptions.", no_args_is_help=True)
    app.add_typer(lexicon, name="lexicon")

    @lexicon.command()
    def show(
        dealer: Dealer,
        number: Annotated[int | None, typer.Option(help="An earlier version (default: what is in force).", min=0)] = None,
        as_json: AsJson = False,
    ) -> None:
        """Show what a dealer adds, who published it when, and how far its texts are read with it."""
        asyncio.run(show_lexicon(service, dealer, number, as_json=as_json))

    @lexicon.command(name="try")
    def try_(dealer: Dealer, file: File, note: Note = "", as_json: AsJson = False) -> None:
        """Try a file on the dealer's whole history: which visits would be gained and lost. Changes nothing."""
        asyncio.run(try_lexicon(service, dealer, file, note, as_json=as_json))

    @lexicon.command()
    def publish(
        dealer: Dealer,
        file: Annotated[Path | None, typer.Option(help="All that the dealer adds, as JSON or TOML.")] = None,
        draft: Annotated[UUID | None, typer.Option(help="A draft that was tried.")] = None,
        note: Note = "",
    ) -> None:
        """Publish a file or a draft, and read every text of the dealer again."""
        if (file is None) == (draft is None):
            raise typer.BadParameter("give either --file or --draft")
        asyncio.run(publish_lexicon(service, dealer, note, file=file, draft=draft))

    @lexicon.command()
    def rollback(
        dealer: Dealer,
        to: Annotated[int, typer.Option(help="The version whose content is to be in force again; 0 is nothing.", min=0)],
        note: Note = "",
    ) -> None:
        """Publish an earlier version once more, and read every text of the dealer again."""
        asyncio.run(roll_back(service, dealer, to, note))


async def show_lexicon(service: Service, name: str, number: int | None, *, as_json: bool) -> None:
    async with opened(service) as runtime:
        dealer = await dealers.find(runtime.reader, name)
        async with runtime.work(dealer) as work:
            current = (await store.current(work.session, dealer)).number
            wanted = current if number is None else number
            content = await store.content(work.session, dealer, wanted)
            row = await store.version(work.session, dealer, wanted)
            progress = await publishing.progress(work)
    if content is None:
        raise NotFound(f"There is no version {wanted}.")
    if as_json:
        print(json.dumps(content.as_data(), ensure_ascii=False, indent=2))  # noqa: T201 - the answer itself
        return
    _out.print(f"Version {wanted}" + (" is in force." if wanted == current else f"; version {current} is in force."))
    if row is not None:
        _out.print(f"Published {row.at:%Y-%m-%d %H:%M} UTC" + (f": {row.note}" if row.note else "."))
    for line in described(content):
        _out.print(f"  {line}")
    _out.print(f"{progress.read} of {progress.texts} texts are read with what is in force.")


def described(content: DealerLexicon) -> list[str]:
    """What a dealer adds, a line for each."""
    words = [f"»{one.words}« is {one.tag}" for one in content.words]
    codes = [f"code {one.name} is {', '.join(one.tags)}" for one in content.codes]
    exceptions = [f"»{one.words}« is " + (f"not {one.but_not}" if one.but_not else "nothing") for one in content.exceptions]
    only = [f"{tag} is told by codes only" for tag in content.only_by_code]
    return [*words, *codes, *exceptions, *only] or ["nothing of its own"]


async def try_lexicon(service: Service, name: str, file: Path, note: str, *, as_json: bool) -> None:
    """Slice by slice; what is stopped goes on in the background."""
    said = read_file(file)
    async with opened(service) as runtime:
        dealer = await dealers.find(runtime.reader, name)
        async with runtime.work(dealer) as work:
            draft = await trying.begin(work, said, note=note, user=None)
            total = (await trying.find(work, draft)).total
        with _progress() as progress:
            task = progress.add_task("try", total=total)
            more = True
            while more:
                async with runtime.work(dealer) as work:
                    more = await trying.try_slice(work, draft)
                progress.advance(task, settling.SLICE)
        async with runtime.work(dealer) as work:
            counts = await store.counts(work.session, dealer, draft)
            changes = await store.changes(work.session, dealer, draft, tag=None, gained=None, after=None, limit=SHOWN)
    by_tag = {row.tag: {"gained": row.gained, "lost": row.lost} for row in counts}
    if as_json:
        print(json.dumps({"draft": str(draft), "orders": total, "tags": by_tag}))  # noqa: T201 - the answer itself
        return
    _out.print(f"Tried on {total} orders. Nothing was changed; `lexicon publish --draft {draft}` publishes it.")
    for tag, count in by_tag.items():
        _out.print(f"{tag}: {count['gained']} gained, {count['lost']} lost")
    for row in changes:
        _out.print(f"  {_change(row)}")


def _change(row: Any) -> str:
    words = f"»{row.words['words']}« ({row.words['place']}, {row.words['rule']})"
    against = f", because of »{row.because['words']}«" if row.because else ""
    return f"{'+' if row.gained else '-'} {row.tag}: order {row.number} of {row.visited_on}: {words}{against}"


async def publish_lexicon(service: Service, name: str, note: str, *, file: Path | None = None, draft: UUID | None = None) -> None:
    """Publish, then read what is behind; stopped, the rest is read in the background."""
    said = read_file(file) if file is not None else None
    async with opened(service) as runtime:
        dealer = await dealers.find(runtime.reader, name)
        async with runtime.work(dealer) as work:
            if said is not None:
                number = await publishing.publish(work, said, note=note, user=None)
            else:
                assert draft is not None
                number = await trying.publish(work, draft, note=note, user=None)
        _out.print(f"Version {number} is in force.")
        await read_behind(runtime, dealer)


async def roll_back(service: Service, name: str, to: int, note: str) -> None:
    async with opened(service) as runtime:
        dealer = await dealers.find(runtime.reader, name)
        async with runtime.work(dealer) as work:
            number = await publishing.roll_back(work, to, note=note, user=None)
        _out.print(f"Version {number} is in force; it says what version {to} said.")
        await read_behind(runtime, dealer)


async def read_behind(runtime: Runtime, dealer: DealerId) -> None:
    """Read all that was read with another lexicon, slice by slice; stopped, it goes on where it was."""
    async with runtime.work(dealer) as work:
        version = (await settling.reader_of(work)).version
        begun = await publishing.progress(work)
    left = begun.waiting
    with _progress() as progress:
        task = progress.add_task("read again", total=begun.waiting)
        while left:
            async with runtime.work(dealer) as work:
                await settling.touch_slice(work)
            async with runtime.work(dealer) as work:
                left = (await publishing.progress(work)).waiting
            progress.update(task, completed=max(begun.waiting - left, 0))
    _out.print(f"{begun.waiting} texts were read again with {version}; there are {begun.texts}.")


def read_file(path: Path) -> DealerLexicon:
    """What a file says. Raises DomainError that names what is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    try:
        data = tomllib.loads(raw.decode()) if path.suffix == ".toml" else strict_json(raw)
        return DealerLexicon.model_validate(data)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise DomainError(f"{path} is no lexicon of a dealer: {told}.", code="bad_lexicon") from None
    except ValueError as error:
        raise DomainError(f"{path} cannot be read: {error}.", code="bad_lexicon") from None


def _progress() -> Progress:
    return Progress(console=_err, disable=not _err.is_terminal, transient=True)
