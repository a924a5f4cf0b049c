"""Before a server is measured: does it do the work?"""

import contextlib
import json
import os
import time

from server import LOAD_CORE, Server, ServerError
from wire import BINARY, TEXT, Wire, WireError

SIZES = [1, 20, 125, 126, 512, 16 * 1024, 65536, 1024 * 1024]


def expect(got, wanted, what):
    if got != wanted:
        raise WireError(f"{what}: not what was sent")


def verifyEcho(port):
    with Wire(port) as wire:
        wire.upgrade()
        for size in SIZES:
            message = (BINARY, os.urandom(size))
            wire.send(message)
            expect(wire.receive(), message, f"echo of {size} bytes")
        message = (TEXT, "naïve text".encode())
        wire.send(message)
        expect(wire.receive(), message, "echo of text")
        messages = [(BINARY, os.urandom(20)) for _ in range(16)]
        wire.send(*messages)
        for message in messages:
            expect(wire.receive(), message, "echo of one among 16")


def verifyBroadcast(port):
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(port)) for _ in range(3)]
        for wire in wires:
            wire.upgrade()
        time.sleep(0.2)
        for size in (64, 1024):
            message = (BINARY, os.urandom(size))
            wires[0].send(message)
            for wire in wires:
                expect(wire.receive(), message, f"broadcast of {size} bytes")


def verifyHttp(port):
    with Wire(port) as wire:
        for _ in range(2):
            head, fields, body = wire.get("/")
            if not head.startswith("HTTP/1.1 200 ") or body != b"Hello, World!":
                raise WireError(f"GET / was answered with {head.splitlines()[0]}")
            if not fields.get("content-type", "").startswith("text/plain") or "date" not in fields:
                raise WireError("GET / was answered without Date, or not as text/plain")


def verifyWatch(port):
    with Wire(port) as asking, Wire(port) as waiting, Wire(port) as pushed:
        first = json.loads(asking.get("/value")[2])
        pushed.upgrade("/push")
        number = json.loads(waiting.get(f"/wait?after={first['value']}")[2])["value"]
        if number <= first["value"]:
            raise WireError("long polling was answered with an old value")
        seen = -1
        while seen < number:
            seen = json.loads(pushed.receive()[1])["value"]


VERIFIERS = {"echo": verifyEcho, "broadcast": verifyBroadcast, "http": verifyHttp, "watch": verifyWatch}


def verify(peer, role):
    """Why it cannot be measured; empty if it can."""
    try:
        with Server(peer, role, LOAD_CORE) as server:
            VERIFIERS[role](server.port)
    except (ServerError, WireError, OSError, ValueError, KeyError) as error:
        return f"{role}: {error}"
    return ""
