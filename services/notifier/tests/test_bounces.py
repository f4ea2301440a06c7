"""What a notification says of a message of ours, as mail servers write them, and what is none."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.testing.runtime import DEALER, OTHER_DEALER
from notifier.domain import bounces
from notifier.domain.bounces import Bounce, is_about, mail_id, read, read_mail_id

MESSAGE = UUID(int=0x0197_A000_0000_7000_8000_0000_0000_1234)
OURS = mail_id(DEALER, MESSAGE, "nordhavn.example")
ONE = (
    "Final-Recipient: rfc822; anne@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user here"
)
RETURNED = f"Content-Type: message/rfc822\n\nFrom: post@nordhavn.example\nMessage-ID: {OURS}\nSubject: Service\n\nKære Anne\n"


def report(
    fields: str = ONE,
    returned: str | None = RETURNED,
    *,
    about: str = "Reporting-MTA: dns; mx.example.net\nArrival-Date: Mon, 2 Mar 2026 09:00:00 +0100",
    kind: str = "multipart/report; report-type=delivery-status",
    report_kind: str = "message/delivery-status",
    headers: str = "",
) -> bytes:
    """A notification of three parts: words, fields, and the mail that came back."""
    parts = [
        "Content-Type: text/plain\n\nYour message could not be delivered.\n",
        f"Content-Type: {report_kind}\n\n" + "\n\n".join(part for part in (about, fields) if part) + "\n",
        *([returned] if returned is not None else []),
    ]
    body = "".join(f"--=cut\n{part}\n" for part in parts)
    top = f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: retur@autoflows.example\n{headers}MIME-Version: 1.0\n"
    return f'{top}Content-Type: {kind}; boundary="=cut"\n\n{body}--=cut--\n'.encode()


def bounce(**more: object) -> Bounce:
    values: dict[str, object] = {
        "dealer": DEALER, "message_id": MESSAGE, "recipients": ("anne@example.com",), "permanent": True, "status": "5.1.1",
        "diagnostic": "550 5.1.1 No such user here",
    }  # fmt: skip
    return Bounce(**(values | more))  # type: ignore[arg-type]


LATE = ONE.replace("failed", "delayed").replace("5.1.1", "4.4.1").replace("550", "451").replace("No such user", "Try later")
SECOND = "Final-Recipient: rfc822; bo@example.com\nAction: delayed\nStatus: 4.2.2"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(report(), [bounce()], id="plain"),
        pytest.param(report().replace(b"\n", b"\r\n"), [bounce()], id="with the line ends of mail"),
        pytest.param(report(ONE.upper().replace("STATUS", "status")), [bounce(diagnostic="550 5.1.1 NO SUCH USER HERE")], id="upper"),
        pytest.param(report(ONE.replace("Final", "Original")), [bounce()], id="only the original recipient"),
        pytest.param(
            report("Original-Recipient: rfc822;Anne@Example.com\n" + ONE.replace("anne@example.com", "anne@home.example")),
            [bounce(recipients=("anne@example.com", "anne@home.example"))], id="passed on to another address",
        ),
        pytest.param(report(ONE.replace("rfc822; anne@example.com", "<anne@example.com>")), [bounce()], id="no type, brackets"),
        pytest.param(report(ONE.replace("; anne", ";\n  anne").replace("No such", "No\n\tsuch")), [bounce()], id="folded"),
        pytest.param(
            report("Diagnostic-Code: smtp; 550-5.1.1 No such\n550 user here\n" + ONE[: ONE.index("\nDiagnostic")]),
            [bounce(diagnostic="550-5.1.1 No such 550 user here")], id="an answer of two lines that nobody folded",
        ),
        pytest.param(
            report("Final-Recipient: rfc822; anne@example.com\nAction: expired\nStatus:"),
            [bounce(status="5.0.0", diagnostic="")], id="expired",
        ),
        pytest.param(
            report(f"{ONE}\n\n{SECOND}", report_kind="message/global-delivery-status"),
            [bounce(), bounce(recipients=("bo@example.com",), permanent=False, status="4.2.2", diagnostic="")],
            id="two recipients, one international",
        ),
        pytest.param(report(ONE.replace("Status: 5.1.1", "Status: 5.1.1 (bad mailbox)")), [bounce()], id="a comment after the status"),
        pytest.param(report(ONE.replace("Status: 5.1.1\n", "")), [bounce()], id="the status stands in the diagnostic"),
        pytest.param(
            report(ONE.replace("Status: 5.1.1\n", "").replace("550 5.1.1", "550")),
            [bounce(status="5.0.0", diagnostic="550 No such user here")], id="only a reply code",
        ),
        pytest.param(report(ONE.replace("Action: failed\n", "")), [bounce()], id="no action, a 5"),
        pytest.param(
            report("Final-Recipient: rfc822; anne@example.com\nStatus: 4.2.2"),
            [bounce(permanent=False, status="4.2.2", diagnostic="")], id="no action, a 4",
        ),
        pytest.param(
            report("Final-Recipient: rfc822; anne@example.com\nAction: failed"),
            [bounce(status="5.0.0", diagnostic="")], id="only the action",
        ),
        pytest.param(
            report("Final-Recipient: rfc822; anne@example.com\nAction: failed\nStatus: 4.4.7"),
            [bounce(status="4.4.7", diagnostic="")], id="given up after days of trying",
        ),
        pytest.param(report(LATE), [bounce(permanent=False, status="4.4.1", diagnostic="451 4.4.1 Try later here")], id="late"),
        pytest.param(report(ONE.replace("failed", "delivered").replace("5.1.1", "2.0.0")), [], id="delivered"),
        pytest.param(report(ONE.replace("failed", "relayed").replace("5.1.1", "2.0.0")), [], id="relayed"),
        pytest.param(report(ONE.replace("5.1.1", "2.1.5")), [], id="failed, and yet a 2"),
        pytest.param(report(ONE.replace("failed", "pondered")), [], id="an action that nobody knows"),
        pytest.param(
            report(f"{ONE}\n\n{SECOND}"),
            [bounce(), bounce(recipients=("bo@example.com",), permanent=False, status="4.2.2", diagnostic="")], id="two recipients",
        ),
        pytest.param(report(about=""), [bounce()], id="nothing about the message as a whole"),
        pytest.param(report("\n\n\n" + ONE), [bounce()], id="blank lines too many"),
        pytest.param(report(RETURNED.replace("rfc822", "x-nothing")), [], id="no fields"),
        pytest.param(report(returned=None), [], id="nothing came back with it"),
        pytest.param(report(returned=None, headers=f"In-Reply-To: {OURS}\n"), [bounce()], id="the report refers to the mail"),
        pytest.param(report(returned=None, about=f"X-Original-Message-ID: {OURS}"), [bounce()], id="the fields refer to it"),
        pytest.param(report(returned=RETURNED.replace("message/rfc822", "text/rfc822-headers")), [bounce()], id="headers only"),
        pytest.param(report(returned=RETURNED.replace("Message-ID: ", "message-id:\n ")), [bounce()], id="a folded id"),
        pytest.param(report(returned=RETURNED.replace("Message-ID", "MESSAGE-ID")), [bounce()], id="an upper-case header"),
        pytest.param(report(returned=RETURNED.replace(OURS, "<1234@elsewhere.example>")), [], id="not ours"),
        pytest.param(report(returned=RETURNED.replace(OURS, f"<{MESSAGE}@nordhavn.example>")), [], id="no dealer in it"),
        pytest.param(
            report(returned=RETURNED.replace(OURS, f"{OURS}\nMessage-ID: {mail_id(OTHER_DEALER, MESSAGE, 'x.example')}")), [],
            id="two ids",
        ),
        pytest.param(report(kind="multipart/report"), [bounce()], id="a report of no named type"),
        pytest.param(report(kind="Multipart/Report; Report-Type=Delivery-Status"), [bounce()], id="type in capitals"),
        pytest.param(report(kind='multipart/report; report-type="delivery-status"'), [bounce()], id="type in quotes"),
        pytest.param(report(kind="multipart/report; report-type=disposition-notification"), [], id="a receipt"),
        pytest.param(report(kind="multipart/report; report-type=feedback-report"), [], id="a complaint"),
        pytest.param(report(kind="multipart/mixed"), [], id="a notification that somebody attached"),
        pytest.param(report(report_kind="message/global-delivery-status"), [bounce()], id="of an international address"),
        pytest.param(report(ONE.replace("No such", "Ingen såkaldt")), None, id="letters that a header must not have"),
        pytest.param(report()[:-5], [bounce()], id="cut at the end"),
        pytest.param(report() + b"x" * bounces.MOST_BYTES, [bounce()], id="huge"),
        pytest.param(report(ONE.replace("anne@example.com", "anne")), [], id="no address"),
        pytest.param(b"", [], id="empty"),
        pytest.param(b"\x00\xff" * 5000, [], id="bytes"),
        pytest.param(b"Content-Type: multipart/report; boundary=x\n\n--x\n\n--x\n\n--x", [], id="empty parts"),
        pytest.param(
            f"From: anne@example.com\nSubject: SV: Service\nIn-Reply-To: {OURS}\n\n550 5.1.1 is what I heard.\n{ONE}\n".encode(), [],
            id="an answer",
        ),
        pytest.param(
            f"From: anne@example.com\nAuto-Submitted: auto-replied\nIn-Reply-To: {OURS}\nSubject: Ferie\n\nTilbage mandag.\n".encode(),
            [], id="an automatic reply",
        ),
    ],
)  # fmt: skip
def test_what_a_mail_says_came_back(raw: bytes, expected: list[Bounce] | None) -> None:
    found = read(raw)
    if expected is None:
        assert [(one.message_id, one.permanent, one.status) for one in found] == [(MESSAGE, True, "5.1.1")]
    else:
        assert found == expected


def test_the_address_that_it_names_must_be_the_one_that_we_wrote_to() -> None:
    (one,) = read(report())
    assert is_about(one, "Anne@Example.com")
    for other in ("bo@example.com", "anne@example.com.evil.example", "", None):
        assert not is_about(one, other)


@given(st.uuids(), st.uuids())
def test_our_own_id_leads_back_to_the_message_and_its_dealer(dealer: UUID, message: UUID) -> None:
    made = mail_id(dealer, message, "nordhavn.example")  # type: ignore[arg-type]
    assert read_mail_id(made) == read_mail_id(made.upper()) == (dealer, message)


@pytest.mark.parametrize(
    "text", ["", "<>", "<a@b>", OURS + OURS, f"<{MESSAGE}.{'0' * 31}@x>", OURS.replace("@", " @"), "x" + OURS]
)
def test_what_is_no_id_of_ours(text: str) -> None:
    assert read_mail_id(text) is None


def test_what_is_said_is_short_and_can_be_read() -> None:
    (one,) = read(report(ONE + " \x07" + "x" * 5000))
    assert len(one.because) < 160
    assert one.because.isprintable()


def test_a_thousand_recipients_are_not_all_read() -> None:
    many = read(report("\n\n".join(ONE.replace("anne", f"anne{number}") for number in range(1000))))
    assert len(many) == 50


@given(st.binary(max_size=400), st.integers(0, 1500), st.integers(0, 200))
def test_a_broken_notification_is_never_about_anything_else(junk: bytes, at: int, cut: int) -> None:
    whole = report()
    for one in read(whole[:at] + junk + whole[at + cut :]):
        assert len(one.because) < 200
        assert (one.dealer, one.message_id) == (DEALER, MESSAGE)


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)),
        b"Content-Type: message/rfc822\n\n" * 9000,
        b"Content-Type: multipart/report" + b"; a=b" * 50_000 + b"\n\n",
        report(" \n" * 100_000),
        report("Diagnostic-Code: " + "(" * 200_000),
        report("Final-Recipient: " + "a" * 100 + "; " + "(" * 1900 + "\nStatus: " + "5." * 900),
        b"Content-Type: multipart/report; boundary=x\n\n" + b"--x\n" * 60_000,
    ],
    ids=["nested reports", "nested mails", "parameters", "blank lines", "brackets", "half a status", "parts"],
)
def test_what_is_made_to_take_long_takes_not_long(raw: bytes) -> None:
    before = time.process_time()
    assert read(raw) == []
    assert time.process_time() - before < 5
