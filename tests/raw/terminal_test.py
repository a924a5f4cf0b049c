"""What a peer says, where the program shows it: nothing of it may command a terminal or forge a line."""

import time
import unittest

from handshake import REQUEST, readHead, switching
from peer import PATIENCE, connect
from program import Client, Listener, Server
from wire import acceptKey, close, text

# Of 7 bits, of 8 bits as UTF-8 has it, and as a terminal of 8 bits reads it.
CLEARS = "\x1b[2J", "\u009b2J"
RAW = b"\x9b2J"


class TerminalTest(unittest.TestCase):
    def testALocation(self):
        """It is quoted in the error, and takes bytes over 127."""
        for clear in (RAW, CLEARS[1].encode()):
            with Listener() as listener:
                with Client("duplex", "connect", "--follow", "3", f"ws://{listener.authority}/") as client:
                    with listener.accept() as peer, peer.explaining(clear):
                        peer.readHead()
                        peer.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ws://b:x" + clear + b"/\r\n\r\n")
                        peer.readToEnd()
                    status, _, _ = client.wait()
                    client.errors.seek(0)
                    errors = client.errors.read()
                    self.assertEqual(status, 1)
                    self.assertIn(b"the redirect to 'ws://b:x", errors)
                    self.assertIn(b"2J", errors)
                    self.assertNotIn(clear, errors)

    def testTheReasonOfAClose(self):
        with Listener() as listener:
            with Client("duplex", "connect", f"ws://{listener.authority}/") as client, listener.accept() as peer:
                request = readHead(peer.readHead())
                peer.send(switching(acceptKey(request.value("Sec-WebSocket-Key"))).encode())
                peer.send(close(4000, "a" + "".join(CLEARS)).encode(masked=False))
                peer.finish()
                peer.readToEnd()
                _, _, errors = client.wait()
                self.assertIn("closed with 4000 a\\x1b[2J\\u009b2J", errors)

    def testTheLogOfAServer(self):
        server = Server("duplex", "serve", "--log", "info")
        self.addCleanup(server.stop)
        with connect(server.address) as peer:
            peer.send(REQUEST.encode())
            peer.readHead()
            peer.send(close(4000, "a\n12:00:00.000 info forged\r" + "".join(CLEARS)).encode(masked=True))
            peer.readToEnd()
        # It is written once the connection has ended, on this side too.
        line = self.lineWith(server, "forged")
        self.assertTrue(line.endswith("closed with 4000 a\\x0a12:00:00.000 info forged\\x0d\\x1b[2J\\u009b2J"), line)

    def testTheLogSaysWhoItWasAndWhere(self):
        server = Server("duplex", "serve")
        self.addCleanup(server.stop)
        with connect(server.address) as peer:
            host, port = peer.sock.getsockname()
            peer.send(REQUEST.encode())
            peer.readHead()
            peer.send(text("a", rsv=7).encode(masked=True))
            peer.readToEnd()
        line = self.lineWith(server, "reserved bit")
        self.assertTrue(line.endswith(f"a reserved bit is set in a frame ({host}:{port} /)"), line)

    def lineWith(self, server, words):
        """The one line of the log that has them."""
        end = time.monotonic() + PATIENCE
        while words not in server.readErrors() and time.monotonic() < end:
            time.sleep(0.01)
        line, = [line for line in server.readErrors().split("\n") if words in line]
        return line


if __name__ == "__main__":
    unittest.main()
