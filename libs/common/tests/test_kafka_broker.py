"""The broker that tests and `make kafka` run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.testing.kafka import found
from common.testing.kafka.broker import Broker, BrokerFailed

pytestmark = pytest.mark.xdist_group("kafka")  # one broker, one worker

OWNER = """
import sys, time
from pathlib import Path
from common.testing.kafka import Broker

broker = Broker(Path(sys.argv[1]), secure=False).start()
print(broker.pid, flush=True)
time.sleep(60)
"""


def test_kafka_never_outlives_its_parent_and_its_folder_can_be_used_again(kafka_here: None, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        said = owner.stdout.readline()
        assert said, owner.communicate()
        orphan = int(said)
        with pytest.raises(BrokerFailed, match="runs already"):
            Broker(tmp_path, secure=False).start()
        owner.send_signal(signal.SIGKILL)
    again = Broker(tmp_path, secure=False).start()
    assert not _lives(orphan)
    again.kill()


def test_kafka_where_there_is_neither_java_nor_docker_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found.find.cache_clear()
    try:
        with pytest.raises(found.KafkaMissing, match="apt-get install"):
            found.find()
    finally:
        found.find.cache_clear()


def test_kafka_jars_that_changed_are_noticed(kafka_here: None, tmp_path: Path) -> None:
    for jar in (found.cache_folder() / "lib").iterdir():
        (tmp_path / jar.name).symlink_to(jar)
    assert not found._differences(tmp_path)
    (tmp_path / "scala-library-2.13.18.jar").unlink()
    (tmp_path / "snakeyaml-2.5.jar").unlink()
    (tmp_path / "snakeyaml-2.5.jar").write_bytes(b"something else")
    assert found._differences(tmp_path) == {"scala-library-2.13.18.jar", "snakeyaml-2.5.jar"}


def test_kafka_under_docker_is_the_same_broker(tmp_path: Path) -> None:
    command = Broker(tmp_path, secure=False, found=found.Found(lib=None))._java("kafka.Kafka", "conf", name="some-name")
    assert command[:5] == ["docker", "run", "--rm", "--name", "some-name"]
    assert command[-4:] == ["-cp", "/opt/kafka/libs/*", "kafka.Kafka", "conf"]
    assert found.IMAGE == "apache/kafka:4.4.0"


def _lives(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.01)
    return True
