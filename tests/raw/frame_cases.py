"""What is sent after the handshake and what an end that echoes messages has to answer, for either end.

A row of spec-traps.md stands in quotes in the names of its cases. Where the last answer is no Close,
the checks say goodbye with one and expect it back.
"""

import dataclasses

from wire import CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, binary, close, more, ping, pong, refused, text


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    send: list
    expect: list

    @property
    def ended(self):
        return bool(self.expect) and self.expect[-1].opcode == CLOSE

    @property
    def isFailure(self):
        """Whether the answer is a Close to what is none, or none that is allowed."""
        return self.ended and self.expect[-1].anyReason


def case(name, send, *expect):
    return Case(name, send if isinstance(send, list) else [send], list(expect))


def starting(*parts):
    """The start of a message, each part a frame."""
    first, *rest = parts
    return [text(first, fin=False), *(more(part, fin=False) for part in rest)]


MASKING = [
    case(f"'unmasked client frame' {frame}", frame, refused(1002)) for frame in [
        text("x", wrongMask=True), text("", wrongMask=True), binary("x" * 200, wrongMask=True),
        ping("x", wrongMask=True), pong(wrongMask=True), close(1000, wrongMask=True),
        text("x", fin=False, wrongMask=True)]
] + [
    case("'unmasked client frame' after good ones", [text("a"), binary("b"), text("c", wrongMask=True)],
         text("a"), binary("b"), refused(1002)),
    case("'unmasked client frame' that continues", [*starting("a"), more("b", wrongMask=True)], refused(1002)),
    case("a mask of zeros", text("Hello", mask=bytes(4)), text("Hello")),
    case("a mask of ones", text("Hello", mask=b"\xff\xff\xff\xff"), text("Hello")),
]

RESERVED = [
    case(f"'RSV' {rsv:03b} on {frame}", dataclasses.replace(frame, rsv=rsv), refused(1002))
    for rsv in (0b001, 0b010, 0b100, 0b111)
    for frame in (text("x"), binary("x"), ping("x"), pong("x"), close(1000))
] + [
    case(f"'RSV' {rsv:03b} on a continuation", [*starting("a"), more("b", rsv=rsv)], refused(1002))
    for rsv in (0b001, 0b010, 0b100)
] + [
    case(f"'opcode' {opcode} with {size} bytes", Frame(opcode, bytes(size)), refused(1002))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) for size in (0, 5)
] + [
    case("'opcode' 3 inside a message", [*starting("a"), Frame(3, b"x")], refused(1002)),
]

CONTROL = [
    case(f"a ping of {size} bytes", ping("p" * size), pong("p" * size)) for size in (0, 1, 124, 125)
] + [
    case(f"a pong of {size} bytes that nobody asked for", [pong("p" * size), text("a")], text("a"))
    for size in (0, 1, 125)
] + [
    case(f"'ping of 126 B' {frame.opcode:X} of {len(frame.payload)}", frame, refused(1002))
    for frame in [ping("p" * 126), ping("p" * 65_536), pong("p" * 126), close(1000, "r" * 124), close(1000, "r" * 998)]
] + [
    case(f"'ping of 126 B' its header alone, opcode {opcode:X}", Frame(opcode, length=126), refused(1002))
    for opcode in (CLOSE, PING, PONG)
] + [
    case(f"'frag ping' {frame}", frame, refused(1002))
    for frame in [ping("x", fin=False), ping(fin=False), pong("x", fin=False), close(1000, fin=False)]
] + [
    case("'frag ping' and what would continue it", [ping("x", fin=False), more("y")], refused(1002)),
    case("pings are answered in order", [ping("1"), ping("2"), ping("3")], pong("1"), pong("2"), pong("3")),
    case("a ping between messages", [text("a"), ping("p"), text("b")], text("a"), pong("p"), text("b")),
    case("a ping between fragments",
         [text("one ", fin=False), ping("p"), more("two ", fin=False), pong("q"), ping(), more("three")],
         pong("p"), pong(), text("one two three")),
    case("a ping of 125 bytes between fragments inside a code point",
         [text(b"\xe2\x82", fin=False), ping("p" * 125), more(b"\xac")], pong("p" * 125), text("€")),
]

FRAGMENTS = [
    case("a message in two fragments", [text("Hel", fin=False), more("lo")], text("Hello")),
    case("one of binary in three", [binary(b"\0", fin=False), more(b"\xff", fin=False), more(b"\1")],
         binary(b"\0\xff\1")),
    case("empty messages", [text(), binary()], text(), binary()),
    case("an empty message in three fragments", [text(fin=False), more(fin=False), more()], text()),
    case("empty fragments around full ones",
         [binary(fin=False), more("ab", fin=False), more(fin=False), more("c", fin=False), more()], binary("abc")),
    case("a whole message after a fragmented one", [text("a", fin=False), more("b"), text("c")], text("ab"), text("c")),
    case("'orphan cont' the last", more("x"), refused(1002)),
    case("'orphan cont' not the last", more("x", fin=False), refused(1002)),
    case("'orphan cont' empty", more(), refused(1002)),
    case("'orphan cont' after a whole message", [text("a"), more("x")], text("a"), refused(1002)),
    case("'orphan cont' after a fragmented message", [text("a", fin=False), more("b"), more("x")],
         text("ab"), refused(1002)),
    case("text inside a message", [*starting("a"), text("b")], refused(1002)),
    case("binary inside a message", [*starting("a"), binary("b")], refused(1002)),
    case("a new start inside a message", [*starting("a", "b"), text("c", fin=False)], refused(1002)),
    case("text inside a message after a ping", [*starting("a"), ping("p"), text("b")], pong("p"), refused(1002)),
    case("text inside a message of binary", [binary("a", fin=False), text("b")], refused(1002)),
]

HUGE = {"2^63-1": 2**63 - 1, "2^62": 2**62, "2^40": 2**40, "2^32+1": 2**32 + 1, "2^32": 2**32, "2^32-1": 2**32 - 1,
        "2^31": 2**31}

LENGTHS = [
    case(f"{size} bytes", binary(b"\x81" * size), binary(b"\x81" * size)) for size in (1, 125, 126, 127, 65_535, 65_536)
] + [
    case(f"'64-bit length, MSB set' {name}, opcode {opcode:X}", Frame(opcode, length=value), refused(1002))
    for name, value in {"2^63": 2**63, "2^64-1": 2**64 - 1, "2^63+1": 2**63 + 1}.items()
    for opcode in (TEXT, PING, CLOSE)
] + [
    case(f"'64-bit length 2^40' {name}", binary(length=value), refused(1009)) for name, value in HUGE.items()
] + [
    case(f"'64-bit length 2^40' {name} in the second fragment", [*starting("a"), more(length=value)], refused(1009))
    for name, value in HUGE.items()
] + [
    case(f"'64-bit length 2^40' {name} of a ping", ping(length=value), refused(1002)) for name, value in HUGE.items()
] + [
    # RFC 6455 §5.2 binds senders to the fewest bytes; a receiver that does not insist is a way to
    # hide things from the next one.
    case(f"not the fewest bytes for a length: {length} in {size}, opcode {opcode:X}", Frame(opcode, b"x" * length, lengthSize=size),
         refused(1002))
    for opcode, length, size in [(TEXT, 0, 2), (TEXT, 5, 2), (TEXT, 125, 2), (TEXT, 0, 8), (TEXT, 125, 8),
                                 (TEXT, 126, 8), (TEXT, 65_535, 8), (PING, 4, 2), (CLOSE, 0, 8)]
] + [
    case("not the fewest bytes for the length of a continuation",
         [*starting("a"), Frame(CONTINUATION, b"b", lengthSize=2)], refused(1002)),
]

FRAMES = MASKING + RESERVED + CONTROL + FRAGMENTS + LENGTHS
