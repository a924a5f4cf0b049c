"""The client of Debian's python3-websockets against echo_server."""

import asyncio
import os
import unittest

import websockets
from harness import serving, within

SIZES = [0, 1, 125, 126, 65_535, 65_536, 1 << 20]


class EchoServerTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        serve = serving("echo_server")
        self.server, self.url = await serve.__aenter__()
        self.addAsyncCleanup(serve.__aexit__, None, None, None)

    async def echo(self, ws, message):
        await ws.send(message)
        return await within(ws.recv())

    async def testSizes(self):
        for compression in (None, "deflate"):
            for size in SIZES:
                with self.subTest(size=size, compression=compression):
                    async with websockets.connect(self.url, compression=compression) as ws:
                        binary = os.urandom(size)
                        self.assertEqual(await self.echo(ws, binary), binary)
                        text = ("duplex " * (size // 7 + 1))[:size]
                        self.assertEqual(await self.echo(ws, text), text)

    async def testFragments(self):
        async with websockets.connect(self.url) as ws:
            self.assertEqual(await self.echo(ws, ["one ", "", "two ", "🌍"]), "one two 🌍")
            self.assertEqual(await self.echo(ws, [b"\x00", b"", b"\xff"]), b"\x00\xff")

    async def testPing(self):
        async with websockets.connect(self.url) as ws:
            for payload in (b"", b"a", os.urandom(125)):
                await within(await ws.ping(payload))

    async def testManyInFlight(self):
        async with websockets.connect(self.url, max_queue=None) as ws:
            sent = [f"{i} " + "x" * (i % 200) for i in range(1000)]
            for message in sent:
                await ws.send(message)
            self.assertEqual([await within(ws.recv()) for _ in sent], sent)

    async def testCloseCodeIsEchoed(self):
        for code in (1000, 1001, 1011, 3000, 4999):
            with self.subTest(code=code):
                ws = await websockets.connect(self.url)
                await within(ws.close(code, "a reason"))
                self.assertEqual(ws.close_code, code)

    async def testHandshake(self):
        async with websockets.connect(self.url, subprotocols=["chat"]) as ws:
            self.assertIsNone(ws.subprotocol)
            self.assertEqual(ws.response_headers["Upgrade"].lower(), "websocket")
            self.assertNotIn("Sec-WebSocket-Protocol", ws.response_headers)

    async def testForeignOriginIsRefused(self):
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(self.url, origin="http://evil.example")
        self.assertEqual(refused.exception.status_code, 403)

    async def testOwnOriginIsLetIn(self):
        async with websockets.connect(self.url, origin=self.url.replace("ws:", "http:")) as ws:
            self.assertEqual(await self.echo(ws, "mine"), "mine")

    async def testStopSaysGoingAway(self):
        sockets = await asyncio.gather(*(websockets.connect(self.url) for _ in range(10)))
        self.assertEqual(await self.server.stop(), 0)
        for ws in sockets:
            await within(ws.wait_closed())
            self.assertEqual(ws.close_code, 1001)


if __name__ == "__main__":
    unittest.main()
