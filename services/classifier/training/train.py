"""Learns the weights of the judge from the labelled orders, and says how well it reads what it has not seen.

    .venv/bin/python services/classifier/training/train.py

The same orders, history and libraries give the same files, byte for byte. It needs the whole history of the repository: each order is read
with the lexicon as it was before that learned from the order.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from classifier.corpus import load
from learning.examples import Editions, NotToLearnFrom, as_of_now, corpora, examples, nonsense, part
from learning.figures import Answer, judged, table
from learning.history import History, HistoryError
from learning.lesson import Lesson
from learning.weights import written

SERVICE = Path(__file__).resolve().parents[1]
CORPUS = SERVICE / "tests" / "corpus"
LEXICONS = SERVICE / "src" / "classifier" / "lexicon"
WEIGHTS = SERVICE / "src" / "classifier" / "weights"


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        history = History(SERVICE)
        editions = Editions(LEXICONS, history)
        paths = [*corpora(CORPUS), *asked.more]
        everything = list(examples(paths, history, editions))
    except (HistoryError, NotToLearnFrom) as error:
        print(error, file=sys.stderr)
        return 1
    left_out = sum(1 for path in paths for _ in load(path)) - len(everything)
    print(
        f"{len(everything)} orders, read with {len(editions)} versions of the lexicons; {left_out} came with the first ones.",
        flush=True,
    )
    kept_out = [one for one in everything if part(one.file) in asked.without]
    to_learn = [one for one in everything if part(one.file) not in asked.without]
    languages = sorted({one.language for one in to_learn})
    to_learn += [one for language in languages for one in nonsense(language, editions)]
    lesson = Lesson.of(to_learn, lambda said: print(said, flush=True))
    _show("Learned from the other folds", [one for orders, learned in lesson.by_fold() for one in judged(orders, learned)])
    print("\nLearning from all ...", flush=True)
    learned = lesson.learned()
    asked.write.mkdir(parents=True, exist_ok=True)
    for name, told in {"network": learned.network.told(), **learned.weights}.items():
        path = asked.write / f"{name}.json"
        path.write_text(written(told), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    _show("Kept out", list(judged(kept_out, learned)))
    _show("With the last lexicon", [one for path in asked.report for one in judged(as_of_now(path, editions), learned)])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--more", type=Path, nargs="+", default=[], metavar="FILE", help="learn from these, too: <language>_<part>.jsonl"
    )
    parser.add_argument(
        "--without", nargs="+", default=[], metavar="PART", help="do not learn from parts (fifth); say how they are read"
    )
    parser.add_argument(
        "--report", type=Path, nargs="+", default=[], metavar="FILE", help="say how these are read with the last lexicon"
    )
    parser.add_argument(
        "--write", type=Path, default=WEIGHTS, metavar="FOLDER", help="where the weights go (default: the service's)"
    )
    return parser


def _show(title: str, answers: Sequence[Answer]) -> None:
    if answers:
        print("", f"{title}:", *table(answers), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
