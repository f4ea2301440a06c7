"""Wanted rows are found in any file that XML allows, the quick way where it is sure; a broken one is refused with the place."""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmr_sync import scanning
from dmr_sync.domain.records import Record
from dmr_sync.scanning import Count, Wanted, scan
from dmr_sync.sources import Broken, Source, day_of

VIN, OTHER = "TMBJJ7NE0K0000001", "TMBJJ7NE0K0000002"
SHARED = Path(__file__).parents[4] / "shared" / "fixtures" / "dmr"


def wanted(*names: str) -> Wanted:
    return Wanted({name.encode() for name in names}, {name.encode() for name in names})


def read(path: Path, *names: str) -> tuple[list[Record], Count]:
    count = Count()
    with Source(path) as source:
        return list(scan(source, wanted(*names), count)), count


@pytest.mark.parametrize("name", ["dump-20261122.xml", "dump-20261122.zip"])
@pytest.mark.parametrize("prefix", ["ns", "dmr", ""])
@pytest.mark.parametrize("root", ["ESStatistikListeModtag_I", "ESStatistikListeHent_O"])
def test_rows_are_found_by_vin_or_plate_whatever_the_prefix(name, prefix, root, row, document, write) -> None:
    colon = f"{prefix}:" if prefix else ""
    rows = [
        row(VIN, "AB12345", prefix=colon),
        row(OTHER, "CD23456", ident=2, prefix=colon),
        row(None, None, ident=3, prefix=colon),
    ]
    path = write(document(*rows, prefix=prefix, root=root), name)
    for names, found in (((VIN,), [VIN]), (("CD23456",), [OTHER]), ((VIN, "CD23456"), [VIN, OTHER]), (("EF34567",), [])):
        records, count = read(path, *names)
        assert [record.vin for record in records] == found
        assert (count.rows, count.parsed, count.doubt) == (3, len(found), None)


DOUBTS = {
    "a comment": {"inside": "<!-- <ns:RegistreringNummerNummer>ZZ99999</ns:RegistreringNummerNummer> -->"},
    "CDATA": {"inside": "<ns:Note><![CDATA[</ns:Statistik><ns:Statistik>]]></ns:Note>"},
    "an instruction": {"inside": "<?note </ns:Statistik>?>"},
}


@pytest.mark.parametrize("what", DOUBTS)
def test_what_may_hide_or_make_up_a_row_goes_through_the_parser(what: str, row, document, write) -> None:
    path = write(document(row(OTHER, "CD23456", ident=2), row(VIN, "AB12345", **DOUBTS[what]), row(OTHER, "EF34567", ident=3)))
    records, count = read(path, VIN, "ZZ99999")
    assert [(record.vin, record.plate) for record in records] == [(VIN, "AB12345")]
    assert count.rows == 3
    assert count.doubt == "it has a comment, CDATA or an instruction"


def test_a_doubt_far_into_the_file_finds_every_row_once(row, document, write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "CHUNK", 4096)
    monkeypatch.setattr(scanning, "_HEAD_BYTES", 1024)
    rows = [row(f"TMBJJ7NE0K{n:07}", None, ident=n, inside="<!-- late -->" if n == 70 else "") for n in range(1, 100)]
    path = write(document(*rows))
    records, count = read(path, *(f"TMBJJ7NE0K{n:07}" for n in range(1, 100)))
    assert [record.ident for record in records] == [str(n) for n in range(1, 100)]
    assert count.rows == 99
    assert count.doubt is not None


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_another_encoding_goes_through_the_parser(encoding: str, row, document, write) -> None:
    records, count = read(write(document(row(VIN, "ØK12345"), row(OTHER, None, ident=2), encoding=encoding)), "ØK12345")
    assert [record.plate for record in records] == ["ØK12345"]
    assert count.doubt is not None


def test_a_byte_order_mark_and_lower_case_names_are_no_trouble(row, document, write) -> None:
    records, count = read(write(b"\xef\xbb\xbf" + document(row(f" {VIN.lower()} ", "ab 12 345"))), VIN)
    assert [(record.vin, record.plate) for record in records] == [(VIN, "AB12345")]
    assert count.doubt is None


@pytest.mark.parametrize(
    "vin",
    [
        f'<ns:KoeretoejOplysningStelNummer note="x">{VIN}</ns:KoeretoejOplysningStelNummer>',
        f"<ns:KoeretoejOplysningStelNummer >{VIN}</ns:KoeretoejOplysningStelNummer>",
    ],
)
def test_a_name_written_in_another_way_is_parsed_to_be_sure(vin: str, row, document, write) -> None:
    text = row(VIN, None).replace(f"<ns:KoeretoejOplysningStelNummer>{VIN}</ns:KoeretoejOplysningStelNummer>", vin)
    records, count = read(write(document(text)), VIN)
    assert [record.vin for record in records] == [VIN]
    assert (count.parsed, count.doubt) == (1, None)


def test_an_escaped_letter_is_parsed_to_be_sure(row, document, write) -> None:
    records, _ = read(write(document(row("&#84;MBJJ7NE0K0000001", None))), VIN)
    assert [record.vin for record in records] == [VIN]


def test_a_namespace_of_its_own_within_a_row_is_understood(row, document, write) -> None:
    text = row(VIN, prefix="q:").replace("<q:Statistik>", '<q:Statistik xmlns:q="http://skat.dk/dmr/2007/05/31/">')
    for rows in ([row(OTHER, "CD23456", ident=2), text], [text, row(OTHER, "CD23456", ident=2)]):
        records, count = read(write(document(*rows)), VIN)
        assert [record.vin for record in records] == [VIN]
        assert count.rows == 2
        assert count.doubt is not None


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("head", [BOMB, '<!DOCTYPE r SYSTEM "file:///etc/hostname">'])
def test_a_document_type_is_refused(head: str, row, document, write) -> None:
    with pytest.raises(Broken, match="document type"):
        read(write(document(row(VIN), head=head)), VIN)


BROKEN = {
    "empty": (lambda text: b"", "is empty"),
    "no rows": (lambda text: text[: text.index(b"<ns:Statistik>")] + text[text.rindex(b"</ns:Statistik>") + 15 :], "no row"),
    "the end is missing": (lambda text: text[:-50], "cut or broken after row 2"),
    "cut within a row": (lambda text: text[: text.rindex(b"KoeretoejArtNavn")], "cut or broken after row 1"),
    "a tag is never closed": (lambda text: text.replace(b"</ns:KoeretoejArtNavn>", b"", 1), "broken in row 1"),
    "more follows": (lambda text: text + b"<more/>", "cut or broken after row 2"),
    "not the registry": (lambda text: text.replace(b"skat.dk", b"else.dk"), "no row|no file of the registry"),
    "no XML": (lambda text: b"kind;plate\nPersonbil;AB12345\n", "broken"),
    "a row without end": (lambda text: text.replace(b"Personbil", b"P" * 3_000_000, 1), "more than 1,048,576 bytes without a row"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_refused_with_the_place(what: str, row, document, write) -> None:
    change, said = BROKEN[what]
    with pytest.raises(Broken, match=said):
        read(write(change(document(row(VIN), row(OTHER, "CD23456", ident=2))), "dump.xml"), VIN)


@pytest.mark.parametrize("change", [lambda b: b[:-30], lambda b: b[:200] + bytes(50) + b[250:], lambda b: b[: len(b) // 2]])
def test_a_broken_zip_is_refused(change, row, document, write) -> None:
    path = write(document(*(row(f"TMBJJ7NE0K{n:07}", f"AB{n:05}", ident=n) for n in range(50))))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(Broken):
        read(path, VIN)


def test_a_zip_with_two_entries_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(path := tmp_path / "two.zip", "w") as file:
        file.writestr("a.xml", "")
        file.writestr("b.xml", "")
    with pytest.raises(Broken, match="one entry"):
        read(path)


def test_rows_too_large_for_the_parser_are_refused_there_too(row, document, write) -> None:
    text = document(row(VIN, inside="<!-- x -->"), row(OTHER, ident=2, inside="<ns:x>" + "y" * 3_000_000 + "</ns:x>"))
    with pytest.raises(Broken, match="without a row"):
        read(write(text), VIN)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [VIN, OTHER, None, "UOPLYST", "WAUZZZ4F38N0696", VIN.lower(), "TMBJJ7NE-0K0000001", "&#84;MBJJ7NE0K0000001"]
            ),
            st.sampled_from(["AB12345", "CD23456", None, "ab 12 345", "A&amp;B1", "ØK12345"]),
            st.sampled_from(["", "<ns:x>hvad? ja!</ns:x>", "\n", "<ns:RegistreringNummerNummer/>"]),
        ),
        min_size=1,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # these fixtures are functions
def test_the_quick_way_and_the_parser_agree(row, document, rows: list[tuple[str | None, str | None, str]]) -> None:
    """Whatever rows there are: what is found on the bytes is what is found by parsing everything."""
    texts = [row(vin, plate, ident=n, inside=inside) for n, (vin, plate, inside) in enumerate(rows)]
    found = []
    for text in (document(*texts), document(*texts, head="<!-- so everything is parsed -->")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.xml"
            path.write_bytes(text)
            records, count = read(path, VIN, "AB12345", "ØK12345")
        assert count.rows == len(rows)
        found.append(([record for record in records if matches(record)], count.doubt is None))
    assert found[0][0] == found[1][0]
    assert (found[0][1], found[1][1]) == (True, False)


def matches(record: Record) -> bool:
    """The quick way may parse, and give, a row that it was not sure of; it is nobody's."""
    return record.vin == VIN or record.plate in ("AB12345", "ØK12345")


def test_the_real_document_is_read() -> None:
    path = SHARED / "mfk_autoplate_ESStatistikListeModtag-20261102.xml"
    if not path.exists():
        pytest.skip("the shared samples are not here")
    (record,), count = read(path, "WW35733")
    assert (record.kind, record.status, record.odometer_km, count.doubt) == ("Personbil", "exported", 231_000, None)
    assert day_of(path).isoformat() == "2026-11-02"


def test_memory_stays_small_whatever_the_size(row, document, tmp_path: Path) -> None:
    """200 MB of XML are read in a process of its own, whose peak is measured."""
    begin, _, end = document(row(VIN)).partition(row(VIN).encode())
    block = "".join(row(f"TMBJJ7NE0K{n:07}", f"AB{n:05}", ident=n, inside=f"<ns:x>{n}</ns:x>" * 500) for n in range(100)).encode()
    path = tmp_path / "big.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("x.xml", "w", force_zip64=True) as xml,
    ):
        xml.write(begin + block * (200_000_000 // len(block)) + end)
    (tmp_path / "wanted").write_text("VTMBJJ7NE0K0000007\n")
    code = "import sys; from dmr_sync.scan import main; main(*sys.argv[1:]); print(open('/proc/self/status').read())"
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "wanted")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"end": true' in out
    assert int(re.search(r"VmHWM:\s+(\d+) kB", out)[1]) < 150_000
