"""Closes good and bad, and what comes after them (RFC 6455 §5.5.1, §7), in the shape of frame_cases.py."""

from frame_cases import case, starting
from wire import CLOSE, Frame, binary, close, more, ping, pong, refused, text

VALID_CODES = [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999]
INVALID_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 9999, 32_768, 65_535]

CLOSES = [
    case("'close with empty body'", close(), close()),
    case("'close with empty body' after a message", [text("a"), close()], text("a"), close()),
    case("'close 1 byte'", Frame(CLOSE, b"\x03"), refused(1002)),
    case("'close 1 byte' zero", Frame(CLOSE, b"\0"), refused(1002)),
] + [
    case(f"close {code} is echoed", close(code), close(code)) for code in VALID_CODES
] + [
    case(f"close {code} with a reason is echoed", close(code, "a reason: €"), close(code, "a reason: €")) for code in (1000, 1011, 4999)
] + [
    case(f"'close 1005/999/5000' {code}", close(code), refused(1002)) for code in INVALID_CODES
] + [
    case(f"'close 1005/999/5000' {code} with a reason", close(code, "why"), refused(1002))
    for code in (0, 999, 1005, 1006, 1015, 5000)
] + [
    case("the longest reason, 123 bytes", close(1000, "r" * 123), close(1000, "r" * 123)),
    case("a reason of 123 bytes, not characters", close(1000, "€" * 41), close(1000, "€" * 41)),
    case("a reason of one NUL", close(1000, b"\0"), close(1000, b"\0")),
    case("a close between fragments", [*starting("one", "two"), close(1001)], close(1001)),
    case("a close inside a code point", [text(b"\xe2\x82", fin=False), close(1000)], close(1000)),
    case("data after a Close is ignored", [close(1000), text("late"), binary("later")], close(1000)),
    case("a ping after a Close is ignored", [close(1001), ping("late")], close(1001)),
    case("a second Close is ignored", [close(1000), close(1001)], close(1000)),
    case("mistakes after a Close are ignored", [close(), Frame(3, b"x"), text(b"\xff"), more("x"), close(5000)], close()),
    case("data after a mistake is ignored", [text("a"), Frame(3, b"x"), text("b"), ping("p"), close(1000)],
         text("a"), refused(1002)),
    case("all before a Close is answered before it", [text("a"), ping("p"), binary("b"), close(1000)],
         text("a"), pong("p"), binary("b"), close(1000)),
]
