"""The wheel seasons of a dealer: the settings, the defaults, and what the dealer answered when asked (`rules.md` 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from common.calendar import Calendar
from common.events.answers import CampaignAnswered
from common.events.words import InvitationType
from common.ids import derived_id
from common.policy import Policy
from scheduler.domain import wheels
from scheduler.domain.facts import Season

ASKED_DAYS_BEFORE: tuple[tuple[int, Literal["ask", "ask_again", "tell"]], ...] = ((42, "ask"), (21, "ask_again"), (14, "tell"))
LONGEST = timedelta(days=180)
BOTH = frozenset({"changed", "hotel"})


@dataclass(frozen=True)
class Campaign:
    """One wheel season of the dealer, or of one workshop that has its own."""

    campaign_id: UUID
    type: str
    workshop_id: UUID | None
    anchor: date
    from_on: date
    to_on: date
    audience: frozenset[str] = BOTH
    capacity_per_day: int | None = None  # customers
    stopped: bool = False
    answered: bool = False
    deal_again_at: datetime | None = None
    dealt_at: datetime | None = None

    @property
    def dealt_from(self) -> date:
        """The day on which its days are dealt."""
        return self.from_on - timedelta(days=7)

    def season(self, day: date | None) -> Season:
        """As a vehicle whose customer was dealt that day sees it."""
        return Season(
            self.campaign_id,
            self.type,
            self.anchor,
            self.from_on,
            self.to_on,
            self.audience,
            self.dealt_at is not None,
            day,
            self.stopped,
        )

    def days_left(self, calendar: Calendar, today: date) -> list[date]:
        """The sending days that are left of its window, today included."""
        first = max(self.from_on, today)
        return [
            day for ahead in range((self.to_on - first).days + 1) if calendar.is_sending_day(day := first + timedelta(days=ahead))
        ]

    def asked_on(self, asked: int) -> list[date]:
        """The days of the mails to the dealer that are still to come, after so many."""
        left = ASKED_DAYS_BEFORE[asked:] if not self.answered else ()
        return [self.from_on - timedelta(days=days) for days, _ in left]


def of_dealer(
    dealer: UUID,
    policy: Policy,
    workshops: Mapping[UUID, str],
    answers: Iterable[CampaignAnswered],
    dealt: Mapping[UUID, datetime | None],
    today: date,
) -> list[Campaign]:
    """The seasons of last year, this and next, of the dealer and of each workshop that has settings of its own.

    `workshops` are their names, `dealt` tells of each campaign when its days were dealt.
    """
    told: dict[UUID, list[CampaignAnswered]] = {}
    for answer in sorted(answers, key=lambda answer: answer.at):
        told.setdefault(answer.campaign_id, []).append(answer)
    own = {_workshop(one.workshop, workshops) for one in policy.campaigns if one.workshop is not None} - {None}
    found = []
    for kind in (InvitationType.WHEEL_WINTER, InvitationType.WHEEL_SUMMER):
        for workshop in (None, *sorted(own, key=str)):
            for year in (today.year - 1, today.year, today.year + 1):
                campaign = _set(dealer, policy, workshops, kind, workshop, year)
                campaign = _answered(campaign, told.get(campaign.campaign_id, ()))
                found.append(replace(campaign, dealt_at=dealt.get(campaign.campaign_id)))
    return found


def _workshop(named: str | None, workshops: Mapping[UUID, str]) -> UUID | None:
    return next((workshop for workshop, title in workshops.items() if named in (str(workshop), title)), None)


def _set(dealer: UUID, policy: Policy, workshops: Mapping[UUID, str], kind: str, workshop: UUID | None, year: int) -> Campaign:
    first, last = wheels.default_window(kind, year)
    anchor = wheels.season_of(kind, first)
    campaign = Campaign(derived_id("campaign", dealer, kind, year, workshop or ""), kind, workshop, anchor, first, last)
    wanted = [one for one in policy.campaigns if one.type == kind and one.from_.year == year]
    for one in (*(w for w in wanted if w.workshop is None), *(w for w in wanted if w.workshop is not None)):
        if one.workshop is None or _workshop(one.workshop, workshops) == workshop:
            campaign = replace(
                campaign, from_on=one.from_, to_on=one.to, audience=frozenset(one.audience), capacity_per_day=one.capacity_per_day
            )
    return campaign


def _answered(campaign: Campaign, answers: Iterable[CampaignAnswered]) -> Campaign:
    for answer in answers:
        first, last = answer.from_on or campaign.from_on, answer.to_on or campaign.to_on
        capacity = campaign.capacity_per_day if answer.capacity_per_day is None else answer.capacity_per_day or None
        last = min(max(first, last), first + LONGEST)
        other = (first, last, capacity) != (campaign.from_on, campaign.to_on, campaign.capacity_per_day)
        campaign = replace(
            campaign, from_on=first, to_on=last, capacity_per_day=capacity, stopped=answer.stopped,
            answered=True,
            audience=frozenset(answer.audience) if answer.audience else campaign.audience,
            deal_again_at=answer.at if answer.deal_again or other else campaign.deal_again_at,
        )  # fmt: skip
    return campaign


def of_workshop(campaigns: Iterable[Campaign], kind: str, workshop: UUID | None) -> list[Campaign]:
    """The seasons of a type that count at a workshop: its own, else the dealer's."""
    mine = [one for one in campaigns if one.type == kind]
    own = [one for one in mine if workshop is not None and one.workshop_id == workshop]
    return own or [one for one in mine if one.workshop_id is None]
