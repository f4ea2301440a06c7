"""Customers' pages in a client without scripts or cookies: looking changes nothing, a button answers."""

from datetime import timedelta

import httpx
import pytest
from api_house import NOW, SENDER, House, code, english, invitation, of, visible

from api import customer_wording
from common.events import Event
from common.events.answers import ContactSuppressed, CustomerAnswered
from common.events.settings import Sender
from common.events.words import InvitationType
from common.ids import InvitationId
from common.testing.runtime import DEALER, OTHER_DEALER

ONE_CLICK = {
    "content": "List-Unsubscribe=One-Click",
    "headers": {"content-type": "application/x-www-form-urlencoded", "origin": ""},
}


def answers(told: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.answer, event.reason) for event in told if isinstance(event, CustomerAnswered)]


@pytest.mark.parametrize("hint", ["", "?svar=ring", "?svar=nej", "?svar=afmeld", "?svar=%3Cscript%3E"])
@pytest.mark.parametrize("path", ["/a/", "/s/", "/u/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing(house: House, path: str, method: str, hint: str) -> None:
    before = await house.everything()
    async with house.browser() as browser:
        answer = await browser.request(method, f"{path}{code()}{hint}")
    assert answer.status_code == 200
    assert not answer.cookies
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "script" not in answer.text
    assert not english(answer.text)
    assert await house.everything() == before
    assert await house.rt.published() == []


async def test_the_page_says_who_asks_and_about_which_car(house: House) -> None:
    async with house.browser() as browser:
        page = visible((await browser.get(f"/a/{code()}")).text)
    for words in (
        "Nordhavn Auto",
        "Skoda Octavia (AB12345)",
        "CVR 12345678",
        "Bestil tid online",
        "Ring til mig",
        "Nej tak",
        "Afmeld",
    ):
        assert words in page
    assert "Anne" not in page, "a link that is passed on tells no name"
    assert "anne@example.com" not in page


PAGES = [
    ("service", "Det er tid til service på din Skoda Octavia (AB12345).", "service", "Det er lavet et andet sted"),
    ("service_mileage", "Efter kørslen at dømme er det tid til service på din", "service", "Det er lavet et andet sted"),
    ("service_winback", "til service. Er det tid igen?", "service", "Det er lavet et andet sted"),
    ("inspection_check", "Skal vi lave et synstjek på din", "synstjek", "Bilen er tjekket eller synet et andet sted"),
    ("wheel_winter", "skifte til vinterhjul på din", "skift til vinterhjul", "Hjulene er allerede skiftet"),
    ("wheel_summer", "skifte til sommerhjul på din", "skift til sommerhjul", "Hjulene er allerede skiftet"),
    ("timing_belt", "få skiftet tandremmen i din", "skift af tandrem", "Det er lavet et andet sted"),
    ("underbody", "undervognsbehandling af din", "undervognsbehandling", "Det er lavet et andet sted"),
    ("body_inspection", "karrosserieftersyn af din", "karrosserieftersyn", "Det er lavet et andet sted"),
    ("a type of later", "et værkstedsbesøg med din Skoda Octavia (AB12345).", None, "Det er lavet et andet sted"),
]


@pytest.mark.parametrize(("kind", "asks", "work", "done"), PAGES)
async def test_every_page_names_the_work_it_is_about(house: House, kind: str, asks: str, work: str | None, done: str) -> None:
    await house.rt.deliver(DEALER, invitation(name="other", type=kind))
    await house.tell_dealer(booking_url=None)
    async with house.browser() as browser:
        page = (await browser.get("/a/cother")).text
        said = {
            svar: visible((await browser.post("/a/cother", data={"svar": svar, "grund": "price"})).text)
            for svar in ("ring", "nej", "book")
        }
    assert asks in visible(page)
    assert done in visible(page)
    assert not english(page)
    assert f"Vi ringer{f' om {work}' if work else ''} på det nummer" in said["ring"]
    assert f"Vi minder dig ikke om {work or 'det'} igen" in said["nej"]
    assert f"bestille tid{f' til {work}' if work else ''}." in said["book"]


def test_every_type_has_its_page_above() -> None:
    assert [kind for kind, *_ in PAGES][:-1] == list(InvitationType) == list(customer_wording.WORK)


async def test_what_others_wrote_is_shown_and_not_run(house: House) -> None:
    hurting = '<script>alert("x")</script>'
    await house.tell_dealer(sender=SENDER.model_copy(update={"name": hurting}))
    async with house.browser() as browser:
        page = (await browser.get(f"/a/{code()}")).text
    assert "<script" not in page
    assert hurting in visible(page)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"svar": "ring"}, ("call_me", None)),
        ({"svar": "ring", "grund": "price"}, ("call_me", None)),
        ({"svar": "nej", "grund": "price"}, ("no", "price")),
        ({"svar": "nej", "grund": "sold"}, ("no", "sold")),
        ({"svar": "book"}, ("booking_started", None)),
    ],
)
async def test_a_button_is_an_answer_and_again_is_the_same(
    house: House, form: dict[str, str], said: tuple[str, str | None]
) -> None:
    async with house.browser() as browser:
        first, again = [await browser.post(f"/a/{code()}", data=form) for _ in range(2)]
    assert first.status_code == again.status_code == (303 if said[0] == "booking_started" else 200)
    assert first.headers["cache-control"] == "no-store"
    assert not first.cookies
    assert not english(first.text)
    if said[0] == "booking_started":
        assert first.headers["location"] == f"https://booking.example/n?x=1&ref={code()}"
    told = await house.rt.published(DEALER)
    assert answers(told) == [said]
    assert [event.by for event in told if isinstance(event, CustomerAnswered)] == ["link"]


async def test_a_button_works_from_a_browser_that_says_nothing_of_itself(house: House) -> None:
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as bare:
        assert (await bare.post(f"/a/{code()}", data={"svar": "ring"})).status_code == 200
    assert answers(await house.rt.published(DEALER)) == [("call_me", None)]


async def test_a_customer_may_think_again_and_sees_what_was_said(house: House) -> None:
    async with house.browser() as browser:
        await browser.post(f"/a/{code()}", data={"svar": "nej", "grund": "price"})
        assert "Du har svaret nej tak" in visible((await browser.get(f"/a/{code()}")).text)
        await browser.post(f"/a/{code()}", data={"svar": "ring"})
        assert "bedt os ringe" in visible((await browser.get(f"/a/{code()}")).text)
    assert answers(await house.rt.published(DEALER)) == [("no", "price"), ("call_me", None)]


@pytest.mark.parametrize(
    "form", [{}, {"svar": "hacket"}, {"svar": "nej"}, {"svar": "nej", "grund": "fordi"}, {"svar": "unsubscribe"}]
)
async def test_a_button_that_we_did_not_make_leads_back_to_the_page(house: House, form: dict[str, str]) -> None:
    async with house.browser() as browser:
        answer = await browser.post(f"/a/{code()}", data=form)
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/a/{code()}")
    assert await house.rt.published() == []


async def test_one_click_unsubscribes_once_without_a_cookie_or_a_redirect(house: House) -> None:
    async with house.browser() as program:
        for _ in range(2):
            answer = await program.post(f"/u/{code()}", **ONE_CLICK)  # type: ignore[arg-type]
            assert answer.status_code == 200
            assert not answer.cookies
        multipart = await program.post(f"/u/{code()}", files={"List-Unsubscribe": (None, "One-Click")})
        assert multipart.status_code == 200
        assert "Du er afmeldt" in visible(multipart.text)
    told = await house.rt.published(DEALER)
    assert [type(event) for event in told] == [ContactSuppressed, CustomerAnswered]
    assert answers(told) == [("unsubscribe", None)]


async def test_who_clicks_on_and_on_fills_no_table_and_can_still_unsubscribe(house: House) -> None:
    async with house.browser() as browser:
        for turn in range(29):
            form = {"svar": "ring"} if turn % 2 else {"svar": "nej", "grund": "price"}
            answer = await browser.post(f"/a/{code()}", data=form)
        assert answer.status_code == 409
        assert not english(answer.text)
        assert (await browser.post(f"/u/{code()}", **ONE_CLICK)).status_code == 200  # type: ignore[arg-type]
    said = answers(await house.rt.published(DEALER))
    assert len(said) == 21
    assert said[-1] == ("unsubscribe", None)


async def test_a_closed_invitation_can_still_be_answered_and_left(house: House) -> None:
    await house.rt.deliver(DEALER, invitation(stage="closed", outcome="no_reaction", closed_on=NOW.date()))
    async with house.browser() as browser:
        assert (await browser.get(f"/a/{code()}")).status_code == 200
        assert (await browser.post(f"/u/{code()}", **ONE_CLICK)).status_code == 200  # type: ignore[arg-type]
    assert answers(await house.rt.published(DEALER)) == [("unsubscribe", None)]


async def test_an_answer_is_that_dealers_alone(house: House) -> None:
    async with house.browser() as browser:
        await browser.post(f"/a/{code(OTHER_DEALER)}", data={"svar": "ring"})
    assert {type(event) for event in await house.rt.published()} == {CustomerAnswered}
    async with house.logged_in() as mine:
        assert (await mine.get("/api/v1/calls")).json()["items"] == []
    async with house.logged_in(OTHER_DEALER) as theirs:
        (row,) = (await theirs.get("/api/v1/calls")).json()["items"]
        assert row["invitation_id"] == str(of("invitation", OTHER_DEALER))


UNKNOWN = ["zzzzzzzzzz", "AAAAAAAAAA", code() + "x", code()[:-1], "%00", "%ED%A0%80", "æøå", "'; drop table link", "x" * 5000]


@pytest.mark.parametrize("way", ["GET /a/", "GET /s/", "GET /u/", "POST /a/", "POST /u/"])
async def test_every_unknown_code_is_the_same_friendly_page(house: House, way: str) -> None:
    method, _, path = way.partition(" ")
    seen = set()
    for unknown in UNKNOWN:
        house.clock.move_to(house.clock.now() + timedelta(days=2))  # tries of yesterday do not count
        async with house.browser() as browser:
            answer = await browser.request(method, path + unknown)
        assert answer.status_code == 404, unknown
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        seen.add(answer.text)
    assert len(seen) == 1
    assert "Linket virker ikke" in seen.pop()
    assert await house.rt.published() == []


async def test_guessing_waits_and_says_so_in_danish(house: House) -> None:
    async with house.browser() as browser:
        answers = [await browser.get(f"/a/zzzzzzzzz{n}") for n in range(8)]
        assert [answer.status_code for answer in answers] == [404] * 5 + [429] * 3
        assert "Vent lidt" in answers[-1].text
        assert not english(answers[-1].text)


async def test_who_has_a_right_code_does_not_wait_for_who_guesses_from_the_same_address(house: House) -> None:
    async with house.browser() as browser:
        assert [(await browser.get(f"/a/zzzzzzzzz{n}")).status_code for n in range(6)][-1] == 429
        assert (await browser.get(f"/a/{code()}")).status_code == 200
        assert (await browser.post(f"/u/{code()}", **ONE_CLICK)).status_code == 200  # type: ignore[arg-type]


async def test_without_a_booking_page_one_is_asked_to_call(house: House) -> None:
    other = invitation(name="bare", customer_id=None, vehicle_id=of("unknown vehicle"))
    await house.rt.deliver(DEALER, other)
    await house.tell_dealer(booking_url=None, sender=Sender())
    async with house.browser() as browser:
        page = await browser.get("/a/cbare")
        assert "Bestil tid online" not in page.text
        assert "din bil" in page.text
        assert (await browser.post("/a/cbare", data={"svar": "book"})).status_code == 200
        assert (await browser.post("/u/cbare", **ONE_CLICK)).status_code == 200  # type: ignore[arg-type]
    told = await house.rt.published(DEALER)
    assert [event.invitation_id for event in told if isinstance(event, CustomerAnswered)] == [
        InvitationId(of("invitationbare"))
    ] * 2
