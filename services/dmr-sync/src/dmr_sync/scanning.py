"""Finds the rows of wanted vehicles in the registry's XML.

Most rows are nobody's, so they are told apart on their bytes: a row is what stands between two row tags, and its VIN and plate are looked
up before anything of it is parsed. That is only done while it is sure: UTF-8, the registry's namespace under one prefix, and no comment,
CDATA or processing instruction. From the first doubt on, everything goes through the parser (`_Parsed`): slower, and always right.
"""

import re
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lxml import etree

from dmr_sync.domain import elements
from dmr_sync.domain.records import Record
from dmr_sync.sources import CHUNK, Broken, Source

MOST_ROW_BYTES = 1 << 20  # a row has some 9 kB
_HEAD_BYTES = 64 << 10  # within so many the first row begins
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?(ESStatistikListe\w*)((?:\s[^<>]*)?)>")
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([\w.-]+)["']""")
_VIN, _PLATE = b"KoeretoejOplysningStelNummer", b"RegistreringNummerNummer"
_OTHER_VIN = re.compile(_VIN + rb"(?!Anbringelse)")  # written as `<ns:KoeretoejOplysningStelNummer note="…">`
_BOM = b"\xef\xbb\xbf"
Text = bytes | None


@dataclass(frozen=True)
class Wanted:
    """The VINs and plates that some dealer has, upper case, in UTF-8."""

    vins: Set[bytes] = frozenset()
    plates: Set[bytes] = frozenset()

    def has(self, vin: Text, plate: Text) -> bool:
        return (vin is not None and vin in self.vins) or (plate is not None and plate in self.plates)


@dataclass
class Count:
    """How far it is: rows seen, how many of them went through the parser, and why the quick way was left."""

    rows: int = 0
    parsed: int = 0
    doubt: str | None = None


class _Doubt(Exception):
    """The bytes alone do not say for sure; what was not handled yet goes through the parser."""

    def __init__(self, why: str, rest: bytes) -> None:
        super().__init__(why)
        self.why, self.rest = why, rest


def scan(source: Source, wanted: Wanted, count: Count | None = None, tick: Callable[[], None] = lambda: None) -> Iterator[Record]:
    """The records of wanted vehicles, row by row, in the order of the file; `tick` is called now and then. Raises Broken when the file
    is not whole, which may come after many rows: nothing of them counts then."""
    count = count if count is not None else Count()
    with ThreadPoolExecutor(1, thread_name_prefix="inflate") as pool:
        chunks = _read_ahead(source, pool)
        head = b""
        try:
            head, rest, quick = _begin(source, chunks)
            yield from quick.rows(len(head), rest, chunks, wanted, count, tick)
        except _Doubt as doubt:
            count.doubt = doubt.why
            yield from _Parsed(source, count).rows(head, doubt.rest, chunks, wanted, tick)
    if count.rows == 0:
        raise Broken(f"{source.path} has no row of a vehicle.")


def _read_ahead(source: Source, pool: ThreadPoolExecutor) -> Iterator[bytes]:
    """Chunk by chunk, the next one inflated while this one is searched."""
    coming = pool.submit(source.read, CHUNK)
    while chunk := coming.result():
        coming = pool.submit(source.read, CHUNK)
        yield chunk


def _begin(source: Source, chunks: Iterator[bytes]) -> tuple[bytes, bytes, "_Quick"]:
    """What stands before the first row, what follows, and how rows look. Raises _Doubt."""
    start = b""
    while len(start) < _HEAD_BYTES and (chunk := next(chunks, None)) is not None:
        start += chunk
    if not start:
        raise Broken(f"{source.path} is empty.")
    plain = start.removeprefix(_BOM)
    declared = _DECLARATION.match(plain)
    encoding = _ENCODING.search(declared[0]) if declared else None
    if encoding is not None and encoding[1].lower() not in (b"utf-8", b"utf8"):
        raise _Doubt(f"it is written in {encoding[1].decode('ascii', 'replace')}", start)
    root = _ROOT.search(plain, declared.end() if declared else 0, _HEAD_BYTES)
    if root is None or plain[declared.end() if declared else 0 : root.start()].strip():
        raise _Doubt("it does not begin with the registry's root", start)
    prefix = (root[1] + b":") if root[1] else b""
    binding = (
        rb"\sxmlns"
        + (b":" + re.escape(root[1]) if root[1] else b"")
        + rb"""\s*=\s*["']"""
        + re.escape(elements.NAMESPACE.encode())
    )
    if re.search(binding + rb"""["']""", root[3]) is None or root[3].count(elements.NAMESPACE.encode()) != 1:
        raise _Doubt("its root does not say by which one prefix the registry's names go", start)
    quick = _Quick(source, root[0], prefix, root[2])
    first = plain.find(quick.begin, root.end())
    if first < 0 or re.fullmatch(rb"\s*(<%sStatistikSamling>)?\s*" % prefix, plain[root.end() : first]) is None:
        raise _Doubt("its first row does not follow at once", start)
    return plain[:first], plain[first:], quick


class _Quick:
    """Rows told apart on their bytes."""

    def __init__(self, source: Source, root: bytes, prefix: bytes, name: bytes) -> None:
        self._source, self._root = source, root
        self.begin, self.end = b"<%sStatistik>" % prefix, b"</%sStatistik>" % prefix
        self._vin, self._plate = b"<%s%s>" % (prefix, _VIN), b"<%s%s>" % (prefix, _PLATE)
        self._close = b"</%s%s>" % (prefix, name)
        self._tail = re.compile(rb"\s*(</%sStatistikSamling>)?\s*" % prefix + re.escape(self._close) + rb"\s*")
        self._parser = hardened()

    def rows(
        self, at: int, buffer: bytes, chunks: Iterator[bytes], wanted: Wanted, count: Count, tick: Callable[[], None]
    ) -> Iterator[Record]:
        """From the first row on, which begins at byte `at`."""
        _check_markup(buffer, buffer)
        while True:
            parts = buffer.split(self.end)
            rest = parts.pop()
            for place, part in enumerate(parts):
                try:
                    row = self._wanted(part, wanted)
                except ValueError as doubt:
                    raise _Doubt(str(doubt), self.end.join([*parts[place:], rest])) from None
                count.rows += 1
                at += len(part) + len(self.end)
                if row:
                    count.parsed += 1
                    yield self._parse(part, count.rows, at)
            tick()
            if len(rest) > MOST_ROW_BYTES:
                raise _Doubt(f"no row ends after byte {at:,}", rest)
            chunk = next(chunks, None)
            if chunk is None:
                break
            buffer = rest + chunk
            _check_markup(chunk, buffer)
        if self._tail.fullmatch(rest) is None:
            raise _Doubt(f"it does not end after its last row, at byte {at:,}", rest)

    def _wanted(self, part: bytes, wanted: Wanted) -> bool:
        """Whether a row is parsed: some dealer has its VIN or plate, or the bytes do not say. Raises ValueError when this is no row."""
        start = part.find(self.begin, 0, 256)
        if start < 0 or (start and not part[:start].isspace()):
            raise ValueError("between two rows there is something else")
        vin, surely_vin = _text(part, self._vin, _VIN + b">", start)
        if vin is None and surely_vin:
            surely_vin = _OTHER_VIN.search(part, start) is None
        plate, surely_plate = _text(part, self._plate, _PLATE, start)
        return not (surely_vin and surely_plate) or wanted.has(vin, plate)

    def _parse(self, part: bytes, row: int, at: int) -> Record:
        try:
            found = etree.fromstring(self._root + part + self.end + self._close, self._parser)
        except etree.XMLSyntaxError as error:
            raise Broken(f"{self._source.path} is broken in row {row:,}, which ends at byte {at:,}: {error.msg}.") from error
        return elements.read(found[0])


def _check_markup(fresh: bytes, buffer: bytes) -> None:
    """A comment, CDATA or processing instruction may hide a row or make one up."""
    if (b"!" in fresh and b"<!" in buffer) or (b"?" in fresh and b"<?" in buffer):
        raise _Doubt("it has a comment, CDATA or an instruction", buffer)


def _text(row: bytes, tag: bytes, name: bytes, start: int) -> tuple[Text, bool]:
    """The text of an element, and whether that is sure: it is not where the name stands there in another way, or with escapes."""
    begin = row.find(name, start)
    if begin < 0:
        return None, True
    begin += len(name) - len(tag) if name[-1:] == b">" else len(name) + 1 - len(tag)
    if not row.startswith(tag, begin):
        return None, False
    begin += len(tag)
    if (end := row.find(b"<", begin)) < 0:
        return None, False
    text = row[begin:end]
    if text.isalnum():
        return text.upper(), True
    return _normal(text), b"&" not in text


def _normal(text: bytes) -> Text:
    return re.sub(r"[\s.\-]", "", text.decode("utf-8", "replace")).upper().encode()


class _Parsed:
    """Rows by the parser, for everything that is not sure on its bytes."""

    def __init__(self, source: Source, count: Count) -> None:
        self._source, self._count = source, count
        self._parser = etree.XMLPullParser(
            events=("end",), tag=elements.ROW, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        self._since = 0  # bytes fed since the last row ended

    def rows(
        self, head: bytes, rest: bytes, chunks: Iterator[bytes], wanted: Wanted, tick: Callable[[], None]
    ) -> Iterator[Record]:
        self._feed(head)
        while rest:
            for begin in range(0, len(rest), 1 << 16):
                self._feed(rest[begin : begin + (1 << 16)])
                yield from self._ended(wanted)
            tick()
            rest = next(chunks, b"")
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from error

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from error
        self._since += len(data)
        if self._since > MOST_ROW_BYTES + (1 << 16):
            raise Broken(
                f"{self._source.path} is broken after row {self._count.rows:,}: more than {MOST_ROW_BYTES:,} bytes without a row."
            )

    def _ended(self, wanted: Wanted) -> Iterator[Record]:
        try:
            for _, element in self._parser.read_events():
                if self._count.rows == 0:
                    self._check_root(element.getroottree())
                yield from self._row(element, wanted)
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from error

    def _check_root(self, tree: etree._ElementTree) -> None:
        if tree.docinfo.doctype:
            raise Broken(f"{self._source.path} has a document type; the registry's has none, so this is refused.")
        name = etree.QName(tree.getroot())
        if name.namespace != elements.NAMESPACE or not name.localname.startswith("ESStatistikListe"):
            raise Broken(f"{self._source.path} is no file of the registry: its root is {name.localname}.")

    def _row(self, element: etree._Element, wanted: Wanted) -> Iterator[Record]:
        self._count.rows += 1
        self._since = 0
        vin, plate = (_normal((element.findtext(path) or "").encode()) for path in (elements.VIN, elements.PLATE))
        if wanted.has(vin, plate):
            self._count.parsed += 1
            yield elements.read(element)
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]

    def _broken(self, error: etree.XMLSyntaxError) -> Broken:
        return Broken(f"{self._source.path} is cut or broken after row {self._count.rows:,}: {error.msg}.")


def hardened() -> "etree.XMLParser[etree._Element]":
    """A parser that resolves no entity, loads nothing, and keeps libxml2's limits on size and depth."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
