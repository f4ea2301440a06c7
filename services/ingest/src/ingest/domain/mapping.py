"""How the columns of a file become fields: data, kept per source and kind of content, so that a system nobody foresaw needs no code."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from common.errors import DomainError
from common.events.words import ContractKind

Kind = Literal["orders", "appointments", "contracts", "customers", "vehicles"]
Gives = Literal["orders", "open_orders", "appointments", "next_service_date", "contracts", "customers", "vehicles"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ONE_OF: dict[Kind, str] = {kind: kind.removesuffix("s") for kind in KINDS}

_CUSTOMER = {
    "customer_number", "customer_name", "email", "mobile", "customer_kind", "customer_group", "language",
    "consent_service", "consent_leads", "consent_phone",
}  # fmt: skip
_VEHICLE = {
    "plate", "vin", "vehicle_number", "make", "model", "model_year", "fuel", "variant", "first_registered_on", "country",
}  # fmt: skip
FIELDS_OF: dict[Kind, frozenset[str]] = {
    "orders": frozenset({
        "number", "status", "finished_on", "changed_on", "workshop", "text", "code", "quantity", "unit", "amount", "remarks",
        "odometer_km", "order_type", "mechanic", "hours", "next_service_on", "credits", *_CUSTOMER, *_VEHICLE,
    }),
    "appointments": frozenset({"number", "status", "starts_at", "starts_time", "text", "remarks", *_CUSTOMER, *_VEHICLE}),
    "contracts": frozenset({"number", "contract_kind", "status", "starts_on", "ends_on", "months", *_CUSTOMER, *_VEHICLE}),
    "customers": frozenset(_CUSTOMER),
    "vehicles": frozenset({"owned_since", *_CUSTOMER, *_VEHICLE}),
}  # fmt: skip
FIELDS = frozenset[str]().union(*FIELDS_OF.values())
DATES = frozenset({
    "finished_on", "changed_on", "next_service_on", "first_registered_on", "starts_on", "ends_on", "owned_since", "starts_at",
})  # fmt: skip
_APART: dict[Kind, tuple[set[str], str]] = {  # some column must tell one of them from the next
    "orders": ({"number"}, "the order's number"),
    "appointments": ({"number"}, "the appointment's number"),
    "contracts": ({"number", "plate", "vin", "vehicle_number"}, "the contract's number, or the vehicle's plate, VIN or number"),
    "customers": ({"customer_number"}, "the customer's number"),
    "vehicles": ({"plate", "vin", "vehicle_number"}, "the vehicle's plate, VIN or number"),
}
_SHAPES = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d")


class ContractLine(BaseModel):
    """The contract that a line of an order sells: it begins on the order's day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ContractKind
    months: int = Field(ge=1, le=600)


class FileMapping(BaseModel):
    """A file's shape. Rows with the same number are lines of one order; of everything else every row is one, and of rows with
    the same number the last counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str]  # column of the file -> field
    kind: Kind = "orders"  # where it does not say: appointments where a column says when one starts, else orders
    sheet: str | None = Field(default=None, max_length=100)  # of a workbook; without it the first
    delimiter: Literal[",", ";", "\t", "|"] = ";"
    encoding: Literal["utf-8", "cp1252", "utf-16", "auto"] = "utf-8"  # auto: UTF-8 if it is, else cp1252
    decimal: Literal[",", "."] = ","
    currency: str = Field(default="DKK", pattern="^[A-Z]{3}$")
    dates: tuple[str, ...] = Field(default=_SHAPES, min_length=1)  # as `strptime` has them, the first that fits
    gives: tuple[Gives, ...] = ()
    defaults: dict[str, str] = Field(default_factory=dict)  # field -> what counts where its cell is empty
    words: dict[str, dict[str, str]] = Field(default_factory=dict)  # field -> the file's word -> ours
    complete: bool = False  # the file has every contract: one that it has no more is taken back
    contract_lines: dict[str, ContractLine] = Field(default_factory=dict)  # code of an order's line -> the contract it sells

    @model_validator(mode="before")
    @classmethod
    def _kind_of_columns(cls, given: Any) -> Any:
        columns = given.get("columns") if isinstance(given, dict) else None
        if isinstance(columns, dict) and given.get("kind") is None and "starts_at" in columns.values():
            return given | {"kind": "appointments"}
        return given

    @field_validator("dates")
    @classmethod
    def _full_dates(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for shape in dates:
            day = datetime(2026, 12, 31)  # noqa: DTZ001 - a calendar day, of no zone
            try:
                fits = datetime.strptime(day.strftime(shape), shape) == day  # noqa: DTZ007 - as above
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(f"{shape!r} does not tell a day; one that does is %d-%m-%Y")
        return dates

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "FileMapping":
        fields = FIELDS_OF[self.kind]
        if unknown := sorted({*self.columns.values(), *self.defaults, *self.words} - fields):
            raise ValueError(f"there is no field {', '.join(unknown)} of {self.kind}; there are {', '.join(sorted(fields))}")
        apart, which = _APART[self.kind]
        if not apart & set(self.columns.values()):
            raise ValueError(f"some column must be {which}")
        if self.kind == "appointments" and "starts_at" not in self.columns.values():
            raise ValueError("some column must say when an appointment starts (starts_at)")
        if self.kind == "contracts" and "contract_kind" not in {*self.columns.values(), *self.defaults}:
            raise ValueError("a column or a default must say what a contract is (contract_kind)")
        if self.complete and self.kind != "contracts":
            raise ValueError("only a file of contracts can be complete")
        if self.contract_lines and self.kind != "orders":
            raise ValueError("contract_lines are of orders")
        return self

    def told(self) -> tuple[str, ...]:
        """What a source of such files can tell."""
        return self.gives or (self.kind, *(["contracts"] if self.contract_lines else []))

    def column(self, field: str | None) -> str | None:
        """The file's own name of a field's column."""
        return next((column for column, name in self.columns.items() if name == field), field)

    def number_of(self, cells: Mapping[str, str]) -> str:
        """By what a row is known again; empty where nothing tells it apart."""
        vehicle = next((cells[name] for name in ("vehicle_number", "vin", "plate") if cells.get(name)), "")
        match self.kind:
            case "customers":
                return cells.get("customer_number", "")
            case "vehicles":
                return vehicle
            case "contracts" if not cells.get("number") and vehicle:
                return f"{vehicle} {cells.get('contract_kind', '')} {cells.get('starts_on', '')}"
            case _:
                return cells.get("number", "")


class BadRow(ValueError):
    """A row that cannot be used; the message says why, `field` where, `todo` what to do."""

    def __init__(self, problem: str, field: str | None = None, todo: str = "Correct the row and bring it again.") -> None:
        super().__init__(problem)
        self.field, self.todo = field, todo


def read_mapping(given: Any, kind: str | None = None) -> FileMapping:
    """Read a mapping, of that kind of content where it is said. Raises DomainError that says what is wrong."""
    if kind is not None and isinstance(given, dict):
        given = given | {"kind": kind}
    try:
        return FileMapping.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc'])) or 'mapping'}: {found['msg']}" for found in error.errors())
        raise DomainError(f"The mapping cannot be used: {wrong}.", code="bad_mapping") from error


def mappings_of(config: Mapping[str, Any]) -> dict[str, FileMapping]:
    """A source's mappings by kind. Raises DomainError for one that cannot be used any more."""
    kept = dict(config.get("mappings") or {})
    if (single := config.get("mapping")) is not None:  # as it was kept when a source had one
        found = read_mapping(single)
        kept.setdefault(found.kind, single)
    return {kind: read_mapping(given, kind) for kind, given in kept.items()}


def chosen(mappings: Mapping[str, FileMapping], kind: str | None) -> FileMapping | None:
    """The mapping for a file: of the kind that is said, else the only one, else that of orders; None for JSON lines. Raises
    DomainError."""
    if kind is None and len(mappings) <= 1:
        return next(iter(mappings.values()), None)
    if kind is None and "orders" not in mappings:
        raise DomainError(f"Say which kind of file it is: {', '.join(sorted(mappings))}.", code="no_kind")
    if (kind or "orders") not in mappings:
        known = f"it has mappings of {', '.join(sorted(mappings))}" if mappings else "it has none"
        raise DomainError(f"The source has no mapping of {kind}; {known}.", code="no_mapping")
    return mappings[kind or "orders"]
