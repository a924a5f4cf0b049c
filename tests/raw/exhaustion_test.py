"""Servers that run out of descriptors: those who are there are served, and accepting goes on."""

import contextlib
import os
import pathlib
import resource
import tempfile
import time
import unittest

from handshake import REQUEST, readHead
from peer import PATIENCE, connect
from program import Server
from wire import readFrames, text

# Descriptors that a server may have in all.
LIMIT = 64


@contextlib.contextmanager
def limited():
    """What is started within may have LIMIT descriptors. (To io_uring counts what it was when it began.)"""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def processorTime(server):
    """Seconds that it has computed so far."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def leaveNoRoom(server):
    """Lets it open nothing more; gives back what undoes that."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    # The kernel gives no number from the limit on.
    free = min(number for number in range(len(used) + 1) if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
    return lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def waitUntil(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come to that")
        time.sleep(0.01)


def openSocket(server):
    """A connection after its handshake; None if the server has closed it."""
    peer = connect(server.address)
    peer.send(REQUEST.encode())
    with contextlib.suppress(Exception):
        if readHead(peer.readHead()).status == 101:
            return peer
    peer.__exit__(None, None, None)
    return None


class DescriptorsTest(unittest.TestCase):
    def echoes(self, peer, word):
        peer.send(text(word).encode(masked=True))
        peer.readUntil(lambda data: text(word) in readFrames(data, masked=False)[0])

    def testSocketsBeyondAreClosedAndAcceptingGoesOn(self):
        with limited():
            server = Server("echo_server")
        self.addCleanup(server.stop)
        with contextlib.ExitStack() as stack:
            steady = stack.enter_context(openSocket(server))
            before = descriptors(server)
            for turn in range(3):
                peers = [openSocket(server) for _ in range(LIMIT * 2)]
                open_ = [peer for peer in peers if peer is not None]
                self.assertGreaterEqual(len(open_), LIMIT // 3)
                self.assertLess(len(open_), LIMIT)
                self.echoes(steady, f"still here {turn}")
                self.echoes(open_[-1], f"here too {turn}")
                # It neither waits in a busy loop for what it cannot have …
                computed = processorTime(server)
                time.sleep(0.5)
                self.assertLess(processorTime(server) - computed, 0.25)
                # … nor forgets to ask again.
                for peer in open_:
                    peer.__exit__(None, None, None)
                waitUntil(lambda: descriptors(server) <= before)
            self.assertIn("could not be accepted", server.readErrors())

    def testFilesBeyondAreAnsweredWith500(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "digits.txt").write_text("0123456789")
            server = Server("duplex", "serve", folder)
            self.addCleanup(server.stop)
            request = b"GET /digits.txt HTTP/1.1\r\nHost: a\r\n\r\n"

            def status(peer):
                peer.send(request)
                head = readHead(peer.readHead())
                size = int(head.value("Content-Length"))
                peer.readUntil(lambda data: len(data) >= size)
                peer.take()
                return head.status

            with connect(server.address) as steady, steady.explaining("a file"):
                self.assertEqual(status(steady), 200)
                giveBack = leaveNoRoom(server)
                self.assertEqual(status(steady), 500)
                giveBack()
                self.assertEqual(status(steady), 200)

    def testTheProgramTakesAsManyAsItMayHave(self):
        with limited():
            server = Server("duplex", "serve")
            self.addCleanup(server.stop)
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        self.assertRegex(limits, rf"(?m)^Max open files +{most} +{most} +files")


if __name__ == "__main__":
    unittest.main()
