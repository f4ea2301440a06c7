"""Numbers that name or measure the vehicle, read from the passages of an order."""

import re

from classifier.domain.text import Joined


def odometer(joined: Joined) -> int | None:
    for passage in joined.passages:
        m = re.search(r"(?i)\bkm[- ]?(?:stand|tæller)?\s*[:.]?\s*(\d{1,3}(?:[. ]\d{3})|\d{3,6})\b", passage.text)
        if m:
            return int(re.sub(r"\D", "", m[1]))
    return None
