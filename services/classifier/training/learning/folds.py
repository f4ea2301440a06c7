"""Which orders are weighed together, by what was learned from the others."""

import zlib
from collections import Counter
from collections.abc import Sequence

from learning.examples import Example, part

FOLDS = 3
ONE_BY_ONE = "phrases"  # short texts that have nothing in common but the file


def folds(examples: Sequence[Example]) -> list[int]:
    """The fold of each order. A file is in one, as one hand wrote it; the files of a language are spread over all, the biggest first."""
    sizes = Counter((one.language, one.file) for one in examples if part(one.file) != ONE_BY_ONE)
    filled = Counter[tuple[str, int]]()
    fold_of = dict[str, int]()
    for (language, file), size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        fold_of[file] = min(range(FOLDS), key=lambda fold: filled[language, fold])
        filled[language, fold_of[file]] += size
    return [fold_of[one.file] if one.file in fold_of else zlib.crc32(one.name.encode()) % FOLDS for one in examples]
