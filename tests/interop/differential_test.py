"""The same bytes through our decoder and through python3-websockets': the same messages, and the same close
code where a rule is broken.

The bytes are drawn from a seed: frames of a peer that keeps the rules, or breaks one at the end; of two in three
peers some messages are compressed, with or without what came before them. What the two read differently on
purpose is not among them: lengths in more bytes than they need (we refuse them), a Close between the fragments
of a message (websockets refuses it), and what is no DEFLATE (1007 from us, 1002 from websockets).
"""

import codecs
import json
import os
import pathlib
import random
import subprocess
import sys
import unittest
import zlib

from websockets.connection import Connection, Side
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import OP_BINARY, OP_CLOSE, OP_CONT, OP_PING, OP_PONG, OP_TEXT, Close

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "raw"))

from wire import CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, BINARY, close  # noqa: E402

BIN = pathlib.Path(os.environ.get("DUPLEX_BIN", ROOT / "build" / "release" / "bin"))
CASES = 4000
RSV1 = 0b100
LIMIT = 100_000
TEXTS = ["", "a", "Hello", "grüße", "日本語", "\U0001f600!", "\x00\x7f\x80", "x" * 200, "é" * 7000]
# Each is wrong by itself, whatever follows.
BAD_UTF8 = [b"\x80", b"\xc0\xaf", b"\xc3(", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80", b"\xff", b"ok\xfe"]
BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535]
GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]


class Case:
    """Bytes for one side to read."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.draw = draw
        self.seed = seed
        self.role = draw.choice(["server", "client"])
        self.cut = draw.choice([0, 1, draw.randrange(256)])
        # What has been agreed on: nothing; each message by itself; or with those before it.
        self.deflate = draw.choice(["off", "alone", "takeover"])
        self.compressor = self.newCompressor()
        frames = [frame for _ in range(draw.randrange(6)) for frame in self.message()]
        truncated = draw.random() < 0.2
        if not truncated:
            frames += draw.choice([self.nothing, self.closing, *[self.mistake] * 3])()
            # Behind a Close or a mistake nothing counts.
            frames += self.message()
        self.bytes = b"".join(frame.encode(masked=self.role == "server") for frame in frames)
        if truncated:
            self.bytes = self.bytes[:draw.randrange(len(self.bytes) + 1)]

    def mask(self):
        return self.draw.choice([bytes(4), self.draw.randbytes(4)])

    def data(self, opcode, payload, **more):
        return Frame(opcode, payload, mask=self.mask(), **more)

    def control(self):
        size = self.draw.choice([0, 1, 5, 125])
        return self.data(self.draw.choice([PING, PONG]), self.draw.randbytes(size))

    def newCompressor(self):
        return zlib.compressobj(self.draw.choice([0, 1, 6, 9]), zlib.DEFLATED, -15, 8,
                                self.draw.choice([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY]))

    def compress(self, payload):
        if self.deflate == "alone":
            self.compressor = self.newCompressor()
        flushed = self.compressor.compress(payload) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
        # Where there is nothing to flush zlib writes nothing, but an empty message is a block (RFC 7692 §7.2.3.6).
        return flushed[:-4] or b"\0"

    def message(self):
        """A message in one or several frames, with control frames between."""
        opcode = self.draw.choice([TEXT, BINARY])
        if opcode == TEXT:
            payload = "".join(self.draw.choices(TEXTS, k=self.draw.randrange(4))).encode()
        else:
            payload = self.draw.randbytes(self.draw.choice([0, 1, 125, 126, 127, 1000, 65535, 65536]))
        if self.deflate != "off" and self.draw.random() < 0.7:
            return self.fragments(opcode, self.compress(payload), rsv=RSV1)
        return self.fragments(opcode, payload)

    def fragments(self, opcode, payload, last=True, rsv=0):
        cuts = sorted(self.draw.randrange(len(payload) + 1) for _ in range(self.draw.choice([0, 0, 1, 3])))
        parts = [payload[start:end] for start, end in zip([0, *cuts], [*cuts, len(payload)])]
        frames = []
        for number, part in enumerate(parts):
            frames += [self.control()] if self.draw.random() < 0.2 else []
            frames.append(self.data(opcode if number == 0 else CONTINUATION, part, rsv=rsv if number == 0 else 0,
                                    fin=last and number == len(parts) - 1))
        return frames

    def nothing(self):
        return []

    def closing(self):
        code = self.draw.choice([None, *GOOD_CODES])
        return [close() if code is None else close(code, self.draw.choice(TEXTS[:6]))]

    def mistake(self):
        kinds = [value for name, value in vars(Case).items() if name.startswith("mistake_")]
        return self.draw.choice(kinds)(self)

    def mistake_reservedBits(self):
        opcode = self.draw.choice([TEXT, BINARY, PING])
        meaningful = self.deflate != "off" and opcode != PING
        return [self.data(opcode, b"x", rsv=self.draw.choice([rsv for rsv in range(1, 8) if rsv != RSV1 or not meaningful]))]

    def mistake_reservedOpcode(self):
        return [self.data(self.draw.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), b"x")]

    def mistake_mask(self):
        return [self.data(self.draw.choice([TEXT, BINARY, PONG]), b"x", wrongMask=True)]

    def mistake_fragmentedControl(self):
        return [self.data(self.draw.choice([PING, PONG, CLOSE]), b"", fin=False)]

    def mistake_longControl(self):
        return [self.data(self.draw.choice([PING, PONG]), bytes(self.draw.choice([126, 200, 65536])))]

    def mistake_nothingToContinue(self):
        return [self.data(CONTINUATION, b"x", fin=self.draw.random() < 0.5)]

    def mistake_messageInAMessage(self):
        return self.fragments(TEXT, b"begun", last=False) + [self.data(self.draw.choice([TEXT, BINARY]), b"x")]

    def mistake_text(self):
        payload = self.draw.choice(TEXTS).encode() + self.draw.choice(BAD_UTF8) + self.draw.choice(TEXTS).encode()
        return self.fragments(TEXT, payload)

    def mistake_textCutShort(self):
        whole = self.draw.choice(["é", "日", "\U0001f600"]).encode()
        return self.fragments(TEXT, b"abc" + whole[:self.draw.randrange(1, len(whole))])

    def mistake_closeBody(self):
        return [Frame(CLOSE, b"\x03")]

    def mistake_closeCode(self):
        return [close(self.draw.choice(BAD_CODES))]

    def mistake_closeReason(self):
        return [close(1000, self.draw.choice(BAD_UTF8))]

    def mistake_size(self):
        return [self.data(BINARY, bytes(LIMIT + 1))]

    def mistake_sizeOfAll(self):
        return [self.data(BINARY, bytes(LIMIT - 10), fin=False), self.data(CONTINUATION, bytes(11))]


def reference(case):
    """What websockets makes of it; its frames put together here, for it hands out those."""
    connection = Connection(Side.SERVER if case.role == "server" else Side.CLIENT, max_size=LIMIT)
    if case.deflate != "off":
        alone = case.deflate == "alone"
        connection.extensions = [PerMessageDeflate(alone, alone, 15, 15)]
    connection.receive_data(case.bytes)
    events, opcode, parts, decoder = [], None, b"", None
    names = {OP_TEXT: "text", OP_BINARY: "binary", OP_PING: "ping", OP_PONG: "pong"}
    for frame in connection.events_received():
        if frame.opcode is OP_CLOSE:
            event = Close.parse(frame.data)
            events.append(["close", event.code, event.reason.encode().hex()])
        elif frame.opcode in (OP_PING, OP_PONG):
            events.append([names[frame.opcode], frame.data.hex()])
        else:
            if frame.opcode is not OP_CONT:
                opcode, parts, decoder = frame.opcode, b"", codecs.getincrementaldecoder("utf-8")("strict")
            parts += frame.data
            try:
                if opcode is OP_TEXT:
                    decoder.decode(frame.data, final=frame.fin)
            except UnicodeDecodeError:
                return [*events, ["failure", 1007]]
            # Of a surrogate Python waits for the last byte.
            if opcode is OP_TEXT and b"\xed\xa0" <= decoder.getstate()[0] < b"\xee":
                return [*events, ["failure", 1007]]
            if frame.fin:
                events.append([names[opcode], parts.hex()])
    if connection.parser_exc is not None:
        events.append(["failure", connection.close_sent.code])
    return events


class Differential(unittest.TestCase):
    def testEventsAreThoseOfWebsockets(self):
        cases = [Case(seed) for seed in range(CASES)]
        asked = b"".join(b"%s %s %d %d %d\n%s" % (case.role.encode(), case.deflate.encode(), LIMIT, case.cut, len(case.bytes),
                                                     case.bytes)
                         for case in cases)
        answered = subprocess.run([BIN / "decode_frames"], input=asked, stdout=subprocess.PIPE, check=True).stdout
        lines = answered.splitlines()
        self.assertEqual(len(lines), len(cases))
        codes = {}
        for case, line in zip(cases, lines):
            ours, theirs = json.loads(line), reference(case)
            if ours != theirs:
                self.fail(f"seed {case.seed}, {case.role}, compression {case.deflate}, cut {case.cut}, {len(case.bytes)} bytes\n"
                          f"ours   {brief(ours)}\ntheirs {brief(theirs)}")
            if ours and ours[-1][0] == "failure":
                codes[ours[-1][1]] = codes.get(ours[-1][1], 0) + 1
        # The seeds draw every way to end.
        self.assertEqual(set(codes), {1002, 1007, 1009})
        self.assertGreater(min(codes.values()), 50)


def brief(events):
    return [[str(part)[:60] for part in event] for event in events[-4:]]


if __name__ == "__main__":
    unittest.main()
