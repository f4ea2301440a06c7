"""One listener in a process of its own, so that a test can kill it for real."""

import asyncio

from common.process import run
from common.settings import Settings
from common.testing.probes import listener

if __name__ == "__main__":
    asyncio.run(run([listener()], Settings()))
