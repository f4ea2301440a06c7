"""Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature` over the raw body; GatewayAPI's JWT."""

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
PREFIX = "whsec_"


class Unsigned(Exception):
    """A webhook that nobody with our secret sent, or not just now."""


def new_secret() -> str:
    """A fresh secret of 32 bytes, as it is shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


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
