"""SMS by GatewayAPI's REST interface (`POST /rest/mtsms`). Its answer says what was sent; without one nobody knows."""

from datetime import timedelta
from typing import Any

import httpx

from notifier.clients import Sms
from notifier.domain.outcomes import Accepted, Away, Outcome, Refused, Unknown
from notifier.domain.sms import MAX_PARTS, parts

_NOBODYS_FAULT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_ABOUT_US = frozenset({401, 404, 405, 407, 429})
_ABOUT_THIS_NUMBER = frozenset({"0x0214", "0x0215", "0x0217", "0x021F"})  # blacklisted, or a destination not allowed


class GatewayApi:
    """One account at GatewayAPI."""

    def __init__(self, url: str, token: str, *, timeout: float = 15.0) -> None:
        self._token = token
        self._http = httpx.AsyncClient(
            base_url=url,
            auth=httpx.BasicAuth(token, ""),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            limits=httpx.Limits(max_connections=20),  # of the 40 that one address may hold
        )

    async def send(self, sms: Sms) -> Outcome:
        if not self._token:
            return Away("not_configured")
        try:
            response = await self._http.post("/rest/mtsms", json=body(sms))
        except _NOBODYS_FAULT as error:
            return Away(type(error).__name__)
        except httpx.HTTPError as error:  # bytes of the request may have arrived
            return Unknown(type(error).__name__)
        return read(response.status_code, _json(response), response.headers.get("retry-after"))

    async def close(self) -> None:
        await self._http.aclose()


def body(sms: Sms) -> dict[str, Any]:
    """The request: our message id comes back as `userref`."""
    found = parts(sms.text)
    request: dict[str, Any] = {
        "message": sms.text,
        "sender": sms.sender,
        "userref": str(sms.message_id),
        "encoding": "UCS2" if found.encoding == "UCS2" else "UTF8",
        "max_parts": max(found.count, MAX_PARTS),
        "recipients": [{"msisdn": int(sms.to.removeprefix("+"))}],
    }
    if sms.callback_url:
        request["callback_url"] = sms.callback_url
    return request


def read(status: int, answer: Any, retry_after: str | None = None) -> Outcome:
    """What an answer means. Only a clear no is a no; a 5xx may come after the SMS was queued."""
    code = answer.get("code") if isinstance(answer, dict) else None
    because = f"gatewayapi {code or status}"
    if status == 200:
        ids = answer.get("ids") if isinstance(answer, dict) else None
        return Accepted(str(ids[0])) if isinstance(ids, list) and ids else Unknown("gatewayapi answer unread")
    if status in _ABOUT_US or (status == 403 and code not in _ABOUT_THIS_NUMBER):
        return Away(because, _pause(retry_after))
    return Refused(because) if 400 <= status < 500 else Unknown(because)


def _pause(retry_after: str | None) -> timedelta | None:
    return timedelta(seconds=min(int(retry_after), 3600)) if retry_after and retry_after.isdigit() else None


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
