"""Why a visit is unclear, in sentences that staff can read."""

from collections.abc import Iterator, Mapping

from reading_engine import SURE_FROM

from classifier.domain.evidence import Found
from classifier.domain.reading import Read
from classifier.domain.sentences import UNLIKELY, WEIGHTS, sentence
from classifier.domain.verdicts import RULE

_SAID: Mapping[str, Mapping[str, str]] = {
    "da": {
        "weak": "Ordene er svage: {}",
        "conflict": "Samme sted taler for og imod: {}",
        "doubtful": "Det er ikke sikkert: {}",
        "faint": "Nogle ord kan betyde noget, men er for svage til at tælle.",
        "long": "Teksten er så lang, at en del af den ikke er læst.",
        "changed": "Teksten er ændret, siden en medarbejder afgjorde, hvad besøget var.",
    },
    "de": {
        "weak": "Die Worte sind schwach: {}",
        "conflict": "Dieselbe Stelle spricht dafür und dagegen: {}",
        "doubtful": "Das ist nicht sicher: {}",
        "faint": "Einige Worte können etwas bedeuten, sind aber zu schwach, um zu zählen.",
        "long": "Der Text ist so lang, dass ein Teil nicht gelesen wurde.",
        "changed": "Der Text wurde geändert, seit jemand entschied, worum es bei dem Besuch ging.",
    },
    "nl": {
        "weak": "De woorden zijn zwak: {}",
        "conflict": "Dezelfde plaats spreekt ervoor en ertegen: {}",
        "doubtful": "Dit is niet zeker: {}",
        "faint": "Sommige woorden kunnen iets betekenen, maar zijn te zwak om te tellen.",
        "long": "De tekst is zo lang dat een deel niet is gelezen.",
        "changed": "De tekst is gewijzigd sinds iemand besliste waar het bezoek over ging.",
    },
    "en": {
        "weak": "The words are weak: {}",
        "conflict": "The same place speaks for it and against it: {}",
        "doubtful": "This is not certain: {}",
        "faint": "Some words may mean something, but are too weak to count.",
        "long": "The text is so long that part of it was not read.",
        "changed": "The text was changed since somebody decided what the visit was about.",
    },
}
LANGUAGES = tuple(_SAID)
_DECIDED: Mapping[str, str] = {
    "da": "{}, fordi en medarbejder har afgjort det.",
    "de": "{}, weil jemand es so entschieden hat.",
    "nl": "{}, omdat iemand dat heeft beslist.",
    "en": "{}, because somebody decided so.",
}


def reasons(read: Read, *, too_long: bool, changed: bool, language: str) -> tuple[str, ...]:
    """Why somebody should look at what the rules read; of several the weightiest first."""
    said = _SAID.get(language, _SAID["en"])
    found = [said["changed"]] if changed else []
    if read.review:
        found += _of_words(read, said, language)
        found += [said["long"]] if too_long else []
    if read.review and not found:
        doubtful = [said["doubtful"].format(sentence(one, language)) for one in read.overruled]
        found = doubtful or [said["faint"]]
    return tuple(dict.fromkeys(found))


def _of_words(read: Read, said: Mapping[str, str], language: str) -> Iterator[str]:
    places = {(one.tag, words.place) for one in read.tags for words in one.evidence}
    for weak in read.tags:
        if weak.strength < SURE_FROM:
            yield said["weak"].format(sentence(weak, language))
        elif any(words.rule == WEIGHTS for words in weak.evidence):
            yield said["doubtful"].format(sentence(weak, language))
    for against in read.overruled:
        if (against.tag, against.words.place) in places:
            yield said["conflict"].format(sentence(against, language))
        elif against.why == UNLIKELY:
            yield said["doubtful"].format(sentence(against, language))


def told(found: Found, language: str) -> str:
    """Why a tag counts: by its words, or because somebody said so."""
    if any(words.rule == RULE for words in found.evidence):
        name = sentence(found, language).split(",")[0]
        return _DECIDED.get(language, _DECIDED["en"]).format(name)
    return sentence(found, language)
