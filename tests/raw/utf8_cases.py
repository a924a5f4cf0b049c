"""Text that is UTF-8 and text that is not (RFC 3629, RFC 6455 §8.1), in the shape of frame_cases.py."""

from frame_cases import case
from wire import binary, close, more, ping, pong, refused, text

# The first and last of each length, and around what is forbidden.
VALID = {f"U+{point:04X}": chr(point).encode() for point in [
    0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE,
    0xFFFF, 0x10000, 0x1FFFE, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF]}

# Cannot become text whatever follows; the last byte is the one that says so.
ILLEGAL = {
    "a continuation byte": "80", "the last continuation byte": "bf",
    "a continuation byte too many": "c2a980", "six of them": "e282acbfbfbf",
    "overlong U+0000": "c0", "overlong U+007F": "c1", "overlong / in three bytes": "e080", "overlong U+07FF": "e09f",
    "overlong / in four bytes": "f080", "overlong U+FFFF": "f08f",
    "'surrogate' U+D800": "eda0", "'surrogate' U+DBFF": "edaf", "'surrogate' U+DC00": "edb0", "'surrogate' U+DFFF": "edbf",
    "U+110000": "f490", "U+13FFFF": "f4bf", "U+140000": "f5", "the lead byte F7": "f7",
    "five bytes": "f8", "six bytes": "fc", "FE": "fe", "FF": "ff",
    "two bytes cut by a letter": "c328", "three bytes cut after one": "e228", "three bytes cut after two": "e28228",
    "four bytes cut after one": "f028", "four bytes cut after three": "f09f8c28", "a lead byte after a lead byte": "c2c2",
    "three bytes cut by a lead byte": "e282c3",
}

# Would be text if more followed.
INCOMPLETE = {"one of two bytes": "c2", "one of three bytes": "e2", "two of three bytes": "e282",
              "one of four bytes": "f0", "three of four bytes": "f09f8c", "two of three bytes before a surrogate": "ed9f"}

BAD = {name: bytes.fromhex(digits) for name, digits in ILLEGAL.items()}
CUT = {name: bytes.fromhex(digits) for name, digits in INCOMPLETE.items()}


def splitEverywhere(data):
    """A text message with each byte in a frame of its own."""
    first, *rest = [data[i:i + 1] for i in range(len(data))]
    return [text(first, fin=False), *(more(part, fin=False) for part in rest), more()]


TEXTS = [
    case(f"UTF-8 of {name}", text(b"a" + good + b"z"), text(b"a" + good + b"z")) for name, good in VALID.items()
] + [
    case(f"UTF-8 of {name}, each byte a fragment", splitEverywhere(good), text(good))
    for name, good in VALID.items() if len(good) > 1
] + [
    case("UTF-8 of all, each byte a fragment", splitEverywhere(b"".join(VALID.values())), text(b"".join(VALID.values()))),
    case("UTF-8 split with an empty fragment and a ping in between",
         [text(b"\xf0\x9f", fin=False), more(fin=False), ping("p"), more(b"\x8c\x8d")], pong("p"), text("🌍")),
    case("UTF-8 begins anew with each message", [text("€"), text("é", fin=False), more(), text("🌍")],
         text("€"), text("é"), text("🌍")),
] + [
    case(f"'bad UTF-8' {name}", text(b"a" + bad + b"z"), refused(1007)) for name, bad in BAD.items()
] + [
    case(f"'bad UTF-8' {name} far into the text", text(b"a" * 150 + bad + b"z" * 50), refused(1007))
    for name, bad in BAD.items()
] + [
    case(f"'bad UTF-8' {name}, each byte a fragment", splitEverywhere(b"a" + bad + b"z"), refused(1007))
    for name, bad in BAD.items()
] + [
    # Both are refused with the bytes that never come still outstanding.
    case(f"'bad UTF-8' {name} fails inside its frame", text(b"a" + bad, length=50), refused(1007))
    for name, bad in BAD.items()
] + [
    case(f"'bad UTF-8' {name} fails before the last fragment", [text("a", fin=False), more(bad, fin=False)], refused(1007))
    for name, bad in BAD.items()
] + [
    case(f"'bad UTF-8' ends after {name}", text(b"a" + cut), refused(1007)) for name, cut in CUT.items()
] + [
    case(f"'bad UTF-8' ends after {name} in fragments", [text("a", fin=False), more(cut, fin=False), more()], refused(1007))
    for name, cut in CUT.items()
] + [
    case("'bad UTF-8' in a binary message is nothing bad", binary(b"\xff\xfe\xc0\x80"), binary(b"\xff\xfe\xc0\x80")),
    case("'bad UTF-8' in a ping is nothing bad", ping(b"\xff\xfe\xc0\x80"), pong(b"\xff\xfe\xc0\x80")),
    case("'bad UTF-8' in binary fragments is nothing bad", [binary(b"\xff", fin=False), more(b"\xc0")],
         binary(b"\xff\xc0")),
]

REASONS = [
    case(f"'close bad UTF-8 reason' {name}", close(1000, b"a" + bad + b"z"), refused(1007)) for name, bad in BAD.items()
] + [
    case(f"'close bad UTF-8 reason' ends after {name}", close(1000, b"a" + cut), refused(1007))
    for name, cut in CUT.items()
]
