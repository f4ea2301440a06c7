"""What notifier reads from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from common.settings import Settings as CommonSettings


class Settings(CommonSettings):
    """Where mail and SMS are handed in. Without a host, or a token, that channel waits and says so."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    smtp_timeout: float = 20.0
    bounce_address: str | None = None  # where undeliverable mail goes back to; unset: to the dealer that it is from
    bounce_imap_url: str = ""  # imaps://host:993/INBOX: the folder that it comes to; empty: it is not read
    bounce_imap_username: str = ""
    bounce_imap_password: SecretStr = SecretStr("")
    bounce_imap_timeout: float = 20.0  # seconds
    bounce_imap_ca_file: Path | None = None  # who signed that server's certificate, where this machine does not know them
    alert_from: str = "autoflows@localhost.localdomain"  # staff alerts of a dealer that has no sender yet
    gatewayapi_url: str = "https://gatewayapi.com"
    gatewayapi_token: SecretStr = SecretStr("")
    gatewayapi_timeout: float = 15.0
    sms_callback_base: str | None = None  # default: {public_url}/webhooks/gatewayapi
    send_at_once: int = 8  # calls to providers under way per dealer
    send_per_second: float = 20.0  # of one process, all dealers together; 0: as fast as it goes
