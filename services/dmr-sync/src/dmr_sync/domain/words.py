"""The Danish registry's words in ours. A word that is not known is kept out of decisions, never guessed."""

import re

from common.events.words import InspectionKind, InspectionResult, RegistryStatus

UNKNOWN = "UOPLYST"  # the registry's "not told"
_STATUS = {
    "registreret": RegistryStatus.REGISTERED,
    "underudarbejdelse": RegistryStatus.UNDER_WAY,
    "oprettet": RegistryStatus.UNDER_WAY,
    "hargennemførtregistreringssyn": RegistryStatus.UNDER_WAY,
    "afmeldt": RegistryStatus.DEREGISTERED,
    "skrottet": RegistryStatus.SCRAPPED,
    "eksporteret": RegistryStatus.EXPORTED,
    "stjålet": RegistryStatus.STOLEN,
    **{word.replace("_", ""): word for word in RegistryStatus},
}
GONE = frozenset({RegistryStatus.DEREGISTERED, RegistryStatus.SCRAPPED, RegistryStatus.EXPORTED, RegistryStatus.STOLEN})


def told(text: str | None) -> str | None:
    """A text of the registry without blanks around it; None where it says nothing."""
    found = (text or "").strip()
    return None if not found or found.upper() == UNKNOWN else found[:200]


def vin(text: str | None) -> str | None:
    """A VIN or an older chassis number as everybody stores it; None for `UOPLYST` and what is no number at all."""
    found = re.sub(r"[\s.\-]", "", told(text) or "").upper()
    return found if re.fullmatch(r"[A-Z0-9]{3,30}", found) and re.search(r"\d", found) else None


def status(text: str | None) -> RegistryStatus | None:
    """A status by its Danish word or ours; None for one that is not known."""
    return _STATUS.get(_plain(text))


def standing(registered: str | None, state: str | None) -> RegistryStatus | None:
    """Where a vehicle stands by its two statuses, which disagree in one row of six: the registration's says whether it is
    registered, the vehicle's own says why not."""
    whether, why = status(registered), status(state)
    if whether is RegistryStatus.DEREGISTERED and why in GONE:
        return why
    return whether or why


def inspection_kind(text: str | None) -> InspectionKind:
    """Only `PeriodiskSyn` is periodic; a re-inspection has no kind of its own in the registry."""
    plain = _plain(text)
    if plain in ("periodisksyn", InspectionKind.PERIODIC):
        return InspectionKind.PERIODIC
    if "toldsyn" in plain or plain == InspectionKind.CUSTOMS:
        return InspectionKind.CUSTOMS
    return InspectionKind.REGISTRATION if plain in ("registreringssyn", InspectionKind.REGISTRATION) else InspectionKind.OTHER


def inspection_result(text: str | None) -> InspectionResult:
    """`Godkendt` and `Betinget godkendt` passed; what may pass after a re-inspection has not; a grade (`Middel`) says nothing."""
    plain = _plain(text)
    if plain in ("godkendt", "betingetgodkendt", InspectionResult.PASSED):
        return InspectionResult.PASSED
    if plain.startswith(("ikkegodkendt", "kangodkendes")) or plain == InspectionResult.FAILED:
        return InspectionResult.FAILED
    return InspectionResult.NOT_TOLD


def _plain(text: str | None) -> str:
    return re.sub(r"[\s_-]", "", (text or "").casefold())
