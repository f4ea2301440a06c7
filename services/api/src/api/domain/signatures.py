"""How webhooks prove who sent them: Standard Webhooks 1.0.0 (`webhook-id`, `webhook-timestamp` and `webhook-signature` over the raw
body), Calendly's and Cal.com's own headers, and GatewayAPI's JWT."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

TOLERANCE = timedelta(minutes=5)
CALENDLY_TOLERANCE = timedelta(minutes=3)  # as Calendly advises
CALCOM_TOLERANCE = timedelta(hours=24)  # it signs no time of sending, only the body, which says when it happened; it tries again
PREFIX = "whsec_"


class Unsigned(Exception):
    """A webhook that nobody with our secret sent, or not just now."""


def new_secret() -> str:
    """A fresh secret of 32 bytes, as it is shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def is_key(given: str) -> bool:
    """Whether a secret of Calendly or Cal.com can be one: at least 16 characters, none of them a space."""
    return re.fullmatch(r"[\x21-\x7e]{16,200}", given) is not None


def is_secret(given: str) -> bool:
    """Whether a given secret is one: `whsec_` and 24 to 64 bytes in base64."""
    try:
        return given.startswith(PREFIX) and 24 <= len(base64.b64decode(given.removeprefix(PREFIX), validate=True)) <= 64
    except (ValueError, binascii.Error):
        return False


def sign(secret: str, webhook_id: str, at: datetime, body: bytes) -> str:
    """The signature of a body (`v1,…`)."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((webhook_id.encode(), str(int(at.timestamp())).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verify(headers: Mapping[str, str], body: bytes, known: Iterable[str], now: datetime) -> str:
    """The webhook's id, if one of the secrets signed it just now. Raises Unsigned for anything else, however malformed."""
    webhook_id, stamp, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not re.fullmatch(r"[\x21-\x2d\x2f-\x7e]{1,200}", webhook_id) or not re.fullmatch(r"\d{1,12}", stamp):
        raise Unsigned
    try:
        at = datetime.fromtimestamp(int(stamp), now.tzinfo)
    except (ValueError, OverflowError, OSError):
        raise Unsigned from None
    if abs(now - at) > TOLERANCE:
        raise Unsigned
    wanted = [sign(secret, webhook_id, at, body) for secret in known]
    offered = given.split(" ")[:10]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in offered):
        raise Unsigned
    return webhook_id


def verify_calendly(headers: Mapping[str, str], body: bytes, known: Iterable[str], now: datetime) -> str:
    """An id of the body, if one of the signing keys signed it just now (`t=…,v1=…` over `t.body`). Raises Unsigned."""
    given = dict(part.partition("=")[::2] for part in headers.get("calendly-webhook-signature", "")[:500].split(","))
    stamp = given.get("t", "")
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(now.timestamp() - int(stamp)) > CALENDLY_TOLERANCE.total_seconds():
        raise Unsigned
    return _signed_hex(stamp.encode() + b"." + body, given.get("v1", ""), known, body)


def verify_calcom(headers: Mapping[str, str], body: bytes, known: Iterable[str], now: datetime) -> str:
    """An id of the body, if one of the secrets signed it, and it says that it is of the last day. Raises Unsigned."""
    found = _signed_hex(body, headers.get("x-cal-signature-256", ""), known, body)
    try:
        told = json.loads(body)
        at = datetime.fromisoformat(told["createdAt"])
        fresh = now - CALCOM_TOLERANCE <= at <= now + TOLERANCE
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Unsigned from None
    if not fresh:
        raise Unsigned
    return found


def _signed_hex(signed: bytes, given: str, known: Iterable[str], body: bytes) -> str:
    wanted = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in known]
    if not any(hmac.compare_digest(one.encode(), given.encode()) for one in wanted):
        raise Unsigned
    return hashlib.sha256(body).hexdigest()  # these systems number no deliveries: the same body is the same webhook


def verify_jwt(token: str, secret: str) -> dict[str, Any]:
    """What a JWT says that the secret signed with HS256. Raises Unsigned for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        raise Unsigned
    try:
        header = json.loads(_unpadded(parts[0]))
        claims = json.loads(_unpadded(parts[1]))
        given = _unpadded(parts[2])
    except (ValueError, binascii.Error, RecursionError):
        raise Unsigned from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "HS256":
        raise Unsigned
    wanted = hmac.new(secret.encode(), f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(wanted, given):
        raise Unsigned
    return claims


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
