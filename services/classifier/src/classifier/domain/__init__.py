"""What an order was about: pure functions from its text and a lexicon to tags with evidence."""

from classifier.domain.dealers import Reader, unfindable
from classifier.domain.evidence import Found, Overruled, Words
from classifier.domain.lexicon import Lexicon, LexiconError, parse_lexicon
from classifier.domain.matching import Matcher
from classifier.domain.orders import Line, Order
from classifier.domain.own import NOTHING, DealerLexicon
from classifier.domain.reading import Read, read
from classifier.domain.sentences import sentence

__all__ = [
    "NOTHING", "DealerLexicon", "Found", "Lexicon", "LexiconError", "Line", "Matcher", "Order", "Overruled", "Read", "Reader", "Words",
    "parse_lexicon", "read", "sentence", "unfindable",
]  # fmt: skip
