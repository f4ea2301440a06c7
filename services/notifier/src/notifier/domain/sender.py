"""In whose name a message leaves: the workshop's own details, and the dealer's where the workshop has none."""

from common.events.settings import DealerChanged, Sender, WorkshopChanged


def sender_of(dealer: DealerChanged, workshop: WorkshopChanged | None) -> Sender:
    """Field by field, the workshop first."""
    own = workshop.sender if workshop is not None else Sender()
    merged = {name: getattr(own, name) or getattr(dealer.sender, name) for name in Sender.model_fields}
    name = merged["name"] or (workshop.title if workshop is not None else None) or dealer.title
    return Sender(**(merged | {"name": name}))
