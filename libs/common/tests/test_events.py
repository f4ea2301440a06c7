"""Events, ids and clocks: what the published language promises."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bus.envelope import Envelope, UnknownVersion, partition_of, seal
from common.clock import FixedClock, MovedClock, SystemClock, local_day
from common.events import PARTITIONS
from common.events.answers import ContactSuppressed
from common.events.visits import TagRead, VisitClassified
from common.ids import CustomerId, DealerId, OrderId, derived_id, link_code, new_id

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DEALER = DealerId(UUID(int=1))
SUPPRESSED = ContactSuppressed(customer_id=CustomerId(UUID(int=5)), at=NOW)


def test_an_event_comes_out_of_its_envelope_as_it_went_in() -> None:
    assert seal(SUPPRESSED, DEALER, NOW, None).event() == SUPPRESSED


def test_what_an_event_causes_carries_the_same_correlation() -> None:
    first = seal(SUPPRESSED, DEALER, NOW, None)
    second = seal(SUPPRESSED, DEALER, NOW, first)
    assert second.headers["correlationid"] == first.headers["correlationid"]
    assert second.headers["causationid"] == str(first.id)


def named(name: str, body: bytes = b"{}") -> Envelope:
    return Envelope("answers", 0, 0, new_id(), DEALER, DEALER, name, NOW, body)


def test_an_unknown_type_is_nothing_and_an_unknown_version_stops() -> None:
    assert named("novelty.seen.v1").event() is None
    with pytest.raises(UnknownVersion):
        named("contact.suppressed.v9").event()


def test_a_reader_passes_over_fields_it_does_not_know_and_keeps_words_it_does_not_know() -> None:
    body = (
        f'{{"revision": 1, "text_revision": 1, "order_id": "{UUID(int=9)}", "visited_on": "2026-01-02",'
        ' "tags": [{"tag": "hovercraft"}], "new": 7}'
    )
    visit = named("visit.classified.v1", body.encode()).event()
    assert isinstance(visit, VisitClassified)
    assert visit.tags == (TagRead(tag="hovercraft"),)
    assert visit.has("hovercraft", "service")
    assert visit.key() == visit.order_id == OrderId(UUID(int=9))


@given(st.uuids(), st.uuids())
def test_a_key_has_one_partition_for_ever(dealer: UUID, key: UUID) -> None:
    assert 0 <= partition_of(dealer, key) < PARTITIONS
    assert partition_of(dealer, key) == partition_of(UUID(str(dealer)), UUID(str(key)))


def test_partitions_are_those_of_the_day_the_log_began() -> None:
    """Fixed for ever: another spread would lose the order of every key that is on its way."""
    keys = [UUID(int=n) for n in range(8)]
    assert [partition_of(UUID(int=1), key) for key in keys] == [14, 8, 2, 4, 7, 1, 11, 13]


def test_ids_are_sorted_by_the_moment_they_were_made_in() -> None:
    made = [new_id() for _ in range(500)]
    assert len(set(made)) == 500
    assert [made[0].version, made[0].variant] == [7, uuid4().variant]
    assert sum(a > b for a, b in pairwise(made)) <= 5  # within a quarter of a microsecond chance decides


def test_the_same_parts_give_the_same_id() -> None:
    assert derived_id("a", 1) == derived_id("a", "1") != derived_id("a1")
    assert len({link_code() for _ in range(1000)}) == 1000


def test_a_moved_clock_is_seen_by_every_process_and_never_goes_back(tmp_path: Path) -> None:
    mine, theirs = MovedClock(tmp_path / "clock"), MovedClock(tmp_path / "clock")
    assert abs(mine.now() - SystemClock().now()) < timedelta(seconds=5)
    mine.move_to(SystemClock().now() + timedelta(days=7))
    assert timedelta(days=6) < theirs.now() - SystemClock().now() < timedelta(days=8)
    mine.move_to(SystemClock().now())
    assert theirs.now() - SystemClock().now() > timedelta(days=6)


def test_a_day_is_that_of_the_workshops_wall() -> None:
    late = FixedClock(datetime(2026, 3, 1, 23, 30, tzinfo=UTC)).now()
    assert str(local_day(late, ZoneInfo("Europe/Copenhagen"))) == "2026-03-02"
    assert str(local_day(late, ZoneInfo("UTC"))) == "2026-03-01"
