"""The whole product as a user starts it: real processes in a folder, driven by commands and over HTTP."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from common.cluster import free_port, is_free


class Product:
    """One installation in a folder, with ports of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data = folder / "data"
        self.port, self.database_port = free_row(14), free_port()
        self.environment = environment
        self.process: Process | None = None
        self.said = ""

    async def start(self, *more: str, within: float = 90) -> None:
        """Start it and wait until it says that it is ready."""
        ports = ("--port", str(self.port), "--database-port", str(self.database_port))
        self.process = await self._command("up", "--data", str(self.data), *ports, *more)
        await self.says("is ready", within=within)

    async def says(self, words: str, *, within: float = 90) -> None:
        """Wait until it says these words."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            while words not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"it ended: {self.said}"
                self.said += line.decode()

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does."""
        assert self.process is not None
        self.process.send_signal(number)
        async with asyncio.timeout(60):
            rest, _ = await self.process.communicate()
        self.said += rest.decode()
        return self.process.returncode or 0

    async def end(self) -> None:
        """End whatever still runs, after a test, and leave no database behind."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.process.wait(), 30)
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        shutil.rmtree((self.data / "postgres").resolve(), ignore_errors=True)  # as root it may lie outside of the test's folder

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Another command on this installation, in another terminal."""
        process = await self._command("--data", str(self.data), *arguments)
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def does(self, *arguments: str) -> str:
        """A command that must succeed; what it said."""
        code, said = await self.run(*arguments)
        assert code == 0, f"{' '.join(arguments)}: {said}\n{self.logs()}"
        return said

    def told(self) -> dict[str, Any]:
        """What it says of itself while it runs."""
        found: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return found

    def logs(self) -> str:
        """The last lines of every process, for a test that failed."""
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in sorted(self.data.glob("logs/*.log"))
        )

    async def mail(self, words: str = "", kind: str = "") -> list[dict[str, Any]]:
        """What the demo's world caught, newest first."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port + 10}/messages.json", params={"q": words, "kind": kind})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return found

    async def dealer(self) -> httpx.AsyncClient:
        """A logged-in client of the demo dealer's owner."""
        await self.says("Ctrl-C stops")
        password = re.search(r"password\s+(\S+)", self.said)
        login = re.search(r"login\s+(\S+)", self.said)
        assert password is not None
        assert login is not None
        base = f"http://127.0.0.1:{self.port}"
        client = httpx.AsyncClient(base_url=base, headers={"origin": base}, trust_env=False, timeout=30)
        answer = await client.post("/api/v1/session", json={"email": login[1], "password": password[1]})
        assert answer.status_code == 204, answer.text
        return client

    async def _command(self, *arguments: str) -> Process:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOFLOWS_")}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "autoflows", *arguments, stdout=PIPE, stderr=STDOUT,
            env=kept | {"COLUMNS": "400"} | self.environment,
        )  # fmt: skip


def free_row(count: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first: int = probe.getsockname()[1]
        if first + count < 65_000 and all(is_free(first + step) for step in range(count)):
            return first


async def until(done: Callable[[], Awaitable[bool]], *, within: float = 60, every: float = 0.1) -> None:
    """Wait for a condition that another process brings about."""
    async with asyncio.timeout(within):
        while not await done():  # noqa: ASYNC110 - what another process does is no event here
            await asyncio.sleep(every)
