"""Commands: `classify` reads any text without a database, `reclassify` a dealer's stored texts again; `lexicon` changes how."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from classifier import given, lexicons
from classifier.commands.lexicon import add_lexicon, read_behind
from classifier.domain import Line, Order, Read, read, sentence
from common import dealers
from common.errors import DomainError
from common.service import Service, opened

_out = Console(soft_wrap=True, highlight=False, markup=False)
_err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add the classifier's commands to the command line."""
    add_lexicon(app, service)

    @app.command()
    def classify(
        text: Annotated[str | None, typer.Argument(help="The text of one order or appointment.")] = None,
        file: Annotated[Path | None, typer.Option(help="Orders as JSON lines; - is standard input.", allow_dash=True)] = None,
        lang: Annotated[str, typer.Option(help="The language, where an order does not name its own.")] = lexicons.DEFAULT,
        as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    ) -> None:
        """Say what an order was about, and by which words. Needs no database."""
        if (text is None) == (file is None):
            raise typer.BadParameter("give either a text or --file")
        if file is not None:
            raise typer.Exit(_classify_file(file, lang))
        _classify_text(text or "", lang, as_json)

    @app.command()
    def reclassify(dealer: Annotated[str, typer.Option(help="The dealer's short name or id.")]) -> None:
        """Read a dealer's stored texts again with the lexicon of today."""
        asyncio.run(reclassify_dealer(service, dealer))


def _classify_text(text: str, language: str, as_json: bool) -> None:
    try:
        matcher = lexicons.matcher(language)
    except LookupError as error:
        raise DomainError(str(error.args[0]), code="unknown_language") from None
    found = read(Order(lines=tuple(Line(line) for line in text.splitlines()) or (Line(text),)), matcher)
    if as_json:
        print(json.dumps(given.as_json(found, language), ensure_ascii=False))  # noqa: T201 - the answer itself
        return
    for said in _sentences(found, language):
        _out.print(said)


def _sentences(found: Read, language: str) -> Iterator[str]:
    if not found.tags:
        yield "Intet fundet." if language == "da" else "Nothing found."
    yield from (sentence(tag, language) for tag in found.tags)
    yield from (sentence(one, language) for one in found.overruled)


def _classify_file(path: Path, language: str) -> int:
    """Answer line by line in the same order; a line that cannot be read is reported, and the rest goes on."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise DomainError(f"{path} cannot be read: {error.strerror}.", code="no_file") from None
    bad = 0
    lines = raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    with Progress(console=_err, disable=not _err.is_terminal, transient=True) as progress:
        for number, line in enumerate(progress.track(lines, description="classify"), 1):
            if not line.strip():
                continue
            try:
                order = given.GivenOrder.model_validate_json(line)
                sys.stdout.write(json.dumps(given.answer(order, language), ensure_ascii=False) + "\n")
            except (ValidationError, LookupError) as error:
                bad += 1
                _err.print(f"line {number}: {_what_is_wrong(error)}")
    sys.stdout.flush()
    return 1 if bad else 0


def _what_is_wrong(error: ValidationError | LookupError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
    return str(error.args[0])


async def reclassify_dealer(service: Service, name: str) -> None:
    """Read all of a dealer's texts that were read with another lexicon."""
    async with opened(service) as runtime:
        await read_behind(runtime, await dealers.find(runtime.reader, name))
