"""TLS between duplex and python-websockets, with Python's ssl on the other side."""

import pathlib
import ssl
import subprocess
import tempfile
import unittest

import websockets

from harness import running, serving, within

SIZES = [0, 1, 125, 126, 16_384, 65_536, 1_000_000]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class TlsTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="duplex-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.cert = str(pathlib.Path(folder.name) / "localhost.pem")
        cls.key = str(pathlib.Path(folder.name) / "localhost.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", cls.key, "-out", cls.cert, "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")

    async def testEchoesAllSizes(self):
        trusting = ssl.create_default_context(cafile=self.cert)
        async with serving("echo_server", "--tls", self.cert, self.key) as (_, url):
            self.assertTrue(url.startswith("wss://"))
            async with websockets.connect(url, ssl=trusting, max_size=None) as ws:
                self.assertEqual(ws.transport.get_extra_info("ssl_object").version(), "TLSv1.3")
                for size in SIZES:
                    for message in ("x" * size, b"\xff" * size):
                        await within(ws.send(message))
                        self.assertEqual(await within(ws.recv()), message)

    async def testIsNotBelievedWithoutReason(self):
        async with serving("echo_server", "--tls", self.cert, self.key) as (_, url):
            with self.assertRaises(ssl.SSLCertVerificationError):
                await within(websockets.connect(url, ssl=ssl.create_default_context()).__aenter__())

    async def testClientTalksToPython(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)

        async def echo(ws):
            async for message in ws:
                await ws.send(message)

        async with websockets.serve(echo, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            async with running("duplex", "connect", "--ca", self.cert, f"wss://localhost:{port}") as program:
                for text in ("hello", "x" * 100_000):
                    program.write(text + "\n")
                    self.assertEqual(await program.line(), text)
                program.endInput()
                self.assertEqual(await program.exit(), 0)


if __name__ == "__main__":
    unittest.main()
