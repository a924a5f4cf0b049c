"""Compares what an end answered with what a case expects, and says all of it where they differ."""

from peer import Failure
from wire import Malformed, close, readFrames, text

GOODBYE = close(1000)


def exchange(row):
    """What to send and to expect for `row`, with the goodbye where it does not end by itself."""
    return (row.send, row.expect) if row.ended else ([*row.send, GOODBYE], [*row.expect, GOODBYE])


def encode(frames, masked):
    return b"".join(frame.encode(masked) for frame in frames)


def trailing(masked):
    """What no end may take notice of after a Close: a good message, and no frames at all."""
    return text("trailing").encode(masked) + b"\xff" * 20 + bytes(20)


def judge(expected, peer, answer, masked):
    """Fails unless `answer` is exactly the frames of `expected`, and the connection ended by FIN."""
    problem = None
    got = []
    try:
        got, _, rest = readFrames(answer, masked)
        if rest:
            problem = f"{rest} bytes at the end are no whole frame"
    except Malformed as error:
        problem = f"a malformed frame: {error}"
    if not problem and not same(expected, got):
        problem = "not what is expected"
    if not problem and peer.ended != "FIN":
        problem = "the connection did not end by FIN"
    if problem:
        raise Failure(f"{problem}\nexpected: {listed(expected)}\nanswered: {listed(got)}")


def same(expected, got):
    return len(expected) == len(got) and all(want.matches(frame) for want, frame in zip(expected, got))


def listed(frames):
    shown = [str(frame) for frame in frames]
    return ", ".join(shown if len(shown) <= 20 else [*shown[:10], f"… {len(shown)} frames …", *shown[-5:]]) or "nothing"
