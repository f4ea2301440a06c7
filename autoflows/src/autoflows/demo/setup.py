"""`autoflows up --demo`: settings that point every service at the demo's world, and a dealer set up by the public commands."""

import asyncio
import base64
import contextlib
import json
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from autoflows.demo import holm, vester
from autoflows.errors import CannotRun
from autoflows.folder import Folder, write_private
from autoflows.plan import DEMO_AT, Wish
from autoflows.settings import environment
from autoflows.supervisor import Child
from common.clock import SystemClock

ECONOMIC_TOKENS = ("demo", "demo")
GATEWAYAPI_TOKEN = "demo"  # noqa: S105 - the simulator's, on this machine only
MAILBOX, SMTP, ECONOMIC, GATEWAYAPI = range(DEMO_AT, DEMO_AT + 4)  # steps from the first port


@dataclass(frozen=True)
class Demo:
    """What a data folder that holds the demo remembers."""

    started_on: date
    password: str
    booking_secret: str  # with which a booking system signs its webhooks
    callback_secret: str  # with which the SMS simulator signs what became of an SMS
    seeded: bool = False
    booking_webhook: str = ""  # where a booking system posts


def is_demo(folder: Folder) -> bool:
    """Whether this folder holds the demo."""
    return _file(folder).exists()


def remembered(folder: Folder) -> Demo:
    """The demo of this folder; a new one is made where there is none."""
    if not is_demo(folder):
        keep(folder, Demo(SystemClock().now().date(), secrets.token_urlsafe(9), _webhook_secret(), secrets.token_urlsafe(24)))
    told = json.loads(_file(folder).read_text())
    return Demo(**told | {"started_on": date.fromisoformat(told["started_on"])})


def keep(folder: Folder, demo: Demo) -> None:
    """Remember it."""
    write_private(_file(folder), json.dumps(asdict(demo), default=str, indent=2))


def settings(folder: Folder, wish: Wish) -> dict[str, str]:
    """Every service talks to the demo's world, and reads its clock."""
    demo = remembered(folder)
    return {
        "AUTOFLOWS_CLOCK_FILE": str(folder.clock),
        "AUTOFLOWS_SMTP_HOST": "127.0.0.1",
        "AUTOFLOWS_SMTP_PORT": str(wish.port + SMTP),
        "AUTOFLOWS_SMTP_TLS": "none",
        "AUTOFLOWS_GATEWAYAPI_URL": f"http://127.0.0.1:{wish.port + GATEWAYAPI}",
        "AUTOFLOWS_GATEWAYAPI_TOKEN": GATEWAYAPI_TOKEN,
        "AUTOFLOWS_GATEWAYAPI_CALLBACK_SECRET": demo.callback_secret,
    }


def child(wish: Wish, shared: Mapping[str, str]) -> Child:
    """The process that is the demo's world."""
    port = wish.port + MAILBOX
    return Child("demo-world", ("demo-world", str(port)), port, environment=environment(shared), last=True)


async def seed(folder: Folder, wish: Wish, shared: Mapping[str, str]) -> None:
    """At the first start: set the dealer up by the commands that every dealer is set up with."""
    demo = remembered(folder)
    if demo.seeded:
        return
    secret = {
        "AUTOFLOWS_PASSWORD": demo.password,
        "AUTOFLOWS_WEBHOOK_SECRET": demo.booking_secret,
        "ECONOMIC_APP_SECRET": ECONOMIC_TOKENS[0],
        "ECONOMIC_GRANT": ECONOMIC_TOKENS[1],
    }
    url = f"http://127.0.0.1:{wish.port + ECONOMIC}"
    await _run(["demo-setup", url], environment({**shared, **secret}), folder.logs / "demo-setup.log")
    told = re.findall(r"^Address: (\S+)$", (folder.logs / "demo-setup.log").read_text(), re.MULTILINE)
    keep(folder, replace(demo, seeded=True, booking_webhook=told[-1]))


async def _run(arguments: Sequence[str], given: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "autoflows",
            *arguments,
            env=dict(given),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if code:
        raise CannotRun(f"The demo could not be set up. Why: {log}")


def welcome(folder: Folder, wish: Wish) -> str:
    """What to do next."""
    demo = remembered(folder)
    command = ".venv/bin/autoflows" + ("" if folder.path == Path("data").absolute() else f" --data {folder.path}")
    return f"""
Autoflows is ready, with the demo dealers {holm.TITLE} and {vester.TITLE} (a wheel season and leads under way).

  The dealers' lists     http://127.0.0.1:{wish.port}/
    login                {holm.OWNER}
    or                   {vester.LOGIN}
    password             {demo.password}
  Caught mail and SMS    http://127.0.0.1:{wish.port + MAILBOX}/
  Booking webhook        {demo.booking_webhook}
    secret               {demo.booking_secret}
  Data                   {folder.path}
  Logs                   {folder.logs}

Try next, in another terminal:
  {command} clock +10d                       ten days go by: mails leave, reminders by SMS follow
  {command} explain --dealer {holm.SLUG} --plate {holm.PLATE}   why, or why not
  Answer a mail: open it in the mailbox, click "call me", and look at the dealer's lists.

Ctrl-C stops everything; the same command starts it again where it was.
"""


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _file(folder: Folder) -> Path:
    return folder.path / "demo.json"
