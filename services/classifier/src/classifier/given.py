"""The format of `classify --file`: an order as a JSON line in, what was read of it as a JSON line out."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FiniteFloat

from classifier import lexicons
from classifier.domain import Line, Order, Read, read, sentence

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class GivenLine(BaseModel):
    """A line of a given order; `amount` in whole money."""

    model_config = ConfigDict(extra="ignore")
    text: Text = ""
    code: str | None = None
    qty: FiniteFloat | None = None
    unit: str | None = None
    amount: FiniteFloat | None = None


class GivenOrder(BaseModel):
    """One line of the file. A line of the order may also be a mere text."""

    model_config = ConfigDict(extra="ignore")
    id: str | int | None = None
    lang: str | None = None
    date: dt.date | None = None
    status: Literal["open", "finished"] = "finished"
    odometer_km: int | None = None
    lines: tuple[GivenLine | str, ...] = ()
    remarks: Text = ""

    def order(self) -> Order:
        return Order(
            lines=tuple(_line(line) for line in self.lines),
            remarks=self.remarks,
            on=self.date,
            finished=self.status == "finished",
            odometer_km=self.odometer_km,
        )


def answer(given: GivenOrder, language: str) -> dict[str, Any]:
    """What was read of one order. Raises LookupError for a language without a lexicon."""
    found = read(given.order(), lexicons.matcher(given.lang or language))
    return {"id": given.id, **as_json(found, given.lang or language)}


def as_json(found: Read, language: str) -> dict[str, Any]:
    """What was read, as plain values."""
    return {
        "tags": [one.tag for one in found.tags],
        "evidence": list(_evidence(found)),
        "overruled": [
            {
                "tag": one.tag,
                **one.words._asdict(),
                "why": one.why,
                "because": one.because._asdict(),
                "says": sentence(one, language),
            }
            for one in found.overruled
        ],
        "inspection_result": found.inspection_result,
        "mechanics": list(found.mechanics),
        "odometer_km": found.odometer_km,
        "hours": found.hours,
        "amount": found.sums.amount,
        "parts_amount": found.sums.parts_amount,
        "parts": list(found.sums.parts),
        "plate": found.plate,
        "vin": found.vin,
        "next_service": found.next_service_on.isoformat() if found.next_service_on else None,
        "review": found.review,
    }


def _evidence(found: Read) -> Iterator[Mapping[str, Any]]:
    for one in found.tags:
        for words in one.evidence:
            yield {"tag": one.tag, **words._asdict()}


def _line(line: GivenLine | str) -> Line:
    if isinstance(line, str):
        return Line(line)
    return Line(line.text, line.code, line.qty, line.unit, round(line.amount * 100) if line.amount is not None else None)
