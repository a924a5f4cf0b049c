"""RFC 6455 as bytes: frames written with every freedom to be wrong, and read with none."""

import base64
import dataclasses
import hashlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary",
         CLOSE: "close", PING: "ping", PONG: "pong"}

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MASK = bytes.fromhex("37fa213d")

# Takes part in a Close that is expected: any reason will do.
ANY_REASON = object()


def acceptKey(key):
    """What answers a Sec-WebSocket-Key (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def asBytes(data):
    return data.encode() if isinstance(data, str) else bytes(data)


def applyMask(data, mask):
    if mask == bytes(4) or not data:
        return bytes(data)
    pad = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame to send, or one that is expected (RFC 6455 §5.2)."""

    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    # The length to announce in the place of the payload's, and in how many bytes beside the first.
    length: int | None = None
    lengthSize: int | None = None
    # Masked where it must not be, or not masked where it must.
    wrongMask: bool = False
    mask: bytes = MASK
    anyReason: bool = False

    def encode(self, masked):
        length = len(self.payload) if self.length is None else self.length
        size = self.lengthSize
        if size is None:
            size = 0 if length <= 125 else 2 if length <= 0xFFFF else 8
        masked ^= self.wrongMask
        short = length if size == 0 else 126 if size == 2 else 127
        head = bytes([self.fin << 7 | self.rsv << 4 | self.opcode, masked << 7 | short])
        head += length.to_bytes(size, "big") if size else b""
        return head + (self.mask + applyMask(self.payload, self.mask) if masked else self.payload)

    def matches(self, got):
        """Whether `got` is what this frame says is expected."""
        if (self.opcode, self.fin, self.rsv) != (got.opcode, got.fin, got.rsv):
            return False
        return self.payload == (got.payload[:2] if self.anyReason else got.payload)

    def __str__(self):
        name = NAMES.get(self.opcode, f"opcode {self.opcode}")
        name += "" if self.fin else " (more follows)"
        if self.opcode == CLOSE and len(self.payload) >= 2:
            reason = " *" if self.anyReason else f" {brief(self.payload[2:])}" if self.payload[2:] else ""
            return f"{name} {int.from_bytes(self.payload[:2], 'big')}{reason}"
        return f"{name} {brief(self.payload)}"


def text(payload=b"", **more):
    return Frame(TEXT, asBytes(payload), **more)


def binary(payload=b"", **more):
    return Frame(BINARY, asBytes(payload), **more)


def more(payload=b"", **rest):
    """A continuation, the last one unless `fin=False` is given."""
    return Frame(CONTINUATION, asBytes(payload), **rest)


def ping(payload=b"", **rest):
    return Frame(PING, asBytes(payload), **rest)


def pong(payload=b"", **rest):
    return Frame(PONG, asBytes(payload), **rest)


def close(code=None, reason=b"", **rest):
    """A Close; without a code its body is empty."""
    if code is None:
        return Frame(CLOSE, **rest)
    known = b"" if reason is ANY_REASON else asBytes(reason)
    return Frame(CLOSE, code.to_bytes(2, "big") + known, anyReason=reason is ANY_REASON, **rest)


def refused(code):
    """The Close that answers a mistake; what it says of it is its own affair."""
    return close(code, ANY_REASON)


class Malformed(Exception):
    """What came breaks RFC 6455, which no answer of ours may."""


def readFrames(data, masked):
    """All frames in `data`, each as strict as RFC 6455 allows; also how many bytes are no whole frame."""
    frames, masks = [], []
    while True:
        size = frameSize(data)
        if size is None:
            return frames, masks, len(data)
        head, data = data[:size], data[size:]
        frame, mask = decode(head, masked)
        frames.append(frame)
        masks.append(mask)


def frameSize(data):
    """Bytes that the first frame takes; None if it is not whole."""
    if len(data) < 2:
        return None
    size = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
    length = int.from_bytes(data[2:2 + size], "big") if size else data[1] & 0x7F
    total = 2 + size + (4 if data[1] & 0x80 else 0) + length
    return total if len(data) >= 2 + size and len(data) >= total else None


def decode(data, masked):
    opcode, fin, rsv = data[0] & 0xF, bool(data[0] & 0x80), data[0] >> 4 & 0x7
    size = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
    length = int.from_bytes(data[2:2 + size], "big") if size else data[1] & 0x7F
    if opcode not in NAMES:
        raise Malformed(f"opcode {opcode}")
    if rsv:
        raise Malformed(f"reserved bits {rsv:03b}")
    if bool(data[1] & 0x80) != masked:
        raise Malformed("not masked" if masked else "masked")
    if size == 2 and length < 126 or size == 8 and not 0xFFFF < length < 1 << 63:
        raise Malformed(f"a length of {length} in {size} bytes")
    if opcode >= CLOSE and (not fin or length > 125 or opcode == CLOSE and length == 1):
        raise Malformed(f"a {NAMES[opcode]} of {length} bytes, fin={fin}")
    start = 2 + size
    mask = bytes(data[start:start + 4]) if masked else None
    payload = applyMask(data[start + 4:], mask) if masked else bytes(data[start:])
    if opcode == CLOSE and not isUtf8(payload[2:]):
        raise Malformed(f"a close with the reason {payload[2:]!r}")
    return Frame(opcode, payload, fin, rsv), mask


def isUtf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def brief(data):
    """Bytes for a person: the text if it is one, else hex; the middle of many is left out."""
    if len(data) > 200:
        return f"{brief(data[:60])} … {brief(data[-20:])} ({len(data)} bytes)"
    if isUtf8(data) and data.decode().isprintable():
        return f'"{data.decode()}"'
    return bytes(data).hex()
