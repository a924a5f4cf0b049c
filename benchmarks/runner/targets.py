"""What the project wants to reach, beside what was measured."""

import dataclasses

from peers import FLOOR, PEERS
from stats import median

OURS = ("duplex-epoll", "duplex-uring")


@dataclasses.dataclass(frozen=True)
class Target:
    work: str
    row: str
    ours: str
    # Whose figure it is held against; "peers" is the best of those from the registries, "cheapest" that of the
    # one among them that takes the least CPU, "" none.
    against: str
    # Times the other's figure, or the figure itself.
    most: float
    value: str = "cpu"


def messages(work, row, epoll, **uring):
    yield Target(work, row, "duplex-epoll", FLOOR, epoll)
    for against, most in uring.items():
        yield Target(work, row, "duplex-uring", {"floor": FLOOR, "expressWs": "express-ws"}.get(against, against), most)


def both(work, row, against, most, value="cpu"):
    return [Target(work, row, ours, against, most, value) for ours in OURS]


def compressed(size, row):
    for way, words in (("takeover", "with takeover"), ("alone", "without takeover")):
        yield from both(f"compressed echo {size}, {words}", f"{row}-{way}", "peers", 0.4)
        # The same over either back end.
        for against in ("cheapest", "peers"):
            yield Target(f"its bytes, {words}", f"{row}-{way}", "duplex-epoll", against, 1, "bytesIn")


def coroutine(work, row):
    for ours in OURS:
        yield Target(work, row, f"{ours}-coroutine", ours, 1.1)


SMALL = {"floor": 0.88, "beast": 0.60, "libwebsockets": 0.78, "expressWs": 0.45}

TARGETS = [
    *messages("echo 100 × 1 × 20 B", "echo-100-20b", 1.05, **SMALL),
    *messages("echo 100 × 1 × 512 B", "echo-100-512b", 1.05, **SMALL),
    *messages("echo 1,000 × 1 × 64 B", "echo-1000-64b", 1.05, floor=0.82),
    *messages("echo 100 × 16 × 20 B", "echo-100-20b-16", 1.05, floor=0.80, beast=0.06, websocketpp=0.22),
    *messages("echo 100 × 1 × 16 KB", "echo-100-16kb", 0.95, floor=0.95),
    *messages("echo 100 × 1 × 1 MB", "echo-100-1mb", 0.95, floor=0.95),
    *messages("broadcast to 1,000 × 64 B", "broadcast-1000-64b", 1.05, floor=0.68, beast=0.55),
    *messages("broadcast to 100 × 1 KB", "broadcast-100-1kb", 1.05, floor=0.50),
    *both("p99 at half load", "latency-half-load", "peers", 1, "p99"),
    *both("idle connection, bytes", "idle-10000", "", 256, "memory"),
    *both("HTTP GET hello", "http-hello", "beast", 0.7),
    *both("HTTP GET hello", "http-hello", "express-ws", 0.25),
    *compressed("200 B", "deflate-100-200b"),
    *compressed("1 KB", "deflate-100-1kb"),
    *compressed("16 KB", "deflate-100-16kb"),
    *coroutine("coroutine echo 100 × 1 × 20 B", "coroutine-echo-100-20b"),
    *coroutine("coroutine echo 100 × 16 × 20 B", "coroutine-echo-100-20b-16"),
    *coroutine("coroutine echo 100 × 1 × 16 KB", "coroutine-echo-100-16kb"),
]


@dataclasses.dataclass(frozen=True)
class Outcome:
    target: Target
    # None where something was not measured.
    reached: float | None

    def holds(self):
        return None if self.reached is None else self.reached <= self.target.most


def figure(samples, peer, value):
    return median(samples.get(peer, []), value)


def reference(samples, target):
    if target.against not in ("peers", "cheapest"):
        return figure(samples, target.against, target.value)
    peers = [peer.name for peer in PEERS if peer.kind == "peer" and samples.get(peer.name)]
    by = "cpu" if target.against == "cheapest" else target.value
    best = min(peers, key=lambda name: figure(samples, name, by), default=None)
    return best and figure(samples, best, target.value)


def outcomes(data):
    for target in TARGETS:
        samples = data["rows"].get(target.row, {}).get("samples", {})
        reached = figure(samples, target.ours, target.value)
        if target.against and reached is not None:
            other = reference(samples, target)
            reached = reached / other if other else None
        yield Outcome(target, reached)
