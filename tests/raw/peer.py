"""One end of a raw TCP connection, which remembers all that went over it."""

import contextlib
import select
import socket
import time

# Far more than anything here takes, so that a busy machine fails nothing.
PATIENCE = 30

# How bytes are handed to the kernel. In pieces, each is given a moment to be read alone.
WHOLE, PIECES = "whole", "byte by byte"
MOMENT = 0.0001
# What has more bytes goes in longer pieces.
MAX_PIECES = 400


class Failure(AssertionError):
    """The other end did not do what it should have; says what went over the connection."""


class Peer:
    def __init__(self, sock):
        self.sock = sock
        self.sent = bytearray()
        self.received = bytearray()
        # How the other end ended the connection: None as long as it has not, "FIN" or "reset".
        self.ended = None
        self.taken = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data, way=WHOLE):
        """Sends all of it, and reads what comes meanwhile."""
        size = len(data) if way == WHOLE else max(1, len(data) // MAX_PIECES)
        for start in range(0, len(data), max(size, 1)):
            self.sendNow(data[start:start + size])
            if way == PIECES:
                time.sleep(MOMENT)

    def sendNow(self, data):
        view = memoryview(data)
        deadline = time.monotonic() + PATIENCE
        while view and self.ended != "reset":
            self.wait(deadline, writing=True)
            try:
                count = self.sock.send(view)
            except BlockingIOError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                self.drain()
                self.ended = "reset"
                return
            self.sent += view[:count]
            view = view[count:]

    def wait(self, deadline, writing=False):
        """Waits for something to read, or room to write; reads."""
        left = deadline - time.monotonic()
        reading = [] if self.ended else [self.sock]
        readable, writable, _ = select.select(reading, [self.sock] if writing else [], [], max(left, 0))
        if not readable and not writable:
            raise Failure("nothing happens")
        if readable:
            self.drain()

    def drain(self):
        while not self.ended:
            try:
                data = self.sock.recv(1 << 18)
            except BlockingIOError:
                return
            except ConnectionResetError:
                self.ended = "reset"
                return
            if not data:
                self.ended = "FIN"
            self.received += data

    def readUntil(self, found):
        """Reads until `found(bytes not yet taken)` is true, and returns what it returned."""
        deadline = time.monotonic() + PATIENCE
        while True:
            result = found(self.received[self.taken:])
            if result:
                return result
            if self.ended:
                raise Failure(f"the connection ended by {self.ended}")
            self.wait(deadline)

    def readHead(self):
        """Takes a head of HTTP: all up to its empty line."""
        def whole(data):
            end = data.find(b"\r\n\r\n")
            return bytes(data[:end + 4]) if end >= 0 else None
        head = self.readUntil(whole)
        self.taken += len(head)
        return head

    def readToEnd(self):
        """Takes all that comes until the other end says that no more will."""
        deadline = time.monotonic() + PATIENCE
        while not self.ended:
            self.wait(deadline)
        return self.take()

    def take(self):
        data = bytes(self.received[self.taken:])
        self.taken = len(self.received)
        return data

    def staysOpen(self, seconds):
        """Whether the other end lets so much time pass without ending the connection."""
        deadline = time.monotonic() + seconds
        while not self.ended and (left := deadline - time.monotonic()) > 0:
            if select.select([self.sock], [], [], left)[0]:
                self.drain()
        return not self.ended

    def finish(self):
        """Says that no more will be sent."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """Ends the connection by a RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    @contextlib.contextmanager
    def explaining(self, case):
        """Adds to any failure within which case it is, and what went over the connection."""
        try:
            yield
        except AssertionError as error:
            raise Failure(f"{error}\ncase:     {case}\n{self.transcript()}") from None

    def transcript(self):
        return (f"sent:     {shown(self.sent)}\n"
                f"received: {shown(self.received)}\n"
                f"ended by: {self.ended or 'nobody'}")


def shown(data):
    data = bytes(data)
    return repr(data) if len(data) <= 1000 else f"{data[:800]!r} … {data[-100:]!r} ({len(data)} bytes)"


def connect(address):
    return Peer(socket.create_connection(address, PATIENCE))
