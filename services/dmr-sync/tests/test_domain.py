"""What the registry's words mean, how rows become a vehicle, when its inspection is due, and what tells of another owner."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from common.events.registry import LeasingPeriod, OwnershipSign, RegistryInspection
from common.events.words import Because
from dmr_sync.domain import elements, records, telling, words
from dmr_sync.domain.elements import NAMESPACE
from dmr_sync.domain.inspections import Due, NotDue, next_inspection, rules
from dmr_sync.domain.records import Permit, Record
from dmr_sync.domain.schedule import next_at
from dmr_sync.domain.telling import Found, Wanted

TODAY = date(2026, 11, 23)
VIN = "TMBJJ7NE0K0000001"


def on(text: str) -> date:
    return date.fromisoformat(text)


def parsed(text: str) -> Record:
    return elements.read(etree.fromstring(f'<r xmlns:ns="{NAMESPACE}">{text}</r>')[0])


def lease(since: str | None, until: str | None = None) -> LeasingPeriod:
    return LeasingPeriod(from_on=on(since) if since else None, to_on=on(until) if until else None)


def inspected(day: str, result: str = "passed", kind: str = "periodic") -> RegistryInspection:
    return RegistryInspection(on=on(day), kind=kind, result=result)


@pytest.mark.parametrize(
    ("registered", "state", "expected"),
    [
        ("Registreret", "Registreret", "registered"),
        ("Registreret", "Eksporteret", "registered"),
        ("Afmeldt", "Eksporteret", "exported"),
        ("Afmeldt", "Skrottet", "scrapped"),
        ("Afmeldt", "Registreret", "deregistered"),
        ("Afmeldt", None, "deregistered"),
        ("Afmeldt", "Stjålet", "stolen"),
        ("UnderUdarbejdelse", "Oprettet", "under_way"),
        (None, "Skrottet", "scrapped"),
        ("", "HarGennemførtRegistreringssyn", "under_way"),
        (None, None, None),
        ("Noget nyt", None, None),
    ],
)
def test_the_two_statuses_say_whether_and_why_not(registered: str | None, state: str | None, expected: str | None) -> None:
    assert words.standing(registered, state) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Godkendt", "passed"),
        ("Betinget godkendt", "passed"),
        ("BetingetGodkendt", "passed"),
        ("IkkeGodkendt", "failed"),
        ("Ikke godkendt", "failed"),
        ("KanGodkendesVedOmsynAfOmsynsvirksomhed", "failed"),
        ("KanGodkendesVedOmsynAfSynsvirksomhed", "failed"),
        ("Kan godkendes efter omsyn", "failed"),
        ("Middel", "not_told"),
        ("", "not_told"),
        (None, "not_told"),
    ],
)
def test_only_two_results_passed(text: str | None, expected: str) -> None:
    assert words.inspection_result(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PeriodiskSyn", "periodic"),
        ("RegistreringsSyn", "registration"),
        ("RegistreringssynToldsyn", "customs"),
        ("MOT", "other"),
        (None, "other"),
    ],
)
def test_only_one_kind_is_periodic(text: str | None, expected: str) -> None:
    assert words.inspection_kind(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-01-20+01:00", "2021-01-20"),
        ("2018-06-01+02:00", "2018-06-01"),
        ("2020-12-23T09:21:18.000+01:00", "2020-12-23"),
        ("2021-03-24T23:30:00Z", "2021-03-25"),
        ("2021-07-01T23:30:00+01:00", "2021-07-02"),
        ("2021-07-01T23:30:00", "2021-07-01"),
        (" 2021-07-01 ", "2021-07-01"),
        ("9999-12-31+01:00", None),
        ("0001-01-01+01:00", None),
        ("2021-02-30+01:00", None),
        ("i går", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_the_danish_day(text: str | None, expected: str | None) -> None:
    assert elements.day(text) == (on(expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("231", 231_000),
        ("231.0", 231_000),
        ("2.31E2", 231_000),
        ("1999", 1_999_000),
        ("2000", 2000),
        ("154321", 154_321),
        ("0", None),
        ("3000000", None),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("1e400", None),
        ("mange", None),
        (None, None),
    ],
)
def test_odometers_are_in_thousands_or_plain(text: str | None, expected: int | None) -> None:
    assert elements.kilometres(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VIN, VIN),
        (" tmbjj7ne-0k0000001 ", VIN),
        ("WAUZZZ4F38N0696", "WAUZZZ4F38N0696"),
        ("UOPLYST", None),
        ("uoplyst", None),
        ("", None),
        (None, None),
        ("X", None),
        ("INGEN", None),
    ],
)
def test_vins_may_be_short_and_may_be_unknown(text: str | None, expected: str | None) -> None:
    assert words.vin(text) == expected


def test_a_row_is_read_with_everything_that_matters(row) -> None:
    record = parsed(
        row(
            VIN,
            "AB12345",
            status="Afmeldt",
            status_on="2020-12-23T09:21:18.000+01:00",
            state="Eksporteret",
            state_on="2021-03-24T12:47:38.000+01:00",
            km=231,
            lease=("2019-04-02+02:00", "2022-04-01+02:00"),
            inspections=[("2021-01-20+01:00", "RegistreringssynToldsyn", "Middel", None)],
            permits=[("Udlejning Uden Fører", "2020-01-01+01:00", None)],
            plate_since="2019-04-02+02:00",
        )
    )
    assert record == Record(
        ident="1001",
        vin=VIN,
        plate="AB12345",
        plate_since=on("2019-04-02"),
        kind="Personbil",
        uses=("Privat personkørsel",),
        permits=(Permit(name="Udlejning Uden Fører", from_on=on("2020-01-01")),),
        status="exported",
        status_on=on("2021-03-24"),
        changed_on=on("2021-03-24"),
        first_registered_on=on("2019-04-02"),
        total_kg=1860,
        persons=5,
        odometer_km=231_000,
        inspections=(inspected("2021-01-20", "not_told", "customs"),),
        leasing=(LeasingPeriod(from_on=on("2019-04-02"), to_on=on("2022-04-01")),),
    )


def test_a_row_with_hardly_anything_is_read_too() -> None:
    assert parsed("<ns:Statistik><ns:KoeretoejIdent>7</ns:KoeretoejIdent></ns:Statistik>") == Record(ident="7")


def test_the_odometer_at_the_inspection_has_a_day(row) -> None:
    record = parsed(row(km=90, inspections=[("2025-03-10+01:00", "PeriodiskSyn", "Godkendt", 98)]))
    assert (record.odometer_km, record.odometer_on) == (98_000, on("2025-03-10"))


@pytest.mark.parametrize(
    ("record", "key"),
    [
        (Record(ident="7", vin=VIN), f"vin {VIN}"),
        (Record(ident="7", vin="12345"), "ident 7"),
        (Record(vin="12345"), "vin 12345"),
        (Record(ident="7"), "ident 7"),
        (Record(plate="AB12345"), "ident AB12345"),
    ],
)
def test_rows_are_of_one_vehicle_by_vin_else_by_the_registrys_number(record: Record, key: str) -> None:
    assert record.key() == key


@given(st.permutations(range(3)))
def test_of_rows_the_newest_status_is_true_and_all_periods_count(order: list[int]) -> None:
    rows = [
        Record(vin=VIN, plate="OLD", changed_on=on("2019-01-01"), leasing=(lease("2019-01-01", "2022-01-01"),)),
        Record(vin=VIN, plate="NEW", changed_on=on("2024-01-01"), status="registered", inspections=(inspected("2023-01-01"),)),
        Record(vin=VIN, plate="MID", changed_on=on("2022-01-01"), leasing=(LeasingPeriod(from_on=on("2022-02-01")),), odometer_km=50_000),
    ]  # fmt: skip
    folded = records.fold([rows[place] for place in order])
    assert (folded.plate, folded.status, folded.odometer_km) == ("NEW", "registered", 50_000)
    assert [period.from_on for period in folded.leasing] == [on("2019-01-01"), on("2022-02-01")]
    assert folded.inspections == (inspected("2023-01-01"),)


def test_of_one_period_the_newer_row_says_when_it_ends() -> None:
    first = Record(changed_on=on("2023-01-01"), leasing=(LeasingPeriod(from_on=on("2023-01-01"), to_on=on("2026-01-01")),))
    ended = Record(changed_on=on("2024-06-01"), leasing=(LeasingPeriod(from_on=on("2023-01-01"), to_on=on("2024-05-31")),))
    assert records.fold([ended, first]).leasing == ended.leasing
    silent = first.model_copy(update={"leasing": (LeasingPeriod(from_on=on("2023-01-01")),)})
    assert records.fold([first, silent]).leasing == records.fold([silent, first]).leasing == first.leasing


CAR: dict[str, Any] = {
    "kind": "Personbil",
    "first_registered_on": on("2019-04-02"),
    "status": "registered",
    "uses": ("Privat personkørsel",),
}
TAXI, HIRE, VETERAN = ("Taxikørsel",), ("Udlejning uden fører",), ("Veteran/museumskøretøj",)
TEMPO = (Permit(name="Tempo 100", from_on=on("2024-05-06")),)


@pytest.mark.parametrize(
    ("what", "changed", "due", "every", "rule"),
    [
        ("a car never inspected: four years", {}, "2023-04-02", 24, "car_or_van"),
        ("a leap day", {"first_registered_on": on("2020-02-29")}, "2024-02-29", 24, "car_or_van"),
        ("passed", {"inspections": (inspected("2025-03-10"),)}, "2027-03-10", 24, "car_or_van"),
        (
            "passed after failing",
            {"inspections": (inspected("2025-03-01", "failed"), inspected("2025-03-10"))},
            "2027-03-10",
            24,
            "car_or_van",
        ),
        (
            "a customs inspection starts nothing",
            {"inspections": (inspected("2025-03-10", kind="customs"),)},
            "2023-04-02",
            24,
            "car_or_van",
        ),
        (
            "nor does one at registration",
            {"inspections": (inspected("2025-03-10", kind="registration"),)},
            "2023-04-02",
            24,
            "car_or_van",
        ),
        (
            "a result that is not told neither",
            {"inspections": (inspected("2025-03-10", "not_told"),)},
            "2023-04-02",
            24,
            "car_or_van",
        ),
        ("a van", {"kind": "Varebil", "total_kg": 2800}, "2023-04-02", 24, "car_or_van"),
        ("a van of unknown weight", {"kind": "Varebil"}, "2023-04-02", 24, "car_or_van"),
        ("a heavy van", {"kind": "Varebil", "total_kg": 3501}, "2020-04-02", 12, "heavy_van"),
        ("an old van", {"kind": "Varebil", "first_registered_on": on("1988-12-31")}, "1993-12-31", 24, "van_before_1989"),
        ("a lorry", {"kind": "Lastbil", "total_kg": 12_000}, "2020-04-02", 12, "heavy"),
        ("a taxi", {"uses": TAXI, "inspections": (inspected("2026-03-10"),)}, "2027-03-10", 12, "passenger_transport"),
        ("a hired van", {"kind": "Varebil", "uses": HIRE}, "2021-04-02", 24, "hire_or_driving_school"),
        (
            "a van with a permit for hire",
            {"kind": "Varebil", "permits": (Permit(name="Udlejning Uden Fører"),)},
            "2021-04-02",
            24,
            "hire_or_driving_school",
        ),
        (
            "a permit that has ended",
            {"kind": "Varebil", "permits": (Permit(name="Udlejning Uden Fører", to_on=on("2025-01-01")),)},
            "2023-04-02",
            24,
            "car_or_van",
        ),
        ("a hired car is a car", {"uses": HIRE}, "2023-04-02", 24, "car_or_van"),
        (
            "a motorcycle of a driving school",
            {"kind": "Motorcykel", "uses": ("Øvelseskørsel",)},
            "2021-04-02",
            24,
            "hire_or_driving_school",
        ),
        ("more than nine persons", {"persons": 10}, "2020-04-02", 12, "more_than_nine_persons"),
        ("nine persons", {"persons": 9}, "2023-04-02", 24, "car_or_van"),
        ("a large car", {"kind": "Stor personbil"}, "2020-04-02", 12, "many_persons"),
        (
            "a trailer for tempo 100",
            {"kind": "Påhængsvogn", "total_kg": 1500, "permits": TEMPO},
            "2026-05-06",
            24,
            "trailer_tempo_100",
        ),
        ("a heavy trailer", {"kind": "Sættevogn", "total_kg": 30_000}, "2020-04-02", 12, "heavy_trailer"),
        ("a veteran", {"uses": VETERAN, "first_registered_on": on("1980-05-01")}, "2020-05-01", 96, "veteran"),
        ("a veteran in December", {"uses": VETERAN, "first_registered_on": on("1980-12-05")}, "2021-04-01", 96, "veteran"),
        ("a veteran in February", {"uses": VETERAN, "first_registered_on": on("1980-02-29")}, "2020-04-01", 96, "veteran"),
        ("a veteran on 31 October", {"uses": VETERAN, "first_registered_on": on("1980-10-31")}, "2020-10-31", 96, "veteran"),
        (
            "a veteran inspected in winter",
            {"uses": VETERAN, "inspections": (inspected("2024-03-31"),)},
            "2032-04-01",
            96,
            "veteran",
        ),
    ],
)
def test_when_the_next_inspection_is_due(what: str, changed: dict[str, Any], due: str, every: int, rule: str) -> None:
    found = next_inspection(Record(**{**CAR, **changed}), rules("DK"), today=TODAY)
    assert isinstance(found, Due), what
    assert (found.on, found.every_months, found.rule.partition(":")[0], found.estimated) == (on(due), every, rule, True)
    assert found.rule.partition(": ")[2], "every rule says where it is written"


@pytest.mark.parametrize(
    ("what", "changed", "because", "params"),
    [
        (
            "failed",
            {"inspections": (inspected("2025-03-10"), inspected("2026-03-10", "failed"))},
            "inspection_failed",
            {"on": "2026-03-10"},
        ),
        ("no kind", {"kind": None}, "no_registry_row", {"missing": "kind"}),
        ("a kind that nobody knows", {"kind": "Luftskib"}, "no_registry_row", {"kind": "Luftskib", "missing": "rule"}),
        ("a motorcycle", {"kind": "Motorcykel"}, "no_registry_row", {"kind": "Motorcykel", "missing": "rule"}),
        ("a caravan", {"kind": "Campingvogn", "total_kg": 1500}, "no_registry_row", {"kind": "Campingvogn", "missing": "rule"}),
        ("no first registration", {"first_registered_on": None}, "no_registry_row", {"missing": "first_registration"}),
        ("gone", {"status": "exported"}, "vehicle_gone", {}),
    ],
)
def test_why_there_is_no_date(what: str, changed: dict[str, Any], because: str, params: dict[str, str]) -> None:
    found = next_inspection(Record(**{**CAR, **changed}), rules("DK"), today=TODAY)
    assert isinstance(found, NotDue), what
    assert (found.because, dict(found.params)) == (because, params)


def test_rules_hold_for_their_time() -> None:
    veteran = Record(**{**CAR, "uses": VETERAN, "first_registered_on": on("1980-05-01")})
    before, after = (next_inspection(veteran, rules("DK"), today=on(day)) for day in ("2021-11-24", "2021-11-25"))
    assert isinstance(before, Due)
    assert isinstance(after, Due)
    assert (before.on, after.on) == (on("2015-05-01"), on("2020-05-01"))
    cars = {next_inspection(Record(**CAR), rules("DK"), today=on(day)).rule for day in ("2025-12-15", "2025-12-16")}
    assert {name.partition(":")[0] for name in cars} == {"car_or_van_2021", "car_or_van"}


def test_the_registrys_own_date_wins_over_every_rule() -> None:
    record = Record(**{**CAR, "inspection_expires_on": on("2026-12-24")})
    assert next_inspection(record, (), today=TODAY) == Due(on("2026-12-24"), "registry", estimated=False)


DAYS = st.dates(on("1900-01-01"), on("2090-01-01"))


@given(
    st.sampled_from(["Personbil", "Varebil", "Lastbil", "Motorcykel", "Stor knallert", None, "?"]),
    st.sampled_from([TAXI, HIRE, VETERAN, ()]),
    st.one_of(st.none(), DAYS),
    st.lists(st.tuples(DAYS, st.sampled_from(["passed", "failed", "not_told"]))),
    DAYS,
)
def test_there_is_always_a_date_with_its_rule_or_a_reason(kind, uses, first, inspections, today) -> None:
    told = tuple(RegistryInspection(on=day, result=result) for day, result in sorted(inspections))
    found = next_inspection(Record(kind=kind, uses=uses, first_registered_on=first, inspections=told), rules("DK"), today=today)
    if isinstance(found, Due):
        assert found.every_months
        assert found.rule
        if uses == VETERAN:
            assert (4, 1) <= (found.on.month, found.on.day) <= (10, 31)
    else:
        assert found.because in (Because.NO_REGISTRY_ROW, Because.INSPECTION_FAILED)


REGISTERED = Record(**CAR, plate="AB12345", vin=VIN, status_on=on("2019-04-02"))


def moved(**changed: Any) -> Record:
    return REGISTERED.model_copy(update=changed)


def test_the_first_registration_is_no_sign() -> None:
    assert records.follow(None, REGISTERED, TODAY).signs == ()


def test_a_status_of_another_day_is_a_sign_by_its_date() -> None:
    found = records.follow(None, moved(status_on=on("2023-06-01")), TODAY)
    assert found.signs == (OwnershipSign(on=on("2023-06-01"), sign="status"),)


@pytest.mark.parametrize("status", ["deregistered", "exported", "scrapped", "under_way", None])
def test_what_is_not_registered_tells_by_its_status_alone(status: str | None) -> None:
    assert records.follow(None, moved(status=status, status_on=on("2023-06-01")), TODAY).signs == ()


@pytest.mark.parametrize(
    ("since", "status_on", "day"),
    [("2026-11-01", "2019-04-02", "2026-11-01"), (None, "2026-11-05", "2026-11-05"), (None, None, "2026-11-23")],
)
def test_another_plate_than_before_is_a_sign(since: str | None, status_on: str | None, day: str) -> None:
    now = moved(plate="ZZ99999", plate_since=since and on(since), status_on=status_on and on(status_on))
    assert OwnershipSign(on=on(day), sign="plate") in records.follow(REGISTERED, now, TODAY).signs


def told(record: Record, wanted: Wanted | None = None, today: date = TODAY) -> Any:
    known = wanted or Wanted(UUID(int=1), VIN, "AB12345")
    return telling.tell(known, "DK", Found("key", record, TODAY), today=today)


def test_another_plate_than_the_dealer_knows_is_a_sign() -> None:
    event = told(moved(plate="ZZ99999", plate_since=on("2026-11-01")))
    assert event.signs == (OwnershipSign(on=on("2026-11-01"), sign="plate"),)


@pytest.mark.parametrize(
    ("periods", "days"),
    [
        ([("2023-01-01", "2026-01-01")], ["2023-01-01", "2026-01-01"]),
        ([("2023-01-01", "2027-01-01")], ["2023-01-01"]),
        ([("2023-01-01", None)], ["2023-01-01"]),
        ([("2023-01-01", "2026-01-01"), ("2026-01-02", "2029-01-01")], ["2023-01-01", "2026-01-02"]),
        ([("2023-01-01", "2025-01-01"), ("2024-01-01", "2029-01-01")], ["2023-01-01", "2024-01-01"]),
        ([("2027-01-01", "2029-01-01")], []),
        ([(None, "2026-01-01")], ["2026-01-01"]),
    ],
)
def test_leases_that_began_or_ended_are_signs(periods: list[tuple[str | None, str | None]], days: list[str]) -> None:
    leasing = tuple(lease(since, until) for since, until in periods)
    assert [sign.on for sign in told(moved(leasing=leasing)).signs] == [on(day) for day in days]


def found(vin: str | None, plate: str | None, day: str = "2026-11-22", **more: Any) -> Found:
    return Found(f"{vin} {plate}", Record(vin=vin, plate=plate, **more), on(day))


OTHER = "TMBJJ7NE0K0000002"


@pytest.mark.parametrize(
    ("what", "wanted", "records_", "expected"),
    [
        ("by VIN", Wanted(UUID(int=1), VIN, "AB12345"), [found(VIN, "ZZ99999"), found(OTHER, "AB12345")], 0),
        ("a plate that another VIN has now", Wanted(UUID(int=1), VIN, "AB12345"), [found(OTHER, "AB12345")], None),
        ("a plate on a row without VIN", Wanted(UUID(int=1), VIN, "AB12345"), [found(None, "AB12345")], 0),
        ("a plate on a row with a short VIN", Wanted(UUID(int=1), VIN, "AB12345"), [found("N0696", "AB12345")], 0),
        ("by plate", Wanted(UUID(int=1), None, "AB12345"), [found(OTHER, "AB12345")], 0),
        (
            "of two with that plate the registered one",
            Wanted(UUID(int=1), None, "AB12345"),
            [
                found(VIN, "AB12345", status="exported", changed_on=on("2026-01-01")),
                found(OTHER, "AB12345", status="registered", changed_on=on("2020-01-01")),
            ],
            1,
        ),
        (
            "one that left the registry",
            Wanted(UUID(int=1), VIN, None, looked_on=on("2026-11-22")),
            [found(VIN, None, "2026-11-15")],
            None,
        ),
        ("looked for in no file yet", Wanted(UUID(int=1), VIN, None), [found(VIN, None, "2026-11-15")], 0),
        ("nothing to look for", Wanted(UUID(int=1)), [found(None, None)], None),
    ],
)
def test_which_record_is_a_dealers_vehicle(what: str, wanted: Wanted, records_: list[Found], expected: int | None) -> None:
    assert telling.choose(wanted, records_) == (None if expected is None else records_[expected]), what


def test_nobody_says_that_there_is_none_before_it_was_looked_for() -> None:
    assert telling.tell(Wanted(UUID(int=1), VIN), "DK", None, today=TODAY) is None
    event = telling.tell(Wanted(UUID(int=1), VIN, looked_on=TODAY), "DK", None, today=TODAY)
    assert event is not None
    assert (event.known, event.next_inspection_because) == (False, "no_registry_row")


def test_what_was_told_is_known_again_from_what_was_kept() -> None:
    event = told(moved(leasing=(LeasingPeriod(from_on=on("2023-01-01")),)))
    kept = event.model_dump(mode="json", exclude={"revision"})
    assert telling.same(event, kept)
    assert telling.same(event.model_copy(update={"read_on": TODAY + timedelta(days=7), "revision": 9}), kept)
    assert not telling.same(told(moved(plate="ZZ99999")), kept)
    assert not telling.same(event, None)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-23T00:00:00+01:00", "2026-11-23T03:00:00+01:00"),
        ("2026-11-23T03:00:00+01:00", "2026-11-24T03:00:00+01:00"),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00"),
    ],
)
def test_the_registry_is_looked_at_once_a_day(now: str, then: str) -> None:
    from datetime import datetime

    assert next_at(datetime.fromisoformat(now), 3) == datetime.fromisoformat(then)
