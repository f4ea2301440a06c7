"""Contracts that lines of orders sell, and contracts that a complete file has no more."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.errors import DomainError
from common.events.customers import ContractChanged
from common.events.work_orders import WorkOrderChanged
from common.ids import ContractId
from ingest.domain.mapping import ContractLine
from ingest.domain.snapshots import months_after

FEW = 10  # so many may be gone at once whatever the share


@dataclass(frozen=True)
class Sold:
    """A contract that one line code of an order sells, or sold before: then `line` is None."""

    name: str
    line: ContractLine | None

    def event(self, contract: ContractId, order: WorkOrderChanged, before: ContractChanged | None) -> ContractChanged | None:
        """The contract as the order tells it; None where there is nothing to tell: it never was, or nobody knows for which car."""
        stands = self.line is not None and order.status == "finished" and order.vehicle_id is not None
        if not stands or self.line is None or order.vehicle_id is None or order.finished_on is None:
            return before.model_copy(update={"active": False}) if before is not None else None
        return ContractChanged(
            revision=0, contract_id=contract, vehicle_id=order.vehicle_id, customer_id=order.customer_id,
            kind=self.line.kind, starts_on=order.finished_on, ends_on=months_after(order.finished_on, self.line.months),
        )  # fmt: skip


def sold_by(order: WorkOrderChanged, lines: Mapping[str, ContractLine], before: WorkOrderChanged | None) -> Iterator[Sold]:
    """What the lines of an order sell by the dealer's mapping of codes, and what they sold as the order stood before."""
    selling = {line.code for line in order.lines if line.code is not None and (line.amount or 0) >= 0} & set(lines)
    sold = {line.code for line in before.lines if line.code is not None} & set(lines) if before is not None else set[str]()
    for code in sorted(selling | sold):
        yield Sold(f"{order.number} {code}", lines[code] if code in selling else None)


def lines_of(config: Mapping[str, Any]) -> dict[str, ContractLine]:
    """The codes of a source's lines that sell contracts."""
    orders = (config.get("mappings") or {}).get("orders") or config.get("mapping") or {}
    told = config.get("contract_lines") or orders.get("contract_lines") or {}
    return {code: ContractLine.model_validate(line) for code, line in told.items()}


def gone(standing: Mapping[str, UUID], there: Collection[str]) -> list[UUID]:
    """The contracts that stand and are not in a complete file. Raises DomainError where that are more than half: the file was
    probably cut short."""
    found = [contract for name, contract in sorted(standing.items()) if name not in there]
    if len(found) > FEW and len(found) * 2 > len(standing):
        raise DomainError(
            f"The file lacks {len(found):,} of {len(standing):,} contracts that stand, so it is probably not complete; "
            "none was taken back.",
            code="not_complete",
        )
    return found
