"""Secrets at rest: sealed with a key that is derived, for one purpose, from the installation's secret."""

import base64

from cryptography.fernet import Fernet, InvalidToken

from common.errors import DomainError
from common.settings import Settings


class Sealed(DomainError):
    """Sealed by an installation with another secret, or not by us at all."""

    code = "sealed"
    status = 500


class Seal:
    """Seals and opens texts of one purpose."""

    def __init__(self, settings: Settings, purpose: str) -> None:
        self._box = Fernet(base64.urlsafe_b64encode(bytes.fromhex(settings.derived(f"seal {purpose}"))))

    def close(self, text: str) -> str:
        """Never the same twice."""
        return self._box.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises Sealed for what was not closed with this seal."""
        try:
            return self._box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Sealed("This was sealed with another secret than this installation's.") from None
