"""permessage-deflate with Debian's python3-websockets, in both roles."""

import asyncio
import os
import unittest

import websockets
from harness import ON_FREE_PORT, running, within
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory


def json(size):
    records = (f'{{"id":{i * 7919 % 1000},"name":"user{i % 10}","active":{i % 3 == 0}}},' for i in range(size // 30 + 2))
    return "".join(records)[:size]


MESSAGES = ["Hello", "Hello", "", json(200), json(200), os.urandom(1000), json(1000), json(16_384), json(16_384),
            os.urandom(70_000), json(300_000), "κόσμε 🌍", "Hello"]
# Of both sides: no context takeover, then the windows.
PARAMETERS = [(serverNone, clientNone, serverBits, clientBits)
              for serverNone in (False, True) for clientNone in (False, True)
              for serverBits, clientBits in ((None, None), (9, 15), (15, 9), (12, 10))]


async def echoAll(test, ws):
    for message in MESSAGES:
        await ws.send(message)
        test.assertEqual(await within(ws.recv()), message)
    # Its fragments are flushed one by one, and the last is empty.
    parts = [json(3000), "", "🌍", json(100)]
    for _ in range(2):
        await ws.send(parts)
        test.assertEqual(await within(ws.recv()), "".join(parts))


class EchoServerTest(unittest.IsolatedAsyncioTestCase):
    async def testAllParameters(self):
        async with running("echo_server", "--deflate", *ON_FREE_PORT) as server:
            url = "ws://" + (await server.match(r"http://(\S+:\d+)")).group(1)
            for parameters in PARAMETERS:
                with self.subTest(parameters=parameters):
                    factory = ClientPerMessageDeflateFactory(*parameters)
                    async with websockets.connect(url, compression=None, extensions=[factory], max_size=1 << 22) as ws:
                        self.assertIn("permessage-deflate", ws.response_headers["Sec-WebSocket-Extensions"])
                        await echoAll(self, ws)

    async def testSharedCompressorOfServe(self):
        async with running("duplex", "serve", "--compression", "shared", *ON_FREE_PORT) as server:
            url = "ws://" + (await server.match(r"http://(\S+:\d+)")).group(1)
            async with websockets.connect(url) as ws:
                self.assertEqual(ws.response_headers["Sec-WebSocket-Extensions"],
                                 "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
                self.assertEqual(await within(ws.recv()), "Hello")
                await ws.send(json(2000))
                while (message := await within(ws.recv())) != json(2000):
                    self.assertIn('"type":"server"', message)


class EchoClientTest(unittest.IsolatedAsyncioTestCase):
    async def testAllParameters(self):
        for parameters in PARAMETERS:
            with self.subTest(parameters=parameters):
                connected = asyncio.get_running_loop().create_future()

                async def handle(ws):
                    connected.set_result(ws)
                    await ws.wait_closed()

                factory = ServerPerMessageDeflateFactory(*parameters)
                async with websockets.serve(handle, "127.0.0.1", 0, compression=None, extensions=[factory],
                                            max_size=1 << 22) as server:
                    host, port = server.sockets[0].getsockname()
                    async with running("echo_client", f"ws://{host}:{port}") as client:
                        ws = await within(connected)
                        self.assertTrue(ws.extensions)
                        await echoAll(self, ws)
                        await within(ws.close())
                        self.assertEqual(await client.exit(), 0)


if __name__ == "__main__":
    unittest.main()
