"""The opening handshake of echo_server: what is accepted, what is refused, and with what (RFC 6455 §4.2)."""

import dataclasses
import unittest

from handshake import ACCEPT, KEY, REQUEST, Head, readHead, readResponses
from peer import PIECES, WHOLE, connect
from program import Server
from tables import eachRow
from verdict import encode, judge, trailing
from wire import acceptKey, close, text

BEHIND = "with frames behind"

# The request of RFC 6455 §1.2 in the absolute form; the target's authority wins over Host (RFC 9112 §3.2.2).
LITERAL = b"""GET ws://localhost:5000 HTTP/1.1
Host: localhost
Origin: http://localhost:5000
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 13

""".replace(b"\n", b"\r\n")

ORIGIN, EXTENSIONS, PROTOCOL = "Origin", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"
VERSION, WEBSOCKET_KEY = "Sec-WebSocket-Version", "Sec-WebSocket-Key"


def setUpModule():
    global server
    server = Server("echo_server")


def tearDownModule():
    server.stop()


@dataclasses.dataclass(frozen=True)
class Accepted:
    name: str
    request: bytes
    key: str = KEY


@dataclasses.dataclass(frozen=True)
class Refused:
    name: str
    request: bytes
    status: int
    headers: tuple = ()


def good(name, request, key=KEY):
    return Accepted(name, request.encode() if isinstance(request, Head) else request, key)


def bad(status, name, request, *headers):
    return Refused(name, request.encode() if isinstance(request, Head) else request, status, headers)


def with_(name, *values):
    return REQUEST.setting(name, *values)


def target(value, host="localhost"):
    return with_("Host", host).startingWith(f"GET {value} HTTP/1.1")


def keyed(name, key):
    return good(name, with_(WEBSOCKET_KEY, key), key)


ACCEPTED = [
    good("the literal request of the mission", LITERAL),
    good("the least that a handshake has", REQUEST),
    good("all names in capitals", REQUEST.encode().replace(b"Sec-WebSocket", b"SEC-WEBSOCKET").replace(b"Host", b"HOST")),
    good("all names in small letters", Head(REQUEST.start, [(name.lower(), value) for name, value in REQUEST.fields])),
    good("no space after the colons", REQUEST.encode().replace(b": ", b":")),
    good("spaces and tabs around the values", REQUEST.encode().replace(b": ", b": \t ").replace(b"\r\n", b" \t\r\n")
         .replace(b"HTTP/1.1 \t", b"HTTP/1.1").replace(b"\r\n \t\r\n", b"\r\n\r\n")),
    good("empty lines before the request", b"\r\n\r\n" + REQUEST.encode()),

    good("target with a query", target("/?room=1&b=%20")),
    good("target absolute, http:", target("http://localhost/")),
    good("target absolute, ws: in capitals", target("WS://LOCALHOST/")),
    good("target absolute with a query and no path", target("ws://localhost?room=1")),
    good("target absolute and another Host", target("ws://localhost:5000/", host="example.com")),
    good("target absolute, its authority is the server's own origin",
         target("ws://localhost:5000/", host="example.com").adding((ORIGIN, "http://localhost:5000"))),

    *(good(f"Upgrade: {value}", with_("Upgrade", value))
      for value in ["WebSocket", "WEBSOCKET", "h2c, websocket", "websocket,h2c", ", websocket ,", "foo\t,\twebsocket"]),
    good("Upgrade over two lines", with_("Upgrade", "h2c", "websocket")),
    *(good(f"Connection: {value}", with_("Connection", value))
      for value in ["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,keep-alive", "x,,upgrade,", "close, Upgrade"]),
    good("Connection over three lines", with_("Connection", "keep-alive", "x", "UpGrAdE")),

    keyed("key of zeros", "A" * 22 + "=="),
    keyed("key of ones", "/" * 21 + "w=="),
    keyed("key with bits set that stand for nothing", "A" * 21 + "B=="),
    keyed("key of WHATWG, …PEC==", "x3JJHMbDL1EzLkh9GBhPEC=="),

    good("'offer a,b, no server choice made'", with_(PROTOCOL, "a,b")),
    good("protocols over two lines", with_(PROTOCOL, "a", "b, c")),
    good("protocols that differ in case", with_(PROTOCOL, "chat, Chat")),
    good("protocols with the odd characters of a token", with_(PROTOCOL, "!#$%&'*+-.^_`|~09azAZ")),

    good("an extension that is offered is not chosen for its name", with_(EXTENSIONS, "x-unknown")),
    good("extension with a quoted parameter", with_(EXTENSIONS, 'x; a="b"; c; d=e, y')),
    good("extensions over two lines", with_(EXTENSIONS, "x", "y; z")),
    *(good(f"extension called {name}", with_(EXTENSIONS, name)) for name in ["__proto__", "constructor", "toString"]),

    good("origin its own", with_(ORIGIN, "http://localhost")),
    good("origin its own in capitals", with_(ORIGIN, "HTTP://LOCALHOST")),
    good("origin its own with a port", with_("Host", "localhost:8080").adding((ORIGIN, "http://localhost:8080"))),
    good("origin its own by https, with TLS ended in front", with_(ORIGIN, "https://localhost")),
    good("origin its own by address", with_("Host", "127.0.0.1:5000").adding((ORIGIN, "http://127.0.0.1:5000"))),
    good("origin its own by IPv6", with_("Host", "[::1]:5000").adding((ORIGIN, "http://[::1]:5000"))),

    good("100 headers", REQUEST.adding(*(("X", "y") for _ in range(95)))),
    good("bytes over 127 in a value", REQUEST.adding(("X", "\xe9\xff"))),
    good("a body is no frame", REQUEST.adding(("Content-Length", "5")).encode() + b"hello"),
    good("a chunked body is no frame", REQUEST.adding(("Transfer-Encoding", "chunked")).encode() + b"5\r\nhello\r\n0\r\n\r\n"),
    good("an old draft's headers", REQUEST.adding(("Sec-WebSocket-Key1", "1 2"), ("Sec-WebSocket-Origin", "http://x.example"))),
]

CLOSING = ("Connection", "close")
KNOWN_VERSION = (VERSION, "13")

REFUSED = [
    *(bad(426, f"'version absent / 12' {value}", with_(VERSION, value), KNOWN_VERSION, ("Upgrade", "websocket"))
      for value in ["12", "8", "7", "0", "14", "013", "13, 8", "1 3", "+13", "13.0", "thirteen", "", "255", "269"]),
    bad(426, "'version absent / 12' absent", REQUEST.without(VERSION), KNOWN_VERSION),
    bad(426, "'version absent / 12' twice", with_(VERSION, "13", "13"), KNOWN_VERSION),
    bad(426, "'version absent / 12' 13 and 8", with_(VERSION, "13", "8"), KNOWN_VERSION),

    bad(400, "'no Connection header'", REQUEST.without("Connection")),
    *(bad(400, f"'no Connection header' but {value}", with_("Connection", value))
      for value in ["keep-alive", "close", "websocket", "Upgrades", "Up grade", "x-upgrade", ""]),

    bad(400, "'key = 24×!'", with_(WEBSOCKET_KEY, "!" * 24)),
    *(bad(400, f"'key' {name}", with_(WEBSOCKET_KEY, value)) for name, value in {
        "empty": "", "15 bytes": "AAAAAAAAAAAAAAAAAAAA", "17 bytes": "AAAAAAAAAAAAAAAAAAAAAAA=", "18 bytes": "A" * 24,
        "without padding": "A" * 22, "half the padding": "A" * 22 + "=", "too much padding": "A" * 22 + "===",
        "padding inside": "AAAAAAAAAAA==AAAAAAAAAAA", "a space inside": "AAAAAAAAAAA AAAAAAAAAA==",
        "of the URL alphabet": "-_" * 11 + "==", "two of them": f"{KEY}, {KEY}", "of 15,000 bytes": "A" * 15_000,
        "quoted": f'"{KEY}"'}.items()),
    bad(400, "'key' absent", REQUEST.without(WEBSOCKET_KEY)),
    bad(400, "'key' twice", with_(WEBSOCKET_KEY, KEY, KEY)),

    *(bad(400, f"'offer ,,' {value!r}", with_(PROTOCOL, value))
      for value in [",,", " ", "", ",", "a,,b", "a,", ",a", "a b", "a;b", '"a"', "a/1", "a, a", "a@b", "a,b,a", "é"]),
    bad(400, "'offer ,,' the same one twice, on two lines", with_(PROTOCOL, "a", "a")),
    bad(400, "'offer ,,' good and empty on two lines", with_(PROTOCOL, "a", "")),
    bad(400, "15 KB of spaces in Sec-WebSocket-Protocol", with_(PROTOCOL, "a" + " " * 15_000 + "b")),
    bad(400, "15 KB of commas in Sec-WebSocket-Protocol", with_(PROTOCOL, "," * 15_000)),

    *(bad(400, f"extension {value[:20]!r}", with_(EXTENSIONS, value))
      for value in ["", ",", "a;", "a,", "a b", "a; b=", 'a; b="', 'a; b="c d"', "a; =b", 'a; b="' + "\\c" * 7_000]),

    *(bad(403, f"'Origin: http://evil.example' {value}", with_(ORIGIN, value))
      for value in ["http://evil.example", "https://evil.example", "null", "file://", "http://localhost.evil.example",
                    "http://evil.example/localhost", "http://evillocalhost", "http://localhost:81", "http://localhost@evil.example",
                    "ws://localhost", "localhost", "http://", "http://localhost, http://evil.example", "*",
                    "http://xn--lcalhost-p7a", "http://127.0.0.1"]),
    bad(403, "'Origin: http://evil.example' beside the own", with_(ORIGIN, "http://localhost", "http://evil.example")),
    bad(403, "'Origin: http://evil.example' before the own", with_(ORIGIN, "http://evil.example", "http://localhost")),
    bad(403, "'Origin' is Host's, but not the target's authority",
        target("ws://localhost:5000/", host="example.com").adding((ORIGIN, "http://example.com"))),

    bad(400, "Host absent", REQUEST.without("Host")),
    bad(400, "Host twice", with_("Host", "localhost", "localhost")),
    bad(400, "Host twice, different", with_("Host", "localhost", "example.com")),
    bad(400, "Host absent, target absolute", target("ws://localhost/").without("Host")),
    *(bad(400, f"Host: {value}", with_("Host", value))
      for value in ["a b", "a/b", "user@localhost", "localhost:port", "localhost:123456", "[::1", "http://localhost"]),

    bad(400, "HTTP/1.0", REQUEST.startingWith("GET / HTTP/1.0")),
    bad(400, "target without a path", REQUEST.startingWith("GET HTTP/1.1")),
    bad(400, "target with a fragment", target("/#top")),
    bad(400, "target with a space", target("/a b")),
    bad(400, "target of no URL", target("localhost")),
    bad(400, "target with user and password", target("ws://user:secret@localhost/")),
    bad(400, "target of another scheme", target("ftp://localhost/")),
    bad(404, "target of no route", target("/nowhere")),
    bad(404, "target absolute, of no route", target("ws://localhost/nowhere")),

    bad(505, "HTTP/2.0", REQUEST.startingWith("GET / HTTP/2.0")),
    bad(400, "HTTP/1.10", REQUEST.startingWith("GET / HTTP/1.10")),
    bad(400, "http/1.1 in small letters", REQUEST.startingWith("GET / http/1.1")),
    bad(400, "no version", REQUEST.startingWith("GET /")),

    bad(405, "POST", REQUEST.startingWith("POST / HTTP/1.1").adding(("Content-Length", "0"))),
    bad(405, "PUT", REQUEST.startingWith("PUT / HTTP/1.1").adding(("Content-Length", "0"))),
    bad(405, "get in small letters", REQUEST.startingWith("get / HTTP/1.1")),
    bad(400, "no method", REQUEST.startingWith(" / HTTP/1.1")),

    bad(431, "32 KB of spaces in Sec-WebSocket-Protocol", with_(PROTOCOL, " " * 32_768)),
    bad(431, "2000 headers", REQUEST.adding(*(("a", "") for _ in range(2000)))),
    bad(431, "101 headers", REQUEST.adding(*(("X", "y") for _ in range(96)))),
    bad(431, "a line of 17 KB", target("/" + "a" * 17_000)),

    bad(400, "a line that is folded", REQUEST.encode()[:-2] + b"X: a\r\n b\r\n\r\n"),
    bad(400, "lines that end without CR", REQUEST.encode().replace(b"\r\n", b"\n")[:-1] + b"\r\n\r\n"),
    bad(400, "one line that ends without CR", REQUEST.encode().replace(b"\r\nUpgrade", b"\nUpgrade")),
    bad(400, "a CR in a value", REQUEST.adding(("X", "a\rb"))),
    bad(400, "a NUL in a value", REQUEST.adding(("X", "a\0b"))),
    bad(400, "a NUL in a name", REQUEST.adding(("X\0", "a"))),
    bad(400, "a control character in a value", REQUEST.adding(("X", "a\x01b"))),
    bad(400, "a DEL in a value", REQUEST.adding(("X", "a\x7fb"))),
    bad(400, "a space before the colon", REQUEST.encode().replace(b"Upgrade:", b"Upgrade :")),
    bad(400, "a line without a colon", REQUEST.encode()[:-2] + b"X\r\n\r\n"),
    bad(400, "a header without a name", REQUEST.encode()[:-2] + b": x\r\n\r\n"),
    bad(400, "TLS on the plain port", bytes.fromhex("16030100c8010000c40303") + b"\r\n\r\n"),
    bad(400, "a body of which nobody knows how long it is",
        REQUEST.adding(("Transfer-Encoding", "chunked"), ("Content-Length", "5"))),
]


@eachRow(ACCEPTED, WHOLE, PIECES, BEHIND)
class AcceptedTest(unittest.TestCase):
    def check(self, row, way):
        greeting, goodbye = text("early bird"), close(1000)
        frames = encode([greeting, goodbye], masked=True) + trailing(masked=True)
        with connect(server.address) as peer, peer.explaining(row.name):
            if way == BEHIND:
                peer.send(row.request + frames)
                head = peer.readHead()
            else:
                peer.send(row.request, way)
                head = peer.readHead()
                peer.send(frames)
            self.checkAnswer(readHead(head), row)
            judge([greeting, goodbye], peer, peer.readToEnd(), masked=False)

    def checkAnswer(self, answer, row):
        self.assertEqual(answer.start, "HTTP/1.1 101 Switching Protocols")
        self.assertEqual(answer.value("Upgrade").lower(), "websocket")
        self.assertEqual(answer.tokens("Connection"), ["upgrade"])
        self.assertEqual(answer.value("Sec-WebSocket-Accept"), acceptKey(row.key))
        # Nobody chose a protocol, no extension that was offered is known, and nobody asked for draft-76.
        for name in (PROTOCOL, EXTENSIONS, VERSION, "Sec-WebSocket-Location", "Content-Length"):
            self.assertIsNone(answer.value(name))


@eachRow(REFUSED, WHOLE, PIECES, BEHIND)
class RefusedTest(unittest.TestCase):
    # What a proxy might take for frames behind the handshake, and we for a request.
    smuggled = b"GET / HTTP/1.1\r\nHost: smuggled\r\n\r\n"

    def check(self, row, way):
        with connect(server.address) as peer, peer.explaining(row.name):
            peer.send(row.request + (self.smuggled * 3 if way == BEHIND else b""), way)
            answers, rest = readResponses(peer.readToEnd())
            self.assertEqual([answer.status for answer in answers], [row.status])
            self.assertEqual((rest, peer.ended), (b"", "FIN"))
            self.checkAnswer(answers[0], row)

    def checkAnswer(self, answer, row):
        self.assertIn("close", answer.tokens("Connection"))
        for name, value in row.headers:
            self.assertEqual(answer.value(name), value)
        # Who sends Upgrade has to name it in Connection (RFC 9110 §7.8).
        self.assertEqual("upgrade" in answer.tokens("Connection"), answer.value("Upgrade") is not None)
        self.assertIsNone(answer.value("Sec-WebSocket-Accept"))


class OriginTest(unittest.TestCase):
    """Which foreign origins `duplex serve` lets in, when it is told to."""

    def statuses(self, allowed, origins):
        program = Server("duplex", "serve", *(flag for pattern in allowed for flag in ("--origin", pattern)))
        self.addCleanup(program.stop)
        statuses = {}
        for origin in origins:
            with connect(program.address) as peer, peer.explaining(origin):
                peer.send(with_(ORIGIN, origin).encode())
                statuses[origin] = readHead(peer.readHead()).status
        return statuses

    def testAList(self):
        answers = {
            "http://localhost": 101, "https://app.example": 101, "HTTPS://APP.EXAMPLE": 101, "https://a.example.com": 101,
            "https://a.b.example.com": 101, "http://app.example": 403, "https://app.example:8443": 403,
            "https://app.example.evil.example": 403, "https://xapp.example": 403, "https://example.com": 403,
            "https://.example.com": 403, "https://evil.example/.example.com": 403, "https://evil.example#.example.com": 403,
            "https://evil.example:1.example.com": 403, "https://user@a.example.com": 403, "https://evilexample.com": 403,
            "null": 403}
        self.assertEqual(self.statuses(["https://app.example", "https://*.example.com"], answers), answers)

    def testAll(self):
        answers = dict.fromkeys(["http://evil.example", "null", "file://"], 101)
        self.assertEqual(self.statuses(["*"], answers), answers)


class HandshakeTest(unittest.TestCase):
    def testTheAcceptOfTheSpecification(self):
        with connect(server.address) as peer:
            peer.send(LITERAL)
            self.assertEqual(readHead(peer.readHead()).value("Sec-WebSocket-Accept"), ACCEPT)

    def testNoUpgradeHeaderIsPlainHttp(self):
        """'no `Upgrade` header': 426, since the route speaks nothing but WebSocket; the connection stays."""
        for values in ([], ["h2c"], ["websockets"], ["web socket"], ["websocket/13"], ["x-websocket"], [""]):
            with connect(server.address) as peer, peer.explaining(f"Upgrade: {values}"):
                for _ in range(2):
                    peer.send(with_("Upgrade", *values).encode())
                    answer = readHead(peer.readHead())
                    self.assertEqual(answer.status, 426)
                    self.assertEqual(answer.value("Upgrade"), "websocket")
                    self.assertIn("upgrade", answer.tokens("Connection"))
                    size = int(answer.value("Content-Length"))
                    body = peer.readUntil(lambda data: bytes(data[:size]) if len(data) >= size else None)
                    peer.taken += len(body)

    def testEveryByteOfTheHeadMayBeTheLastForAWhile(self):
        data = LITERAL + encode([text("a"), close(1000)], masked=True)
        for cut in range(1, len(data)):
            with connect(server.address) as peer, peer.explaining(f"cut after {cut} bytes"):
                peer.send(data[:cut])
                peer.staysOpen(0.0005)
                peer.send(data[cut:])
                peer.readHead()
                judge([text("a"), close(1000)], peer, peer.readToEnd(), masked=False)

    def testTwentyMegabytesOfHeader(self):
        """It is refused at its limit; what still comes is dropped, and not for ever."""
        before = server.memory("VmRSS")
        with connect(server.address) as peer, peer.explaining("20 MB header"):
            peer.send(REQUEST.encode()[:-2] + b"X: ")
            peer.send(b"x" * (20 << 20))
            answers, rest = readResponses(peer.readToEnd())
            self.assertEqual([answer.status for answer in answers], [431])
            self.assertEqual(rest, b"")
        self.assertLess(server.memory("VmRSS") - before, 8 << 20)

    def testManyHandshakesAtOnce(self):
        peers = [connect(server.address) for _ in range(200)]
        try:
            for part in (slice(0, 60), slice(60, None)):
                for peer in peers:
                    peer.send(LITERAL[part])
            for number, peer in enumerate(peers):
                peer.readHead()
                peer.send(encode([text(str(number)), close(1000)], masked=True))
            for number, peer in enumerate(peers):
                with peer.explaining(number):
                    judge([text(str(number)), close(1000)], peer, peer.readToEnd(), masked=False)
        finally:
            for peer in peers:
                peer.sock.close()


if __name__ == "__main__":
    unittest.main()
