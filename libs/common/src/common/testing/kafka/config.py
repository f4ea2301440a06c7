"""The broker's configuration: small, quick to start, and with every kind of listener."""

from collections.abc import Mapping
from pathlib import Path

LISTENERS = ("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL")
SCRAM_USER, PLAIN_USER, USER_PASSWORD = "app", "plain", "a-password-of-tests"

_SMALL = """
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
num.network.threads=1
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
"""


def properties(data: Path, ports: Mapping[str, int], *, bind: str, keystore: Path | None, authority: Path | None) -> str:
    """What `kafka.Kafka` reads. `ports` names the listeners, CONTROLLER among them."""
    outside = [name for name in ports if name != "CONTROLLER"]
    lines = [
        f"log.dirs={data}",
        f"controller.quorum.bootstrap.servers=127.0.0.1:{ports['CONTROLLER']}",
        "listeners=" + ",".join(f"{name}://{bind}:{port}" for name, port in ports.items()),
        "advertised.listeners=" + ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in outside),
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT," + ",".join(f"{name}:{name}" for name in outside),
    ]
    if keystore is not None:
        lines += _secure(keystore, authority)
    return _SMALL + "\n".join(lines) + "\n"


def _secure(keystore: Path, authority: Path | None) -> list[str]:
    login = "org.apache.kafka.common.security"
    lines = [
        "sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={keystore}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={authority}",
    ]
    for listener in ("sasl_ssl", "sasl_plaintext"):
        lines += [
            f"listener.name.{listener}.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;",
            f"listener.name.{listener}.plain.sasl.jaas.config={login}.plain.PlainLoginModule required"
            f' user_{PLAIN_USER}="{USER_PASSWORD}";',
        ]
    return lines
