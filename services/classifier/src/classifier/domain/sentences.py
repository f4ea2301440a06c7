"""Evidence as a sentence that staff can read."""

from collections.abc import Mapping
from dataclasses import dataclass

from classifier.domain.evidence import Found, Overruled, Words

WEIGHTS = "weights"  # the rule of evidence that was weighed, not found by a rule,
UNLIKELY = "unlikely"  # and why what a rule found was dropped


@dataclass(frozen=True)
class _Saying:
    """How a language says it."""

    read: str
    not_read: str
    joined: str
    quoted: str
    weighed: str  # what is added where no rule told, but weights


_SAYING: Mapping[str, _Saying] = {
    "da": _Saying(
        "{tag}, fordi {told}.",
        "Ikke {lower}: {words}, men {why} ({because}).",
        " og ",
        "{place} siger »{words}«",
        ", at dømme efter andre ordrer",
    ),
    "de": _Saying(
        "{tag}, denn {told}.",
        "Nicht {tag}: {words}, aber {why} ({because}).",
        " und ",
        "in {place} steht „{words}“",
        ", nach anderen Aufträgen zu urteilen",
    ),
    "en": _Saying(
        "{tag}, because {told}.",
        "No {lower}: {words}, but {why} ({because}).",
        " and ",
        "{place} says “{words}”",
        ", judging by other orders",
    ),
    "nl": _Saying(
        "{tag}, want {told}.",
        "Geen {lower}: {words}, maar {why} ({because}).",
        " en ",
        "{place} zegt ‘{words}’",
        ", te oordelen naar andere orders",
    ),
}
_PLACES = {
    "da": {"line": "linje", "remarks": "bemærkningerne", "text": "teksten", "date": "datoen"},
    "de": {"line": "Zeile", "remarks": "der Bemerkung", "text": "dem Text", "date": "dem Datum"},
    "en": {"line": "line", "remarks": "the remarks", "text": "the text", "date": "the date"},
    "nl": {"line": "regel", "remarks": "de opmerking", "text": "de tekst", "date": "de datum"},
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
        "mentioned": "det nævnes kun i bemærkningerne",
        "unlikely": "det er usandsynligt i denne sammenhæng",
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
        "mentioned": "es wird in den Bemerkungen nur erwähnt",
        "unlikely": "es ist in diesem Zusammenhang unwahrscheinlich",
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
        "mentioned": "it is only mentioned in the remarks",
        "unlikely": "it is unlikely in this context",
        "other": "the words mean something else here",
    },
    "nl": {
        "not_done": "dat is niet gedaan",
        "refused": "dat wilde de klant niet",
        "recommended": "dat is alleen geadviseerd",
        "later": "dat komt later",
        "quoted": "dat was een offerte",
        "elsewhere": "dat is elders gedaan",
        "earlier": "dat was vóór dit bezoek",
        "asked": "daar is alleen naar gevraagd",
        "credited": "dat is gecrediteerd",
        "cancelled": "dat is geannuleerd",
        "checked": "dat is alleen nagekeken",
        "sold": "dat is alleen verkocht",
        "mentioned": "het wordt in de opmerkingen alleen genoemd",
        "unlikely": "het is in dit verband onwaarschijnlijk",
        "other": "de woorden betekenen hier iets anders",
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
    "nl": {
        "service": "Onderhoudsbeurt",
        "inspection_check": "Voorcontrole APK/keuring",
        "official_inspection": "APK/keuring",
        "wheel_change_winter": "Wielwissel naar winter",
        "wheel_change_summer": "Wielwissel naar zomer",
        "wheel_change": "Wielwissel",
        "tyre_hotel": "Bandenopslag",
        "timing_belt": "Distributieriem",
        "underbody_treatment": "Bodembehandeling",
        "body_inspection": "Carrosserie-inspectie",
        "tyre_sale": "Banden verkocht",
        "brakes": "Remmen",
        "battery": "Accu",
        "air_conditioning": "Airco",
        "bodywork": "Schade, lak en ruiten",
        "diagnosis": "Diagnose",
        "accessory": "Accessoires",
        "warranty_work": "Garantiewerk",
        "recall": "Terugroepactie",
        "other_repair": "Andere reparatie",
    },
}


def sentence(evidence: Found | Overruled, language: str = "da") -> str:
    """Why a tag was read, or why it was not: "Service, fordi linje 1 siger »Serviceeftersyn 60.000 km«"."""
    language = language if language in _SAYING else "en"
    saying, tag = _SAYING[language], _TAGS[language].get(evidence.tag, evidence.tag)
    if isinstance(evidence, Overruled):
        why = _WHY[language].get(evidence.why, evidence.why)
        words, because = _quoted(evidence.words, language), _quoted(evidence.because, language)
        return saying.not_read.format(tag=tag, lower=tag.lower(), words=words, why=why, because=because)
    told = saying.joined.join(_quoted(words, language) for words in evidence.evidence[:3])
    return saying.read.format(tag=tag, told=told)


def _quoted(words: Words, language: str) -> str:
    name, _, number = words.place.partition(" ")
    place = " ".join(filter(None, (_PLACES[language].get(name, name), number)))
    quoted = _SAYING[language].quoted.format(place=place, words=words.words)
    return quoted + _SAYING[language].weighed if words.rule == WEIGHTS else quoted
