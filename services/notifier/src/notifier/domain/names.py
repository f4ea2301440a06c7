"""How people, cars, plates, numbers and dates are written to a Danish reader."""

import re
from datetime import date

from babel.dates import format_date


def first_name(full_name: str | None, *, business: bool) -> str | None:
    """Whom to greet: a person by the first name, a firm by its whole one, nobody where we know none."""
    name = one_line(full_name)
    if not any(letter.isalpha() for letter in name):
        return None
    if business:
        return name
    name = name.title() if name.isupper() else name
    family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else family).split()
    return words[0] if words and len(words[0].rstrip(".")) > 1 else name


def car_name(make: str | None, model: str | None) -> str | None:
    """Make and model as on a boot lid; registers write them in capitals."""
    return " ".join(_calm(word) for word in one_line(f"{make or ''} {model or ''}").split()) or None


def plate(text: str | None) -> str | None:
    """A Danish plate in its groups (AB 12 345); any other as it is."""
    found = one_line(text).replace(" ", "").upper()
    if re.fullmatch(r"[A-Z]{2}\d{5}", found):
        return f"{found[:2]} {found[2:4]} {found[4:]}"
    return one_line(text) or None


def phone(number: str | None) -> str | None:
    """A Danish number in pairs, without the country; any other as it is."""
    found = one_line(number)
    if re.fullmatch(r"\+45\d{8}", found):
        digits = found[3:]
        return " ".join(digits[i : i + 2] for i in range(0, 8, 2))
    return found or None


def day(when: date | None, *, year: bool = True) -> str | None:
    """10. marts 2026."""
    return format_date(when, "d. MMMM y" if year else "d. MMMM", locale="da_DK") if when else None


def one_line(text: str | None) -> str:
    """No line ends, no control characters, not endless: safe in a subject, a name or an SMS."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text or "")
    return " ".join(clean.split())[:120].strip()


def _calm(word: str) -> str:
    return word.capitalize() if word.isupper() and len(word) > 3 and word.isalpha() else word
