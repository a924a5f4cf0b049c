"""`duplex serve FOLDER` against requests that other servers got wrong: security-history.md, from outside."""

import dataclasses
import pathlib
import tempfile
import unittest

from handshake import readHead, readResponses
from peer import PIECES, WHOLE, connect
from program import Server
from tables import eachRow

SECRET = b"not for the world"
BEHIND = "with a request behind"
NEXT = b"GET /digits.txt HTTP/1.1\r\nHost: next\r\n\r\n"


def setUpModule():
    global folder, server
    folder = tempfile.TemporaryDirectory()
    base = pathlib.Path(folder.name)
    (base / "site" / "sub").mkdir(parents=True)
    (base / "secret.txt").write_bytes(SECRET)
    (base / "site" / "index.html").write_text("index")
    (base / "site" / "digits.txt").write_text("0123456789")
    (base / "site" / "sub" / "index.html").write_text("below")
    (base / "site" / "100%.txt").write_text("all")
    (base / "site" / ".hidden").write_bytes(SECRET)
    (base / "site" / "link.txt").symlink_to(base / "secret.txt")
    server = Server("duplex", "serve", str(base / "site"))


def tearDownModule():
    server.stop()
    folder.cleanup()


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    request: bytes
    # Of every answer that comes. The last is that to NEXT, if it is read at all.
    status: tuple


def post(*lines, body=b"", version="1.1", target="/"):
    head = [f"POST {target} HTTP/{version}", "Host: a", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def chunked(body):
    return post("Transfer-Encoding: chunked", body=body)


def get(target):
    return f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode("latin-1")


def last(target):
    """A request after which the connection ends."""
    return f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode("latin-1")


def refused(name, request, status=400):
    return Case(name, request, (status,))


# Nobody takes a POST, so what is well framed is 405 and the next request is read where it begins.
def framed(name, request, status=405):
    return Case(name, request, (status, 200))


FRAMING = [
    framed("Content-Length", post("Content-Length: 5", body=b"hello")),
    framed("Content-Length with zeros", post("Content-Length: 0005", body=b"hello")),
    framed("no body", post()),
    framed("a body that looks like a request", post(f"Content-Length: {len(NEXT)}", body=NEXT)),
    framed("chunked", chunked(b"5\r\nhello\r\n0\r\n\r\n")),
    framed("CHUNKED in capitals", post("Transfer-Encoding: CHUNKED", body=b"5\r\nhello\r\n0\r\n\r\n")),
    framed("chunks of one byte each", chunked(b"1\r\na\r\n" * 20 + b"0\r\n\r\n")),
    framed("a chunk that looks like a request", chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(NEXT), NEXT))),
    framed("a chunk size with zeros and capitals", chunked(b"000A\r\n0123456789\r\n0\r\n\r\n")),
    framed("chunk extensions", chunked(b'5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n')),
    framed("trailers", chunked(b"5\r\nhello\r\n0\r\nX: y\r\nY:\r\n\r\n")),
    framed("nothing but the last chunk", chunked(b"0\r\n\r\n")),

    refused("'CL+TE'", post("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    refused("'CL+TE' the other way round", post("Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n")),
    refused("'CL+TE' identity", post("Content-Length: 5", "Transfer-Encoding: identity", body=b"hello")),
    refused("'dup CL' the same", post("Content-Length: 5", "Content-Length: 5", body=b"hello")),
    refused("'dup CL' different", post("Content-Length: 5", "Content-Length: 6", body=b"hello!")),
    refused("'dup CL' on one line", post("Content-Length: 5, 5", body=b"hello")),
    refused("'TE on 1.0'", post("Transfer-Encoding: chunked", body=b"0\r\n\r\n", version="1.0")),
    *(refused(f"Content-Length: {value}", post(f"Content-Length: {value}", body=b"hello"))
      for value in ["+5", "-5", "5a", "0x5", "five", "", "5 5", "5.0", "18446744073709551616", "18446744073709551621",
                    "99999999999999999999999", "\xb2"]),
    refused("more than the limit", post("Content-Length: 1048577"), 413),
    refused("2^64-1 bytes", post("Content-Length: 18446744073709551615"), 413),
    refused("2^63 bytes", post("Content-Length: 9223372036854775808"), 413),
    *(refused(f"Transfer-Encoding: {value}", post(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n"), 501)
      for value in ["gzip, chunked", "chunked, gzip", "xchunked", "chunked, chunked", "identity", "gzip", "\"chunked\"",
                    "chunked;q=1", "chunked x"]),
    refused("Transfer-Encoding with a VT", post("Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n")),
    refused("Transfer-Encoding with a space before the colon",
            post("Transfer-Encoding : chunked", "Content-Length: 5", body=b"0\r\n\r\n")),
    refused("Transfer-Encoding folded", post("Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n")),
    refused("Content-Length that ends without CR", post("X: y\nContent-Length: 5", body=b"hello")),

    *(refused(f"'32-bit chunk size' {size}", chunked(f"{size}\r\nhello\r\n0\r\n\r\n".encode()), status)
      for size, status in {
          "10000000000000005": 400, "fffffffffffffffff": 400, "100000000000000000000005": 400, "ffffffffffffffff": 413,
          "8000000000000005": 413, "100000005": 413, "ffffffff": 413, "-5": 400, "+5": 400, "0x5": 400, "g": 400, "": 400,
          "5 5": 400, " 5": 400, "5h": 400, "5,": 400}.items()),
    refused("'2 bytes blindly eaten' behind a chunk", chunked(b"5\r\nhelloXX0\r\n\r\n")),
    refused("'2 bytes blindly eaten' a chunk that is longer than it says", chunked(b"3\r\nhello\r\n0\r\n\r\n")),
    refused("a chunk size line that ends without CR", chunked(b"5\nhello\r\n0\r\n\r\n")),
    refused("a chunk that ends without CR", chunked(b"5\r\nhello\n0\r\n\r\n")),
    refused("a trailer that says how long the body is", chunked(b"5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n")),
    refused("100 KB of chunk extensions", chunked(b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), 431),
    refused("100 KB of trailers", chunked(b"0\r\n" + b"X: yyyyy\r\n" * 10_000 + b"\r\n"), 431),
    refused("more than the limit in chunks", chunked(b"80000\r\n" + bytes(0x80000) + b"\r\n80001\r\n"), 413),

    refused("'obs-fold'", get("/").replace(b"a\r\n", b"a\r\n b\r\n", 1)),
    refused("'obs-fold' of the first line", get("/").replace(b"Host", b" Host")),
    refused("'bare LF'", get("/").replace(b"\r\nHost", b"\nHost")),
    refused("'bare LF' inside a value", post("X: a\nContent-Length: 5")),
    refused("a bare CR inside a value", post("X: a\rContent-Length: 5")),
    refused("a NUL inside a value", post("X: a\0b")),
    refused("a bare CR before the version", b"GET /\rHTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("a tab before the version", b"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("two spaces before the target", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("two spaces before the version", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("a space after the version", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    refused("HTTP/0.9", b"GET /\r\n\r\n"),
    refused("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    refused("a method that is no token", b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    refused("an expectation that nobody knows", post("Expect: 200-ok", "Content-Length: 5", body=b"hello"), 417),
]


@eachRow(FRAMING, WHOLE, PIECES, BEHIND)
class FramingTest(unittest.TestCase):
    """A request of which it is not certain where it ends is the last on its connection."""

    def check(self, row, way):
        with connect(server.address) as peer, peer.explaining(row.name):
            if way == BEHIND:
                peer.send(row.request + NEXT + last("/digits.txt"))
            else:
                peer.send(row.request, way)
                peer.send(last("/digits.txt"))
            answers, rest = readResponses(peer.readToEnd())
            expected = [*row.status, *row.status[1:]] if way == BEHIND else list(row.status)
            self.assertEqual([answer.status for answer in answers], expected)
            self.assertEqual((rest, peer.ended), (b"", "FIN"))
            self.assertIn("close", answers[-1].tokens("Connection"))


@dataclasses.dataclass(frozen=True)
class Target:
    name: str
    status: int
    body: bytes | None = None


def found(target, body):
    return Target(target, 200, body)


def lost(status, *targets):
    return [Target(target, status) for target in targets]


TARGETS = [
    found("/", b"index"), found("/digits.txt", b"0123456789"), found("/sub/", b"below"), found("/?%", b"index"),
    found("/%64igits.txt", b"0123456789"), found("/100%25.txt", b"all"), found("/digits.txt?x=../%", b"0123456789"),
    found("http://anywhere/digits.txt", b"0123456789"), found("http://anywhere", b"index"),
    *lost(404, "/..%2fsecret.txt", "/..%2Fsecret.txt", "/sub/..%2f..%2fsecret.txt", "/..", "/../secret.txt", "/sub/../../secret.txt",
          "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt", "/.%2e/secret.txt", "/sub/%2e%2e/%2e%2e/secret.txt", "/..\\secret.txt",
          "/..%5csecret.txt", "/....//secret.txt", "/%252e%252e/secret.txt", "/%c0%ae%c0%ae/secret.txt", "//secret.txt",
          "/%2fetc/passwd", "//etc/passwd", "/./digits.txt", "/sub/../digits.txt", "/.hidden", "/%2ehidden", "/link.txt",
          "/sub%2findex.html", "/digits.txt/", "/digits.txt%20", "/digits.txt.", "/digits.txt%0d%0a", "http://a/../secret.txt",
          "//sub", "//sub/", "/sub//", "/\xff", "/nowhere"),
    *lost(400, "/%", "/digits.txt%", "/100%.txt", "/%2", "/%zz", "/%0", "/%00", "/digits.txt%00", "/digits.txt%00.html", "/%-1",
          "/a b", "/#", "digits.txt", "../secret.txt", "http://", "http:///digits.txt", "file:///etc/passwd", "*"),
]


@eachRow(TARGETS)
class TargetTest(unittest.TestCase):
    """The way to a file leads through its folder, and to nothing else."""

    def check(self, row):
        with connect(server.address) as peer, peer.explaining(row.name):
            peer.send(last(row.name))
            answers, rest = readResponses(peer.readToEnd())
            self.assertEqual([answer.status for answer in answers], [row.status])
            self.assertEqual((rest, peer.ended), (b"", "FIN"))
            if row.body is not None:
                self.assertEqual(answers[0].body, row.body)
            self.assertNotIn(SECRET, answers[0].body)


class HttpTest(unittest.TestCase):
    def exchange(self, data):
        """All answers to `data`, the last of which ends the connection."""
        with connect(server.address) as peer, peer.explaining(data):
            peer.send(data)
            answers, rest = readResponses(peer.readToEnd())
            self.assertEqual((rest, peer.ended), (b"", "FIN"))
            return answers

    def testNothingOfARequestGetsIntoAHeader(self):
        """undici CVE-2026-1527, cpp-httplib #425, Crow #1167: CR and LF in header values."""
        targets = ["/sub?a=%0d%0aX-Smuggled:yes", "/sub?%0D%0A%0D%0A<script>", "/sub?\x80\xff", "/%73ub?a", "/sub?//evil.example",
                   "/sub?\x01\x02", "/sub?a\"<>b"]
        for target in targets:
            with connect(server.address) as peer, peer.explaining(target):
                peer.send(get(target))
                answer = readHead(peer.readHead())
                if answer.status == 400:
                    continue
                self.assertEqual(answer.status, 301)
                self.assertEqual(answer.all("X-Smuggled"), [])
                location = answer.value("Location")
                self.assertTrue(location.startswith("/") and location[1:2] not in ("/", "\\"), location)
                self.assertTrue(all("!" <= character <= "~" for character in location), location)

    def testPipelinedRequestsAreAnsweredInOrder(self):
        requests = [get("/digits.txt"), get("/nowhere"), post("Content-Length: 5", body=b"hello"), get("/sub/"), get("/")] * 20
        answers = self.exchange(b"".join(requests) + last("/digits.txt"))
        self.assertEqual([answer.status for answer in answers], [200, 404, 405, 200, 200] * 20 + [200])
        self.assertEqual([answer.body for answer in answers if answer.status == 200],
                         [b"0123456789", b"below", b"index"] * 20 + [b"0123456789"])

    def testNothingBehindTheLastRequestIsAnswered(self):
        self.assertEqual(len(self.exchange(last("/") + NEXT * 3)), 1)
        self.assertEqual(len(self.exchange(last("/").replace(b"close", b"x, CLOSE") + NEXT * 3)), 1)
        self.assertEqual(len(self.exchange(get("/").replace(b"HTTP/1.1", b"HTTP/1.0") + NEXT * 3)), 1)

    def testPipeliningAndAnEarlyEnd(self):
        """Crow CVE-2022-38667: requests of which the answers find nobody."""
        for count in (1, 2, 50, 2000):
            for reset in (False, True):
                for cut in (0, 1, 40):
                    with connect(server.address) as peer:
                        data = NEXT * count
                        peer.send(data[:len(data) - cut])
                        if reset:
                            peer.reset()
        self.assertEqual(self.exchange(last("/"))[0].body, b"index")

    def testAPeerThatTakesNoAnswerFillsNoMemory(self):
        """It may ask as often as it wants: while it reads nothing, nothing more is read of it."""
        if server.isSanitized():
            self.skipTest("a sanitizer keeps what is freed")
        with connect(server.address) as peer:
            before = server.memory("VmRSS")
            peer.sock.settimeout(1)
            try:
                for _ in range(2000):
                    peer.sock.sendall(NEXT * 1000)
                    if server.memory("VmRSS") - before > 32 << 20:
                        break
            except TimeoutError:
                pass
            self.assertLess(server.memory("VmRSS") - before, 32 << 20)
            peer.reset()

    def testExpectContinue(self):
        with connect(server.address) as peer, peer.explaining("Expect"):
            peer.send(post("Content-Length: 5", "Expect: 100-continue"))
            self.assertEqual(readHead(peer.readHead()).status, 100)
            peer.send(b"hello" + last("/"))
            self.assertEqual([answer.status for answer in readResponses(peer.readToEnd())[0]], [405, 200])

    def testHeadHasNoBody(self):
        with connect(server.address) as peer, peer.explaining("HEAD"):
            peer.send(get("/digits.txt").replace(b"GET", b"HEAD") + last("/digits.txt"))
            self.assertEqual(readHead(peer.readHead()).value("Content-Length"), "10")
            answers, rest = readResponses(peer.readToEnd())
            self.assertEqual(([answer.body for answer in answers], rest), ([b"0123456789"], b""))

    def testNoUpgradeHeaderIsPlainHttp(self):
        """'no `Upgrade` header', or one of something else: the page, though "/" is a WebSocket too."""
        for line in ("Connection: Upgrade", "Connection: Upgrade\r\nUpgrade: h2c", "Sec-WebSocket-Version: 13"):
            request = f"GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n".encode()
            self.assertEqual([answer.body for answer in self.exchange(request + last("/digits.txt"))],
                             [b"index", b"0123456789"])


if __name__ == "__main__":
    unittest.main()
