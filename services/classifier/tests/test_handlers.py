"""Orders and appointments in, readings out, on a real database."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest

from classifier import commands, settling
from classifier.main import service
from common.events.appointments import AppointmentChanged
from common.events.settings import DealerChanged
from common.events.visits import AppointmentClassified, OpenOrderClassified, VisitClassified
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import OrderId, VehicleId, derived_id
from common.testing.postgres import Database
from common.testing.runtime import DEALER, OTHER_DEALER, Running, running

OTHER_VEHICLE = VehicleId(derived_id("vehicle", "other"))
MakeOrder = Callable[..., WorkOrderChanged]
MakeAppointment = Callable[..., AppointmentChanged]


@pytest.fixture
async def classifier(database: Database) -> AsyncIterator[Running]:
    async with running(service, database) as runtime:
        yield runtime


async def only(classifier: Running, kind: type[Any]) -> Any:
    """The one event that was published."""
    (event,) = await classifier.published(DEALER)
    assert isinstance(event, kind)
    return event


async def test_a_finished_order_becomes_a_visit_with_its_tags_and_words(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Serviceeftersyn 60.000 km", "Bremser målt", revision=7, odometer_km=61240))
    visit = await only(classifier, VisitClassified)
    assert visit.has("service")
    assert not visit.has("brakes")
    assert (visit.visited_on, visit.counts, visit.text_revision, visit.odometer_km) == (date(2026, 2, 27), True, 7, 61240)
    evidence = visit.tags[0].evidence[0]
    assert (evidence.words, evidence.place, evidence.rule) == ("Serviceeftersyn", "line 1", "service.name")


async def test_what_was_overruled_is_told_with_the_words_that_did_it(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Bremseklodser bag", remarks="Kunden ønsker ikke service"))
    visit = await only(classifier, VisitClassified)
    (overruled,) = visit.overruled
    assert overruled.tag == "service"
    assert [evidence.words for evidence in overruled.evidence] == ["service", "ønsker ikke"]


async def test_the_same_order_twice_is_told_once(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service"), work_order("Service"))
    await classifier.deliver(DEALER, work_order("Service"))
    assert len(await classifier.published(DEALER)) == 1


async def test_an_older_revision_that_comes_late_changes_nothing(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Hjulskift", revision=5))
    await classifier.deliver(DEALER, work_order("Service", revision=4))
    assert (await only(classifier, VisitClassified)).text_revision == 5


async def test_a_new_revision_is_told_even_when_it_reads_the_same(classifier: Running, work_order: MakeOrder) -> None:
    """A reader waits for the reading of the revision that it knows."""
    await classifier.deliver(DEALER, work_order("Service", revision=1))
    await classifier.deliver(DEALER, work_order("Service", revision=2))
    first, second = await classifier.published(DEALER)
    assert isinstance(first, VisitClassified)
    assert isinstance(second, VisitClassified)
    assert [(e.revision, e.text_revision) for e in (first, second)] == [(1, 1), (2, 2)]


async def test_an_open_order_that_is_finished_closes_and_becomes_a_visit(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service", status="open"))
    opened = await only(classifier, OpenOrderClassified)
    assert opened.open
    assert opened.has("service")
    assert opened.changed_on == date(2026, 2, 27)
    await classifier.deliver(DEALER, work_order("Hjulskift", revision=2))
    told = {type(event): event for event in await classifier.published(DEALER)}
    closed, visit = told[OpenOrderClassified], told[VisitClassified]
    assert isinstance(closed, OpenOrderClassified)
    assert isinstance(visit, VisitClassified)
    assert (closed.open, closed.tags, closed.revision) == (False, (), 2)
    assert visit.counts
    assert not visit.has("service")


@pytest.mark.parametrize("status", ["cancelled", "credited"])
async def test_a_finished_order_taken_back_counts_no_more(classifier: Running, work_order: MakeOrder, status: str) -> None:
    await classifier.deliver(DEALER, work_order("Service"))
    await classifier.published(DEALER)
    await classifier.deliver(DEALER, work_order("Service", revision=2, status=status))
    visit = await only(classifier, VisitClassified)
    assert (visit.counts, visit.tags, visit.revision, visit.visited_on) == (False, (), 2, date(2026, 2, 27))


async def test_an_open_order_that_is_cancelled_is_open_no_more_and_no_visit(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service", status="open"))
    await classifier.published(DEALER)
    await classifier.deliver(DEALER, work_order("Service", revision=2, status="cancelled"))
    assert not (await only(classifier, OpenOrderClassified)).open


async def test_an_order_that_moves_to_another_vehicle_is_told_under_its_key(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service"))
    await classifier.published(DEALER)
    other = work_order("Service", revision=2, vehicle_id=OTHER_VEHICLE)
    await classifier.deliver(DEALER, other)
    visit = await only(classifier, VisitClassified)
    assert visit.key() == visit.vehicle_id == other.vehicle_id


async def test_a_finished_order_without_a_day_has_the_day_it_was_heard(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service", finished_on=None, changed_on=None))
    assert (await only(classifier, VisitClassified)).visited_on == date(2026, 3, 2)


async def test_an_appointment_is_read_by_its_text_and_its_date(classifier: Running, appointment: MakeAppointment) -> None:
    await classifier.deliver(DEALER, appointment("Hjulskift + service"), appointment("Hjulskift + service"))
    read = await only(classifier, AppointmentClassified)
    assert read.has("service")
    assert read.has("wheel_change_winter")


async def test_a_line_cancelled_on_the_same_invoice_does_not_count(classifier: Running, work_order: MakeOrder) -> None:
    lines = (
        OrderLine(text="Serviceeftersyn", quantity=1, amount=100000),
        OrderLine(text="Serviceeftersyn", quantity=-1, amount=-100000),
        OrderLine(text="Nyt batteri", quantity=1, amount=90000),
        OrderLine(text="Rabat batteri", amount=-5000),
    )
    await classifier.deliver(DEALER, work_order(lines=lines))
    visit = await only(classifier, VisitClassified)
    assert visit.has("battery")
    assert not visit.has("service")


async def test_reading_again_with_the_same_words_tells_nothing_and_with_new_ones_what_changed(
    classifier: Running, work_order: MakeOrder
) -> None:
    await classifier.deliver(DEALER, work_order("Serviceeftersyn"))
    await classifier.published(DEALER)
    assert await classifier.run_job("reclassify", DEALER) is None
    await classifier.sql(DEALER, "update classifier.work_order set lexicon = 'da-1'")
    await classifier.run_job("reclassify", DEALER)
    assert await classifier.published(DEALER) == []
    earlier = b'{"visit.classified.v1": {"revision": 4, "tags": []}}'
    await classifier.sql(DEALER, "update classifier.work_order set lexicon = 'da-1', told = :told", told=earlier)
    await classifier.run_job("reclassify", DEALER)
    visit = await only(classifier, VisitClassified)
    assert visit.revision == 5
    assert visit.has("service")


async def test_reading_again_goes_in_slices_until_nothing_is_left(
    classifier: Running, work_order: MakeOrder, appointment: MakeAppointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SLICE", 2)
    orders = [work_order("Service", order_id=OrderId(derived_id("order", n))) for n in range(3)]
    await classifier.deliver(DEALER, *orders, appointment("Service"))
    await classifier.sql(DEALER, "update classifier.work_order set lexicon = 'da-1', told = '{}'")
    await classifier.published(DEALER)
    assert await classifier.run_job("reclassify", DEALER) is not None
    assert len(await classifier.published(DEALER)) == 2
    assert await classifier.run_job("reclassify", DEALER) is None
    assert len(await classifier.published(DEALER)) == 1


async def test_the_command_reads_every_text_of_the_dealer_that_it_names_again(
    classifier: Running, work_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = classifier.settings
    monkeypatch.setenv("AUTOFLOWS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("AUTOFLOWS_DATABASE_SECRET", settings.database_secret.get_secret_value())
    await classifier.deliver(DEALER, dealer(1, "da"), work_order("Service"))
    await classifier.published(DEALER)
    await classifier.sql(DEALER, "update classifier.work_order set lexicon = 'da-1', told = '{}'")
    await commands.reclassify_dealer(service, str(DEALER))
    assert "1 texts were read again" in capsys.readouterr().out
    assert (await only(classifier, VisitClassified)).has("service")


async def test_a_dealer_that_writes_another_language_is_read_again(classifier: Running) -> None:
    await classifier.deliver(DEALER, dealer(1, "da"))
    assert "reclassify" in await classifier.wakes(DEALER)
    await classifier.run_job("reclassify", DEALER)


def dealer(revision: int, language: str) -> DealerChanged:
    facts = {"slug": "nord", "title": "Nord", "country": "DK", "timezone": "Europe/Copenhagen"}
    return DealerChanged(revision=revision, dealer_id=DEALER, language=language, **facts)


async def test_another_dealer_sees_nothing_of_it(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Service"))
    assert await classifier.sql(OTHER_DEALER, "select 1 from classifier.work_order") == []


async def test_text_with_zero_bytes_and_odd_characters_is_kept_and_read(classifier: Running, work_order: MakeOrder) -> None:
    await classifier.deliver(DEALER, work_order("Serviceeftersyn\x00 \U0001f697 oliefilter \u202e"))
    assert (await only(classifier, VisitClassified)).has("service")
