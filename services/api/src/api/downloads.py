"""Lists as files: CSV as the reader's spreadsheet opens it, with dates and numbers in his language."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from fastapi import Response

from api import listing
from api.listing import InvitationView, Wanted
from api.wording import BLOCKS, CHANNELS, FILE_COLUMNS, FILE_NAMES, NO_REASONS, OUTCOMES, STATES
from common.work import Work

KINDS = ("csv",)
MEDIA = {"csv": "text/csv"}
MOST_ROWS, AT_ONCE = 20_000, 500
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\x00", "＝", "＋", "－", "＠")
Cell = str | int | float | date | datetime | bool | None


def described(kind: str) -> dict[str, Any]:
    """What the description of the interface says of such a route."""
    return {
        "response_class": Response,
        "description": f"The same as a file, {MOST_ROWS:,} rows at most, in the reader's language.",
        "responses": {200: {"content": {MEDIA[kind]: {"schema": {"type": "string", "format": "binary"}}}}},
    }


async def of_list(work: Work, name: str, wanted: Wanted, kind: str, language: str) -> Response:
    """A whole list as a file."""
    rows: list[list[Cell]] = []
    cursor = None
    while len(rows) < MOST_ROWS:
        page = await listing.list_of(work, name, wanted, cursor=cursor, limit=AT_ONCE, language=language, counted=False)
        rows += [_row(one, language) for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    place, _ = await listing.here(work)
    return _file(
        name.partition(":")[0], FILE_COLUMNS[_known(language)]["list"], rows[:MOST_ROWS], kind, language, place.zone, place.today
    )


def _row(one: InvitationView, language: str) -> list[Cell]:
    danish = _known(language) == "da"
    last = one.answers[-1] if one.answers else None
    said = "; ".join(filter(None, (last.said, last.reason))) if last else ""
    if danish and last is not None:
        head, _, rest = (last.reason or "").partition(":")
        words = NO_REASONS.get(head) or OUTCOMES.get(head) or head
        said = "; ".join(
            filter(None, (STATES.get(last.said) or OUTCOMES.get(last.said) or last.said, f"{words}{rest and ':' + rest}"))
        )
    outcome = OUTCOMES.get(one.outcome or "", one.outcome) if danish else one.outcome
    blocked = BLOCKS.get(one.blocked or "", one.blocked_why) if danish else one.blocked_why
    return [
        one.type_title, one.plate, one.vehicle, one.customer, one.customer_number, one.email, one.mobile, one.workshop,
        one.due_on, one.send_on, one.contacted_on, one.call_from_on, one.closed_on, outcome, blocked, said, " ".join(one.why),
        len([order for order in one.orders if order.status == "open"]),
    ]  # fmt: skip


async def of_messages(work: Work, items: Sequence[dict[str, Any]], kind: str, language: str) -> Response:
    """Messages as a file."""
    danish = _known(language) == "da"
    place, _ = await listing.here(work)
    rows: list[list[Cell]] = [
        [
            datetime.fromisoformat(item["sent_at"] or item["due_at"]) if item["sent_at"] or item["due_at"] else None,
            CHANNELS.get(item["channel"], item["channel"]) if danish else item["channel"],
            item["customer"], item["customer_number"], item["address"],
            ", ".join(contact["plate"] for contact in item["contacts"] if contact.get("plate")),
            ", ".join(sorted({contact["type_title"] for contact in item["contacts"] if contact.get("type_title")})),
            item["subject"], STATES.get(item["state"], item["state"]) if danish else item["state"],
            item["because"], item["opened"], item["clicked"],
        ]
        for item in items
    ]  # fmt: skip
    columns = FILE_COLUMNS[_known(language)]["messages"]
    return _file("messages", columns, rows, kind, language, place.zone, place.today)


def _known(language: str) -> str:
    return language if language in FILE_COLUMNS else "en"


def _file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str, language: str, zone: str, today: date
) -> Response:
    body = as_csv(columns, rows, _known(language), zone)
    title = FILE_NAMES[_known(language)].get(name, name)
    disposition = f'attachment; filename="{title}-{today.isoformat()}.{kind}"'
    return Response(body, media_type=MEDIA[kind], headers={"content-disposition": disposition, "cache-control": "no-store"})


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]], language: str, zone: str) -> bytes:
    """CSV with the separator of the language's spreadsheets and a mark by which they see that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if language == "en" else ";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([written(cell, language, zone) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def written(cell: Cell, language: str, zone: str) -> str:
    """A cell as text: dates and numbers in the language, and nothing that a spreadsheet would run as a formula."""
    match cell:
        case None:
            return ""
        case datetime():
            return format_datetime(cell, _pattern(language) + " HH:mm", tzinfo=ZoneInfo(zone), locale=language)
        case date():
            return format_date(cell, _pattern(language), locale=language)
        case bool() | int() | float():
            return format_decimal(cell, locale=language, group_separator=False)
        case _:
            text = cell.replace("\x00", "")
            return f"'{text}" if text.startswith(_DANGEROUS) else text


def _pattern(language: str) -> str:
    return "yyyy-MM-dd" if language == "en" else "dd-MM-yyyy"
