"""Publishing what a dealer adds to its lexicon: a numbered version, and every text behind it read again in the background."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from classifier import domain, lexicons, settling, store
from classifier.domain import DealerLexicon
from common.errors import Conflict, DomainError, NotFound
from common.work import Work

RECLASSIFY = "reclassify"
LOOK_AGAIN = timedelta(minutes=2)  # a batch that began before a publication has ended by then


@dataclass(frozen=True)
class Progress:
    """How many texts there are, and how many were not read with the version in force yet."""

    texts: int
    waiting: int

    @property
    def read(self) -> int:
        return self.texts - self.waiting


async def publish(
    work: Work, said: DealerLexicon, *, note: str, user: UUID | None, based_on: int | None = None, again_of: int | None = None
) -> int:
    """Have texts read with this from now on; the number of the version, the one in force where it says the same already.

    Raises DomainError for words that are never found, and Conflict where another than `based_on` is in force.
    """
    await must_be_findable(work, said)
    await store.one_at_a_time(work.session, work.dealer, "lexicon")
    current = await store.current(work.session, work.dealer)
    must_be_current(based_on, current.number)
    if store.digest_of(said) == (current.digest or store.digest_of(domain.NOTHING)):
        return current.number
    number = current.number + 1
    await store.publish(work.session, work.dealer, said, number=number, note=note, user=user, at=work.now, again_of=again_of)
    work.wake(RECLASSIFY, work.now)
    return number


async def roll_back(work: Work, to: int, *, note: str, user: UUID | None) -> int:
    """Publish what an earlier version said once more (0: nothing of the dealer's own). Raises NotFound."""
    said = await store.content(work.session, work.dealer, to)
    if said is None:
        raise NotFound(f"There is no version {to}.")
    return await publish(work, said, note=note or f"As version {to}.", user=user, again_of=to)


def must_be_current(based_on: int | None, current: int) -> None:
    """Raises Conflict where another version is in force than the one that somebody saw."""
    if based_on is not None and based_on != current:
        raise Conflict(
            f"Version {current} is in force, and not {based_on} any more.", code="published_meanwhile",
            advice="Read what is in force now, put your change into it, and try that.",
        )  # fmt: skip


async def must_be_findable(work: Work, said: DealerLexicon) -> None:
    """Raises DomainError that names the words which the dealer's language would never find."""
    language = lexicons.matcher(await settling.language_of(work))
    errors: Sequence[Mapping[str, str]] = list(domain.unfindable(said, language))
    if errors:
        raise DomainError("Some words would never be found.", code="never_found", errors=errors[:20])


async def progress(work: Work) -> Progress:
    """How far the texts are read with the version in force."""
    reader = await settling.reader_of(work)
    return Progress(*await store.count_texts(work.session, work.dealer, reader.version))


async def read_slice(work: Work) -> datetime | None:
    """Read some of what is behind; when to look again: at once while there is more, and once more a little later."""
    if await settling.touch_slice(work):
        return work.now
    published_at = (await store.current(work.session, work.dealer)).at
    last_look = published_at + LOOK_AGAIN if published_at else None
    return last_look if last_look and work.now < last_look else None
