"""The rows of the report: what is measured."""

import dataclasses

KIB = 1024


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    section: str
    # How it is measured: see measure.py.
    kind: str
    role: str
    connections: int
    size: int = 0
    inFlight: int = 1
    # Seconds.
    warmUp: float = 0.5
    duration: float = 1
    # Seconds that what is under way at the end has to come.
    drain: float = 1
    # "push", "wait" or "poll"; "takeover" or "alone"; "whole" or "resumed".
    way: str = ""
    # In `./bench --quick`.
    quick: bool = False
    # The servers that it is about; without any, all that are not variants.
    peers: tuple = ()

    def takes(self, peer):
        wanted = peer.name in self.peers if self.peers else not peer.variant
        return wanted and self.role in peer.roles


def sizeText(size):
    if size >= KIB * KIB:
        return f"{size // (KIB * KIB)} MB"
    return f"{size // KIB} KB" if size >= 16 * KIB or size == KIB else f"{size} B"


def sizeName(size):
    return sizeText(size).replace(" ", "").lower()


def echo(connections, size, inFlight=1, **more):
    flight = f" × {inFlight} in flight" if inFlight > 1 else ""
    name = f"echo-{connections}-{sizeName(size)}" + (f"-{inFlight}" if inFlight > 1 else "")
    count = "1 connection" if connections == 1 else f"{connections:,} connections"
    return Row(name, f"Echo, {count}{flight} × {sizeText(size)}", "echo", "messages", "echo", connections, size,
               inFlight, **more)


def coroutines(connections, size, inFlight=1):
    """Handlers written as coroutines, beside callbacks."""
    row = echo(connections, size, inFlight)
    return dataclasses.replace(
        row, name=f"coroutine-{row.name}", title=f"{row.title}: callbacks and coroutines", section="coroutine",
        peers=("duplex-epoll", "duplex-epoll-coroutine", "duplex-uring", "duplex-uring-coroutine"))


def broadcast(connections, size, **more):
    return Row(f"broadcast-{connections}-{sizeName(size)}", f"Broadcast to {connections:,} × {sizeText(size)}",
               "broadcast", "messages", "broadcast", connections, size, **more)


def idle(connections, **more):
    return Row(f"idle-{connections}", f"{connections:,} idle connections", "idle", "idle", "echo", connections,
               duration=0.5, **more)


def tlsIdle(connections):
    row = idle(connections)
    return dataclasses.replace(row, name=f"tls-{row.name}", title=f"{row.title} over TLS", section="tls", role="tls")


def watch(way, title, **more):
    return Row(f"watch-{way}", title, "watch", "watch", "watch", 1000, warmUp=1.5, duration=5, way=way, **more)


# With the level of compression that is the library's default, and with another one where that can be chosen.
COMPRESSING = ("duplex-epoll", "duplex-uring", "beast", "beast-level-1", "libwebsockets", "libwebsockets-level-6",
               "websocketpp", "ws", "ws-level-1")


def deflate(size, way, title, **more):
    return Row(f"deflate-100-{sizeName(size)}-{way}", f"Compressed echo, 100 connections × {sizeText(size)} of JSON, {title}",
               "deflate", "deflate", "deflate", 100, size, warmUp=1, way=way,
               peers=COMPRESSING, **more)


def tls(size, inFlight=1, **more):
    """An echo over TLS."""
    row = echo(100, size, inFlight, **more)
    return dataclasses.replace(row, name=f"tls-{row.name}", title=f"{row.title}, over TLS", section="tls", role="tls")


def handshakes(way, title, **more):
    return Row(f"tls-connect-{way}", title, "tls", "connect", "tls", 100, way=way, **more)


# The row whose throughput on the bare epoll loop says what half load is.
FULL_LOAD = "echo-100-20b"

ROWS = [
    echo(100, 20, quick=True),
    echo(100, 512),
    echo(100, 20, inFlight=16, quick=True),
    echo(1000, 64, quick=True),
    echo(1, 20),
    echo(1, 512),
    echo(1, 16 * KIB),
    echo(1, KIB * KIB),
    echo(100, 16 * KIB, quick=True),
    echo(100, KIB * KIB),
    echo(1000, 20),
    echo(1000, 512),
    echo(1000, 16 * KIB),
    # A thousand megabytes under way: a message takes seconds.
    echo(1000, KIB * KIB, warmUp=3, duration=4, drain=30),
    coroutines(100, 20),
    coroutines(100, 20, inFlight=16),
    coroutines(100, 16 * KIB),
    broadcast(1000, 64, quick=True),
    broadcast(1000, KIB),
    broadcast(100, 64),
    broadcast(100, KIB, quick=True),
    *(deflate(size, way, title, quick=size == KIB) for size in (200, KIB, 16 * KIB)
      for way, title in (("takeover", "with context takeover"), ("alone", "without context takeover"))),
    Row("latency-half-load", "Latency at half load, 100 connections × 20 B", "latency", "rate", "echo", 100, 20,
        duration=3, quick=True),
    tls(20, quick=True),
    tls(KIB),
    tls(16 * KIB, quick=True),
    handshakes("whole", "Connections opened and closed over TLS, 100 at a time, whole handshakes", quick=True),
    handshakes("resumed", "Connections opened and closed over TLS, 100 at a time, sessions resumed"),
    tlsIdle(1000),
    Row("connect", "Connections opened and closed, 100 at a time", "connect", "connect", "echo", 100, quick=True),
    idle(10_000),
    idle(100_000),
    Row("http-hello", "GET / answered with “Hello, World!”, 100 connections kept alive", "http", "http", "http", 100,
        quick=True),
    watch("push", "pushed over a WebSocket", quick=True),
    watch("wait", "long polling", quick=True),
    watch("poll", "polling each second", quick=True),
]

BY_NAME = {row.name: row for row in ROWS}
