"""One broker (KRaft, one node) that can be started, stopped, killed and wiped; it ends with the process that started it."""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from common.parent import die_with_parent
from common.testing.kafka import certificates
from common.testing.kafka.config import LISTENERS, SCRAM_USER, USER_PASSWORD, properties
from common.testing.kafka.found import IMAGE, Found, find

_START_SECONDS = 60.0
# A child dies with the *thread* that started it, so brokers are started by one that lasts as long as the process.
_starter = ThreadPoolExecutor(1, thread_name_prefix="kafka")


class BrokerFailed(RuntimeError):
    """The broker did not come up; the message holds the end of its log."""


class Broker:
    """A broker whose files lie in `folder`. `start` after `stop` or `kill` keeps its data; `wipe` loses it."""

    def __init__(self, folder: Path, *, secure: bool = True, port: int | None = None, found: Found | None = None) -> None:
        """`secure`: also listens with TLS and SASL; `port`: of the plain listener, else a free one."""
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._found = found or find()
        self._names = [*(LISTENERS if secure else LISTENERS[:1]), "CONTROLLER"]
        self.ports = self._ports_before() or dict(zip(self._names, _free_ports(len(self._names)), strict=True))
        if port is not None:
            self.ports["PLAINTEXT"] = port
        self._secure = secure
        self.ca_file: Path | None = None
        self._keystore: Path | None = None
        if secure:
            self.ca_file, self._keystore = certificates.make(self.folder)
        self._container = f"autoflows-kafka-{uuid.uuid4().hex[:12]}"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def bootstrap(self) -> str:
        """The address without TLS and without a login."""
        return self.address("PLAINTEXT")

    def address(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> "Broker":
        """Start and wait until it answers with our cluster id. Raises BrokerFailed."""
        self._take_folder()
        if not self._data.exists():
            self._format()
        (self.folder / "ports.json").write_text(json.dumps(self.ports))
        self._process = _starter.submit(self._spawn).result()
        (self.folder / "broker.pid").write_text(str(self._process.pid))
        deadline = time.monotonic() + _START_SECONDS
        while (answered := _starter.submit(asyncio.run, _cluster_id(self.bootstrap)).result()) is None:
            if self.pid is None or time.monotonic() > deadline:
                self.kill()
                raise BrokerFailed(f"Kafka did not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        if answered != (wanted := self._cluster_id()):
            self.kill()
            raise BrokerFailed(f"another broker ({answered}, not {wanted}) answers on {self.bootstrap}")
        return self

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: as a crash of the process."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """A crash, then a start with the data it had."""
        self.kill()
        self.start()

    def wipe(self) -> None:
        """A crash that loses the disk, then a start with nothing."""
        self.kill()
        shutil.rmtree(self._data)
        self.start()

    def terminate(self) -> None:
        """Ask it to end, without waiting."""
        if self._process is not None and self.pid is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Until it ends by itself."""
        assert self._process is not None
        return self._process.wait()

    # --- files and processes

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    def _ports_before(self) -> dict[str, int]:
        """The ports of the last start: the controller's is written into the data."""
        try:
            found: dict[str, int] = json.loads((self.folder / "ports.json").read_text())
        except FileNotFoundError:
            return {}
        return found if set(found) == set(self._names) else {}

    def _cluster_id(self) -> str:
        lines = (self._data / "meta.properties").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    def _format(self) -> None:
        bind = "127.0.0.1" if self._found.lib else "0.0.0.0"
        text = properties(self._data, self.ports, bind=bind, keystore=self._keystore, authority=self.ca_file)
        (self.folder / "broker.properties").write_text(text)
        scram = ["--add-scram", f"SCRAM-SHA-512=[name={SCRAM_USER},password={USER_PASSWORD}]"] if self._secure else []
        arguments = ["format", "--standalone", "-t", _new_cluster_id(), "-c", str(self.folder / "broker.properties"), *scram]
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *arguments, name=f"{self._container}-format"),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise BrokerFailed(f"Kafka's data folder could not be made: {(done.stdout + done.stderr).strip()[-2000:]}")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        command = self._java("kafka.Kafka", str(self.folder / "broker.properties"), name=self._container)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip

    def _java(self, main: str, *arguments: str, name: str) -> list[str]:
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        if self._found.lib is not None:
            return ["java", *options, "-cp", f"{self._found.lib}/*", main, *arguments]
        published = [part for port in self.ports.values() for part in ("-p", f"127.0.0.1:{port}:{port}")]
        return [
            "docker", "run", "--rm", "--name", name, "--user", f"{os.getuid()}:{os.getgid()}",
            "-v", f"{self.folder}:{self.folder}", *published, "--entrypoint", "java", IMAGE,
            *options, "-cp", "/opt/kafka/libs/*", main, *arguments,
        ]  # fmt: skip

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self.pid is not None:
            if number == signal.SIGKILL and self._found.lib is None:
                subprocess.run(["docker", "kill", self._container], capture_output=True, check=False)
            self._process.send_signal(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        (self.folder / "broker.pid").unlink(missing_ok=True)

    def _take_folder(self) -> None:
        """Nobody else may use the folder; a broker whose owner was killed would answer in our place, so it ends."""
        if self._lock is not None:
            return
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise BrokerFailed(f"A broker runs already with the data in {self.folder}.") from None
        self._lock = lock
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int((self.folder / "broker.pid").read_text())
            if b"kafka.Kafka" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


async def _cluster_id(address: str) -> str | None:
    """What the broker at that address calls its cluster; None when none answers."""
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return None
    writer.close()
    client = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
    try:
        await client.start()
        return str((await client.describe_cluster())["cluster_id"])
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.close()


def _new_cluster_id() -> str:
    while True:
        found = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not found.startswith("-"):  # it would be read as an option
            return found


def _free_ports(count: int) -> list[int]:
    """Ports below those that the system lends to outgoing connections, so that they stay free while the broker is down."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20000, 31999)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
