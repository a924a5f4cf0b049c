"""Before a server is measured: does it do the work?"""

import contextlib
import json
import os
import ssl
import time

from server import LOAD_CORE, Server, ServerError
from wire import BINARY, TEXT, Wire, WireError

# What OpenSSL's defaults come to.
CIPHER = ("TLS_AES_256_GCM_SHA384", "TLSv1.3")
SIZES = [1, 20, 125, 126, 512, 16 * 1024, 65536, 1024 * 1024]


def expect(got, wanted, what):
    if got != wanted:
        raise WireError(f"{what}: not what was sent")


def checkEcho(wire):
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


def verifyEcho(port):
    with Wire(port) as wire:
        checkEcho(wire)


def verifyTls(port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with Wire(port, context) as wire:
        if wire.socket.cipher()[:2] != CIPHER:
            raise WireError(f"the cipher is {wire.socket.cipher()}")
        checkEcho(wire)
        session = wire.socket.session
    with Wire(port, context, session) as wire:
        checkEcho(wire)
        if not wire.socket.session_reused:
            raise WireError("a session was not resumed")


def verifyDeflate(port):
    """With takeover what has been sent before costs next to nothing; without it costs as much each time."""
    text = "".join(f'{{"id":{number * 7919 % 1000},"name":"item {number}"}}' for number in range(30)).encode()
    for takeover in (True, False):
        with Wire(port) as wire:
            wire.upgrade(deflate=True, takeover=takeover)
            sizes = []
            for size in (1, 200, 1024, 16 * 1024):
                message = (TEXT, (text * (size // len(text) + 1))[:size])
                wire.send(message)
                expect(wire.receive(), message, f"compressed echo of {size} bytes")
            for _ in range(2):
                before = wire.taken
                wire.send((TEXT, text))
                expect(wire.receive(), (TEXT, text), "compressed echo")
                sizes.append(wire.taken - before)
            if sizes[0] > len(text) / 2 or takeover and sizes[1] > 40 or not takeover and sizes[1] != sizes[0]:
                raise WireError(f"{len(text)} bytes came as {sizes} with takeover {takeover}")


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


VERIFIERS = {"echo": verifyEcho, "deflate": verifyDeflate, "tls": verifyTls, "broadcast": verifyBroadcast,
             "http": verifyHttp, "watch": verifyWatch}


def verify(peer, role):
    """Why it cannot be measured; empty if it can."""
    try:
        with Server(peer, role, LOAD_CORE) as server:
            VERIFIERS[role](server.port)
    except (ServerError, WireError, OSError, ValueError, KeyError) as error:
        return f"{role}: {error}"
    return ""
