"""Starts duplex's programs for the tests and waits for what they do; nothing waits for ever."""

import asyncio
import contextlib
import os
import pathlib
import re
import signal

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DUPLEX_BIN", ROOT / "build" / "release" / "bin"))

# Far more than anything here takes, so that a busy machine fails nothing.
PATIENCE = 30

ON_FREE_PORT = ["--port", "0", "--host", "127.0.0.1",
                "--backend", os.environ.get("DUPLEX_TEST_BACKEND", "auto")]


def within(awaitable):
    return asyncio.wait_for(awaitable, PATIENCE)


class Program:
    """A running program of duplex."""

    def __init__(self, process):
        self.process = process

    def write(self, text):
        self.process.stdin.write(text.encode())

    def endInput(self):
        self.process.stdin.close()

    async def line(self):
        """The next line it prints, without its end; empty when there is no more."""
        return (await within(self.process.stdout.readline())).decode().rstrip("\n")

    async def match(self, pattern):
        """Reads lines up to one in which `pattern` is found; returns the match."""
        while raw := await within(self.process.stdout.readline()):
            if found := re.search(pattern, raw.decode()):
                return found
        raise AssertionError(f"ended without printing {pattern}: {await self.errors()}")

    async def errors(self):
        """All it prints to standard error until it ends."""
        return (await within(self.process.stderr.read())).decode()

    async def exit(self):
        """Its exit status once it has ended by itself; negative for a signal."""
        return await within(self.process.wait())

    async def stop(self):
        """Asks it to stop as a service manager does."""
        self.process.send_signal(signal.SIGTERM)
        return await self.exit()


@contextlib.asynccontextmanager
async def running(name, *arguments):
    """A Program that is ended at the latest with the `async with`."""
    process = await asyncio.create_subprocess_exec(
        BIN / name, *arguments, limit=1 << 22,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def serving(name, *arguments):
    """One of duplex's servers on a free port: the Program and its ws: or wss: URL."""
    async with running(name, *ON_FREE_PORT, *arguments) as program:
        secure, address = (await program.match(r"http(s?)://(\S+:\d+)")).groups()
        yield program, f"ws{secure}://{address}"
