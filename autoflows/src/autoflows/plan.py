"""What runs where on one machine: which process has which services, on which port, with which settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autoflows import installed, settings
from autoflows.errors import CannotRun
from autoflows.folder import Folder
from autoflows.supervisor import Child
from common.cluster import is_free

FRONT = ("api", "notifier")  # those that the outside reaches: always a process of their own
DEMO_AT = 10  # steps from the first port


@dataclass(frozen=True)
class Wish:
    """What the user asked for."""

    demo: bool = False
    apart: bool = False
    port: int = 8080
    database_port: int = 5544
    bus: str = "embedded"


def shared(folder: Folder, wish: Wish) -> dict[str, str]:
    """The settings that every process has, and every command that joins in."""
    ports = {name: port for names, port in _groups(installed.names(), wish) for name in names}
    return {
        **settings.everything_given(),
        "AUTOFLOWS_DATA": str(folder.path),
        "AUTOFLOWS_DATABASE_URL": f"postgresql://127.0.0.1:{wish.database_port}/autoflows",
        "AUTOFLOWS_DATABASE_SECRET": folder.secret(),
        "AUTOFLOWS_PUBLIC_URL": settings.given("public_url") or f"http://127.0.0.1:{wish.port}",
        "AUTOFLOWS_NOTIFIER_URL": settings.given("notifier_url") or f"http://127.0.0.1:{wish.port + 1}",
        "AUTOFLOWS_SERVICE_URLS": json.dumps({name: f"http://127.0.0.1:{port}" for name, port in ports.items()}),
    }


def children(services: Sequence[str], wish: Wish, shared: Mapping[str, str]) -> list[Child]:
    """The processes of the services, and the relay where Kafka is the bus."""
    host = settings.given("host") or "127.0.0.1"
    made = []
    for names, port in _groups(services, wish):
        outside = names[0] in FRONT
        own = {"AUTOFLOWS_PORT": str(port), "AUTOFLOWS_HOST": host if outside else "127.0.0.1"}
        made.append(
            Child(
                names[0] if len(names) == 1 else "background",
                ("run", *names),
                port,
                host=_reached(host) if outside else "127.0.0.1",
                services=tuple(names),
                environment=settings.environment({**shared, **own}),
            )
        )
    if wish.bus == "kafka":
        made.append(Child("relay", ("relay",), None, environment=settings.environment(shared)))
    return made


def check_ports(children: Sequence[Child], database_port: int) -> None:
    """Every port must be free before anything starts."""
    if not is_free(database_port):
        raise CannotRun(f"Port {database_port} (PostgreSQL) is taken by another program. Choose another with --database-port.")
    for child in children:
        if child.port is not None and not is_free(child.port):
            raise CannotRun(f"Port {child.port} ({child.name}) is taken by another program. Choose others with --port.")


def _groups(services: Sequence[str], wish: Wish) -> list[tuple[list[str], int]]:
    behind = [name for name in services if name not in FRONT]
    groups = [*([name] for name in FRONT), *([[name] for name in behind] if wish.apart else [behind])]
    placed = [(names, wish.port + step) for step, names in enumerate(groups)]
    return [(names, port) for names, port in placed if names and set(names) <= set(services)]


def _reached(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
