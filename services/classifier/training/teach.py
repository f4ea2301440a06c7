"""Teaches counsel, the larger reader that is asked where the network is in doubt, on the labelled orders.

    .tools/bin/uv pip install --python .venv/bin/python -r services/classifier/training/counsel.txt
    .venv/bin/python services/classifier/training/teach.py

It takes more than an hour on two cores and writes `weights/counsel.bin`; `train.py` goes without it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from train import CORPUS, LEXICONS, SERVICE, WEIGHTS

from learning.examples import Editions, NotToLearnFrom, corpora, examples, nonsense
from learning.history import History, HistoryError
from learning.pretrained import NotPretrained, pretrained


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, default=WEIGHTS / "counsel.bin", metavar="FILE", help="where it goes")
    asked = parser.parse_args(arguments)
    try:
        before = pretrained()
        history = History(SERVICE)
        editions = Editions(LEXICONS, history)
        everything = list(examples(corpora(CORPUS), history, editions))
    except (HistoryError, NotPretrained, NotToLearnFrom) as error:
        print(error, file=sys.stderr)
        return 1
    everything += [one for language in sorted({one.language for one in everything}) for one in nonsense(language, editions)]
    print(f"{len(everything)} orders.", flush=True)
    from learning.counsel import learned  # needs PyTorch, which is there where what was learned before is

    asked.write.write_bytes(learned(everything, before, lambda said: print(said, flush=True)))
    print(f"{asked.write.name}: {asked.write.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
