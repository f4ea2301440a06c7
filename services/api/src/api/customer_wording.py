"""The Danish words of customers' pages: what is asked of each type of work, why one may say no, and what is said to an answer."""

from common.events.words import Answer, NoReason

WORK = {
    "service": "service",
    "service_mileage": "service",
    "service_winback": "service",
    "inspection_check": "synstjek",
    "wheel_winter": "skift til vinterhjul",
    "wheel_summer": "skift til sommerhjul",
    "timing_belt": "skift af tandrem",
    "underbody": "undervognsbehandling",
    "body_inspection": "karrosserieftersyn",
}
_INTRO = {
    "service_mileage": "Efter kørslen at dømme er det tid til service på din {car}.",
    "service_winback": "Det er et stykke tid siden, vi har haft din {car} til service. Er det tid igen?",
    "inspection_check": "Skal vi lave et synstjek på din {car}, før den skal til syn?",
    "wheel_winter": "Det er tid til at skifte til vinterhjul på din {car}.",
    "wheel_summer": "Det er tid til at skifte til sommerhjul på din {car}.",
    "timing_belt": "Det er tid til at få skiftet tandremmen i din {car}.",
    "underbody": "Det er tid til undervognsbehandling af din {car}.",
    "body_inspection": "Det er tid til karrosserieftersyn af din {car}.",
}
_DONE_ELSEWHERE = {
    "inspection_check": "Bilen er tjekket eller synet et andet sted",
    "wheel_winter": "Hjulene er allerede skiftet",
    "wheel_summer": "Hjulene er allerede skiftet",
}
ALREADY = {
    "call_me": "Du har bedt os ringe til dig.",
    "no": "Du har svaret nej tak.",
    "booked": "Du har bestilt tid.",
    "unsubscribe": "Du er afmeldt.",
    "booking_started": "Du var på vej til at bestille tid.",
}
LEAD_REASONS = (
    (NoReason.SOLD, "Bilen er solgt"),
    (NoReason.DONE_ELSEWHERE, "Jeg har fundet en anden løsning"),
    (NoReason.PRICE, "Prisen"),
    (NoReason.NOT_NOW, "Ikke lige nu"),
    (NoReason.OTHER, "Noget andet"),
)
_THANKS = {
    Answer.CALL_ME: ("Tak – vi ringer til dig", "Vi ringer{about} på det nummer, vi har til dig, inden for åbningstiden."),
    Answer.NO: ("Tak for svaret", "Vi minder dig ikke om {it} igen i denne omgang."),
    Answer.UNSUBSCRIBE: ("Du er afmeldt", "Du får ikke flere indkaldelser fra os, hverken på e-mail eller sms."),
    Answer.BOOKING_STARTED: ("Bestil tid", "Ring til værkstedet for at bestille tid{to}."),
}


def car(make_and_model: str, plate: str | None) -> str:
    """How a car is called after "din"."""
    name = make_and_model or "bil"
    return f"{name} ({plate})" if plate else name


def intro(kind: str, name: str) -> str:
    """What the page asks; of a type that is not known here just for a visit."""
    other = "Det er tid til service på din {car}." if kind in WORK else "Det er tid til et værkstedsbesøg med din {car}."
    return _INTRO.get(kind, other).format(car=name)


def reasons(kind: str) -> tuple[tuple[NoReason, str], ...]:
    """Why one may say no to work of that type."""
    return (
        (NoReason.SOLD, "Bilen er solgt"),
        (NoReason.OTHER_WORKSHOP, "Jeg bruger et andet værksted"),
        (NoReason.PRICE, "Prisen"),
        (NoReason.DONE_ELSEWHERE, _DONE_ELSEWHERE.get(kind, "Det er lavet et andet sted")),
        (NoReason.NOT_NOW, "Ikke lige nu"),
        (NoReason.OTHER, "Noget andet"),
    )


def thanks(said: Answer, kind: str) -> tuple[str, str]:
    """Title and text after an answer, by the name of the work where it has one."""
    title, text = _THANKS[said]
    work = WORK.get(kind)
    return title, text.format(about=f" om {work}" if work else "", it=work or "det", to=f" til {work}" if work else "")
