"""echo_client and `duplex connect` against the server of Debian's python3-websockets."""

import asyncio
import contextlib
import http
import os
import unittest

import websockets
from harness import running, within

SIZES = [0, 1, 125, 126, 65_535, 65_536, 1 << 20]
# What does not compress grows by a little.
MAX_SIZE = 2 << 20


@contextlib.asynccontextmanager
async def accepting(**options):
    """A server on a free port: its URL, and a future of its first connection."""
    connected = asyncio.get_running_loop().create_future()

    async def handle(ws):
        connected.set_result(ws)
        await ws.wait_closed()

    async with websockets.serve(handle, "127.0.0.1", 0, max_size=MAX_SIZE, **options) as server:
        host, port = server.sockets[0].getsockname()
        yield f"ws://{host}:{port}", connected


class EchoClientTest(unittest.IsolatedAsyncioTestCase):
    async def testSizes(self):
        for compression in (None, "deflate"):
            async with accepting(compression=compression) as (url, connected):
                async with running("echo_client", url) as client:
                    ws = await within(connected)
                    for size in SIZES:
                        with self.subTest(size=size, compression=compression):
                            binary = os.urandom(size)
                            await ws.send(binary)
                            self.assertEqual(await within(ws.recv()), binary)
                            text = ("duplex " * (size // 7 + 1))[:size]
                            await ws.send(text)
                            self.assertEqual(await within(ws.recv()), text)
                    await within(ws.close())
                    self.assertEqual(await client.exit(), 0)

    async def testFragmentsAndPings(self):
        async with accepting() as (url, connected), running("echo_client", url):
            ws = await within(connected)
            await ws.send(["one ", "", "two ", "🌍"])
            self.assertEqual(await within(ws.recv()), "one two 🌍")
            await within(await ws.ping(b"alive?"))

    async def testCloseCodeIsAnswered(self):
        for code in (1000, 1001, 1011, 3000, 4999):
            with self.subTest(code=code):
                async with accepting() as (url, connected), running("echo_client", url) as client:
                    ws = await within(connected)
                    await within(ws.close(code, "enough"))
                    self.assertEqual(ws.close_rcvd.code, code)
                    self.assertGreaterEqual(await client.exit(), 0)


class ConnectTest(unittest.IsolatedAsyncioTestCase):
    async def testLinesBothWays(self):
        async with accepting() as (url, connected), running("duplex", "connect", url) as client:
            ws = await within(connected)
            client.write("typed\n")
            self.assertEqual(await within(ws.recv()), "typed")
            await ws.send("printed")
            self.assertEqual(await client.line(), "printed")
            client.endInput()
            await within(ws.wait_closed())
            self.assertEqual(ws.close_rcvd.code, 1000)
            self.assertEqual(await client.exit(), 0)

    async def testHandshakeOptions(self):
        flags = ["--protocol", "chat", "--header", "X-Colour: blue", "--origin", "https://example.com"]
        async with accepting(subprotocols=["chat"]) as (url, connected):
            async with running("duplex", "connect", *flags, url):
                ws = await within(connected)
                self.assertEqual(ws.subprotocol, "chat")
                self.assertEqual(ws.request_headers["X-Colour"], "blue")
                self.assertEqual(ws.request_headers["Origin"], "https://example.com")

    async def testCloseCodeIsPrinted(self):
        async with accepting() as (url, connected), running("duplex", "connect", url) as client:
            ws = await within(connected)
            await within(ws.close(4001, "until tomorrow"))
            self.assertIn("4001", await client.errors())

    async def testFailsWhenRefused(self):
        async def refuse(path, headers):
            return http.HTTPStatus.UNAUTHORIZED, [], b"who are you?"

        async with accepting(process_request=refuse) as (url, _):
            async with running("duplex", "connect", url) as client:
                self.assertIn("401", await client.errors())
                self.assertNotEqual(await client.exit(), 0)


if __name__ == "__main__":
    unittest.main()
