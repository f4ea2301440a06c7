"""Telling people from the scanners that fetch every link of a mail before its reader does. Clicks drive nothing."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|monitor|check|fetch|headless|phantom|curl|wget|python|java/|go-http|okhttp|libwww"
    r"|barracuda|mimecast|proofpoint|safelinks|microsoft office|skypeuripreview|slack|facebookexternalhit|bitdefender|symantec",
    re.IGNORECASE,
)
_TOO_QUICK = timedelta(seconds=10)
TOGETHER = timedelta(seconds=3)
_MANY = 2  # other links of the same mail followed within that time


@dataclass(frozen=True)
class Fetch:
    """One request for a link: how, by what, how long after the message left, and how many other links just before."""

    method: str
    user_agent: str
    at: datetime
    sent_at: datetime | None
    others_just_now: int = 0


def by_machine(fetch: Fetch) -> bool:
    """Whether this looks like a scanner: by its method, its name, its haste, or by following everything at once."""
    if fetch.method != "GET" or not fetch.user_agent.strip() or _SCANNERS.search(fetch.user_agent):
        return True
    if fetch.sent_at is not None and fetch.at - fetch.sent_at < _TOO_QUICK:
        return True
    return fetch.others_just_now >= _MANY
