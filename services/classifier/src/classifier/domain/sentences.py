"""Evidence as a sentence that staff can read."""

from collections.abc import Mapping

from classifier.domain.reading import Found, Overruled, Words

_PLACES = {
    "da": {"line": "linje", "remarks": "bemærkningerne", "text": "teksten", "date": "datoen"},
    "de": {"line": "Zeile", "remarks": "die Bemerkung", "text": "der Text", "date": "das Datum"},
    "en": {"line": "line", "remarks": "the remarks", "text": "the text", "date": "the date"},
}
_WHY: Mapping[str, Mapping[str, str]] = {
    "da": {
        "not_done": "det blev ikke udført",
        "refused": "kunden ønskede det ikke",
        "recommended": "det blev kun anbefalet",
        "later": "det skal først ske senere",
        "quoted": "det var et tilbud",
        "elsewhere": "det blev udført et andet sted",
        "earlier": "det skete før dette besøg",
        "asked": "der blev kun spurgt til det",
        "credited": "det blev krediteret",
        "cancelled": "det blev aflyst",
        "checked": "det blev kun kontrolleret",
        "sold": "det blev kun solgt",
        "other": "ordene betyder noget andet her",
    },
    "de": {
        "not_done": "es wurde nicht gemacht",
        "refused": "der Kunde wollte es nicht",
        "recommended": "es wurde nur empfohlen",
        "later": "es soll erst später gemacht werden",
        "quoted": "es war nur ein Angebot",
        "elsewhere": "es wurde woanders gemacht",
        "earlier": "es war vor diesem Besuch",
        "asked": "es wurde nur danach gefragt",
        "credited": "es wurde gutgeschrieben",
        "cancelled": "es wurde abgesagt",
        "checked": "es wurde nur geprüft",
        "sold": "es wurde nur verkauft",
        "other": "die Worte bedeuten hier etwas anderes",
    },
    "en": {
        "not_done": "it was not done",
        "refused": "the customer did not want it",
        "recommended": "it was only recommended",
        "later": "it is for later",
        "quoted": "it was a quote",
        "elsewhere": "it was done elsewhere",
        "earlier": "it was before this visit",
        "asked": "it was only asked about",
        "credited": "it was credited",
        "cancelled": "it was cancelled",
        "checked": "it was only checked",
        "sold": "it was only sold",
        "other": "the words mean something else here",
    },
}
_TAGS: Mapping[str, Mapping[str, str]] = {
    "da": {
        "service": "Service",
        "inspection_check": "Synstjek",
        "official_inspection": "Syn",
        "tyre_hotel": "Dækhotel",
        "wheel_change_winter": "Hjulskift til vinter",
        "wheel_change_summer": "Hjulskift til sommer",
        "wheel_change": "Hjulskift",
        "timing_belt": "Tandrem",
        "underbody_treatment": "Undervognsbehandling",
        "body_inspection": "Karrosserieftersyn",
        "tyre_sale": "Salg af dæk",
        "brakes": "Bremser",
        "battery": "Batteri",
        "air_conditioning": "Klimaanlæg",
        "bodywork": "Karrosseri og rude",
        "diagnosis": "Fejlsøgning",
        "accessory": "Udstyr",
        "warranty_work": "Garantiarbejde",
        "recall": "Tilbagekaldelse",
        "other_repair": "Anden reparation",
    },
    "de": {
        "service": "Inspektion",
        "inspection_check": "HU-Vorabcheck",
        "official_inspection": "Hauptuntersuchung",
        "wheel_change_winter": "Räderwechsel auf Winter",
        "wheel_change_summer": "Räderwechsel auf Sommer",
        "wheel_change": "Räderwechsel",
        "tyre_hotel": "Reifeneinlagerung",
        "timing_belt": "Zahnriemen",
        "underbody_treatment": "Unterbodenschutz",
        "body_inspection": "Karosseriekontrolle",
        "tyre_sale": "Reifenverkauf",
        "brakes": "Bremsen",
        "battery": "Batterie",
        "air_conditioning": "Klimaanlage",
        "bodywork": "Karosserie und Glas",
        "diagnosis": "Fehlersuche",
        "accessory": "Zubehör",
        "warranty_work": "Garantiearbeit",
        "recall": "Rückruf",
        "other_repair": "Sonstige Reparatur",
    },
    "en": {
        "service": "Service",
        "inspection_check": "Inspection check",
        "official_inspection": "Official inspection",
        "wheel_change_winter": "Wheel change to winter",
        "wheel_change_summer": "Wheel change to summer",
        "wheel_change": "Wheel change",
        "tyre_hotel": "Tyre hotel",
        "timing_belt": "Timing belt",
        "underbody_treatment": "Underbody treatment",
        "body_inspection": "Body inspection",
        "tyre_sale": "Tyre sale",
        "brakes": "Brakes",
        "battery": "Battery",
        "air_conditioning": "Air conditioning",
        "bodywork": "Bodywork",
        "diagnosis": "Diagnosis",
        "accessory": "Accessory",
        "warranty_work": "Warranty work",
        "recall": "Recall",
        "other_repair": "Other repair",
    },
}


def sentence(evidence: Found | Overruled, language: str = "da") -> str:
    """Why a tag was read, or why it was not: "Service, fordi linje 1 siger »Serviceeftersyn 60.000 km«"."""
    language = language if language in _WHY else "en"
    tag = _TAGS[language].get(evidence.tag, evidence.tag)
    if isinstance(evidence, Overruled):
        why = _WHY[language].get(evidence.why, evidence.why)
        words, because = _quoted(evidence.words, language), _quoted(evidence.because, language)
        lead = f"Ikke {tag.lower()}" if language == "da" else f"No {tag.lower()}"
        return f"{lead}: {words}, {'men' if language == 'da' else 'but'} {why} ({because})."
    told = f" {'og' if language == 'da' else 'and'} ".join(_quoted(words, language) for words in evidence.evidence[:3])
    return f"{tag}, {'fordi' if language == 'da' else 'because'} {told}."


def _quoted(words: Words, language: str) -> str:
    name, _, number = words.place.partition(" ")
    place = " ".join(filter(None, (_PLACES[language].get(name, name), number)))
    if language == "da":
        return f"{place} siger »{words.words}«"
    return f"{place} says “{words.words}”"
