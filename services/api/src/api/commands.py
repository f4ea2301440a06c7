"""What api adds to the command line: dealers, users and webhook addresses."""

import asyncio
import json
import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from api import administering, endpoints, store
from api.domain.access import ALERTS, Role
from api.domain.bookings import BOOKING, CALCOM, CALENDLY, SYSTEMS
from api.domain.signatures import is_key, is_secret, new_secret
from api.interface import interface
from common import policy, values
from common.errors import DomainError, NotFound
from common.events.settings import DealerChanged, Sender, WorkshopChanged
from common.ids import DealerId, dealer_named
from common.service import Service, opened

_out = Console(soft_wrap=True, highlight=False, markup=False)
SIGNED = {BOOKING: "Standard Webhooks", CALENDLY: "Calendly's signing key", CALCOM: "Cal.com's secret"}
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
Slug = Annotated[str, typer.Option(help="The dealer's short name: letters, digits and dashes; it never changes.")]


def add_commands(app: typer.Typer, service: Service) -> None:
    """Add api's commands to the command line."""
    dealers = typer.Typer(help="Add and show dealers.", no_args_is_help=True)
    users = typer.Typer(help="Add employees of a dealer.", no_args_is_help=True)
    webhooks = typer.Typer(help="Addresses to which booking systems post.", no_args_is_help=True)
    workshops = typer.Typer(help="Add and list a dealer's workshops.", no_args_is_help=True)
    app.add_typer(workshops, name="workshops")
    app.add_typer(dealers, name="dealers")
    app.add_typer(users, name="users")
    app.add_typer(webhooks, name="webhooks")

    @dealers.command()
    def add(
        slug: Slug,
        title: Annotated[str, typer.Option(help="The dealer's name.")],
        country: Annotated[str, typer.Option(help="ISO 3166: DK.")] = "DK",
        language: Annotated[str, typer.Option(help="The language of customers' texts.")] = "da",
        timezone: Annotated[str, typer.Option(help="IANA: Europe/Copenhagen.")] = "Europe/Copenhagen",
        booking_url: Annotated[str | None, typer.Option(help="Where customers book.")] = None,
        setting: Annotated[list[str] | None, typer.Option(help="A setting as key=JSON, such as lateness_days=10.")] = None,
    ) -> None:
        """Add a dealer, or change what is told of one."""
        settings = dict(_setting(given) for given in setting or ())
        policy.read(settings)
        facts = {
            "title": title,
            "country": country.upper(),
            "language": language,
            "timezone": administering.zone(timezone),
            "booking_url": administering.url(booking_url) if booking_url is not None else None,
        }
        asyncio.run(_change_dealer(service, slug, {**facts, **({"settings": settings} if setting else {})}, new=True))
        _out.print(
            f"{title} is added as {slug}. Next: autoflows dealers sender {slug} …, autoflows users add …, autoflows connect …"
        )

    @dealers.command()
    def sender(
        slug: Annotated[str, typer.Argument(help="The dealer's short name.")],
        legal_name: Annotated[str, typer.Option(help="The company's registered name.")],
        address: Annotated[str, typer.Option(help="Its address.")],
        registration: Annotated[str, typer.Option(help="Its registration, such as CVR 12345678.")],
        email: Annotated[str, typer.Option(help="The address that mails come from.")],
        name: Annotated[str | None, typer.Option(help="As customers know the workshop (default: the dealer's name).")] = None,
        reply_to: Annotated[str | None, typer.Option(help="Where answers to mails go.")] = None,
        phone: Annotated[str | None, typer.Option(help="The workshop's telephone.")] = None,
        sms_name: Annotated[str | None, typer.Option(help="The sender of SMS: at most 11 letters or digits.")] = None,
    ) -> None:
        """Say in whose name messages leave. Nothing leaves before this is said."""
        if values.email(email) is None:
            raise DomainError(f"{email!r} is no e-mail address.", code="bad_email")
        if sms_name is not None and not re.fullmatch(r"[A-Za-z0-9 ]{1,11}", sms_name):
            raise DomainError("The sender of an SMS has at most 11 letters or digits.", code="bad_sms_name")
        told = Sender(
            name=name, email=values.email(email), reply_to=reply_to, phone=phone, sms_name=sms_name, legal_name=legal_name,
            address=address, registration=registration,
        )  # fmt: skip
        asyncio.run(_change_dealer(service, slug, {"sender": told.model_dump()}, new=False))
        _out.print(f"Messages of {slug} leave in the name of {legal_name}.")

    @dealers.command(name="settings")
    def change_settings(
        slug: Annotated[str, typer.Argument(help="The dealer's short name.")],
        setting: Annotated[list[str], typer.Argument(help="Settings as key=JSON; they replace those keys.")],
    ) -> None:
        """Change settings; the others stay."""
        asyncio.run(_change_settings(service, slug, dict(_setting(given) for given in setting)))

    @dealers.command()
    def show(slug: Annotated[str, typer.Argument(help="The dealer's short name.")]) -> None:
        """Show what is told of a dealer."""
        _out.print(json.dumps(asyncio.run(_show_dealer(service, slug)).model_dump(mode="json"), indent=2, ensure_ascii=False))

    @users.command(name="add")
    def add_user(
        email: Annotated[str, typer.Argument(help="The employee's e-mail address.")],
        dealer: Slug,
        role: Annotated[Role, typer.Option(help="What the employee may do.")] = Role.ADVISOR,
        alerts: Annotated[str, typer.Option(help=f"Mails about answers, of: {', '.join(ALERTS)}.")] = "",
        password: Annotated[
            str | None, typer.Option(help="Default: one is made up and shown once.", envvar="AUTOFLOWS_PASSWORD")
        ] = None,
    ) -> None:
        """Add an employee who can log in."""
        wanted = tuple(filter(None, (part.strip() for part in alerts.split(","))))
        chosen = password or secrets.token_urlsafe(12)
        asyncio.run(_add_user(service, email, dealer, role, wanted, chosen))
        _out.print(
            f"{email} can log in for {dealer} as {role}." + ("" if password else f" The password, shown only now: {chosen}")
        )

    @users.command(name="password")
    def change_password(
        email: Annotated[str, typer.Argument(help="The employee's e-mail address.")],
        password: Annotated[
            str | None, typer.Option(help="Default: one is made up and shown once.", envvar="AUTOFLOWS_PASSWORD")
        ] = None,
    ) -> None:
        """Give an employee another password; who is logged in as that employee is logged out."""
        chosen = password or secrets.token_urlsafe(12)
        asyncio.run(_change_user(service, email, password=chosen))
        _out.print(f"{email} has another password." + ("" if password else f" It is shown only now: {chosen}"))

    @users.command(name="remove")
    def remove_user(email: Annotated[str, typer.Argument(help="The employee's e-mail address.")]) -> None:
        """Let an employee in no longer, and log out who is in."""
        asyncio.run(_change_user(service, email, active=False))
        _out.print(f"{email} cannot log in any more.")

    @workshops.command(name="add")
    def add_workshop(
        dealer: Slug,
        number: Annotated[str, typer.Option(help="What the dealer's systems call it: orders name it.")],
        title: Annotated[str, typer.Option(help="The workshop's name.")],
        timezone: Annotated[str | None, typer.Option(help="IANA; default: the dealer's.")] = None,
        booking_url: Annotated[str | None, typer.Option(help="Where its customers book; default: the dealer's.")] = None,
    ) -> None:
        """Add a workshop of a dealer."""
        given = {"title": title, "timezone": timezone, "booking_url": booking_url}
        facts = {name: value for name, value in given.items() if value is not None}
        added = asyncio.run(_add_workshop(service, dealer, number, facts))
        _out.print(f"{added.title} is workshop {added.number} of {dealer}: {added.workshop_id}")

    @workshops.command(name="list")
    def list_workshops(dealer: Slug) -> None:
        """List a dealer's workshops."""
        for one in asyncio.run(_list_workshops(service, dealer)):
            _out.print(f"{one.number or '–'}  {one.title}  {one.workshop_id}")

    @app.command()
    def openapi() -> None:
        """Print the description of the REST interface."""
        typer.echo(interface(service), nl=False)

    @webhooks.command(name="add")
    def add_webhook(
        dealer: Slug,
        source: Annotated[str, typer.Option(help=f"What posts there: {', '.join(SYSTEMS)}.")] = "booking",
        secret: Annotated[
            str | None, typer.Option(help="Default: one is made up and shown once.", envvar="AUTOFLOWS_WEBHOOK_SECRET")
        ] = None,
    ) -> None:
        """Make an address for a booking system, or one more secret for it while the old one is replaced."""
        if source not in SYSTEMS:
            raise DomainError(f"There is no such booking system; there are {', '.join(SYSTEMS)}.", code="unknown_source")
        if secret is not None and not (is_secret(secret) if source == BOOKING else is_key(secret)):
            raise DomainError(
                "A secret is whsec_ and 24 to 64 bytes in base64."
                if source == BOOKING
                else "A secret has 16 to 200 characters and no spaces.",
                code="bad_secret",
            )
        made = new_secret() if source == BOOKING else secrets.token_urlsafe(32)
        endpoint, chosen = asyncio.run(_add_webhook(service, dealer, source, secret or made))
        _out.print(f"Address: {endpoint}")
        _out.print(
            f"Secret ({SIGNED[source]}), shown only now: {chosen}" if secret is None else "It is signed with the given secret."
        )


async def _change_dealer(service: Service, slug: str, facts: dict[str, Any], *, new: bool) -> None:
    if not SLUG.fullmatch(slug):
        raise DomainError("A short name has letters, digits and dashes, at most 40.", code="bad_slug")
    dealer = dealer_named(slug)
    async with opened(service) as runtime, runtime.work(dealer) as work:
        before = await store.told(work.session, dealer, DealerChanged, dealer)
        if before is None and not new:
            raise NotFound(f"There is no dealer {slug!r}. Add it first: autoflows dealers add --slug {slug} …")
        base = before.model_dump() if before is not None else {"dealer_id": dealer, "slug": slug, "revision": 0}
        await administering.tell_dealer(work, DealerChanged.model_validate(base | facts))


async def _change_settings(service: Service, slug: str, changes: dict[str, Any]) -> None:
    dealer = dealer_named(slug)
    async with opened(service) as runtime, runtime.work(dealer) as work:
        await administering.dealer(work, slug)
        settings = (await administering.change_settings(work, changes)).settings
    _out.print(f"The settings of {slug} are {json.dumps(settings, ensure_ascii=False)}")


async def _show_dealer(service: Service, slug: str) -> DealerChanged:
    async with opened(service) as runtime, runtime.work(dealer_named(slug)) as work:
        return await administering.dealer(work, slug)


async def _add_user(service: Service, email: str, slug: str, role: Role, alerts: Sequence[str], password: str) -> None:
    async with opened(service) as runtime, runtime.work(dealer_named(slug)) as work:
        await administering.dealer(work, slug)
        await administering.add_user(work, email, role, password, alerts=alerts)


async def _change_user(service: Service, email: str, **changes: Any) -> None:
    """Change an employee and end the sessions that stand."""
    async with opened(service) as runtime:
        async with runtime.sessions() as session, session.begin():
            found = await store.login(session, email.strip().lower())
        if found is None:
            raise NotFound(f"Nobody logs in as {email}.")
        async with runtime.work(DealerId(found.dealer_id)) as work:
            await administering.change_user(work, found.user_id, changes)


async def _add_workshop(service: Service, slug: str, number: str, facts: dict[str, Any]) -> WorkshopChanged:
    async with opened(service) as runtime, runtime.work(dealer_named(slug)) as work:
        await administering.dealer(work, slug)
        return await administering.add_workshop(work, number, facts)


async def _list_workshops(service: Service, slug: str) -> list[WorkshopChanged]:
    async with opened(service) as runtime, runtime.work(dealer_named(slug)) as work:
        await administering.dealer(work, slug)
        return await administering.workshops(work)


async def _add_webhook(service: Service, slug: str, source: str, secret: str) -> tuple[str, str]:
    dealer = dealer_named(slug)
    async with opened(service) as runtime, runtime.work(dealer) as work:
        await administering.dealer(work, slug)
        name = await endpoints.add(work, runtime.settings, source, secret, runtime.system.now())
        return f"{runtime.settings.public_url.rstrip('/')}/webhooks/{source}/{name}", secret


def _setting(given: str) -> tuple[str, Any]:
    key, equals, value = given.partition("=")
    if not equals:
        raise DomainError(f"{given!r} is no setting; write key=value.", code="bad_settings")
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        raise DomainError(f"{key}: {value!r} is no JSON; texts stand in double quotes.", code="bad_settings") from None
