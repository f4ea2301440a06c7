"""Who is asking: passwords, sessions, tries and where a request comes from."""

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request, Response
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from api import store
from api.domain import access
from common.errors import DomainError
from common.ids import DealerId, UserId
from common.service import Runtime

_HASHES = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")  # a flood of logins must not take every core
_NOBODY = _HASHES.hash("nobody has this password")
MAX_PASSWORD = 1024
MIN_PASSWORD = 10


class NotLoggedIn(DomainError):
    code = "not_logged_in"
    status = 401


class TooManyTries(DomainError):
    code = "too_many_tries"
    status = 429


class Forbidden(DomainError):
    code = "forbidden"
    status = 403


@dataclass(frozen=True)
class Asking:
    """A logged-in user. `csrf` is bound to the session and stands in every form."""

    dealer: DealerId
    user: UserId
    email: str
    role: str
    language: str
    csrf: str
    workshops: frozenset[UUID] | None = None  # that the user may see; None is all

    def must_decide(self) -> None:
        """Raises Forbidden for roles that only look."""
        if self.role not in access.MAY_DECIDE:
            raise Forbidden("Your role may look, but not change this.")

    def must_sell(self) -> None:
        """Raises Forbidden for roles that have nothing to do with leads."""
        if self.role not in access.MAY_SELL:
            raise Forbidden("Your role may look, but not change this.")

    def must_manage(self) -> None:
        """Raises Forbidden for roles that do not manage the dealer's people and settings."""
        if self.role not in access.MAY_MANAGE:
            raise Forbidden("Only owners and managers may do this.")


def hash_password(password: str) -> str:
    """Raises DomainError for one that is too short or too long."""
    if not len(password) >= MIN_PASSWORD or len(password.encode()) > MAX_PASSWORD:
        raise DomainError(f"A password has at least {MIN_PASSWORD} characters.", code="bad_password")
    return _HASHES.hash(password)


class Guard:
    """Checks who asks, for one api."""

    def __init__(self, runtime: Runtime, *, behind_proxy: bool) -> None:
        self._runtime, self._behind_proxy = runtime, behind_proxy
        self._secure = runtime.settings.public_url.startswith("https://")
        self.cookie = "__Host-session" if self._secure else "session"  # browsers take __Host- cookies over https only
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(runtime.settings.public_url))

    async def log_in(self, request: Request, email: str, password: str, response: Response) -> None:
        """Begin a session. Raises NotLoggedIn, the same for a wrong password and an unknown address, or TooManyTries."""
        email = email.strip().lower()[:254]
        account, address = _hash(f"account {email}"), _hash(f"address {self.address(request)}")
        await self.count_try([account, address])  # before it is looked at, so that many at once are many
        async with self._runtime.sessions() as session, session.begin():
            found = await store.login(session, email)
        user = await self._user(found.dealer_id, found.user_id) if found is not None else None
        known_hash = user.password_hash if user is not None and user.active else _NOBODY
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(_HASHING, _HASHES.verify, password[:MAX_PASSWORD], known_hash)
        if user is None or not user.active or not right:
            raise NotLoggedIn("The e-mail address or the password is wrong.")
        token = secrets.token_urlsafe(32)
        async with self._runtime.sessions() as session, session.begin():
            now = self._runtime.system.now()
            await store.forget_tries(session, account)
            await store.take_back_try(session, address, now)
            await store.begin_session(session, _hash(token), user.dealer_id, user.user_id, now)
        response.set_cookie(self.cookie, token, secure=self._secure, httponly=True, samesite="lax", path="/")

    async def log_out(self, request: Request, response: Response) -> None:
        if token := request.cookies.get(self.cookie):
            async with self._runtime.sessions() as session, session.begin():
                await store.end_session(session, _hash(token))
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    async def asking(self, request: Request, *, seen: bool = True) -> Asking:
        """Who asks. Raises NotLoggedIn, and Forbidden for a change that another site sent.

        With `seen` False it does not count as use of the session: an open tab alone keeps nobody logged in.
        """
        token = request.cookies.get(self.cookie, "")
        now = self._runtime.system.now()
        async with self._runtime.sessions() as session, session.begin():
            found = await store.session_of(session, _hash(token)) if token else None
            if found is None or not access.stands(found.begun_at, found.seen_at, now):
                raise NotLoggedIn("Log in first.")
            if seen:
                await store.see_session(session, found.token_hash, now)
        user = await self._user(found.dealer_id, found.user_id)
        if user is None or not user.active:
            raise NotLoggedIn("Log in first.")
        if request.method not in ("GET", "HEAD"):
            self.check_origin(request)
        csrf = _hash(f"csrf {token}").hex()
        workshops = frozenset(map(UUID, user.workshops)) or None
        dealer, user_id = DealerId(found.dealer_id), UserId(found.user_id)
        return Asking(dealer, user_id, user.email, user.role, user.language, csrf, workshops)

    def check_origin(self, request: Request) -> None:
        """Raises Forbidden for a change that did not come from our own pages."""
        site = request.headers.get("sec-fetch-site")
        origin = request.headers.get("origin")
        if site in ("same-origin", "none") or (site is None and origin == self._origin):
            return
        raise Forbidden("This change did not come from our own pages.")

    async def count_try(self, counted: list[bytes]) -> None:
        """Count a try; the next one waits, longer each time. Raises TooManyTries while this one has to wait."""
        now = self._runtime.system.now()
        async with self._runtime.sessions() as session, session.begin():
            for what in sorted(counted):
                before = await store.tries(session, what, now)
                _must_not_wait(before.not_before, now)
                await store.count_try(session, what, before.failures + 1, now + access.wait_after(before.failures + 1))

    def address(self, request: Request) -> str:
        """Where a request comes from; what a client says of that itself counts for nothing."""
        if self._behind_proxy and (told := request.headers.get("x-forwarded-for")):
            return told.rsplit(",", 1)[-1].strip()
        return request.client.host if request.client else "unknown"

    async def _user(self, dealer: UUID, user: UUID) -> Any | None:
        async with self._runtime.work(DealerId(dealer)) as work:
            return await store.user(work.session, dealer, user)


def _must_not_wait(until: datetime | None, now: datetime) -> None:
    if until is not None and until > now:
        seconds = int((until - now).total_seconds()) + 1
        raise TooManyTries(f"Too many tries. Try again in {seconds} seconds.", retry_after=seconds)


def counted_guess(address: str) -> list[bytes]:
    """What guessing of codes is counted by."""
    return [_hash(f"guess {address}")]


def check_form(asking: Asking, token: str) -> None:
    """Raises Forbidden for a form that was not made for this session."""
    if not secrets.compare_digest(asking.csrf.encode(), token.encode()):
        raise Forbidden("This form was made for another session. Load the page again.")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
