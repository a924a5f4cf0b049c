"""The opening handshake of `duplex connect`: what it asks, and which answers it takes (RFC 6455 §4.1)."""

import base64
import contextlib
import dataclasses
import unittest

from handshake import ACCEPT, Head, readHead, switching
from peer import PIECES, WHOLE
from program import Client, Listener
from tables import eachRow
from verdict import encode, judge
from wire import acceptKey, close, readFrames, text

GLUED = "with frames behind"
# What the server sends at once, and what is printed of it.
FRAMES = [text("early bird"), close(4000, "enough")]
PROTOCOL, EXTENSIONS = "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"


@contextlib.contextmanager
def meeting(*flags, path="/"):
    """Runs `duplex connect` against a server of ours: the listener, the program, the peer and its request."""
    with Listener() as listener:
        with Client("duplex", "connect", *flags, f"ws://{listener.authority}{path}") as client:
            with listener.accept() as peer:
                yield listener, client, peer, readHead(peer.readHead())


@dataclasses.dataclass(frozen=True)
class Answer:
    """How a server answers; `change` makes it of the 101 that would be right."""

    name: str
    change: object
    offers: tuple = ()

    def make(self, request):
        made = self.change(switching(acceptKey(request.value("Sec-WebSocket-Key"))))
        return made.encode() if isinstance(made, Head) else made


def answer(name, change, *offers):
    return Answer(name, change, offers)


def set_(name, *values):
    return lambda head: head.setting(name, *values)


def plain(start, *fields):
    """An answer of HTTP, with as many bytes as its Content-Length says."""
    return lambda head: Head(start, (*fields, ("Content-Length", "5"))).encode() + b"plain"


def replaced(old, new):
    return lambda head: head.encode().replace(old, new, 1)


TAKEN = [
    answer("the least there is", lambda head: head),
    answer("another phrase", lambda head: head.startingWith("HTTP/1.1 101 Web Socket Protocol Handshake")),
    answer("an empty phrase", lambda head: head.startingWith("HTTP/1.1 101 ")),
    answer("names in capitals", lambda head: Head(head.start, [(name.upper(), value) for name, value in head.fields])),
    answer("names in small letters", lambda head: Head(head.start, [(name.lower(), value) for name, value in head.fields])),
    answer("no space after the colons", lambda head: head.encode().replace(b": ", b":")),
    answer("spaces around the values", lambda head: head.encode().replace(b": ", b": \t ").replace(b"=\r\n", b"= \t\r\n")),
    answer("Upgrade: WebSocket", set_("Upgrade", "WebSocket")),
    answer("Connection: UPGRADE", set_("Connection", "UPGRADE")),
    answer("Connection: keep-alive, Upgrade", set_("Connection", "keep-alive, Upgrade")),
    answer("Connection over two lines", set_("Connection", "keep-alive", "upgrade")),
    answer("other headers", lambda head: head.adding(("Server", "x"), ("Date", "today"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c"))),
    answer("a length that means nothing", lambda head: head.adding(("Content-Length", "3"))),
    answer("after interim answers", lambda head: b"HTTP/1.1 100 Continue\r\n\r\n"
           b"HTTP/1.1 103 Early Hints\r\nUpgrade: h2c\r\nLink: </style.css>\r\n\r\n" + head.encode()),
    answer("the first protocol offered", set_(PROTOCOL, "chat"), "chat", "Chat"),
    answer("the last protocol offered", set_(PROTOCOL, "Chat"), "chat", "Chat"),
]

NOT_TAKEN = [
    *(answer(f"'bad Accept' {name}", set_("Sec-WebSocket-Accept", value)) for name, value in {
        "of another key": ACCEPT, "empty": "", "not base64": "!" * 28, "short": "AAAA"}.items()),
    answer("'bad Accept' in capitals", lambda head: head.setting("Sec-WebSocket-Accept", head.fields[2][1].swapcase())),
    answer("'bad Accept' without padding", lambda head: head.setting("Sec-WebSocket-Accept", head.fields[2][1].rstrip("="))),
    answer("'bad Accept' quoted", lambda head: head.setting("Sec-WebSocket-Accept", f'"{head.fields[2][1]}"')),
    answer("'bad Accept' absent", lambda head: head.without("Sec-WebSocket-Accept")),
    answer("'bad Accept' twice", lambda head: head.adding(head.fields[2])),
    answer("'bad Accept' beside a good one", lambda head: head.adding(("Sec-WebSocket-Accept", ACCEPT))),

    answer("'missing tokens' no Upgrade", lambda head: head.without("Upgrade")),
    *(answer(f"'missing tokens' Upgrade: {value}", set_("Upgrade", value))
      for value in ["", "h2c", "websockets", "websocket/13", "web socket", "h2c, websocket", "websocket, h2c"]),
    answer("'missing tokens' Upgrade twice", set_("Upgrade", "websocket", "websocket")),
    answer("'missing tokens' no Connection", lambda head: head.without("Connection")),
    *(answer(f"'missing tokens' Connection: {value}", set_("Connection", value))
      for value in ["", "close", "keep-alive", "upgrades", "websocket"]),

    answer("'unoffered protocol' and none offered", set_(PROTOCOL, "chat")),
    answer("'unoffered protocol' empty and none offered", set_(PROTOCOL, "")),
    answer("'unoffered protocol' another", set_(PROTOCOL, "other"), "chat"),
    answer("'unoffered protocol' in another case", set_(PROTOCOL, "Chat"), "chat"),
    answer("'unoffered protocol' empty", set_(PROTOCOL, ""), "chat"),
    answer("'unoffered protocol' a list", set_(PROTOCOL, "chat, other"), "chat", "other"),
    answer("'offered and got none'", lambda head: head, "chat"),
    answer("'protocol at most once' twice the same", set_(PROTOCOL, "chat", "chat"), "chat"),
    answer("'protocol at most once' two", set_(PROTOCOL, "chat", "other"), "chat", "other"),

    *(answer(f"'unoffered extension' {value}", set_(EXTENSIONS, value))
      for value in ["x-unknown", "bbf-usp-protocol", "foo, bar",
                    *(f"permessage-deflate; {name}={bits}" for name in ["server_max_window_bits", "client_max_window_bits"]
                      for bits in ["0", "7", "16", "99", '""', "08"])]),

    answer("200", plain("HTTP/1.1 200 OK")),
    answer("204", lambda head: head.startingWith("HTTP/1.1 204 No Content")),
    answer("401", plain("HTTP/1.1 401 Unauthorized", ("WWW-Authenticate", "Basic realm=x"))),
    answer("403", plain("HTTP/1.1 403 Forbidden")),
    answer("426", plain("HTTP/1.1 426 Upgrade Required", ("Sec-WebSocket-Version", "8"))),
    answer("503", plain("HTTP/1.1 503 Service Unavailable", ("Retry-After", "0"))),
    answer("a good answer but for its status", lambda head: head.startingWith("HTTP/1.1 200 OK")),
    answer("a status of four digits", lambda head: head.startingWith("HTTP/1.1 1010 Switching")),
    answer("a status of letters", lambda head: head.startingWith("HTTP/1.1 abc Switching")),
    answer("a 200 after an interim answer", lambda head: b"HTTP/1.1 100 Continue\r\n\r\n" +
           head.startingWith("HTTP/1.1 200 OK").encode()),
    answer("HTTP/1.0", lambda head: head.startingWith("HTTP/1.0 101 Switching Protocols")),
    answer("HTTP/2.0", lambda head: head.startingWith("HTTP/2.0 101 Switching Protocols")),
    answer("no HTTP", lambda head: b"220 mail.example.com ESMTP\r\n\r\n"),
    answer("a request", lambda head: head.startingWith("GET / HTTP/1.1")),
    answer("nothing but an empty line", lambda head: b"\r\n\r\n"),

    answer("a line that is folded", replaced(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n")),
    answer("a line that ends without CR", replaced(b"\r\nUpgrade", b"\nUpgrade")),
    answer("a CR in a value", lambda head: head.adding(("X", "a\rb"))),
    answer("a NUL in a value", lambda head: head.adding(("X", "a\0b"))),
    answer("a space before the colon", replaced(b"Upgrade:", b"Upgrade :")),
    answer("a line without a colon", replaced(b"\r\n\r\n", b"\r\nX\r\n\r\n")),
    answer("2000 headers", lambda head: head.adding(*(("a", "") for _ in range(2000)))),
    answer("a header of 70 KB", lambda head: head.adding(("X", "x" * 70_000))),
]

REDIRECTS = [
    answer(f"{status} to {where}", lambda head, status=status, where=where: plain(
        f"HTTP/1.1 {status} Elsewhere", ("Location", where))(head))
    for status in (301, 302, 303, 307, 308)
    for where in ("/elsewhere", "ws://{authority}/elsewhere", "http://{authority}/")
]


@eachRow(TAKEN, WHOLE, PIECES, GLUED)
class TakenTest(unittest.TestCase):
    def check(self, row, way):
        flags = [flag for offer in row.offers for flag in ("--protocol", offer)]
        with meeting(*flags) as (_, client, peer, request), peer.explaining(row.name):
            frames = encode(FRAMES, masked=False)
            if way == GLUED:
                peer.send(row.make(request) + frames)
            else:
                peer.send(row.make(request), way)
                peer.send(frames, way)
            peer.readUntil(lambda data: readFrames(data, masked=True)[0])
            peer.finish()
            judge(FRAMES[1:], peer, peer.readToEnd(), masked=True)
            _, output, errors = client.wait()
            self.assertEqual(output, b"early bird\n")
            self.assertIn("closed with 4000 enough", errors)


@eachRow(NOT_TAKEN + REDIRECTS, WHOLE, GLUED)
class NotTakenTest(unittest.TestCase):
    def check(self, row, way):
        flags = [flag for offer in row.offers for flag in ("--protocol", offer)]
        with meeting(*flags) as (listener, client, peer, request), peer.explaining(row.name):
            made = row.make(request).replace(b"{authority}", listener.authority.encode())
            peer.send(made + (encode(FRAMES, masked=False) if way == GLUED else b""))
            # A connection that never was one gets no Close.
            self.assertEqual(peer.readToEnd(), b"")
            status, output, errors = client.wait()
            self.assertEqual((status, output), (1, b""))
            self.assertIn("closed with 1006", errors)
            self.assertNotIn("connected to", errors)
            self.assertTrue(listener.nobodyComes(0.01), "it follows redirects, or tries again")


class RedirectTest(unittest.TestCase):
    def testMoreThanOneLocationIsNone(self):
        for locations in (["/a", "/b"], ["", "/b"], ["/a", ""], ["/a", "/a"]):
            with meeting("--follow", "3") as (listener, client, peer, _), peer.explaining(locations):
                fields = [("Location", location) for location in locations]
                peer.send(Head("HTTP/1.1 302 Found", [*fields, ("Content-Length", "0")]).encode())
                self.assertEqual(peer.readToEnd(), b"")
                status, _, errors = client.wait()
                self.assertEqual(status, 1)
                self.assertIn("the server answered 302", errors)
                self.assertTrue(listener.nobodyComes(0.01))


class RequestTest(unittest.TestCase):
    def testTheLeastThatIsAsked(self):
        with meeting() as (listener, _, _, request):
            self.assertEqual(request.start, "GET / HTTP/1.1")
            self.assertEqual(request.value("Host"), listener.authority)
            self.assertEqual(request.value("Upgrade").lower(), "websocket")
            self.assertIn("upgrade", request.tokens("Connection"))
            self.assertEqual(request.value("Sec-WebSocket-Version"), "13")
            for name in ("Origin", "Cookie", "Authorization", PROTOCOL, "Content-Length", "Transfer-Encoding"):
                self.assertEqual(request.all(name), [])

    def testTheKeyIsSixteenRandomBytes(self):
        """POCO GH#2993: a key that is always the same."""
        keys = set()
        for _ in range(8):
            with meeting() as (_, _, _, request):
                key = request.value("Sec-WebSocket-Key")
                self.assertEqual(len(base64.b64decode(key, validate=True)), 16)
                self.assertEqual(base64.b64encode(base64.b64decode(key)).decode(), key)
                keys.add(key)
        self.assertEqual(len(keys), 8)

    def testNothingIsSentBeforeTheAnswer(self):
        """RFC 6455 §4.1: the client must wait, also with lines to send at hand."""
        with meeting() as (_, client, peer, request):
            client.process.stdin.write(b"eager\n")
            client.process.stdin.flush()
            self.assertTrue(peer.staysOpen(0.2))
            self.assertEqual(peer.take(), b"")
            peer.send(switching(acceptKey(request.value("Sec-WebSocket-Key"))).encode())
            peer.readUntil(lambda data: readFrames(data, masked=True)[0] == [text("eager")])

    def testPathAndQuery(self):
        for path, target in {"": "/", "/chat?room=1&x=%20": "/chat?room=1&x=%20", "?a": "/?a", "/a b": "/a%20b",
                             "/\r\nX-Smuggled: yes": "/X-Smuggled:%20yes", "/é": "/%C3%A9",
                             "/%0d%0aX-Smuggled:yes": "/%0d%0aX-Smuggled:yes"}.items():
            with meeting(path=path) as (_, _, _, request):
                self.assertEqual(request.start, f"GET {target} HTTP/1.1")
                self.assertEqual(request.all("X-Smuggled"), [])

    def testWhatIsAskedFor(self):
        flags = ["--protocol", "chat", "--protocol", "v2.chat", "--origin", "https://example.com",
                 "--header", "X-Colour: blue", "--header", "Cookie: a=b"]
        with meeting(*flags) as (_, _, _, request):
            self.assertEqual([token.strip() for token in request.value(PROTOCOL).split(",")], ["chat", "v2.chat"])
            self.assertEqual(request.value("Origin"), "https://example.com")
            self.assertEqual(request.value("X-Colour"), "blue")
            self.assertEqual(request.value("Cookie"), "a=b")

    def testCredentialsOfTheUrl(self):
        with Listener() as listener:
            with Client("duplex", "connect", f"ws://ann:s%3Acret@{listener.authority}/"), listener.accept() as peer:
                request = readHead(peer.readHead())
                self.assertEqual(request.value("Host"), listener.authority)
                self.assertEqual(request.value("Authorization"),
                                 "Basic " + base64.b64encode(b"ann:s:cret").decode())


class RefusedBeforeTheConnectionTest(unittest.TestCase):
    """What the browser's constructor refuses too; no byte leaves."""

    def assertRefused(self, *arguments):
        with Listener() as listener:
            arguments = [argument.replace("{url}", f"ws://{listener.authority}/") for argument in arguments]
            with self.subTest(arguments=arguments), Client("duplex", "connect", *arguments) as client:
                status, output, errors = client.wait()
                self.assertNotEqual(status, 0)
                self.assertGreater(status, 0, "it crashed")
                self.assertEqual(output, b"")
                self.assertNotEqual(errors, "")
                self.assertTrue(listener.nobodyComes(0.01))

    def testUrls(self):
        for url in ("{url}#top", "{url}#", "ftp://127.0.0.1/", "127.0.0.1", "/chat", "ws://", "ws:///chat",
                    "ws://127.0.0.1:65536/", "ws://127.0.0.1:x/", "ws://[::1/", "ws://a b/", ""):
            self.assertRefused(url)

    def testProtocols(self):
        for names in (["chat", "chat"], [""], ["a b"], ["a,b"], ["a\r\nX: y"], ["é"], ['"a"']):
            self.assertRefused(*(flag for name in names for flag in ("--protocol", name)), "{url}")

    def testHeaders(self):
        for header in ("X: a\r\nY: b", "X: a\nY: b", "X\r\nY: b", "X Y: a", ": a", "X", "Host: example.com",
                       "sec-websocket-key: x", "Upgrade: h2c", "Connection: close", "Content-Length: 5",
                       "Transfer-Encoding: chunked"):
            self.assertRefused("--header", header, "{url}")

    def testOrigins(self):
        for origin in ("http://a\r\nX: y", "http://a\nX: y"):
            self.assertRefused("--origin", origin, "{url}")


class HostileAnswerTest(unittest.TestCase):
    def testAHeadThatNeverEnds(self):
        with meeting() as (_, client, peer, _), peer.explaining("an endless header"):
            peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
            for _ in range(100):
                peer.send(b"X-Filler: " + b"x" * 1000 + b"\r\n")
            self.assertEqual(peer.readToEnd(), b"")
            status, _, errors = client.wait()
            self.assertEqual(status, 1)
            # Of its size, not of the time it took.
            self.assertIn("larger than the limit", errors)

    def testTheEndInsideTheHead(self):
        for part in (b"", b"HTTP/1.1 101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"):
            with meeting() as (_, client, peer, _), peer.explaining(part):
                peer.send(part)
                peer.finish()
                status, output, errors = client.wait()
                self.assertEqual((status, output), (1, b""))
                self.assertIn("closed with 1006", errors)


if __name__ == "__main__":
    unittest.main()
