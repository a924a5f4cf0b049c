"""A small WebSocket and HTTP client, to see that a server does the work it is measured by."""

import os
import socket
import ssl
import struct
import zlib

TEXT, BINARY, CLOSE = 1, 2, 8


class WireError(Exception):
    """The server did not answer as it should."""


TAIL = b"\x00\x00\xff\xff"
COMPRESSED = 0x40


class Wire:
    def __init__(self, port, tls=None, session=None):
        """`tls`: a context; `session`: one to resume."""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        if tls:
            self.socket = tls.wrap_socket(self.socket, session=session)
        self.received = b""
        # Bytes that came and were made use of.
        self.taken = 0
        self.deflates = self.takeover = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fill(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise WireError("the connection was closed")
        self.received += more

    def take(self, size):
        while len(self.received) < size:
            self.fill()
        taken, self.received = self.received[:size], self.received[size:]
        self.taken += size
        return taken

    def head(self):
        while b"\r\n\r\n" not in self.received:
            self.fill()
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def get(self, path):
        """Head and body of the response."""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = self.head()
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in head.split("\r\n")[1:])}
        return head, fields, self.take(int(fields.get("content-length", 0)))

    def upgrade(self, path="/", deflate=False, takeover=True):
        alone = "" if takeover else "; server_no_context_takeover; client_no_context_takeover"
        offer = f"Sec-WebSocket-Extensions: permessage-deflate{alone}\r\n" if deflate else ""
        self.socket.sendall(
            (f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n").encode())
        head = self.head()
        agreed = head.lower().partition("sec-websocket-extensions:")[2].partition("\r\n")[0]
        wanted = (deflate, deflate and not takeover)
        if ("permessage-deflate" in agreed, "server_no_context_takeover" in agreed) != wanted:
            raise WireError(f"the extensions agreed on are {agreed or 'none'}")
        self.deflates, self.takeover = deflate, takeover
        self.forget()
        if not head.startswith("HTTP/1.1 101 ") or "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" not in head:
            raise WireError(f"the upgrade was answered with {head.splitlines()[0]}")

    def forget(self):
        """The next message, either way, refers to none before it."""
        self.deflater = zlib.compressobj(wbits=-15)
        self.inflater = zlib.decompressobj(wbits=-15)

    def frame(self, opcode, payload):
        first = 0x80 | opcode
        if self.deflates:
            first |= COMPRESSED
            payload = (self.deflater.compress(payload) + self.deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
        size = len(payload)
        if size < 126:
            header = struct.pack("!BB", first, 0x80 | size)
        elif size < 65536:
            header = struct.pack("!BBH", first, 0x80 | 126, size)
        else:
            header = struct.pack("!BBQ", first, 0x80 | 127, size)
        key = os.urandom(4)
        mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
        return header + key + (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")

    def send(self, *messages):
        """(opcode, payload) each, all in one piece."""
        self.socket.sendall(b"".join(self.frame(opcode, payload) for opcode, payload in messages))

    def receive(self):
        """(opcode, payload) of the next message, which may come in fragments, and compressed where that was agreed on."""
        opcode, payload, compressed = None, b"", False
        while True:
            first, second = self.take(2)
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
            if second & 0x80 or first & 0x70 & ~(COMPRESSED if self.deflates and opcode is None else 0):
                raise WireError("a frame that no server may send here")
            compressed = compressed or bool(first & COMPRESSED)
            opcode = first & 0x0F or opcode
            payload += self.take(size)
            if first & 0x80:
                break
        if compressed:
            payload = self.inflater.decompress(payload + TAIL)
        if not self.takeover:
            self.forget()
        return opcode, payload
