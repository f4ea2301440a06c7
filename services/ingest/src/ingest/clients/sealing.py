"""Secrets of connections at rest: sealed with a key that is derived from the installation's secret."""

import base64
import json

from cryptography.fernet import Fernet, InvalidToken

from common.errors import DomainError
from common.settings import Settings


class Sealer:
    """Seals and opens what a connection must keep secret."""

    def __init__(self, settings: Settings) -> None:
        self._box = Fernet(base64.urlsafe_b64encode(bytes.fromhex(settings.derived("connections"))[:32]))

    def seal(self, secrets: dict[str, str]) -> bytes:
        return self._box.encrypt(json.dumps(secrets).encode())

    def open(self, sealed: bytes | None) -> dict[str, str]:
        """Raises DomainError where the installation's secret is another than the one it was sealed with."""
        try:
            found: dict[str, str] = json.loads(self._box.decrypt(sealed or b""))
        except InvalidToken:
            raise DomainError(
                "The connection's secrets were sealed with another secret; connect it again.", code="sealed"
            ) from None
        return found
