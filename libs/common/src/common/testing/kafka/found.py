"""What this machine can run a broker with: Java 17 and the pinned jars, or a Docker engine; else one sentence that helps."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

VERSION = "4.4.0"
IMAGE = f"apache/kafka:{VERSION}"
INSTALL = "sudo apt-get install -y openjdk-17-jre-headless maven"
NONE = "no Kafka broker can be run here"
MISSING = f"{NONE}. It takes Java 17 or later and Maven, or a running Docker engine; on Debian and Ubuntu: {INSTALL}"
_HERE = Path(__file__).parent
_SUMS = _HERE / "SHA256SUMS"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


class KafkaMissing(RuntimeError):
    """No broker can be run here; the message says what to install."""


class KafkaSettings(BaseSettings):
    """What a run of tests wants: `AUTOFLOWS_REQUIRE_KAFKA=1` makes a missing broker a failure."""

    model_config = SettingsConfigDict(env_prefix="AUTOFLOWS_", extra="ignore")

    require_kafka: bool = False
    kafka_cache: Path | None = None  # where the jars are kept; default: .cache/kafka in the repository


@dataclass(frozen=True)
class Found:
    """How a broker runs here: with the jars in `lib`, or (None) with the image."""

    lib: Path | None

    def __str__(self) -> str:
        return f"Apache Kafka {VERSION}, its jars under Java" if self.lib else f"the image {IMAGE} under Docker"


@cache
def find() -> Found:
    """What there is, fetching the jars once. Raises KafkaMissing."""
    if _java_is_new_enough():
        if (lib := _kept()) is not None:
            return Found(lib)
        if shutil.which("mvn"):
            return Found(_fetch())
    if shutil.which("docker") and _answers(["docker", "info"]):
        return Found(None)
    raise KafkaMissing(MISSING)


def outlook() -> str:
    """What `find` will use, without fetching anything."""
    if _java_is_new_enough() and (cache_folder().is_dir() or shutil.which("mvn")):
        return f"Apache Kafka {VERSION}, its jars under Java"
    if shutil.which("docker") and _answers(["docker", "info"]):
        return f"the image {IMAGE} under Docker"
    return MISSING


def cache_folder() -> Path:
    """Where the jars of these sums lie."""
    base = KafkaSettings().kafka_cache or _repository() / ".cache" / "kafka"
    return base / hashlib.sha256(_SUMS.read_bytes()).hexdigest()[:16]


def _kept() -> Path | None:
    lib = cache_folder() / "lib"
    return lib if lib.is_dir() and not _differences(lib) else None


def _fetch() -> Path:
    """Have Maven copy the jars, check each against SHA256SUMS, then put them in place; one process at a time."""
    folder = cache_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (kept := _kept()) is not None:
            return kept
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        command = ["mvn", "-q", "-B", "-C", "-f", str(_HERE / "pom.xml"), _COPY, f"-DoutputDirectory={fresh / 'lib'}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(fresh)
            raise KafkaMissing(f"{NONE}: Maven could not fetch Kafka's jars: {(done.stdout + done.stderr).strip()[-800:]}")
        if wrong := _differences(fresh / "lib"):
            shutil.rmtree(fresh)
            raise KafkaMissing(f"{NONE}: its jars differ from SHA256SUMS: {', '.join(sorted(wrong))}")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return folder / "lib"


def _differences(lib: Path) -> set[str]:
    """The names of jars that are missing, extra or not what they were."""
    wanted = {name: total for total, name in (line.split() for line in _SUMS.read_text().splitlines())}
    there = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in lib.iterdir()}
    return {name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)}


def _java_is_new_enough() -> bool:
    if not shutil.which("java"):
        return False
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return version is not None and int(version[1]) >= 17


def _answers(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _repository() -> Path:
    """The checkout this file lies in; of an installed package the user's own folder."""
    return next((folder for folder in _HERE.parents if (folder / "requirements.lock").exists()), Path.home())
