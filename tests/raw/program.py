"""duplex's programs as processes: servers on free ports, and clients that are sent to a server of ours."""

import contextlib
import os
import pathlib
import re
import selectors
import signal
import socket
import subprocess
import tempfile
import time

from peer import PATIENCE, Peer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BACKEND = os.environ.get("DUPLEX_TEST_BACKEND", "auto")
BIN = pathlib.Path(os.environ.get("DUPLEX_BIN", ROOT / "build" / "release" / "bin"))


class Server:
    """A server of ours, from its start until `stop`."""

    def __init__(self, name, *arguments):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BIN / name, *arguments, "--port", "0", "--host", "127.0.0.1", "--backend", BACKEND],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors)
        try:
            self.address = self.readAddress()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def readAddress(self):
        printed = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while selector.select(PATIENCE):
                part = os.read(self.process.stdout.fileno(), 4096)
                printed += part
                if found := re.search(rb"https?://([\d.]+):(\d+)\s", printed):
                    return found[1].decode(), int(found[2])
                if not part:
                    break
        raise AssertionError(f"printed no address: {printed!r} {self.readErrors()}")

    @property
    def authority(self):
        return "%s:%d" % self.address

    def memory(self, what):
        """VmRSS, VmSize …, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024

    def isSanitized(self):
        """Whether it was built with the address sanitizer, by either compiler."""
        return b"__asan_init" in pathlib.Path(f"/proc/{self.process.pid}/exe").read_bytes()

    def readErrors(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def signal(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Ends it as a service manager does. It must still be there, and end well."""
        with contextlib.suppress(ProcessLookupError):
            self.signal()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        errors = self.readErrors()
        self.errors.close()
        if status != 0:
            raise AssertionError(f"the server ended with {status}: {errors[-4000:]}")


class Client:
    """A client of ours, run against one connection of `Listener`."""

    def __init__(self, name, *arguments, stdin=subprocess.PIPE):
        self.output = tempfile.TemporaryFile()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([BIN / name, *arguments], stdin=stdin,
                                        stdout=self.output, stderr=self.errors)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self.output.close()
        self.errors.close()

    def wait(self):
        """Its exit status, standard output and standard error, once it has ended by itself."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the client does not end; it said {self.read()}") from None
        return (status, *self.read())

    def read(self):
        shown = []
        for file in (self.output, self.errors):
            file.seek(0)
            shown.append(file.read())
        return shown[0], shown[1].decode(errors="replace")


class Listener:
    """Where a client is sent to: takes one connection after the other, as a Peer."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.authority = "%s:%d" % self.sock.getsockname()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def accept(self):
        self.sock.settimeout(PATIENCE)
        return Peer(self.sock.accept()[0])

    def nobodyComes(self, seconds=0.2):
        """Whether no connection waits, nor comes in so much time."""
        self.sock.settimeout(seconds)
        try:
            self.sock.accept()[0].close()
        except TimeoutError:
            return True
        return False
