"""echo_server at its limits, and how it ends connections: sizes, fragments, memory, time, lost peers."""

import contextlib
import time
import unittest

from handshake import REQUEST, readHead
from peer import PATIENCE, connect
from program import Server
from verdict import encode, judge
from wire import CLOSE, Frame, binary, close, more, ping, pong, readFrames, refused, text

MiB = 1 << 20
# Of echo_server's route; and the fragments that WebSocketLimits allows.
MAX_MESSAGE = 64 * MiB
MAX_FRAGMENTS = 131072
# A mask that changes nothing: masking so much takes this side longer than the server.
NO_MASK = {"mask": bytes(4)}


def opened(server):
    """A connection after its handshake."""
    peer = connect(server.address)
    peer.send(REQUEST.encode())
    assert readHead(peer.readHead()).status == 101
    return peer


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.server = Server("echo_server")
        self.addCleanup(self.server.stop)

    @contextlib.contextmanager
    def peer(self, case=""):
        with opened(self.server) as peer, peer.explaining(case or self.id()):
            yield peer

    def roundTrip(self):
        """When it is back, the server has seen all that was sent before on other connections."""
        with self.peer() as peer:
            peer.send(encode([ping("?"), close(1000)], masked=True))
            judge([pong("?"), close(1000)], peer, peer.readToEnd(), masked=False)


class MessageSizeTest(ServerTest):
    def testTheLimitItself(self):
        """In one frame, and in two; more than once, so that nothing is left of the last one."""
        data = bytes(range(256)) * (MAX_MESSAGE // 256)
        for frames in ([binary(data, **NO_MASK)],
                       [binary(data[:-1], fin=False, **NO_MASK), ping("p"), more(data[-1:], **NO_MASK)]):
            with self.peer(f"{len(frames)} frames") as peer:
                for frame in frames:
                    peer.send(frame.encode(masked=True))
                peer.send(close(1000).encode(masked=True))
                answer = peer.readToEnd()
                expected = [pong("p")] if len(frames) > 1 else []
                judge([*expected, binary(data), close(1000)], peer, answer, masked=False)

    def testOverTheLimit(self):
        """Said by the header alone, by one byte or by all that 64 bits can say."""
        for over in (1, 2, 1000, 2**32 - MAX_MESSAGE, 2**32, 2**63 - 1 - MAX_MESSAGE):
            with self.peer(f"{over} over") as peer:
                peer.send(binary(length=MAX_MESSAGE + over).encode(masked=True))
                judge([refused(1009)], peer, peer.readToEnd(), masked=False)

    def testOverTheLimitInFragments(self):
        """No sum of lengths overflows into something small."""
        for first, last in [(1, MAX_MESSAGE), (MiB, MAX_MESSAGE - MiB + 1), (1, 2**63 - 1), (10, 2**32 - 9), (10, 2**32 - 10)]:
            with self.peer(f"{first} and {last}") as peer:
                peer.send(binary(bytes(first), fin=False, **NO_MASK).encode(masked=True))
                peer.send(ping("p").encode(masked=True))
                peer.send(more(length=last).encode(masked=True))
                judge([pong("p"), refused(1009)], peer, peer.readToEnd(), masked=False)

    def testTheRestOfWhatIsTooLongIsDropped(self):
        """A peer that is told so while it sends 80 MB reads the Close: no reset takes it away."""
        with self.peer() as peer:
            frame = binary(bytes(MAX_MESSAGE + MiB), **NO_MASK).encode(masked=True)
            peer.send(frame)
            peer.send(bytes(15 * MiB))
            judge([refused(1009)], peer, peer.readToEnd(), masked=False)


class FragmentsTest(ServerTest):
    def fragments(self, count, payload=b""):
        return [text(payload, fin=False), *[more(payload, fin=False)] * (count - 2), more(payload)]

    def testAsManyAsMayBe(self):
        for payload in (b"", b"x"):
            with self.peer(f"{MAX_FRAGMENTS} of {payload}") as peer:
                peer.send(encode([*self.fragments(MAX_FRAGMENTS, payload), close(1000)], masked=True))
                judge([text(payload * MAX_FRAGMENTS), close(1000)], peer, peer.readToEnd(), masked=False)

    def testOneMore(self):
        """ws CVE-2026-48779: millions of fragments with nothing in them."""
        for payload in (b"", b"x"):
            with self.peer(f"{MAX_FRAGMENTS + 1} of {payload}") as peer:
                peer.send(encode(self.fragments(MAX_FRAGMENTS + 1, payload), masked=True))
                judge([refused(1008)], peer, peer.readToEnd(), masked=False)

    def testManyMessagesOnOneConnection(self):
        """The count starts anew with each message; pings are no fragments."""
        sent = [text("x")] * (MAX_FRAGMENTS + 10)
        with self.peer("whole messages") as peer:
            peer.send(encode([*sent, close(1000)], masked=True))
            judge([*sent, close(1000)], peer, peer.readToEnd(), masked=False)
        with self.peer("fragmented messages") as peer:
            frames = [text("a", fin=False), ping(), more("b", fin=False), more()] * (MAX_FRAGMENTS // 2)
            peer.send(encode([*frames, close(1000)], masked=True))
            judge([*[pong(), text("ab")] * (MAX_FRAGMENTS // 2), close(1000)], peer, peer.readToEnd(), masked=False)


class MemoryTest(ServerTest):
    def testAnnouncedLengthsTakeNoMemory(self):
        """gobwas #223: 14 bytes of header, and the memory for all that they announce."""
        self.roundTrip()
        before = {what: self.server.memory(what) for what in ("VmRSS", "VmSize")}
        with contextlib.ExitStack() as stack:
            for number in range(40):
                peer = stack.enter_context(opened(self.server))
                length = [MAX_MESSAGE, 2**40, 2**63 - 1][number % 3]
                peer.send(binary(length=length).encode(masked=True) + bytes(number % 2))
                peer = stack.enter_context(opened(self.server))
                peer.send(text("x", fin=False).encode(masked=True))
                peer.send(more(length=MAX_MESSAGE - 1).encode(masked=True) + bytes(number % 2))
            self.roundTrip()
            # More than 3 GB are announced.
            self.assertLess(self.server.memory("VmRSS") - before["VmRSS"], 8 * MiB)
            self.assertLess(self.server.memory("VmSize") - before["VmSize"], 64 * MiB)

    def testAConnectionThatEndsGivesItsMemoryBack(self):
        """Half a message each, and then nothing more of it."""
        if self.server.isSanitized():
            self.skipTest("a sanitizer keeps what is freed")

        def half():
            with opened(self.server) as peer:
                peer.send(binary(bytes(MiB), fin=False, **NO_MASK).encode(masked=True))
                self.roundTrip()
                peer.reset()
        for _ in range(5):
            half()
        before = self.server.memory("VmRSS")
        for _ in range(40):
            half()
        self.assertLess(self.server.memory("VmRSS") - before, 20 * MiB)


class EndTest(ServerTest):
    def testFinWithoutCloseIsAnsweredByFin(self):
        with self.peer() as peer:
            peer.send(text("last words").encode(masked=True))
            peer.finish()
            judge([text("last words")], peer, peer.readToEnd(), masked=False)

    def testFinInsideAFrame(self):
        for size in (1, 2, 5, 8):
            with self.peer(f"{size} bytes") as peer:
                peer.send(text("Hello").encode(masked=True)[:size])
                peer.finish()
                judge([], peer, peer.readToEnd(), masked=False)

    def testResetsAtEveryByte(self):
        data = REQUEST.encode() + encode([text("Hel", fin=False), ping("p"), more("lo"), close(1000)], masked=True)
        for size in range(0, len(data) + 1, 3):
            peer = connect(self.server.address)
            peer.send(data[:size])
            peer.reset()
        self.roundTrip()

    def testAnAnswerThatIsQueuedGoesOutBeforeTheClose(self):
        sent = [binary(bytes(8 * MiB), **NO_MASK), text("a")]
        with self.peer("8 MB and a Close") as peer:
            # Nothing is read while it is sent, so that the answer has to wait in the server.
            peer.sock.settimeout(PATIENCE)
            peer.sock.sendall(encode([*sent, close(1000)], masked=True))
            peer.sock.setblocking(False)
            judge([binary(bytes(8 * MiB)), text("a"), close(1000)], peer, peer.readToEnd(), masked=False)

    def testAFailedPeerReadsTheCloseLater(self):
        """A reset would take the Close from a peer that is still sending: it is read and dropped."""
        with self.peer() as peer:
            peer.send(text("x", wrongMask=True).encode(masked=True) + bytes(MiB))
            time.sleep(0.2)
            for _ in range(10):
                peer.send(bytes(1000))
                time.sleep(0.01)
            judge([refused(1002)], peer, peer.readToEnd(), masked=False)

    def testTheWaitForThePeersEndIsBounded(self):
        """5 s after its Close the server cuts a peer that never ends its side, even one that is busy."""
        cases = {"after a clean close": [close(1000)], "after a mistake": [Frame(3)]}
        with contextlib.ExitStack() as stack:
            peers = []
            for case, frames in cases.items():
                peer = stack.enter_context(self.peer(case))
                peer.send(encode(frames, masked=True))
                peer.readToEnd()
                self.assertEqual(peer.ended, "FIN")
                peers.append(peer)
            start = time.monotonic()
            waiting = list(peers)
            while waiting and time.monotonic() - start < PATIENCE:
                for peer in list(waiting):
                    peer.sendNow(b"x")
                    if peer.ended == "reset":
                        waiting.remove(peer)
                time.sleep(0.05)
            self.assertEqual(waiting, [])
            self.assertGreater(time.monotonic() - start, 2)


class StopTest(unittest.TestCase):
    def testTheServersOwnClose(self):
        """On SIGTERM all get 1001; what they say before their own Close is not echoed any more."""
        server = Server("echo_server")
        self.addCleanup(server.stop)
        with opened(server) as quick, opened(server) as slow:
            server.signal()
            for peer in (quick, slow):
                peer.readUntil(lambda data: any(frame.opcode == CLOSE for frame in readFrames(data, masked=False)[0]))
            with quick.explaining("answers at once"):
                quick.send(close(1001).encode(masked=True))
                judge([refused(1001)], quick, quick.readToEnd(), masked=False)
            with slow.explaining("goes on for a while"):
                slow.send(encode([text("one more"), ping("p"), binary("x" * 1000, fin=False)], masked=True))
                slow.send(encode([close(1000)], masked=True))
                judge([refused(1001)], slow, slow.readToEnd(), masked=False)
        server.process.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
