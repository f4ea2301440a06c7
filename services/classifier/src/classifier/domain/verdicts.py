"""What somebody said a visit was about beats what its words say, until it is taken back."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from classifier.domain.evidence import Found, Words
from classifier.domain.reading import Read
from common.events.work_orders import WorkOrderChanged

RULE = "verdict"


@dataclass(frozen=True)
class Verdict:
    """The tags as they should be, by whom and when, of the text with that mark (`text_mark`)."""

    tags: tuple[str, ...]
    remark: str
    user_id: UUID | None
    given_at: datetime
    text_mark: str


def text_mark(order: WorkOrderChanged) -> str:
    """Short for all that the order says in words and codes: the same as long as nobody changes them."""
    said = [[line.code, line.text] for line in order.lines], order.remarks
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def decided(read: Read, verdict: Verdict, mark: str) -> Read:
    """What counts. Where the text has changed since, the verdict holds on, and somebody should look again."""
    tags = tuple(Found(tag, (Words("", RULE, RULE, 1.0),)) for tag in sorted(verdict.tags))
    return replace(
        read,
        tags=tags,
        overruled=tuple(one for one in read.overruled if one.tag not in verdict.tags),
        inspection_result=read.inspection_result if "official_inspection" in verdict.tags else None,
        review=verdict.text_mark != mark,
    )
