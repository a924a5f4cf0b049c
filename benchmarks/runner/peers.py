"""The servers that are compared, and how each is started."""

import dataclasses
import shutil

from certificate import CERTIFICATE, KEY
from paths import BIN, NODE_FOLDER

MESSAGES = frozenset({"echo", "broadcast"})
ALL = MESSAGES | {"deflate", "tls", "http", "watch"}
NODE = "node"


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    label: str
    # "ours", "floor" or "peer".
    kind: str
    roles: frozenset
    program: str
    arguments: tuple = ()
    # Another way to write one of the others: measured only in rows that name it.
    variant: bool = False

    def isNode(self):
        return self.program.endswith(".mjs")

    def path(self):
        return NODE_FOLDER / "servers" / self.program if self.isNode() else BIN / self.program

    def command(self, role):
        start = [NODE, str(self.path())] if self.isNode() else [str(self.path())]
        tls = ["--certificate", str(CERTIFICATE), "--key", str(KEY)] if role == "tls" else []
        return [*start, "--role", role, *self.arguments, *tls]

    def missing(self):
        """Why it cannot be started; empty if it can."""
        if not self.path().is_file():
            return "its library was not there when the benchmarks were built"
        if self.isNode() and shutil.which(NODE) is None:
            return "node is not installed"
        if self.isNode() and not (NODE_FOLDER / "node_modules" / "ws").is_dir():
            return "its npm packages are not installed"
        return ""


FLOOR = "floor-epoll"

PEERS = [
    Peer("duplex-epoll", "duplex, epoll", "ours", ALL, "bench_duplex", ("--backend", "epoll")),
    Peer("duplex-uring", "duplex, io_uring", "ours", ALL, "bench_duplex", ("--backend", "uring")),
    Peer("duplex-epoll-coroutine", "duplex, epoll, coroutines", "ours", {"echo"}, "bench_duplex",
         ("--backend", "epoll", "--handlers", "coroutine"), variant=True),
    Peer("duplex-uring-coroutine", "duplex, io_uring, coroutines", "ours", {"echo"}, "bench_duplex",
         ("--backend", "uring", "--handlers", "coroutine"), variant=True),
    Peer("floor-epoll", "bare epoll loop", "floor", MESSAGES | {"http"}, "bench_floor_epoll"),
    Peer("floor-uring", "bare io_uring loop", "floor", MESSAGES | {"http"}, "bench_floor_uring"),
    Peer("beast", "Boost.Beast", "peer", MESSAGES | {"deflate", "tls", "http"}, "bench_beast"),
    Peer("beast-level-1", "Boost.Beast, level 1", "peer", {"deflate"}, "bench_beast", ("--level", "1"), variant=True),
    # Of its event loops the one that costs it least, at 100 connections and at 1,000.
    Peer("libwebsockets", "libwebsockets", "peer", MESSAGES | {"deflate", "tls"}, "bench_lws", ("--backend", "poll")),
    Peer("libwebsockets-level-6", "libwebsockets, level 6", "peer", {"deflate"}, "bench_lws",
         ("--backend", "poll", "--level", "6"), variant=True),
    Peer("websocketpp", "websocketpp", "peer", MESSAGES | {"deflate"}, "bench_websocketpp"),
    Peer("ws", "npm ws", "peer", MESSAGES | {"deflate", "tls"}, "ws_server.mjs"),
    Peer("ws-level-1", "npm ws, level 1", "peer", {"deflate"}, "ws_server.mjs", ("--level", "1"), variant=True),
    Peer("express-ws", "npm express-ws", "peer", MESSAGES | {"http", "watch"}, "express_ws_server.mjs"),
]

BY_NAME = {peer.name: peer for peer in PEERS}
