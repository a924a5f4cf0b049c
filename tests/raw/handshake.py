"""Opening handshakes as text, good ones and any other (RFC 6455 §4), and responses read back."""

import dataclasses

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Head:
    """A start line and header lines, to be changed and written. Every change makes a new one."""

    def __init__(self, start, fields):
        self.start = start
        self.fields = tuple(fields)

    def startingWith(self, start):
        return Head(start, self.fields)

    def without(self, name):
        return Head(self.start, [field for field in self.fields if field[0].lower() != name.lower()])

    def adding(self, *fields):
        """With these lines at the end: pairs of name and value."""
        return Head(self.start, self.fields + fields)

    def setting(self, name, *values):
        """With a line for each of `values` in the place of all called `name`."""
        return self.without(name).adding(*((name, value) for value in values))

    def encode(self):
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


REQUEST = Head("GET / HTTP/1.1", [
    ("Host", "localhost"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")])


def switching(accept):
    return Head("HTTP/1.1 101 Switching Protocols", [
        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)])


@dataclasses.dataclass
class Message:
    """A request or a response as it came."""

    start: str
    fields: list
    body: bytes = b""

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def value(self, name):
        """The value of the only line called `name`, None if there is none."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else None

    def tokens(self, name):
        return [token.strip().lower() for value in self.all(name) for token in value.split(",")]


def readHead(data):
    """The head that `data` is, which must be exactly as RFC 9112 has it."""
    assert data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1, data
    start, *lines = data[:-4].decode("latin-1").split("\r\n")
    assert not any(character < " " and character != "\t" for character in start + "".join(lines)), data
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        assert colon and name and not set(name) & set(" \t"), f"no header line: {line!r}"
        fields.append((name, value.strip(" \t")))
    return Message(start, fields)


def readResponses(data):
    """All responses in `data`, whole ones with Content-Length, and the bytes behind the last."""
    messages = []
    while (end := data.find(b"\r\n\r\n")) >= 0:
        message = readHead(data[:end + 4])
        data = data[end + 4:]
        if message.status // 100 != 1 and message.status not in (204, 304):
            size = int(message.value("Content-Length") or 0)
            assert len(data) >= size, f"the body is cut after {len(data)} of {size} bytes"
            message.body, data = data[:size], data[size:]
        messages.append(message)
        if message.status == 101:
            break
    return messages, data
