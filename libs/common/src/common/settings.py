"""Settings that every process has, read once from the environment (`AUTOFLOWS_…`) by a service's `main.py`."""

import hashlib
import hmac
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

OWNER, READER = "owner", "reader"  # the role that migrates; the role that reads logs


class Settings(BaseSettings):
    """What a process needs to find its database, its bus and its clock. A service adds its own by subclassing."""

    model_config = SettingsConfigDict(env_prefix="AUTOFLOWS_", extra="ignore")

    database_url: str = "postgresql://127.0.0.1:5544/autoflows"  # without credentials
    database_urls: dict[str, str] = {}  # a service with a database of its own: {"scheduler": "postgresql://…"}
    database_secret: SecretStr = SecretStr("")  # every role's password is derived from it
    bus: Literal["embedded", "kafka"] = "embedded"
    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_replication: int = 1
    kafka_prefix: str = "autoflows."
    kafka_patience_seconds: float = 5.0  # what does not come by Kafka for so long is read from the log itself
    kafka_session_seconds: float = 10.0  # a member silent for so long is dead, and others take its partitions
    clock_file: Path | None = None  # a demo's moved clock; unset: the machine's time
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"  # api, as customers and dealers reach it
    notifier_url: str = "http://127.0.0.1:8081"  # notifier's redirects and pixel, as customers reach them
    service_urls: dict[str, str] = {}  # where api forwards a question: {"notifier": "http://…"}
    lease_seconds: float = 60.0  # an errand whose process died is taken up by another after so long
    failpoint: str | None = None  # tests only: die at these points (`common.failpoints`)
    log_level: str = "INFO"
    log_json: bool = False

    def dsn(self, service: str, role: str | None = None) -> str:
        """The address of a service's database with the credentials of one of its roles (default: the service's own)."""
        parts = urlsplit(self.database_of(service))
        user = role_name(role or service)
        netloc = f"{user}:{quote(self.password(user))}@{parts.hostname}:{parts.port or 5432}"
        return urlunsplit(("postgresql", netloc, parts.path, parts.query, ""))

    def database_of(self, service: str) -> str:
        """The address of the database that holds a service's schema, without credentials."""
        own = {schema_name(name): address for name, address in self.database_urls.items()}
        return own.get(schema_name(service), self.database_url)

    def password(self, user: str) -> str:
        """The password of a database role."""
        return self.derived(f"role {user}")

    def derived(self, purpose: str) -> str:
        """A secret for one purpose, derived from the installation's."""
        key = self.database_secret.get_secret_value().encode()
        return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()


def role_name(role: str) -> str:
    """The database role of a service, of the owner or of the reader."""
    return f"autoflows_{schema_name(role)}"


def schema_name(service: str) -> str:
    """The schema of a service: its name, as PostgreSQL takes it without quotes (`dmr-sync`: `dmr_sync`)."""
    return service.replace("-", "_")
