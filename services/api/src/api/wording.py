"""The Danish words of the dealer's pages, until the dashboard brings its languages."""

MENU = (
    ("/pending", "Afventer"), ("/follow-up", "Opfølgning"), ("/calls", "Ring op"), ("/booked", "Booket"), ("/no", "Nej"),
    ("/leads", "Leads"),    ("/messages", "Mails"),
)  # fmt: skip
LEADS = {
    "/pending": "Indkaldelser, der sendes inden for en uge. Grå rækker er blokeret; grunden står ved dem.",
    "/follow-up": "Kunder, der er indkaldt og endnu ikke har svaret.",
    "/calls": "Kunder, der har bedt om at blive ringet op. Ring, og notér resultatet.",
    "/booked": "Kunder, der har bestilt tid. Ubekræftede gik til bookingsiden uden at vi har hørt om en tid.",
    "/no": "Kunder, der har svaret nej, med deres grund.",
    "/leads": "Kunder, der kan have brug for en ny aftale eller en ny bil. De får en mail; I ringer til dem, der vil ringes op.",
    "/messages": "Beskeder, som de er sendt.",
}
EMPTY = {
    "/pending": "Ingen indkaldelser den næste uge. De kommer, når en bil nærmer sig sin service.",
    "/follow-up": "Ingen at følge op på lige nu.",
    "/calls": "Ingen venter på et opkald.",
    "/booked": "Ingen har bestilt tid endnu.",
    "/no": "Ingen har svaret nej.",
    "/leads": "Ingen leads lige nu.",
    "/messages": "Der er ikke sendt beskeder endnu.",
}
VIEWS = (
    ("/follow-up?view=call_now", "Ring nu"),
    ("/follow-up?view=awaiting", "Afventer påmindelse"),
    ("/follow-up?view=all", "Alle indkaldte"),
)
LEAD_VIEWS = (
    ("coming", "Kommende"), ("sent", "Sendt"), ("answered", "Besvaret"), ("follow-up", "Opfølgning"), ("call", "Ring op"),
)  # fmt: skip
LEAD_EMPTY = {
    "coming": "Ingen leads de næste 60 dage.",
    "sent": "Der er ikke sendt mails til leads endnu.",
    "answered": "Ingen har svaret endnu.",
    "follow-up": "Ingen at følge op på lige nu.",
    "call": "Ingen venter på et opkald.",
}
LEAD_TYPES = {
    "contract_expiry": "Serviceaftale udløber", "contract_new_car": "Ny bil uden serviceaftale", "lease_expiry": "Leasing udløber",
    "warranty_expiry": "Garanti udløber", "visit": "Besøg",
}  # fmt: skip
OUTCOMES = {
    "booked": "bestilt", "answered_no": "nej", "call_me": "ring op", "visited": "har været her", "missed": "for sent",
    "no_reaction": "intet svar", "suppressed": "afmeldt", "excluded": "taget fra", "owner_changed": "ny ejer",
    "superseded": "erstattet", "vehicle_gone": "bilen er væk", "held_out": "kontrolgruppe", "erased": "slettet",
}  # fmt: skip
NO_REASONS = {
    "sold": "bilen er solgt", "other_workshop": "andet værksted", "price": "prisen", "done_elsewhere": "lavet andetsteds",
    "not_now": "ikke nu", "other": "andet",
}  # fmt: skip
STATES = {
    "due": "venter", "claimed": "på vej", "accepted": "sendt", "delivered": "leveret", "refused": "afvist",
    "unknown": "uvist", "bounced": "kom retur", "withdrawn": "trukket tilbage", "failed": "fejlede",
    "superseded": "erstattet af en anden", "opened": "åbnet", "clicked": "klik",
    "window": "venter på åbningstid", "sender_incomplete": "venter: værkstedets navn, adresse eller CVR mangler",
    "dealer_unknown": "venter på værkstedets oplysninger", "customer_unknown": "venter på kundens oplysninger",
    "no_text": "venter: der er ingen tekst", "cannot_be_written": "venter: kan ikke skrives", "not_caught_up": "venter på nyt",
    "provider_away": "venter: udbyderen svarer ikke", "refused_for_now": "venter: udbyderen tager ikke imod lige nu",
}  # fmt: skip
FACTS = {
    "orders": "ordrer", "open_orders": "åbne ordrer", "appointments": "aftaler", "next_service_date": "næste servicedato",
}  # fmt: skip
CHANNELS = {"email": "e-mail", "sms": "SMS"}
PROBLEMS = {
    401: ("Log ind først", "Du er ikke logget ind, eller der er gået for lang tid."),
    403: ("Det må du ikke", "Din bruger må se, men ikke ændre dette, eller siden er for gammel. Hent den igen, og prøv igen."),
    404: ("Findes ikke", "Det, du ledte efter, findes ikke, eller det er ikke dit."),
    409: ("Det kan ikke lade sig gøre længere", "Noget har ændret sig imens. Hent siden igen."),
    429: ("Vent lidt", "Der er gjort for mange forsøg. Vent lidt, og prøv igen."),
    503: ("Prøv igen om lidt", "Noget svarer ikke lige nu. Prøv igen om lidt."),
}
NOT_UNDERSTOOD = ("Det kunne ikke læses", "Der var noget galt i det, der blev sendt. Gå tilbage, og prøv igen.")
