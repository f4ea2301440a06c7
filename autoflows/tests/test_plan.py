"""Which process has what, where; and what is said when that cannot be."""

import json
import socket
from pathlib import Path

import pytest

from autoflows import moving, plan, settings
from autoflows.errors import CannotRun
from autoflows.folder import Folder
from autoflows.plan import Wish
from common.cluster import free_port

SERVICES = ["api", "classifier", "ingest", "leads", "notifier", "scheduler"]


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (False, {"api": 8080, "notifier": 8081, "background": 8082}),
        (True, {"api": 8080, "notifier": 8081, "classifier": 8082, "ingest": 8083, "leads": 8084, "scheduler": 8085}),
    ],
)
def test_three_processes_or_one_for_each_service(apart: bool, expected: dict[str, int]) -> None:
    made = plan.children(SERVICES, Wish(apart=apart), {})
    assert {child.name: child.port for child in made} == expected
    assert sorted(name for child in made for name in child.services) == SERVICES


def test_with_kafka_the_relay_runs_too() -> None:
    assert [child.name for child in plan.children(SERVICES, Wish(bus="kafka"), {})][-1] == "relay"


def test_every_process_learns_where_the_others_are(tmp_path: Path) -> None:
    shared = plan.shared(Folder(tmp_path), Wish(port=9000, database_port=5999))
    assert shared["AUTOFLOWS_DATABASE_URL"] == "postgresql://127.0.0.1:5999/autoflows"
    assert shared["AUTOFLOWS_PUBLIC_URL"] == "http://127.0.0.1:9000"
    assert json.loads(shared["AUTOFLOWS_SERVICE_URLS"])["notifier"] == "http://127.0.0.1:9001"
    (api, *_) = plan.children(SERVICES, Wish(port=9000), shared)
    assert api.environment["AUTOFLOWS_PORT"] == "9000"
    assert api.environment["AUTOFLOWS_DATABASE_SECRET"] == Folder(tmp_path).secret()


def test_a_taken_port_is_said_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotRun, match=rf"Port {port} \(api\) is taken by another program. Choose others with --port"):
            plan.check_ports(plan.children(SERVICES, Wish(port=port), {}), free_port())
        with pytest.raises(CannotRun, match=rf"Port {port} \(PostgreSQL\) is taken .* --database-port"):
            plan.check_ports([], port)


def test_settings_are_kept_in_a_file_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOWS_SMTP_HOST", "here")
    monkeypatch.setenv("AUTOFLOWS_SMTP_PORT", "0")  # so that it is put back afterwards
    monkeypatch.delenv("AUTOFLOWS_SMTP_PORT")
    (tmp_path / "settings.env").write_text("# mail\nAUTOFLOWS_SMTP_HOST=there\n\nAUTOFLOWS_SMTP_PORT='25'\n")
    settings.adopt_file(tmp_path / "settings.env")
    assert (settings.given("smtp_host"), settings.given("smtp_port")) == ("here", "25")
    (tmp_path / "settings.env").write_text("AUTOFLOWS_SMTP_HOST=there\nsmtp_port 25\n")
    with pytest.raises(CannotRun, match=r"settings.env, line 2: a setting is written AUTOFLOWS_NAME=value"):
        settings.adopt_file(tmp_path / "settings.env")


@pytest.mark.parametrize("step", ["7d", "+7", "+7w", "-1d", "+1.5h", "", "+99999d"])
def test_a_step_of_the_clock_goes_ahead_in_days_hours_or_minutes(step: str) -> None:
    with pytest.raises(CannotRun, match="is no step ahead"):
        moving.parse(step)


def test_the_clock_of_a_real_installation_is_not_moved(tmp_path: Path) -> None:
    with Folder(tmp_path).taken("http://127.0.0.1:8080"), pytest.raises(CannotRun, match="is not moved"):
        moving.demo_on(Folder(tmp_path))
    with pytest.raises(CannotRun, match="Nothing runs"):
        moving.demo_on(Folder(tmp_path))
