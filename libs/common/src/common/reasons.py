"""Reasons as sentences. A decision stores the code and its parameters; who reads it gets the sentence in his language."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from common.events.words import Because

_DA: Mapping[Because, str] = {
    Because.DUE: "Seneste service var den {last_on}; intervallet er {months} måneder ({interval_from}), så næste service er den {due_on}.",
    Because.DONE: "Arbejdet blev udført den {on}.",
    Because.OPEN_ORDER: "Der er en åben ordre på samme slags arbejde (nr. {number}, ændret den {changed_on}).",
    Because.APPOINTMENT_AHEAD: "Der er allerede aftalt tid til samme slags arbejde den {starts_on}.",
    Because.HELD: "Holdt tilbage af værkstedet: {reason}.",
    Because.OWNER_CHANGED: "Bilen kan have skiftet ejer den {on}.",
    Because.DISTANCE: "Kunden fik en anden indkaldelse den {on}; der skal være mindst {days} dage imellem.",
    Because.NO_ADDRESS: "Kunden har hverken e-mail eller mobilnummer, der kan bruges.",
    Because.ORDER_UNREAD: "En afsluttet ordre (nr. {number}) er ikke læst endnu.",
    Because.FACT_PARKED: "En oplysning om bilen eller kunden kunne ikke behandles og er lagt til side.",
    Because.SOURCE_STALE: "Kilden {source} har ikke svaret siden {since}.",
    Because.ANSWERED: "Kunden har svaret: {answer}.",
    Because.SUPPRESSED: "Kunden har afmeldt sig.",
    Because.EXCLUDED: "Kunden eller bilen er taget fra: {reason}.",
    Because.NO_CONSENT: "Kunden har ikke givet samtykke.",
    Because.HELD_OUT: "Kunden er i kontrolgruppen.",
    Because.VEHICLE_GONE: "Bilen er afmeldt, skrottet eller eksporteret.",
    Because.ERASED: "Kundens oplysninger er slettet.",
    Because.TOO_LATE: "Sidste dag for afsendelse var den {until}.",
    Because.NO_CAPACITY: "Der var ikke flere ledige pladser i perioden.",
    Because.BOOKED: "Kunden har bestilt tid{doubtful}.",
    Because.NO_REACTION: "Kunden har ikke reageret siden {since}.",
    Because.SUPERSEDED: "Der regnes nu fra den {anchor} i stedet.",
    Because.NO_SERVICE_KNOWN: "Vi kender ikke til nogen service på bilen hos denne kunde.",
    Because.NO_INTERVAL: "Der er ikke sat noget interval for bilen.",
    Because.NOT_BOUGHT_BEFORE: "Kunden har ikke fået det lavet her før.",
    Because.NO_REGISTRY_ROW: "Bilen findes ikke i motorregistret.",
    Because.INSPECTION_FAILED: "Bilen bestod ikke det seneste syn.",
    Because.NOT_DUE: "Indkaldes først den {invite_on}.",
    Because.TYPE_OFF: "Værkstedet har slået denne slags indkaldelser fra.",
    Because.CONTRACT_ENDS: "Bilens {kind} udløber den {ends_on}.",
    Because.NEW_CAR: "Bilen er ny, indregistreret første gang den {first_registered_on}, og har ingen serviceaftale.",
    Because.VISIT_AHEAD: "Bilen skal på værksted den {starts_on}; kunden har haft den siden {owned_since}.",
    Because.NO_CONTRACT: "Vi kender ikke til nogen {kind} på bilen med en slutdato.",
    Because.HAS_CONTRACT: "Bilen har en {kind}, der gælder til den {until}.",
    Because.CONTRACTS_NOT_TOLD: "Vi får ikke at vide, hvilke biler der har en serviceaftale.",
    Because.LEASE_NOT_ACTIVE: "Motorregistret viser ingen aktiv leasing på bilen (læst den {read_on}).",
    Because.NO_FIRST_REGISTRATION: "Vi ved ikke, hvornår bilen blev indregistreret første gang.",
    Because.NO_VISIT_AHEAD: "Der er ikke aftalt noget besøg på værkstedet med bilen.",
    Because.CAR_TOO_NEW: "Bilen er under {years} år gammel ved besøget den {starts_on}.",
    Because.OWNED_TOO_SHORT: "Kunden har haft bilen i under {years} år ved besøget den {starts_on}.",
    Because.RECENT_LEAD: "Kunden fik samme slags henvendelse den {on}.",
    Because.NO_BASIS: "Værkstedet har ikke oplyst, på hvilket grundlag salgsleads sendes.",
}
_EN: Mapping[Because, str] = {
    Because.DUE: "The last service was on {last_on}; the interval is {months} months ({interval_from}), so the next is due {due_on}.",
    Because.DONE: "The work was done on {on}.",
    Because.OPEN_ORDER: "An order of that kind is open (no. {number}, changed {changed_on}).",
    Because.APPOINTMENT_AHEAD: "There is an appointment of that kind on {starts_on}.",
    Because.HELD: "Held back by the workshop: {reason}.",
    Because.OWNER_CHANGED: "The owner may have changed on {on}.",
    Because.DISTANCE: "The customer got another invitation on {on}; {days} days must lie between.",
    Because.NO_ADDRESS: "The customer has no usable e-mail address or mobile number.",
    Because.ORDER_UNREAD: "A finished order (no. {number}) has not been read yet.",
    Because.FACT_PARKED: "A fact about the vehicle or customer could not be handled and is set aside.",
    Because.SOURCE_STALE: "The source {source} has not answered since {since}.",
    Because.ANSWERED: "The customer answered: {answer}.",
    Because.SUPPRESSED: "The customer unsubscribed.",
    Because.EXCLUDED: "The customer or vehicle is excluded: {reason}.",
    Because.NO_CONSENT: "The customer gave no consent.",
    Because.HELD_OUT: "The customer is in the hold-out group.",
    Because.VEHICLE_GONE: "The vehicle is deregistered, scrapped or exported.",
    Because.ERASED: "The customer's data was erased.",
    Because.TOO_LATE: "The last day for sending was {until}.",
    Because.NO_CAPACITY: "There was no room left in the period.",
    Because.BOOKED: "The customer booked{doubtful}.",
    Because.NO_REACTION: "The customer has not reacted since {since}.",
    Because.SUPERSEDED: "What it counted from moved to {anchor}.",
    Because.NO_SERVICE_KNOWN: "No service of this vehicle is known with this customer.",
    Because.NO_INTERVAL: "There is no interval for this vehicle.",
    Because.NOT_BOUGHT_BEFORE: "The customer has not had this done here before.",
    Because.NO_REGISTRY_ROW: "The motor registry does not have this vehicle.",
    Because.INSPECTION_FAILED: "The vehicle failed its latest inspection.",
    Because.NOT_DUE: "Not invited before {invite_on}.",
    Because.TYPE_OFF: "The workshop has switched this type off.",
    Because.CONTRACT_ENDS: "The vehicle's {kind} ends on {ends_on}.",
    Because.NEW_CAR: "The vehicle is new, first registered on {first_registered_on}, and has no service contract.",
    Because.VISIT_AHEAD: "The vehicle is expected on {starts_on}; the customer has owned it since {owned_since}.",
    Because.NO_CONTRACT: "No {kind} with an end is known of this vehicle.",
    Because.HAS_CONTRACT: "The vehicle has a {kind} until {until}.",
    Because.CONTRACTS_NOT_TOLD: "Nobody tells us which vehicles have a service contract.",
    Because.LEASE_NOT_ACTIVE: "The motor registry knows of no active lease of this vehicle (read {read_on}).",
    Because.NO_FIRST_REGISTRATION: "It is not known when the vehicle was first registered.",
    Because.NO_VISIT_AHEAD: "The vehicle is not expected at the workshop.",
    Because.CAR_TOO_NEW: "The vehicle is less than {years} years old at its visit on {starts_on}.",
    Because.OWNED_TOO_SHORT: "The customer has owned the vehicle for less than {years} years at its visit on {starts_on}.",
    Because.RECENT_LEAD: "The customer got the same kind of lead on {on}.",
    Because.NO_BASIS: "The workshop has not said on which basis leads are sent.",
}
_SENTENCES = {"da": _DA, "en": _EN}
_BASES: Mapping[str, Mapping[str, str]] = {  # of DUE and NOT_DUE, by what the date rests on
    "da": {
        "noted": "Seneste service var den {last_on}; på en ordre er næste service noteret til den {due_on}.",
        "early_first": "Første service blev lavet den {last_on}, {days} dage efter første registrering ({registered_on}), mod et "
        "interval på {months} måneder. Bilen kører altså mere end det, så næste service er den {due_on}.",
        "short_gap": "Der gik kun {days} dage mellem de seneste to servicebesøg ({earlier_on} og {last_on}), mod et interval på "
        "{months} måneder, så næste service er den {due_on}.",
        "km": "Bilen kører omkring {km_a_day} km om dagen, så de {km} km efter servicen den {last_on} er nået den {due_on}.",
        "winback": "Seneste service var den {last_on}, og bilen har ikke været til service her siden. Med et interval på {months} "
        "måneder ({interval_from}) falder den anden service siden da den {due_on}.",
        "inspection": "Bilen skal til syn omkring den {due_on}{estimate}; den var sidst til syn eller synstjek her den {last_on}.",
        "inspection_visit": "Bilen skal til syn omkring den {due_on}{estimate}; den var sidst på værkstedet den {last_on}.",
        "season": "Hjulene blev sidst skiftet eller opbevaret her den {last_on}. Sæsonen løber fra den {from_on} til den {to_on}. "
        "Kundens dag: {day}.",
        "interval": "Det blev sidst lavet den {last_on}; efter intervallet ({interval_from}) er næste gang den {due_on}.",
        "from_registration": "Bilen blev indregistreret første gang den {last_on}; efter intervallet ({interval_from}) "
        "er første gang den {due_on}.",
        "not_faster": "Bilen kører ikke mere, end intervallet forudsætter; den almindelige indkaldelse gælder (den {invite_on}).",
    },
    "en": {
        "noted": "The last service was on {last_on}; an order notes the next for {due_on}.",
        "early_first": "The first service came on {last_on}, {days} days after first registration ({registered_on}) against an "
        "interval of {months} months. The vehicle is driven more, so the next is due {due_on}.",
        "short_gap": "Only {days} days lie between the latest two services ({earlier_on} and {last_on}) against an interval of "
        "{months} months, so the next is due {due_on}.",
        "km": "The vehicle is driven about {km_a_day} km a day; {km} km after the service of {last_on} are reached {due_on}.",
        "winback": "The last service was on {last_on} and there was none since; at {months} months ({interval_from}) the second in a "
        "row is due {due_on}.",
        "inspection": "The official inspection is due about {due_on}{estimate}; it was last bought here on {last_on}.",
        "inspection_visit": "The official inspection is due about {due_on}{estimate}; the vehicle was last here on {last_on}.",
        "season": "The wheels were last changed or stored on {last_on}; the season runs from {from_on} to {to_on}, the customer's day "
        "is {day}.",
        "interval": "It was last done on {last_on}; by the interval ({interval_from}) it is next due {due_on}.",
        "from_registration": "The vehicle was first registered on {last_on}; by the interval ({interval_from}) it is first due {due_on}.",
        "not_faster": "The vehicle is not driven more than the interval assumes; the standard invitation applies ({invite_on}).",
    },
}
_INSTEAD: Mapping[str, Mapping[str, str]] = {  # of SUPERSEDED and OWNER_CHANGED, by what stands there instead
    "da": {
        "service": "Kunden er allerede indkaldt til dette service efter den almindelige dato.",
        "service_mileage": "Bilen kører mere end intervallet forudsætter, så den indkaldes efter kilometer i stedet.",
        "customer": "En anden kunde kommer nu med bilen.",
    },
    "en": {
        "service": "The customer was invited to this service by its usual date.",
        "service_mileage": "The vehicle is driven more than the interval assumes, so it is invited by mileage instead.",
        "customer": "Another customer comes with the vehicle now.",
    },
}
_NO_INSPECTION = {  # of NO_REGISTRY_ROW, where the registry has the vehicle and no rule says when: {missing}
    "da": {
        "rule": "Køretøjer af arten {kind} har ikke periodisk syn.",
        "kind": "Motorregistret oplyser ikke køretøjets art.",
        "first_registration": "Motorregistret oplyser ikke køretøjets første registrering.",
    },
    "en": {
        "rule": "Vehicles of the kind {kind} have no periodic inspection.",
        "kind": "The motor registry does not tell the vehicle's kind.",
        "first_registration": "The motor registry does not tell the vehicle's first registration.",
    },
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "da": {
        "default": "standard", "rule": "værkstedets regel", "learned": "bilens egen historik", "next_service_on": "noteret på ordren",
        "sold": "solgt", "no": "nej", "call_me": "ring til mig", "booked": "bestilt tid",
        "other_workshop": "bruger et andet værksted", "price": "prisen", "done_elsewhere": "lavet et andet sted",
        "not_now": "ikke nu", "other": "andet", "booking_started": "ville bestille tid", "unsubscribe": "afmeldt",
        "doubtful": " (det er ikke oplyst, hvad tiden er til)", "by hand": "manuelt", "dealer": "værkstedets egen bil",
        "table": "intervaltabellen", "estimate": " (skøn)", "deregistered": "afmeldt", "scrapped": "skrottet", "exported": "eksporteret",
        "stolen": "stjålet",
        "service_contract": "serviceaftale", "lease": "leasingaftale", "warranty": "garanti", "business": "erhvervskunde",
        "private": "privatkunde",
    },
    "en": {
        "default": "standard", "rule": "the workshop's rule", "learned": "this vehicle's history", "next_service_on": "noted on the order",
        "doubtful": " (what for is not told)", "call_me": "call me", "other_workshop": "another workshop",
        "done_elsewhere": "done elsewhere", "not_now": "not now", "booking_started": "started to book", "dealer": "the workshop's own",
        "table": "the interval table", "estimate": " (an estimate)",
        "service_contract": "service contract", "business": "business customer", "private": "private customer",
    },
}  # fmt: skip


_CHANGES: Mapping[str, Mapping[Because, str]] = {  # what would change a decision that has this reason
    "da": {
        Because.OPEN_ORDER: "Når ordren afsluttes eller annulleres, eller 90 dage efter dens sidste ændring.",
        Because.APPOINTMENT_AHEAD: "Når aftalen aflyses, eller en uge efter den.",
        Because.HELD: "Når indkaldelsen gives fri igen.",
        Because.OWNER_CHANGED: "Når værkstedet bekræfter ejeren, eller samme kunde kommer igen.",
        Because.DISTANCE: "Når der er gået dage nok siden den anden indkaldelse.",
        Because.NO_ADDRESS: "Når kunden får en e-mailadresse eller et mobilnummer.",
        Because.ORDER_UNREAD: "Når ordren er læst.",
        Because.FACT_PARKED: "Når det, der er lagt til side, bliver behandlet.",
        Because.SOURCE_STALE: "Når kilden svarer igen.",
        Because.EXCLUDED: "Når kunden eller bilen tages med igen.",
        Because.NO_CONSENT: "Når kunden giver samtykke.",
        Because.SUPPRESSED: "Kun hvis kunden selv beder om det.",
        Because.ANSWERED: "Når bilen har været på værkstedet igen.",
        Because.NO_SERVICE_KNOWN: "Når en afsluttet ordre læses som service.",
        Because.NOT_BOUGHT_BEFORE: "Når kunden har fået det lavet her.",
        Because.NO_INTERVAL: "Når der er sat et interval, der passer på bilen.",
        Because.NO_REGISTRY_ROW: "Når motorregistret kender bilen og dens art.",
        Because.INSPECTION_FAILED: "Når bilen består syn.",
        Because.TYPE_OFF: "Når værkstedet slår denne slags indkaldelser til.",
        Because.NO_CAPACITY: "Når der bliver en plads ledig i perioden.",
    },
    "en": {
        Because.OPEN_ORDER: "When the order is finished or cancelled, or 90 days after its last change.",
        Because.APPOINTMENT_AHEAD: "When the appointment is cancelled, or a week after it.",
        Because.HELD: "When the invitation is released.",
        Because.OWNER_CHANGED: "When the workshop confirms the owner, or the same customer comes again.",
        Because.DISTANCE: "When enough days have passed since the other invitation.",
        Because.NO_ADDRESS: "When the customer gets an e-mail address or a mobile number.",
        Because.ORDER_UNREAD: "When the order has been read.",
        Because.FACT_PARKED: "When what was set aside is handled.",
        Because.SOURCE_STALE: "When the source answers again.",
        Because.EXCLUDED: "When the customer or vehicle is taken in again.",
        Because.NO_CONSENT: "When the customer consents.",
        Because.SUPPRESSED: "Only the customer's own request.",
        Because.ANSWERED: "Another visit to the workshop.",
        Because.NO_SERVICE_KNOWN: "A finished order that is read as a service.",
        Because.NOT_BOUGHT_BEFORE: "A visit at which it is done here.",
        Because.NO_INTERVAL: "An interval that fits this vehicle.",
        Because.NO_REGISTRY_ROW: "The motor registry knowing the vehicle and its kind.",
        Because.INSPECTION_FAILED: "The vehicle passing its inspection.",
        Because.TYPE_OFF: "The workshop switching this type on.",
        Because.NO_CAPACITY: "A day of the period becoming free.",
    },
}


class _Gaps(dict[str, str]):
    """Parameters that a writer of another version did not give show as a dash, not as an error."""

    def __missing__(self, key: str) -> str:
        return "" if key in ("doubtful", "estimate") else "–"


def sentence(code: str, params: Mapping[str, Any], language: str) -> str:
    """A reason as a sentence in Danish or English (any other language reads English). An unknown code stands for itself."""
    language = language if language in _SENTENCES else "en"
    try:
        text = _SENTENCES[language][Because(code)]
    except ValueError:
        return code
    if code in (Because.DUE, Because.NOT_DUE):
        text = _BASES[language].get(str(params.get("basis")), text)
    if code in (Because.SUPERSEDED, Because.OWNER_CHANGED) and params.get("by") in _INSTEAD[language]:
        text = _INSTEAD[language][str(params["by"])]
    if code == Because.NO_REGISTRY_ROW:
        text = _NO_INSPECTION[language].get(str(params.get("missing")), text)
    told = {name: _word(value, language) for name, value in params.items() if value is not None}
    if "estimate" in told:
        told["estimate"] = _WORDS[language]["estimate"]
    return text.format_map(_Gaps(told))


def changed_by(code: str, language: str) -> str | None:
    """What would change a decision with this reason, as a sentence; None where nothing but time, or nothing at all, would."""
    return _CHANGES.get(language, _CHANGES["en"]).get(Because(code)) if code in set(Because) else None


def _word(value: Any, language: str) -> str:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return str(value)
    if isinstance(value, date):
        return f"{value.day}.{value.month}.{value.year}" if language == "da" else value.isoformat()
    return _WORDS[language].get(str(value), str(value))


def table() -> str:
    """The list of codes for `docs/reasons.md`."""
    lines = [
        "# Reasons",
        "",
        "Made from code by `autoflows events --write`. Every decision stores codes with parameters; these are their sentences.",
        "",
        "| code | English | Danish |",
        "| --- | --- | --- |",
        *(f"| `{code}` | {_EN[code]} | {_DA[code]} |" for code in Because),
    ]
    return "\n".join(lines) + "\n"
