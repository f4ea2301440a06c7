"""The reading of a file in a process of its own, so that hours of it keep no other work waiting: what it finds goes to standard output,
one line of JSON each. `reading.py` starts it."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from common.errors import DomainError
from dmr_sync.scanning import Count, Wanted, scan
from dmr_sync.sources import Source

_TELL_SECONDS = 0.5
SWITCH_SECONDS = 0.0005  # so that the thread that inflates does not wait for the one that searches


def main(path: str, wanted: str) -> None:
    """Scan `path` for what the file `wanted` lists. Lines: {"row": …}, {"at": bytes, "of": bytes, "rows": n}, {"end": …}, {"error": …}."""
    os.nice(10)
    sys.setswitchinterval(SWITCH_SECONDS)
    count = Count()
    told_at = time.monotonic()

    def tell(**line: Any) -> None:
        sys.stdout.write(json.dumps(line) + "\n")

    try:
        with Source(Path(path)) as source:

            def tick() -> None:
                nonlocal told_at
                if (now := time.monotonic()) - told_at >= _TELL_SECONDS:
                    told_at = now
                    tell(at=source.at, of=source.total, rows=count.rows)
                    sys.stdout.flush()

            tick()
            for record in scan(source, read_wanted(Path(wanted)), count, tick):
                sys.stdout.write(f'{{"row":{record.model_dump_json(exclude_defaults=True)}}}\n')
            tell(end=True, bytes=source.at, rows=count.rows, parsed=count.parsed, doubt=count.doubt)
    except DomainError as error:
        tell(error=str(error))


def read_wanted(path: Path) -> Wanted:
    """What `write_wanted` wrote: one VIN (`V…`) or plate (`P…`) a line."""
    vins: set[bytes] = set()
    plates: set[bytes] = set()
    with path.open("rb") as file:
        for line in file:
            (vins if line[:1] == b"V" else plates).add(line[1:].rstrip(b"\n"))
    return Wanted(vins, plates)


if __name__ == "__main__":
    main(*sys.argv[1:3])
