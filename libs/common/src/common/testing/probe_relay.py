"""One relay in a process of its own, so that a test can kill it for real."""

import asyncio

from common.bus.relay import run
from common.process import configure_logging
from common.settings import Settings
from common.testing import probes

if __name__ == "__main__":
    settings = Settings()
    configure_logging(settings)
    asyncio.run(run(settings, [probes.TOPIC.writer, probes.ECHOES.writer]))
