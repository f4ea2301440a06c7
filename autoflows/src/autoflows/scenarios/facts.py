"""A story's facts as the events that ingest and api tell, each with the moment it arrives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from autoflows.scenarios import story as told
from autoflows.scenarios.story import Story, StoryError
from autoflows.scenarios.world import World
from common.events import Event
from common.events.answers import (
    ContactSuppressed,
    CustomerAnswered,
    CustomerExcluded,
    FollowUpRecorded,
    InvitationHeld,
    InvitationRestored,
    LeadAnswered,
    LeadFollowUpRecorded,
    OwnerReleased,
)
from common.events.appointments import AppointmentChanged
from common.events.customers import Consent, ContractChanged, CustomerChanged, SourceChanged, VehicleChanged
from common.events.invitations import InvitationChanged
from common.events.leads import LeadChanged
from common.events.settings import DealerChanged, Sender, WorkshopChanged
from common.events.words import LeadType
from common.events.work_orders import OrderLine, WorkOrderChanged
from common.ids import AppointmentId, ContractId, CustomerId, OrderId, SourceId, VehicleId, WorkshopId, derived_id

SENDER = Sender(
    name="Scenario", email="workshop@example.com", reply_to="workshop@example.com", phone="+4570000000", sms_name="Scenario",
    legal_name="Scenario ApS", address="Testvej 1, 8000 Aarhus", registration="CVR 12345678",
)  # fmt: skip


@dataclass(frozen=True)
class Arrival:
    """Something that becomes known at a moment; what is told of it may depend on the world of that moment."""

    at: datetime
    events: Callable[[World], Iterator[Event]] = lambda _: iter(())
    fact: tuple[str, Mapping[str, Any]] | None = None  # brought straight to the service that hears it

    async def come(self, world: World) -> None:
        """Become known."""
        await world.tell(*self.events(world))
        if self.fact is not None:
            await world.bring(*self.fact)


class Facts:
    """Turns a story into arrivals."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.zone = ZoneInfo(story.dealer.timezone)
        self._customer_of = {vehicle.id: vehicle.customer for vehicle in story.vehicles}

    def instant(self, when: told.When) -> datetime:
        """A bare date is 00:00 local; a time without a zone is local too."""
        if not isinstance(when, datetime):
            when = datetime.combine(when, time())
        return (when if when.tzinfo else when.replace(tzinfo=self.zone)).astimezone(UTC)

    def arrivals(self) -> list[Arrival]:
        """Everything the story tells, in the order of its moments; who and what stands before what happened."""
        story, start = self.story, self.instant(min(self._dates()))
        found = [Arrival(start, self._setting_up)]
        found += [Arrival(self.instant(c.at) if c.at else start, partial(self._customer, c)) for c in story.customers]
        found += [Arrival(start, partial(self._vehicle, v)) for v in story.vehicles]
        found += [
            Arrival(self.instant(o.at or o.finished_on or story.run.from_), partial(self._order, o)) for o in story.work_orders
        ]
        found += [Arrival(self.instant(r.at), fact=("registry", self._registry_row(r))) for r in story.registry]
        found += [Arrival(self.instant(c.at) if c.at else start, partial(self._contract, c)) for c in story.contracts]
        found += [Arrival(self.instant(a.at), partial(self._appointment, a)) for a in story.appointments]
        found += [Arrival(self.instant(a.at), partial(self._answer, a)) for a in story.answers]
        found += [Arrival(self.instant(a.at), partial(self._action, a)) for a in story.actions]
        return sorted(found, key=lambda arrival: arrival.at)

    def _dates(self) -> list[date]:
        story = self.story
        orders = [order.at or order.finished_on for order in story.work_orders]
        return [story.run.from_, *(when.date() if isinstance(when, datetime) else when for when in orders if when)]

    def _setting_up(self, world: World) -> Iterator[Event]:
        dealer, source = self.story.dealer, self.story.source
        yield self.dealer_changed(world, dealer.settings)
        for workshop in self.story.workshops:
            yield WorkshopChanged(
                workshop_id=WorkshopId(derived_id("workshop", workshop.id)), revision=1, title=workshop.id,
                timezone=workshop.timezone, subdivision=workshop.subdivision, closed_days=workshop.closed_days,
                booking_url=workshop.booking_url,
            )  # fmt: skip
        yield SourceChanged(
            source_id=_source_id(), revision=1, title="scenario", kind="file", gives=source.gives, fresh_at=world.clock.now(),
            polled=False,
        )  # fmt: skip

    def dealer_changed(self, world: World, settings: dict[str, object]) -> DealerChanged:
        """The dealer with these settings; the basis for leads is taken as declared."""
        dealer = self.story.dealer
        leads = settings.get("leads")
        basis = {} if dealer.country == "DE" else {"basis": "existing_customer"}
        settings = {**settings, "leads": basis | leads if isinstance(leads, dict) else basis}
        return DealerChanged(
            dealer_id=world.dealer, revision=world.revision(DealerChanged, world.dealer), slug="scenario", title="Scenario",
            country=dealer.country, language=dealer.language, timezone=dealer.timezone, subdivision=dealer.subdivision,
            closed_days=dealer.closed_days, booking_url=dealer.booking_url, settings=settings, sender=SENDER,
        )  # fmt: skip

    def _customer(self, customer: told.Customer, world: World) -> Iterator[Event]:
        found = customer_id(customer.id)
        yield CustomerChanged(
            customer_id=found, revision=world.revision(CustomerChanged, found), number=customer.id, full_name=customer.name,
            email=customer.email, mobile=customer.mobile, kind=customer.kind, groups=customer.groups,
            language=customer.language, consent=Consent(**customer.consent.model_dump()),
        )  # fmt: skip

    def _vehicle(self, vehicle: told.Vehicle, world: World) -> Iterator[Event]:
        found = vehicle_id(vehicle.id)
        facts = vehicle.model_dump(exclude={"id", "customer"})
        yield VehicleChanged(
            vehicle_id=found, revision=world.revision(VehicleChanged, found),
            customer_id=customer_id(vehicle.customer) if vehicle.customer else None, **facts,
        )  # fmt: skip

    def _order(self, order: told.WorkOrder, world: World) -> Iterator[Event]:
        found = OrderId(derived_id("order", order.id))
        customer = order.customer or self._customer_of.get(order.vehicle or "")
        on = order.at or order.finished_on or self.story.run.from_
        yield WorkOrderChanged(
            order_id=found, source_id=_source_id(), revision=world.revision(WorkOrderChanged, found), number=order.id,
            vehicle_id=vehicle_id(order.vehicle) if order.vehicle else None,
            customer_id=customer_id(customer) if customer else None,
            workshop_id=WorkshopId(derived_id("workshop", order.workshop)) if order.workshop else None, status=order.status,
            finished_on=order.finished_on, changed_on=self.instant(on).astimezone(self.zone).date(),
            odometer_km=order.odometer_km, order_type=order.type, remarks=order.remarks, lines=_lines(order), currency="DKK",
            next_service_on=order.next_service_on, gives=self.story.source.gives,
        )  # fmt: skip
        if order.credits is not None:
            yield from self._credit(world, order)

    def _credit(self, world: World, credit: told.WorkOrder) -> Iterator[Event]:
        """A credit note without lines, or with all of the order's, takes the order away; one with some of them does not."""
        texts = {line.text for line in credit.lines}
        for order in self.story.work_orders:
            whole = not texts or texts >= {line.text for line in order.lines}
            if order.id == credit.credits and order.credits is None and whole:
                yield from self._order(order.model_copy(update={"status": "credited"}), world)

    def _registry_row(self, row: told.RegistryRow) -> dict[str, Any]:
        """A row of the vehicle's registry: the keys that the story names, and what the vehicle is known by."""
        vehicle = next((vehicle for vehicle in self.story.vehicles if vehicle.id == row.vehicle), None)
        if vehicle is None:
            raise StoryError(f"registry: there is no vehicle {row.vehicle}")
        named = row.model_dump(by_alias=True, include=row.model_fields_set - {"at", "vehicle"})
        return {
            **named, "vehicle_id": vehicle_id(row.vehicle), "country": vehicle.country or self.story.dealer.country,
            "day": self.instant(row.at).astimezone(self.zone).date(), "known_plate": vehicle.plate,
            "first_registered_on": vehicle.first_registered_on,
        }  # fmt: skip

    def _contract(self, contract: told.Contract, world: World) -> Iterator[Event]:
        found = ContractId(derived_id("contract", contract.id))
        customer = self._customer_of.get(contract.vehicle)
        yield ContractChanged(
            contract_id=found, revision=world.revision(ContractChanged, found), vehicle_id=vehicle_id(contract.vehicle),
            customer_id=customer_id(customer) if customer else None, kind=contract.kind, starts_on=contract.starts_on,
            ends_on=contract.ends_on,
        )  # fmt: skip

    def _appointment(self, appointment: told.Appointment, world: World) -> Iterator[Event]:
        found = AppointmentId(derived_id("appointment", appointment.id))
        answered = self._invitation(world, appointment.vehicle, appointment.invitation) if appointment.invitation else None
        customer = self._customer_of.get(appointment.vehicle)
        yield AppointmentChanged(
            appointment_id=found, source_id=_source_id(), revision=world.revision(AppointmentChanged, found),
            vehicle_id=vehicle_id(appointment.vehicle), customer_id=customer_id(customer) if customer else None,
            starts_at=self.instant(appointment.starts_at), made_at=self._made_at(appointment.id), text=appointment.text,
            status=appointment.status, invitation_id=answered.invitation_id if answered else None,
        )  # fmt: skip

    def _made_at(self, appointment: str) -> datetime:
        """When it was first heard of, however often it changes."""
        return min(self.instant(each.at) for each in self.story.appointments if each.id == appointment)

    def _answer(self, answer: told.Answer, world: World) -> Iterator[Event]:
        if answer.type in set(LeadType):
            yield from self._lead_answer(answer, world)
            return
        invitation = self._invitation(world, answer.vehicle, answer.type)
        if answer.answer == "unsubscribe" and invitation.customer_id is not None:
            yield ContactSuppressed(customer_id=invitation.customer_id, by=answer.by, at=world.clock.now())
        yield CustomerAnswered(
            invitation_id=invitation.invitation_id, vehicle_id=invitation.vehicle_id, customer_id=invitation.customer_id,
            type=answer.type, answer=answer.answer, reason=answer.reason, by=answer.by, at=world.clock.now(),
        )  # fmt: skip

    def _lead_answer(self, answer: told.Answer, world: World) -> Iterator[Event]:
        if answer.answer not in ("call_me", "no", "unsubscribe"):
            raise StoryError(f"{answer.type}: nobody can answer {answer.answer} to a lead")
        lead = self._lead(world, answer.vehicle, answer.type)
        if answer.answer == "unsubscribe" and lead.customer_id is not None:
            yield ContactSuppressed(customer_id=lead.customer_id, by=answer.by, at=world.clock.now())
        yield LeadAnswered(
            lead_id=lead.lead_id, vehicle_id=lead.vehicle_id, customer_id=lead.customer_id, type=answer.type, answer=answer.answer,
            reason=answer.reason, by=answer.by, at=world.clock.now(),
        )  # fmt: skip

    def _lead(self, world: World, vehicle: str, kind: str) -> LeadChanged:
        """The lead of that type of a vehicle that was told of last."""
        for envelope in reversed(world.seen):
            event = envelope.event()
            if isinstance(event, LeadChanged) and event.vehicle_id == vehicle_id(vehicle) and event.type == kind:
                return event
        raise StoryError(f"{world.clock.now():%Y-%m-%d}: {vehicle} has no {kind} lead to answer or close")

    def _action(self, action: told.Action, world: World) -> Iterator[Event]:
        now = world.clock.now()
        customer = action.customer or self._customer_of.get(action.vehicle or "")
        match action.do:
            case "settings":
                yield self.dealer_changed(world, {**self.story.dealer.settings, **action.settings})
            case "exclude":
                yield CustomerExcluded(
                    customer_id=customer_id(action.customer) if action.customer else None,
                    vehicle_id=vehicle_id(action.vehicle) if action.vehicle else None, reason=action.reason, at=now,
                )  # fmt: skip
            case "suppress":
                if customer is None:
                    raise StoryError("suppress names a customer or a vehicle")
                yield ContactSuppressed(customer_id=customer_id(customer), channel=action.channel, by="staff", at=now)
            case "release_owner":
                yield OwnerReleased(
                    vehicle_id=vehicle_id(action.vehicle or ""), customer_id=customer_id(customer) if customer else None, at=now
                )
            case "restore" if action.type is None:
                yield InvitationRestored(
                    vehicle_id=vehicle_id(action.vehicle or ""), customer_id=customer_id(customer) if customer else None, at=now
                )
            case "outcome" if action.type in set(LeadType):
                lead = self._lead(world, action.vehicle or "", action.type or "")
                yield LeadFollowUpRecorded(lead_id=lead.lead_id, vehicle_id=lead.vehicle_id, outcome=action.reason or "", at=now)
            case "hold" | "restore" | "outcome":
                invitation = self._invitation(world, action.vehicle or "", action.type)
                where = {"invitation_id": invitation.invitation_id, "vehicle_id": invitation.vehicle_id, "at": now}
                if action.do == "hold":
                    yield InvitationHeld(**where, reason=action.reason)
                elif action.do == "restore":
                    yield InvitationRestored(**where)
                else:
                    yield FollowUpRecorded(**where, outcome=action.reason or "")

    def _invitation(self, world: World, vehicle: str, kind: str | None) -> InvitationChanged:
        """The newest invitation of that vehicle and type that is known now."""
        for envelope in reversed(world.seen):
            event = envelope.event() if envelope.type == InvitationChanged.name else None
            if isinstance(event, InvitationChanged) and event.vehicle_id == vehicle_id(vehicle) and event.type == kind:
                return event
        raise StoryError(f"{world.clock.now():%Y-%m-%d}: {vehicle} has no {kind} invitation to answer, hold or close")


def customer_id(name: str) -> CustomerId:
    """The id of a story's customer."""
    return CustomerId(derived_id("customer", name))


def vehicle_id(name: str) -> VehicleId:
    """The id of a story's vehicle."""
    return VehicleId(derived_id("vehicle", name))


def _lines(order: told.WorkOrder) -> tuple[OrderLine, ...]:
    amounts = [None if line.amount is None else round(line.amount * 100) for line in order.lines]
    return tuple(
        OrderLine(code=line.code, text=line.text, quantity=line.qty, unit=line.unit, amount=amount)
        for line, amount in zip(order.lines, amounts, strict=True)
    )


def _source_id() -> SourceId:
    return SourceId(derived_id("source", "scenario"))
