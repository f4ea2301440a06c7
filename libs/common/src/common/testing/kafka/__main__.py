"""`make kafka`: a plain broker on this machine, in the foreground, its data kept in a folder."""

import argparse
import signal
import sys
from pathlib import Path

from common.testing.kafka.broker import Broker, BrokerFailed
from common.testing.kafka.found import KafkaMissing, find


def main() -> int:
    """Run until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make kafka", description="A local Apache Kafka broker.")
    parser.add_argument("--data", type=Path, default=Path("data/kafka"), help="where its data is kept (default: data/kafka)")
    parser.add_argument("--port", type=int, default=9092)
    given = parser.parse_args()
    try:
        found = find()
        print(f"{found}; starting …", flush=True)  # noqa: T201 - it talks to a terminal
        broker = Broker(given.data, secure=False, port=given.port, found=found).start()
    except (KafkaMissing, BrokerFailed) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(f"Kafka answers on {broker.bootstrap}. Services use it with AUTOFLOWS_BUS=kafka. Ctrl-C ends it.", flush=True)  # noqa: T201
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: broker.terminate())
    return 0 if broker.wait() in (0, 143) else 1  # 143: as asked


if __name__ == "__main__":
    sys.exit(main())
