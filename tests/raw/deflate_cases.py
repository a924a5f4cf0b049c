"""permessage-deflate as bytes (RFC 7692): what is sent to a server that agreed to it, and what it answers."""

import dataclasses
import zlib

from wire import BINARY, CLOSE, CONTINUATION, PING, TEXT, Frame, close, more, ping, pong, refused, text

RSV1 = 0b100


def deflate(data, flush=zlib.Z_SYNC_FLUSH, strategy=zlib.Z_DEFAULT_STRATEGY, level=6):
    """The payload of a compressed message, by itself."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    out = compressor.compress(data) + compressor.flush(flush)
    return out[:-4] if flush == zlib.Z_SYNC_FLUSH else out


def compressed(data, opcode=TEXT, **rest):
    payload = deflate(data.encode() if isinstance(data, str) else data)
    return Frame(opcode, payload, rsv=RSV1, **rest)


def raw(payload, opcode=TEXT, **rest):
    return Frame(opcode, payload, rsv=RSV1, **rest)


def parts(payload, size=1):
    """A compressed message in fragments of `size` bytes."""
    pieces = [payload[i:i + size] for i in range(0, len(payload), size)]
    return [raw(pieces[0], fin=False), *(more(piece, fin=False) for piece in pieces[1:]), more()]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    send: list
    # Messages as text or bytes, and control frames.
    expect: list


JSON = '{"id":17,"name":"user","tags":["alpha","beta"]},' * 40
STORED = b"\x00\x05\x00\xfa\xffHello"

TAKEN = [
    Case("RFC 7692 §7.2.3.1", [raw(bytes.fromhex("f248cdc9c90700"))], ["Hello"]),
    Case("RFC 7692 §7.2.3.1 in two fragments",
         [raw(bytes.fromhex("f248cd"), fin=False), more(bytes.fromhex("c9c90700"))], ["Hello"]),
    Case("RFC 7692 §7.2.3.2 the window is kept",
         [raw(bytes.fromhex("f248cdc9c90700")), raw(bytes.fromhex("f200110000"))], ["Hello", "Hello"]),
    Case("RFC 7692 §7.2.3.3 no compression", [raw(STORED + b"\x00")], ["Hello"]),
    Case("RFC 7692 §7.2.3.4 BFINAL=1", [raw(bytes.fromhex("f348cdc9c9070000"))], ["Hello"]),
    Case("RFC 7692 §7.2.3.5 two blocks", [raw(bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", "")))], ["Hello"]),
    Case("RFC 7692 §7.2.3.6 empty", [raw(b"\x00"), raw(b"\x00", BINARY)], ["", b""]),
    Case("BFINAL=1, and the next message refers to it",
         [raw(bytes.fromhex("f348cdc9c9070000")), raw(bytes.fromhex("f200110000"))], ["Hello", "Hello"]),
    Case("a stored block that is the last", [raw(b"\x01" + STORED[1:] + b"\x00")], ["Hello"]),
    Case("many stored blocks", [raw(STORED * 100 + b"\x00")], ["Hello" * 100]),
    Case("compressed, plain, compressed", [compressed(JSON), text("plain"), compressed(JSON)], [JSON, "plain", JSON]),
    Case("binary", [compressed(bytes(range(256)) * 20, BINARY)], [bytes(range(256)) * 20]),
    Case("a fragment a byte", parts(deflate(JSON.encode())), [JSON]),
    Case("pings between fragments",
         [raw(deflate(b"Hello")[:3], fin=False), ping("1"), more(deflate(b"Hello")[3:5], fin=False), ping("2"),
          more(deflate(b"Hello")[5:])], [pong("1"), pong("2"), "Hello"]),
    Case("a code point in two fragments", parts(deflate("€".encode()), 2), ["€"]),
    Case("a large one", [compressed("x" * 3_000_000)], ["x" * 3_000_000]),
    Case("fixed codes", [raw(deflate(JSON.encode(), strategy=zlib.Z_FIXED))], [JSON]),
    Case("level 0", [raw(deflate(JSON.encode(), level=0))], [JSON]),
]

REFUSED = [
    Case("RSV1 on a continuation", [raw(deflate(b"Hello")[:3], fin=False), raw(deflate(b"Hello")[3:], CONTINUATION)],
         [refused(1002)]),
    Case("RSV1 on a ping", [raw(b"x", PING)], [refused(1002)]),
    Case("RSV1 on a close", [raw(b"\x03\xe8", CLOSE)], [refused(1002)]),
    *(Case(f"RSV {rsv:03b}", [Frame(TEXT, deflate(b"Hello"), rsv=rsv)], [refused(1002)])
      for rsv in (0b010, 0b001, 0b110, 0b101, 0b111)),
    Case("a block type that does not exist", [raw(b"\x06\x00")], [refused(1007)]),
    Case("a distance beyond the start", [raw(b"\x02\x02\x00\x00")], [refused(1007)]),
    Case("a stored length without its complement", [raw(b"\x00\x05\x00\xfb\xffHello\x00")], [refused(1007)]),
    Case("no DEFLATE after good ones", [compressed("good"), raw(b"\xff" * 100)], ["good", refused(1007)]),
    Case("text that is not UTF-8", [compressed(b"\xff\xfe")], [refused(1007)]),
    Case("text that ends in a code point", [compressed("€".encode()[:2])], [refused(1007)]),
    Case("64 MiB and a byte, in 64 KiB", [compressed(bytes((64 << 20) + 1), BINARY)], [refused(1009)]),
    Case("a length of 2^40", [raw(b"", BINARY, length=1 << 40)], [refused(1009)]),
]
