"""echo_server --deflate byte by byte: what it agrees to, and what it makes of compressed messages."""

import dataclasses
import unittest
import zlib

from deflate_cases import REFUSED, RSV1, TAKEN
from handshake import REQUEST, readHead
from peer import PIECES, WHOLE, Failure, connect
from program import Server
from tables import eachRow
from wire import CLOSE, TEXT, Frame, close, frameSize

EXTENSIONS = "Sec-WebSocket-Extensions"
GOODBYE = close(1000)


def setUpModule():
    global server
    server = Server("echo_server", "--deflate")


def tearDownModule():
    server.stop()


@dataclasses.dataclass(frozen=True)
class Offer:
    name: str
    lines: tuple
    answer: str | None


def offer(answer, *lines):
    return Offer(" | ".join(lines), lines, answer)


DEFLATE = "permessage-deflate"
OFFERS = [
    offer(DEFLATE, DEFLATE),
    offer(DEFLATE, f"{DEFLATE}; client_max_window_bits"),
    offer(f"{DEFLATE}; server_no_context_takeover", f"{DEFLATE}; server_no_context_takeover"),
    offer(f"{DEFLATE}; client_no_context_takeover", f"{DEFLATE}; client_no_context_takeover"),
    offer(f"{DEFLATE}; server_max_window_bits=8", f"{DEFLATE}; server_max_window_bits=8"),
    offer(f"{DEFLATE}; client_max_window_bits=9", f'{DEFLATE}; client_max_window_bits="9"'),
    offer(DEFLATE, f"{DEFLATE}; server_max_window_bits=7, {DEFLATE}"),
    offer(DEFLATE, "foo", f"{DEFLATE}; foo", DEFLATE),
    offer(None, "foo"),
    offer(None, f"{DEFLATE}; foo"),
    offer(None, f"{DEFLATE}; server_max_window_bits"),
    offer(None, f"{DEFLATE}; server_max_window_bits=08"),
    offer(None, f"{DEFLATE}; server_max_window_bits=16"),
    offer(None, f"{DEFLATE}; server_no_context_takeover=1"),
    offer(None, f"{DEFLATE}; client_max_window_bits; client_max_window_bits"),
]


def agree(peer, *lines):
    """Shakes hands; the extensions that the server chose."""
    peer.send(REQUEST.setting(EXTENSIONS, *lines).encode())
    return readHead(peer.readHead()).value(EXTENSIONS)


@eachRow(OFFERS)
class OfferTest(unittest.TestCase):
    def check(self, row):
        with connect(server.address) as peer, peer.explaining(row.name):
            self.assertEqual(agree(peer, *row.lines), row.answer)
            # Without an agreement RSV1 means nothing.
            peer.send(Frame(TEXT, b"\x00", rsv=RSV1).encode(True) + GOODBYE.encode(True))
            frames = Frames(peer.readToEnd()).all
            code = 1000 if row.answer else 1002
            self.assertEqual(int.from_bytes(frames[-1].payload[:2], "big"), code)


class Frames:
    """What the server sent, messages inflated as one stream."""

    def __init__(self, data):
        self.inflate = zlib.decompressobj(-15)
        self.all = []
        while (size := frameSize(data)) is not None:
            self.all.append(self.read(data[:size]))
            data = data[size:]
        if data:
            raise Failure(f"{len(data)} bytes at the end are no whole frame")

    def read(self, data):
        if not data[0] & 0x80 or data[0] & 0x30 or data[1] & 0x80:
            raise Failure(f"a frame that begins with {data[:2].hex()}")
        length = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
        payload = data[2 + length:]
        if data[0] & 0x40:
            if data[0] & 0xF not in (1, 2):
                raise Failure(f"a frame that begins with {data[:2].hex()} and is compressed")
            payload = self.inflate.decompress(payload + b"\x00\x00\xff\xff")
        return Frame(data[0] & 0xF, payload)


@eachRow(TAKEN + REFUSED, WHOLE, PIECES)
class MessageTest(unittest.TestCase):
    def check(self, row, way):
        ended = isinstance(row.expect[-1], Frame) and row.expect[-1].opcode == CLOSE
        send = row.send if ended else [*row.send, GOODBYE]
        expected = [expect if isinstance(expect, Frame) else self.message(expect) for expect in row.expect]
        if not ended:
            expected.append(GOODBYE)
        with connect(server.address) as peer, peer.explaining(row.name):
            self.assertEqual(agree(peer, DEFLATE), DEFLATE)
            peer.send(b"".join(frame.encode(True) for frame in send), way)
            got = Frames(peer.readToEnd()).all
            if len(got) != len(expected) or not all(want.matches(frame) for want, frame in zip(expected, got)):
                raise Failure(f"expected: {', '.join(map(str, expected))}\nanswered: {', '.join(map(str, got))}")

    def message(self, data):
        return Frame(1, data.encode()) if isinstance(data, str) else Frame(2, data)


if __name__ == "__main__":
    unittest.main()
