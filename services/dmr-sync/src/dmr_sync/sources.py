"""A registry's file as a stream of XML: a plain file, or the single entry of a zip. It may have gigabytes and is never held whole."""

import re
import zipfile
import zlib
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import IO

from common.errors import DomainError

CHUNK = 1 << 20
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?!\d)")


class Broken(DomainError):
    """The file cannot be read to its end; the message says what is wrong and where. Nothing of it counts."""

    code = "broken_file"


class Source(AbstractContextManager["Source"]):
    """An open file. `total` is the size of its XML in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = 0  # bytes of XML read
        self._zip: zipfile.ZipFile | None = None
        try:
            self._file, self.total = self._open()
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            self.close()
            raise Broken(f"{path} cannot be opened: {_said(error)}.") from error

    def _open(self) -> tuple[IO[bytes], int]:
        if not zipfile.is_zipfile(self.path):
            file = self.path.open("rb")
            if file.read(4) == b"PK\x03\x04":
                file.close()
                raise zipfile.BadZipFile("it begins as a zip and its end is missing: it was cut")
            file.seek(0)
            return file, self.path.stat().st_size
        self._zip = zipfile.ZipFile(self.path)
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if len(entries) != 1:
            raise zipfile.BadZipFile(f"a zip of the registry has one entry, this one has {len(entries)}")
        return self._zip.open(entries[0]), entries[0].file_size

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes; none at the end. Raises Broken."""
        try:
            chunk = self._file.read(size)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise Broken(f"{self.path} is broken after {self.at:,} bytes of XML: {_said(error)}.") from error
        self.at += len(chunk)
        return chunk

    def close(self) -> None:
        for each in (getattr(self, "_file", None), self._zip):
            if each is not None:
                each.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def day_of(path: Path) -> date | None:
    """The day in a file's name (`ESStatistikListeModtag-20261122-193000.zip`); None where it has none."""
    for year, month, day in _DAY_IN_NAME.findall(path.name):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def _said(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
