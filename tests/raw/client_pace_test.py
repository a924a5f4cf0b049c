"""`duplex connect` with more on its input than the server takes."""

import threading
import time
import unittest

from handshake import readHead, switching
from program import Client, Listener
from wire import acceptKey, close, ping, pong, text

LINE = "x" * 65_535
# More than the kernel, the pipe and the program keep between them; far less than what fails a connection.
LINES = 512
END = "end of input"


class PaceTest(unittest.TestCase):
    def testTheInputWaitsForTheServer(self):
        with Listener() as listener:
            with Client("duplex", "connect", "--compression", "off", f"ws://{listener.authority}/") as client:
                with listener.accept() as peer:
                    request = readHead(peer.readHead())
                    peer.send(switching(acceptKey(request.value("Sec-WebSocket-Key"))).encode())
                    written = self.startToWrite(client.process.stdin)
                    self.assertLess(self.whenItStops(written), LINES, "it takes whatever there is")

                    # When there is room again the rest comes, to the end of the input.
                    size = LINES * len(text(LINE).encode(masked=True)) + len(ping(END).encode(masked=True))
                    peer.readUntil(lambda data: len(data) == size)
                    self.assertEqual(len(written), LINES)
                    peer.take()
                    peer.send(pong(END).encode(masked=False))
                    peer.readUntil(lambda data: len(data) == len(close(1000).encode(masked=True)))
                    peer.send(close(1000).encode(masked=False))
                    peer.finish()
                    self.assertEqual(client.wait()[0], 0)

    def startToWrite(self, stdin):
        """Writes all lines on a thread of its own; the list grows with each that the program has taken."""
        written = []

        def write():
            with stdin:
                for _ in range(LINES):
                    stdin.write(LINE.encode() + b"\n")
                    stdin.flush()
                    written.append(LINE)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        self.addCleanup(writer.join)
        return written

    def whenItStops(self, written):
        before = -1
        while before != len(written):
            before = len(written)
            time.sleep(0.5)
        return before


if __name__ == "__main__":
    unittest.main()
