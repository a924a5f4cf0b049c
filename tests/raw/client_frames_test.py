"""echo_client after the handshake: the same cases as for the server, mirrored, each with its close event."""

import unittest

from close_cases import CLOSES
from frame_cases import FRAMES
from handshake import readHead, switching
from peer import PIECES
from program import Client, Listener
from tables import eachRow
from utf8_cases import REASONS, TEXTS
from verdict import encode, exchange, judge, trailing
from wire import CLOSE, acceptKey, close, readFrames, text

GLUED = "in the segment of the 101, with trailing bytes"


def setUpModule():
    global listener
    listener = Listener()


def tearDownModule():
    listener.sock.close()


def meet(client):
    """Takes the client's connection: the peer, and the head that answers its handshake."""
    peer = listener.accept()
    key = readHead(peer.readHead()).value("Sec-WebSocket-Key")
    return peer, switching(acceptKey(key)).encode()


def sayEnd(peer):
    """Reads to the client's Close, then ends the connection, as the server is to do it first."""
    peer.readUntil(lambda data: any(frame.opcode == CLOSE for frame in readFrames(data, masked=True)[0]))
    peer.finish()


def closeEvent(expected, sent):
    """What the client says of the end: the server's Close, or 1006 if it failed the connection."""
    if expected[-1].anyReason:
        return 1006, ""
    last = next(frame for frame in sent if frame.opcode == CLOSE)
    if not last.payload:
        return 1005, ""
    return int.from_bytes(last.payload[:2], "big"), last.payload[2:].decode()


# Each row takes a process. What text is, the client learns from the same code as the server, which is
# asked about all of it; here every third case shows that it is asked.
@eachRow(FRAMES + CLOSES, PIECES, GLUED)
@eachRow((TEXTS + REASONS)[::3], GLUED)
class ClientFramesTest(unittest.TestCase):
    def check(self, row, way):
        send, expected = exchange(row)
        data = encode(send, masked=False)
        with Client("echo_client", f"ws://{listener.authority}/") as client:
            peer, head = meet(client)
            with peer, peer.explaining(row.name):
                if way == PIECES:
                    peer.send(head)
                    peer.send(data, PIECES)
                else:
                    peer.send(head + data + trailing(masked=False))
                sayEnd(peer)
                judge(expected, peer, peer.readToEnd(), masked=True)
                status, output, _ = client.wait()
                code, reason = closeEvent(expected, send)
                self.assertEqual(output.decode().splitlines()[-1], f"closed with {code} {reason}")
                self.assertEqual(status, 1 if code == 1006 else 0)


class ClientEndTest(unittest.TestCase):
    """Who ends the connection, and how it is told."""

    def run(self, result=None):
        with Client("echo_client", f"ws://{listener.authority}/") as self.client:
            return super().run(result)

    def meet(self):
        peer, head = meet(self.client)
        self.addCleanup(peer.sock.close)
        peer.send(head)
        return peer

    def assertEnds(self, code, reason="", status=None):
        got, output, errors = self.client.wait()
        self.assertIn(f"closed with {code} {reason}\n", output.decode(), errors)
        self.assertEqual(output.count(b"closed"), 1)
        self.assertEqual(got, status if status is not None else 1 if code == 1006 else 0)

    def testTheServerEndsTheConnectionFirst(self):
        peer = self.meet()
        with peer.explaining("close 1000"):
            peer.send(close(1000).encode(masked=False))
            peer.readUntil(lambda data: readFrames(data, masked=True)[0])
            self.assertTrue(peer.staysOpen(0.3), "the client did not wait for the server")
            peer.finish()
            judge([close(1000)], peer, peer.readToEnd(), masked=True)
        self.assertEnds(1000)

    def testAServerThatEndsWithoutCloseIs1006(self):
        peer = self.meet()
        with peer.explaining("FIN"):
            peer.send(text("a").encode(masked=False))
            peer.finish()
            judge([text("a")], peer, peer.readToEnd(), masked=True)
        self.assertEnds(1006)

    def testAServerThatEndsInsideAFrameIs1006(self):
        peer = self.meet()
        with peer.explaining("half a frame"):
            peer.send(text("whole").encode(masked=False)[:4])
            peer.finish()
            judge([], peer, peer.readToEnd(), masked=True)
        self.assertEnds(1006)

    def testAServerThatResetsIs1006(self):
        peer = self.meet()
        peer.send(text("a").encode(masked=False))
        peer.readUntil(lambda data: readFrames(data, masked=True)[0])
        peer.reset()
        self.assertEnds(1006)

    def testAServerThatSendsEndlesslyAfterTheCloseIsCut(self):
        """The wait for the end is bounded, however much still comes."""
        peer = self.meet()
        peer.send(close(1001, "enough").encode(masked=False))
        peer.readUntil(lambda data: readFrames(data, masked=True)[0])
        while self.client.process.poll() is None and peer.ended != "reset":
            peer.send(text("x" * 1000).encode(masked=False))
            peer.staysOpen(0.05)
        self.assertEnds(1001, "enough")


class MaskTest(unittest.TestCase):
    def testEveryFrameHasAMaskOfItsOwn(self):
        """RFC 6455 §5.3: fresh from a strong source for every frame, also for the empty ones."""
        sent = [text("same")] * 500 + [text()] * 50
        masks = []
        for _ in range(2):
            with Client("echo_client", f"ws://{listener.authority}/") as client:
                peer, head = meet(client)
                with peer, peer.explaining("550 messages"):
                    peer.send(head + encode([*sent, close(1000)], masked=False))
                    sayEnd(peer)
                    answer = peer.readToEnd()
                    judge([*sent, close(1000)], peer, answer, masked=True)
                    masks += readFrames(answer, masked=True)[1]
        # Of 1102 values out of 2^32 more than three pairs are alike less often than once in 10^13 runs.
        self.assertGreater(len(set(masks)), len(masks) - 4)
        for position in range(4):
            self.assertGreater(len({mask[position] for mask in masks}), 200)


if __name__ == "__main__":
    unittest.main()
