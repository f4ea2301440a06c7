"""What every event is: a frozen fact with a name, a topic and a key. Id, time and trace belong to the envelope."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PARTITIONS = 16
known: dict[str, "type[Event]"] = {}
_topics: dict[str, "Topic"] = {}


@dataclass(frozen=True)
class Topic:
    """One stream with one writer. A state topic may be published again at any time; of what happened there is one copy."""

    name: str
    writer: str
    kind: Literal["state", "happened"]
    retention_days: int
    personal: bool = False


class Fact(BaseModel):
    """A value inside an event: frozen, and tolerant of fields that a newer writer added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Fact):
    """A fact that one service tells the others. Subclasses set `name` (`<noun>.<verb>.v1`) and `topic`."""

    name: ClassVar[str]
    topic: ClassVar[Topic]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Make the event known by its name, so that a reader can turn bytes into it."""
        name = cls.__dict__.get("name")
        if name is None:
            return
        if name in known:
            raise ValueError(f"event {name} is declared twice")
        known[name] = cls

    def key(self) -> UUID:
        """What keeps its order: the vehicle, else the customer (`due`: the customer)."""
        raise NotImplementedError


class State(Event):
    """An event that carries the whole entity; of two, the one with the higher revision is true.

    `entity_field` names the field with the entity's id.
    """

    entity_field: ClassVar[str]
    revision: int

    def entity(self) -> UUID:
        """The id of what this is the state of."""
        found: UUID = getattr(self, self.entity_field)
        return found


def topic(name: str, *, writer: str, kind: Literal["state", "happened"], retention_days: int, personal: bool = False) -> Topic:
    """Declare a topic; a name has one declaration, hence one writer."""
    if name in _topics:
        raise ValueError(f"topic {name} is declared twice")
    _topics[name] = Topic(name, writer, kind, retention_days, personal)
    return _topics[name]


def event_named(name: str) -> type[Event] | None:
    """The event of that name, or None where this reader does not know it."""
    return known.get(name)


def topics() -> dict[str, Topic]:
    """Every declared topic by name."""
    return dict(_topics)


def events_of(topic_name: str) -> Iterable[type[Event]]:
    """The events that stand in a topic, by name."""
    return [event for _, event in sorted(known.items()) if event.topic.name == topic_name]
