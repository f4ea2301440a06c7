"""Files of contracts, customers and vehicles: what they tell, whose it is, and what a list may take back."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import DomainError
from common.events.customers import ContractChanged, CustomerChanged, VehicleChanged
from common.testing.runtime import DEALER
from ingest import commands, files, store
from ingest.domain import contracts
from ingest.domain.mapping import FileMapping, read_mapping
from ingest.domain.owning import Registered, Seen, owner
from ingest.domain.snapshots import CustomerSnapshot, OrderSnapshot, VehicleSnapshot, months_after

CONTRACTS = read_mapping({
    "kind": "contracts", "complete": True, "words": {"contract_kind": {"Guld": "serviceaftale"}},
    "columns": {"Nr": "number", "Type": "contract_kind", "Start": "starts_on", "Slut": "ends_on", "Mdr": "months",
                "Status": "status", "Reg": "plate", "Stel": "vin", "Vogn": "vehicle_number", "Kunde": "customer_number"},
})  # fmt: skip
CUSTOMERS = read_mapping({
    "kind": "customers",
    "columns": {"Nr": "customer_number", "Navn": "customer_name", "Mail": "email", "Mobil": "mobile", "Type": "customer_kind",
                "Grupper": "customer_group", "Service": "consent_service", "Leads": "consent_leads", "Ring": "consent_phone"},
})  # fmt: skip
VEHICLES = read_mapping({
    "kind": "vehicles",
    "columns": {"Reg": "plate", "Stel": "vin", "Mærke": "make", "Model": "model", "Årgang": "model_year", "Brændstof": "fuel",
                "1. reg": "first_registered_on", "Land": "country", "Ejet siden": "owned_since", "Kunde": "customer_number"},
})  # fmt: skip
A, B = UUID(int=1), UUID(int=2)


class Files:
    """Files of one dealer, brought from one source or another."""

    def __init__(self, office: Any, folder: Path) -> None:
        self.office, self.folder = office, folder

    async def __call__(
        self, mapping: FileMapping | None, *rows: str, source: str = "dms", of: str | None = None, **how: Any
    ) -> files.Report:
        path = self.folder / "file.csv"
        path.write_text("\n".join([*([";".join(mapping.columns)] if mapping else []), *rows]))
        name, config = commands.source_id(DEALER, source), {"gives": ["orders"]}
        numbers = {"numbers_of": str(commands.source_id(DEALER, of))} if of else {}
        async with self.office.rt.work(DEALER) as work:
            await store.save_source(work.session, DEALER, name, title=source, kind="file", config={**config, **numbers})
        return await files.bring(self.office.rt, DEALER, name, path, mapping=mapping, **{"dry_run": False, **how})

    async def contracts(self) -> dict[str, ContractChanged]:
        """The contracts by their end."""
        return {str(one.ends_on): one for one in await self.office.told(ContractChanged)}

    async def customer(self) -> CustomerChanged:
        found: list[CustomerChanged] = await self.office.told(CustomerChanged)
        assert len(found) == 1
        return found[0]

    async def vehicle(self) -> VehicleChanged:
        found: list[VehicleChanged] = await self.office.told(VehicleChanged)
        assert len(found) == 1
        return found[0]


@pytest.fixture
def bring(office: Any, tmp_path: Path) -> Files:
    return Files(office, tmp_path)


# --- contracts


async def test_a_contract_is_told_with_its_vehicle_and_its_end(bring: Files) -> None:
    report = await bring(
        CONTRACTS,
        "1;Guld;2025-03-01;;24;;AB 12 345;;;7",
        "2;Leasing;01-04-2024;01-04-2027;;aktiv;;TMBJG7NE0K0123456;;",
        "3;garanti;2024-01-31;;1;ophørt;;;V9;",
    )
    assert (report.kinds, report.new, report.bad) == ("contracts", 3, [])
    told = await bring.contracts()
    assert {end: (one.kind, str(one.starts_on), one.active) for end, one in told.items()} == {
        "2027-03-01": ("service_contract", "2025-03-01", True),
        "2027-04-01": ("lease", "2024-04-01", True),
        "2024-02-29": ("warranty", "2024-01-31", False),
    }
    vehicles = {one.vehicle_id: one.plate or one.vin for one in await bring.office.told(VehicleChanged)}
    assert vehicles[told["2027-03-01"].vehicle_id] == "AB12345"
    assert told["2027-03-01"].customer_id == (await bring.customer()).customer_id
    again = await bring(CONTRACTS, "1;Guld;2025-03-01;;24;;AB12345;;;7", complete=False)
    assert (again.recorded, again.unchanged) == (0, 1)


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        ("1;Guld;2025-03-01;;24;;;;;", "Reg", "which vehicle"),
        ("1;Sølv;2025-03-01;;24;;AB12345;;;", "Type", "'Sølv' is unknown"),
        ("1;Guld;2025-03-01;2024-03-01;;;AB12345;;;", "Slut", "before it begins"),
        ("1;Guld;;;24;;AB12345;;;", "Mdr", "is no end"),
        ("1;Guld;2025-03-01;;0;;AB12345;;;", "Mdr", "is no end"),
        ("1;Guld;2025-03-01;;two;;AB12345;;;", "Mdr", "no whole number"),
        ("1;Guld;2025-13-01;;2;;AB12345;;;", "Start", "is no date"),
        ("1;Guld;2025-03-01;;24;perhaps;AB12345;;;", "Status", "'perhaps' is unknown"),
        (";Guld;2025-03-01;;24;;;;;", None, "no contract number"),
    ],
)
async def test_a_contract_that_cannot_be_is_a_bad_row_with_its_column_and_what_to_do(
    bring: Files, row: str, column: str | None, problem: str
) -> None:
    report = await bring(CONTRACTS, row)
    [bad] = report.bad
    assert (bad.line, bad.column) == (2, column)
    assert problem in bad.problem
    assert bad.todo
    assert await bring.office.told(ContractChanged) == []


async def test_contracts_without_a_number_are_told_apart_by_vehicle_kind_and_start(bring: Files) -> None:
    leases = read_mapping({
        "kind": "contracts", "columns": {"Reg": "plate", "Fra": "starts_on", "Til": "ends_on"}, "defaults": {"contract_kind": "lease"}
    })  # fmt: skip
    await bring(leases, "AB12345;2023-01-01;2026-01-01", "AB12345;2026-01-01;2029-01-01")
    await bring(leases, "AB12345;2026-01-01;2028-01-01")
    assert set(await bring.contracts()) == {"2026-01-01", "2028-01-01"}


async def test_what_a_complete_file_has_no_more_is_taken_back_and_comes_back(bring: Files) -> None:
    rows = [f"{number};lease;2025-01-01;20{number}-01-01;;;AB12345;;;" for number in (26, 27, 28)]
    await bring(CONTRACTS, *rows)
    await bring(CONTRACTS, rows[0], complete=False, source="others")
    await bring.office.rt.published(DEALER)
    tried = await bring(CONTRACTS, rows[0], rows[2], dry_run=True)
    assert (tried.taken_back, await bring.office.rt.published(DEALER)) == (1, [])
    report = await bring(CONTRACTS, rows[0], rows[2].replace("2028", "soon"))
    assert (report.taken_back, [bad.line for bad in report.bad]) == (1, [3]), "a bad row's contract stands"
    gone = [one for one in await bring.office.rt.published(DEALER) if isinstance(one, ContractChanged)]
    assert [(str(one.ends_on), one.active) for one in gone] == [("2027-01-01", False)]
    assert (await bring(CONTRACTS, *rows)).changed == 1
    assert all(one.active for one in (await bring.contracts()).values())


async def test_nothing_is_taken_back_where_a_row_hides_which_contract_it_tells_of(bring: Files) -> None:
    rows = [f"{number};lease;2025-01-01;20{number}-01-01;;;AB12345;;;" for number in (26, 27)]
    await bring(CONTRACTS, *rows)
    report = await bring(CONTRACTS, rows[0], '"never closed')
    assert (report.taken_back, report.note is not None) == (0, True)
    assert all(one.active for one in (await bring.contracts()).values())


def test_a_file_that_lacks_more_than_half_was_cut_short() -> None:
    standing = {str(number): UUID(int=number) for number in range(40)}
    assert contracts.gone(standing, [str(number) for number in range(20)]) == [
        standing[str(n)] for n in sorted(map(str, range(20, 40)))
    ]
    with pytest.raises(DomainError, match="probably not complete"):
        contracts.gone(standing, [str(number) for number in range(19)])
    assert len(contracts.gone(dict(list(standing.items())[:10]), [])) == 10


async def test_merged_vehicles_and_customers_take_their_contracts_along(bring: Files) -> None:
    vin = "TMBJG7NE0K0123456"
    await bring(CONTRACTS, "1;lease;2025-01-01;2026-01-01;;;AB12345;;;7", f"2;lease;2025-01-01;2027-01-01;;;;{vin};;")
    assert len({one.vehicle_id for one in (await bring.contracts()).values()}) == 2
    await bring.office.record(OrderSnapshot("9", "finished", date(2025, 2, 1), vehicle=VehicleSnapshot("AB12345", vin)))
    assert len({one.vehicle_id for one in (await bring.contracts()).values()}) == 1


# --- contracts that an order's line sells

SELLING = read_mapping({
    "columns": {"Nr": "number", "Dato": "finished_on", "Kode": "code", "Beløb": "amount", "Reg": "plate", "Krediterer": "credits"},
    "contract_lines": {"SA36": {"kind": "service_contract", "months": 36}},
})  # fmt: skip


async def test_a_line_sells_a_contract_that_a_credit_note_takes_back(bring: Files) -> None:
    assert SELLING.told() == ("orders", "contracts")
    await bring(SELLING, "1;2025-03-01;OLIE;400;AB12345;", "1;2025-03-01;SA36;9000;AB12345;")
    assert {end: (one.kind, one.active) for end, one in (await bring.contracts()).items()} == {
        "2028-03-01": ("service_contract", True)
    }
    await bring(SELLING, "2;2025-03-02;SA36;-9400;AB12345;1")
    assert [one.active for one in (await bring.contracts()).values()] == [False]
    assert (await bring(SELLING, "2;2025-03-02;SA36;-9400;AB12345;1")).recorded == 0


async def test_an_order_that_is_corrected_sells_what_it_says_now(bring: Files) -> None:
    await bring(SELLING, "1;2025-03-01;SA36;9000;AB12345;", "2;2025-03-01;SA36;9000;;")
    assert len(await bring.contracts()) == 1, "nobody knows for which car the second one is"
    assert (await bring(SELLING, "1;2025-03-01;OLIE;9000;AB12345;")).changed == 1
    assert [one.active for one in (await bring.contracts()).values()] == [False]
    await bring(SELLING, "1;2025-04-01;SA36;9000;AB12345;")
    assert {end: one.active for end, one in (await bring.contracts()).items()} == {"2028-04-01": True}


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2100, 1, 1)), st.integers(1, 600))
def test_a_term_ends_in_the_month_it_must_and_never_on_a_later_day_of_it(day: date, months: int) -> None:
    end = months_after(day, months)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
    assert end.day <= day.day
    assert end.day == day.day or (end.replace(day=28).month != date.fromordinal(end.toordinal() + 1).month)


# --- customers


async def test_a_customer_comes_with_what_he_is_and_what_he_allowed(bring: Files) -> None:
    report = await bring(CUSTOMERS, "7;Anne Holm;anne@example.com;20123456;Privat;flåde, ansat;ja;nej;")
    assert (report.kinds, report.new) == ("customers", 1)
    told = await bring.customer()
    assert (told.number, told.full_name, told.email, told.mobile) == ("7", "Anne Holm", "anne@example.com", "+4520123456")
    assert (told.kind, told.groups) == ("private", ("flåde", "ansat"))
    assert (told.consent.service, told.consent.leads, told.consent.phone) == (True, False, None)
    assert (await bring(CUSTOMERS, "7;Anne Holm;anne@example.com;20123456;Privat;flåde, ansat;ja;nej;")).unchanged == 1
    assert (await bring(CUSTOMERS, "7;Anne Holm;;;Privat;;ja;maybe;")).bad[0].column == "Leads"


async def test_a_list_takes_back_what_it_said_and_nothing_that_another_source_said(bring: Files) -> None:
    await bring(CUSTOMERS, "7;Anne Holm;anne@example.com;20123456;Privat;;;;", source="accounts")
    phones = read_mapping({"kind": "customers", "columns": {"Nr": "customer_number", "Mobil": "mobile"}})
    await bring(phones, "7;21234567", source="planner", of="accounts")
    await bring(CUSTOMERS, "7;Anne Holm;;;Privat;;;;", source="accounts")
    told = await bring.customer()
    assert (told.email, told.mobile) == (None, "+4521234567"), "its own address is gone, the planner's number stands"
    await bring(phones, "7;", source="planner", of="accounts")
    assert (await bring.customer()).mobile is None


async def test_a_list_without_a_column_says_nothing_of_it(bring: Files) -> None:
    await bring(CUSTOMERS, "7;Anne Holm;anne@example.com;20123456;Erhverv;;;;")
    names = read_mapping({"kind": "customers", "columns": {"Nr": "customer_number", "Navn": "customer_name"}})
    await bring(names, "7;Anne Ravn")
    told = await bring.customer()
    assert (told.full_name, told.email, told.kind) == ("Anne Ravn", "anne@example.com", "business")


# --- vehicles


async def test_a_vehicle_comes_with_its_owner(bring: Files) -> None:
    row = "AB12345;TMBJG7NE0K0123456;Skoda;Octavia;2019;Diesel;02-04-2019;dk;2021-05-01;7"
    assert (await bring(VEHICLES, row)).new == 1
    told = await bring.vehicle()
    assert (told.plate, told.vin, told.make, told.model, told.model_year) == (
        "AB12345", "TMBJG7NE0K0123456", "Skoda", "Octavia", 2019,
    )  # fmt: skip
    assert (told.fuel, told.first_registered_on, told.country, told.owned_since) == (
        "Diesel", date(2019, 4, 2), "DK", date(2021, 5, 1),
    )  # fmt: skip
    assert told.customer_id == (await bring.customer()).customer_id
    assert (await bring(VEHICLES, row)).unchanged == 1
    assert (await bring(VEHICLES, row.replace("2019;Diesel", "2019;Benzin"))).changed == 1


async def test_a_later_order_shows_who_has_it_and_a_later_purchase_shows_it_again(bring: Files) -> None:
    await bring(VEHICLES, "AB12345;;;;;;;;2021-05-01;7")
    await bring.office.record(
        OrderSnapshot("1", "finished", date(2023, 1, 1), customer=CustomerSnapshot("8"), vehicle=VehicleSnapshot("AB12345")),
        source="dms",
    )
    people = {one.customer_id: one.number for one in await bring.office.told(CustomerChanged)}
    told = await bring.vehicle()
    assert (people[told.customer_id], told.owned_since) == ("8", None)
    await bring(VEHICLES, "AB12345;;;;;;;;2024-05-01;7")
    told = await bring.vehicle()
    assert (people[told.customer_id], told.owned_since) == ("7", date(2024, 5, 1))


@pytest.mark.parametrize(
    ("seen", "listed", "whose"),
    [
        (None, None, None),
        (Seen(A, date(2025, 1, 1), is_order=True), None, A),
        (None, Registered(B), B),
        (Seen(A, date(2025, 1, 1), is_order=True), Registered(B), A),
        (Seen(A, date(2025, 1, 1), is_order=True), Registered(B, date(2025, 1, 1)), A),
        (Seen(A, date(2025, 1, 1), is_order=True), Registered(B, date(2025, 1, 2)), B),
        (Seen(A, None, is_order=True), Registered(B, date(2025, 1, 2)), A),
        (Seen(A, date(2025, 1, 1), is_order=False), Registered(B), B),
    ],
)
def test_whose_a_vehicle_is(seen: Seen | None, listed: Registered | None, whose: UUID | None) -> None:
    assert owner(seen, listed) == whose


async def test_a_row_that_names_no_vehicle_is_bad(bring: Files) -> None:
    report = await bring(VEHICLES, "-;SHORT;Skoda;;;;;;;7", ";;Skoda;;;;;;;7")
    assert [bad.problem for bad in report.bad] == ["vehicle SHORT: its plate or VIN is none", "it has no vehicle number"]


# --- JSON lines


async def test_json_lines_tell_contracts_customers_and_vehicles_by_their_keys(bring: Files) -> None:
    lines = [
        {"customer": {"number": "7", "name": "Anne Holm", "email": "anne@example.com", "consent": {"leads": False}}},
        {"vehicle": {"plate": "AB12345", "owned_since": "2021-05-01"}, "customer": {"number": "7"}},
        {"id": "c1", "contract": "lease", "ends_on": "2027-01-01", "vehicle": {"plate": "AB12345"}},
        {"id": "c2", "contract": "gym", "vehicle": {"plate": "AB12345"}},
        {"id": "c3", "contract": "lease"},
        {"vehicle": {"make": "Skoda"}},
        {"customer": {"name": "Nobody"}},
    ]
    report = await bring(None, *map(json.dumps, lines))
    assert (report.kinds, report.new, [bad.line for bad in report.bad]) == (
        "contracts and customers and vehicles",
        3,
        [4, 5, 6, 7],
    )
    vehicle, customer, [contract] = await bring.vehicle(), await bring.customer(), await bring.office.told(ContractChanged)
    assert (contract.vehicle_id, vehicle.customer_id) == (vehicle.vehicle_id, customer.customer_id)
    assert (customer.email, customer.consent.leads) == ("anne@example.com", False)
    await bring(None, json.dumps({"customer": {"number": "7", "email": None}}))
    assert (await bring.customer()).email is None, "it says that there is none"


# --- mappings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "contracts", "columns": {"a": "number"}}, "contract_kind"),
        ({"kind": "contracts", "columns": {"a": "starts_on"}, "defaults": {"contract_kind": "lease"}}, "contract's number"),
        ({"kind": "customers", "columns": {"a": "email"}}, "customer's number"),
        ({"kind": "vehicles", "columns": {"a": "make"}}, "plate, VIN or number"),
        ({"kind": "customers", "columns": {"a": "customer_number", "b": "plate"}}, "no field plate of customers"),
        ({"kind": "customers", "columns": {"a": "customer_number"}, "complete": True}, "only a file of contracts"),
        ({"kind": "appointments", "columns": {"a": "number"}}, "starts_at"),
        ({"columns": {"a": "number"}, "contract_lines": {"x": {"kind": "gym", "months": 1}}}, "contract_lines"),
        ({"columns": {"a": "number"}, "words": {"colour": {}}}, "no field colour"),
        ({"kind": "songs", "columns": {"a": "number"}}, "kind"),
    ],
)
def test_a_mapping_that_does_not_fit_its_kind_is_refused(given: Any, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        read_mapping(given)
