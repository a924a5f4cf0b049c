"""Inputs to begin with, made of what tests/raw sends: seed.py FOLDER writes them to FOLDER/<target>/.

What the fuzzer then finds beside them is merged into corpus/, as docs/internals/testing.md says.
"""

import hashlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "raw"))

import client_handshake_test  # noqa: E402
import http_test  # noqa: E402
import server_handshake_test  # noqa: E402
from close_cases import CLOSES  # noqa: E402
import deflate_cases  # noqa: E402
from frame_cases import FRAMES  # noqa: E402
from handshake import ACCEPT, Head, switching  # noqa: E402
from utf8_cases import REASONS, TEXTS  # noqa: E402

MAX_SIZE = 1024


def sized(data):
    """As Input::text reads it."""
    data = data.encode() if isinstance(data, str) else data
    return bytes([len(data)]) + data


def streams(masked):
    """Cases for an end; those that a server gets are masked."""
    for case in [*FRAMES, *TEXTS, *CLOSES, *REASONS]:
        yield b"".join(frame.encode(masked) for frame in case.send)


def compressedStreams(masked):
    for case in [*deflate_cases.TAKEN, *deflate_cases.REFUSED]:
        yield b"".join(frame.encode(masked) for frame in case.send)


def compressedMessages():
    """The payloads alone, several as messages one after the other."""
    for case in [*deflate_cases.TAKEN, *deflate_cases.REFUSED]:
        payloads = [frame.payload for frame in case.send if frame.rsv == deflate_cases.RSV1 and len(frame.payload) < 256]
        yield b"\0" + b"".join(b"\1" + sized(payload) for payload in payloads)


def requests():
    for row in [*server_handshake_test.ACCEPTED, *server_handshake_test.REFUSED, *http_test.FRAMING]:
        yield row.request
    for row in http_test.TARGETS:
        yield http_test.get(row.name)


def answers():
    for row in [*client_handshake_test.TAKEN, *client_handshake_test.NOT_TAKEN]:
        made = row.change(switching(ACCEPT))
        yield made.encode() if isinstance(made, Head) else made


def values(names):
    """Values of headers in the requests."""
    for request in requests():
        for line in request.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() in names and len(value) < 200:
                yield value.strip()


URLS = ["ws://Example.COM:8080/a/b?c=d", "wss://h", "https://h:443", "WS://h:", "ws://[::1]:5000", "ws://u:se%63ret@h/x",
        "  ws://h/a b\"<>?q=\u00e4 ", "ws://h?x", "ws://h/#f", "ws://", "//h", "ws://h:99999", "ws://[fe80::1%25eth0]/",
        "ws://1.2.3.4:80/%2e%2e/?%zz", "/a/b?c=d", "http://a/b?c", "*"]
PATHS = [("users/:id", "users/7"), ("files/*", "files/a/b.txt"), ("a/:b?", "a"), ("", "../secret.txt"),
         ("A%41", "a%61"), (":x", "%ff%00"), ("x", "%2e%2e/%2fetc"), ("a.b", "a+b%20c")]
FILES = ["", "index.html", "data.txt", "sub", "sub/", "a%20b.css", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt",
         ".env", ".git/config", "link.txt", "up/secret.txt", "absolute.txt", "sub/../../secret.txt", "sub/.index.html",
         "sub%5c..%5c.env", "data.txt%00.html", "./data.txt", "/data.txt"]
CONDITIONS = ["", "Range: bytes=2-5", "Range: bytes=-3", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", "If-None-Match: *"]


def plays():
    """For the whole server: a seed, the network, options, limits, and what clients do."""
    connect, turns = b"\x00", b"\x0f\x0f"
    said = ["close", "end", "ping", "much x", "throw", "sub a.*", "pub all", "unsub all", "hello"]
    for number, message in enumerate(said):
        setting = bytes([number, number % 16, 65 + number, 64 * (number % 4)])
        speak = b"\x03" + sized(message)
        yield setting + connect + b"\x02" + sized("Sec-WebSocket-Protocol: a\r\n") + turns + speak + turns
        yield setting + connect * 2 + b"\x02\x00\x12\x00" + turns + speak * 3 + b"\x0a\x05" + turns + b"\x07\x01" + turns
    for path in ["/page/x", "/parts", "/later", "/never", "/files/data.txt", "/files/../secret.txt", "/nothing"]:
        yield b"\1\1\0\0" + connect + b"\x05" + sized(path) + turns + b"\x0b\x05"
    for request in requests():
        if len(request) < 256:
            yield b"\1\0\0\0" + connect + b"\x01" + sized(request) + turns + b"\x06" + turns


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = bytes([192, 0, 2, 1, 10, 0, 0, 2]) + b"\x1f\x90\x01\xbb"
SIX = bytes(15) + b"\1" + b"\x20\x01\x0d\xb8" + bytes(12) + b"\x1f\x90\x01\xbb"
PROXY_HEADERS = [
    b"PROXY TCP4 192.0.2.1 10.0.0.2 8080 443\r\nGET", b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", b"PROXY UNKNOWN\r\n",
    b"PROXY UNKNOWN whatever\r\n", b"PROXY TCP4 192.0.2.1 10.0.0.2 080 443\r\n", b"PROXY TCP6 ::ffff:1.2.3.4 ::1 0 65535\r\n",
    b"PROXY TCP4 1.2.3.4\n", b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n",
    *(SIGNATURE + head + len(body).to_bytes(2, "big") + body
      for head in (b"\x21\x11", b"\x21\x21", b"\x20\x00", b"\x21\x31", b"\x21\x00", b"\x22\x11")
      for body in (b"", FOUR, SIX, FOUR + b"\4\0\3abc", SIX + b"\1\0\0\2\0\1x", FOUR + b"\4\0\xff", bytes(216))),
]


def seeds():
    for data in streams(masked=True):
        yield "frame", data
        yield "session", b"\0\1" + data
    for data in streams(masked=False):
        yield "session", b"\1\2" + data
    for choices in (0xff, 0xfc, 0x23):
        for data in compressedStreams(masked=True):
            yield "session", bytes([8, choices, 1]) + data
        for data in compressedStreams(masked=False):
            yield "session", bytes([9, choices, 2]) + data
    for data in compressedMessages():
        yield "deflate", b"\x1d" + data
        yield "deflate", b"\x1f" + data
    for number, text in enumerate([b"Hello", b'{"id":17,"tags":["a"]},', bytes(range(256))[:200]]):
        for choices in (0, 2, 0x1c, 0x1e):
            yield "deflate", bytes([choices]) + b"".join(bytes([much]) + sized(text) for much in (0, 1, number, 255))
    for header in PROXY_HEADERS:
        yield "proxy", b"\1" + header
    for request in requests():
        yield "http_request", b"\0\1" + request
        yield "handshake", b"\0\0" + request
    for answer in answers():
        yield "http_response", b"\0\1" + answer
        yield "handshake", b"\1\0\1" + answer
        yield "handshake", b"\1\1\0" + answer
    for url in URLS:
        yield "url", url.encode()
        yield "handshake", b"\2\0" + sized(url) + sized("http://a") + b"\4chat\1b\0" + sized("X-A") + sized("b c")
    for value in values({b"connection", b"upgrade", b"sec-websocket-protocol", b"sec-websocket-extensions"}):
        yield "header_list", sized("websocket") + value
    for pattern, path in PATHS:
        yield "paths", sized(pattern) + path.encode()
    for file in FILES:
        yield "paths", sized("files/*") + file.encode()
        for number, condition in enumerate(CONDITIONS):
            yield "static_files", bytes([number, 1]) + sized(file) + condition.encode()
    for play in plays():
        yield "server", play


def main(folder):
    for target, data in seeds():
        if len(data) > MAX_SIZE:
            continue
        path = pathlib.Path(folder) / target / hashlib.sha1(data).hexdigest()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


main(sys.argv[1])
