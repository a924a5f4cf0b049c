"""echo_server after the handshake: every case of frames, text and closes, in every way it may arrive."""

import unittest

from close_cases import CLOSES
from frame_cases import FRAMES
from handshake import REQUEST
from peer import PIECES, WHOLE, connect
from program import Server
from tables import eachRow
from utf8_cases import REASONS, TEXTS
from verdict import encode, exchange, judge, trailing

BEHIND_HANDSHAKE, TRAILING = "behind the handshake", "with trailing bytes"


def setUpModule():
    global server
    server = Server("echo_server")


def tearDownModule():
    server.stop()


@eachRow(FRAMES + TEXTS + REASONS + CLOSES, WHOLE, PIECES, TRAILING, BEHIND_HANDSHAKE)
class ServerFramesTest(unittest.TestCase):
    def check(self, row, way):
        send, expected = exchange(row)
        data = encode(send, masked=True)
        with connect(server.address) as peer, peer.explaining(row.name):
            if way == BEHIND_HANDSHAKE:
                peer.send(REQUEST.encode() + data)
                peer.readHead()
            else:
                peer.send(REQUEST.encode())
                peer.readHead()
                peer.send(data + (trailing(masked=True) if way == TRAILING else b""), way)
            # Nothing has ended our half: the server is the first to end the connection.
            judge(expected, peer, peer.readToEnd(), masked=False)


if __name__ == "__main__":
    unittest.main()
