"""`duplex serve` behind a proxy, and its counters."""

import pathlib
import ssl
import subprocess
import tempfile
import unittest

from handshake import readHead
from peer import PIECES, WHOLE, connect
from program import Server

LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
VERSION_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([192, 0, 2, 1, 10, 0, 0, 2]) + b"\x1f\x90\x01\xbb"


class ProxyTest(unittest.TestCase):
    def served(self, *options):
        server = Server("duplex", "serve", "--log", "info", *options)
        self.addCleanup(server.stop)
        return server

    def answer(self, server, data, way=WHOLE):
        with connect(server.address) as peer, peer.explaining(data):
            peer.send(data, way)
            return peer.readToEnd()

    def testForwardedForIsBelievedOfATrustedProxyAlone(self):
        request = LAST + b"X-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n\r\n"
        for proxy, believed in {"127.0.0.0/8": True, "10.0.0.0/8": False}.items():
            with self.subTest(proxy=proxy):
                server = self.served("--trusted-proxy", proxy)
                self.assertTrue(self.answer(server, request).startswith(b"HTTP/1.1 200 "))
                self.assertEqual("192.0.2.1:0 GET /" in server.readErrors(), believed)
                self.assertNotIn("203.0.113.9", server.readErrors())

    def testProxyHeaders(self):
        server = self.served("--trusted-proxy", "127.0.0.1", "--proxy-protocol")
        for way in (WHOLE, PIECES):
            for header in (b"PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\n", VERSION_2):
                self.assertTrue(self.answer(server, header + LAST + b"\r\n", way).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(server.readErrors().count("192.0.2.1:8080 GET /"), 4)
        # Who is to send one and does not gets no answer.
        self.assertEqual(self.answer(server, LAST + b"\r\n"), b"")
        self.assertIn("PROXY header", server.readErrors())

    def testAProxyHeaderStandsInFrontOfTls(self):
        """In a segment with the beginning of TLS, and byte by byte."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        cert, key = (str(pathlib.Path(folder.name, name)) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, capture_output=True)
        server = self.served("--trusted-proxy", "127.0.0.1", "--proxy-protocol", "--tls-cert", cert, "--tls-key", key)
        trusting = ssl.create_default_context(cafile=cert)
        for way in (WHOLE, PIECES):
            for header in (b"PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\n", VERSION_2):
                answer = self.overTls(server, trusting, header, LAST + b"\r\n", way)
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertEqual(server.readErrors().count("192.0.2.1:8080 GET /"), 4)
        self.assertEqual(self.answer(server, LAST + b"\r\n"), b"")

    def overTls(self, server, context, header, request, way):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with connect(server.address) as peer, peer.explaining(f"TLS behind {header}"):
            pending = header

            def untilDone(step):
                nonlocal pending
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        peer.send(pending + outgoing.read(), way)
                        pending = b""
                        peer.readUntil(lambda data: data)
                        incoming.write(peer.take())

            untilDone(tls.do_handshake)
            tls.write(request)
            answer = b""
            while part := untilDone(lambda: tls.read(65536)):
                answer += part
            return answer

    def testARangeThatIsNone(self):
        with self.assertRaisesRegex(AssertionError, "10.0.0.0/33"):
            Server("duplex", "serve", "--trusted-proxy", "10.0.0.0/33")

    def testMetrics(self):
        server = self.served("--metrics", "/metrics")
        self.answer(server, b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        with connect(server.address) as peer, peer.explaining("metrics"):
            peer.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertEqual(readHead(peer.readHead()).value("Content-Type"), "text/plain; version=0.0.4")
            lines = dict(line.rsplit(" ", 1) for line in peer.readToEnd().decode().splitlines())
        self.assertEqual(lines["duplex_accepted"], "2")
        self.assertEqual(lines['duplex_exceeded_total{limit="maxHeaderSize"}'], "1")
        self.assertEqual(lines['duplex_exceeded_total{limit="maxMessageSize"}'], "0")
        self.assertIn("(maxHeaderSize)", server.readErrors())


if __name__ == "__main__":
    unittest.main()
