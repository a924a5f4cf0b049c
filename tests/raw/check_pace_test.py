"""Peers that never let a case of `duplex check` end: it cuts them off, and says so."""

import itertools
import json
import re
import threading
import time
import unittest

from handshake import REQUEST, readHead, switching
from peer import PATIENCE, connect
from program import Client, Listener
from wire import Frame, acceptKey, ping, text

# Seconds that a case may take.
LIMIT = "0.5"


def trickle():
    """A message of which a byte comes now and then."""
    data = text("x" * 10_000).encode(masked=False)
    for at in range(len(data)):
        yield data[at:at + 1], 0.05


def pings():
    return itertools.repeat((ping("p").encode(masked=False), 0.05))


def messages():
    return itertools.repeat((text("and more").encode(masked=False) * 100, 0.001))


def fragments():
    """One message without end."""
    yield Frame(1, b"", fin=False).encode(masked=False), 0
    yield from itertools.repeat((Frame(0, b"more", fin=False).encode(masked=False), 0.05))


class Endless:
    """A server that reads nothing, and sends what `words` gives on each connection until that is gone."""

    def __init__(self, words):
        self.words = words
        self.listener = Listener()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True)]
        self.threads[0].start()

    def run(self):
        while not self.over.is_set():
            peer = self.listener.accept()
            self.threads.append(threading.Thread(target=self.serve, args=(peer,), daemon=True))
            self.threads[-1].start()

    def serve(self, peer):
        with peer:
            if self.over.is_set():
                return
            request = readHead(peer.readHead())
            peer.send(switching(acceptKey(request.value("Sec-WebSocket-Key"))).encode())
            for data, pause in self.words():
                if peer.ended or self.over.is_set():
                    return
                peer.send(data)
                time.sleep(pause)

    def stop(self):
        self.over.set()
        # Who waits for a connection gets one.
        connect(self.listener.sock.getsockname()).sock.close()
        for thread in self.threads:
            thread.join()
        self.listener.sock.close()


class ServerTest(unittest.TestCase):
    def check(self, words, *arguments):
        """What `check` makes of a server that sends `words`."""
        server = Endless(words)
        self.addCleanup(server.stop)
        with Client("duplex", "check", "--case-timeout", LIMIT, *arguments, f"ws://{server.listener.authority}/") as client:
            return client.wait()

    def testEachCaseIsCutOff(self):
        for words in (trickle, pings, fragments):
            with self.subTest(words.__name__):
                status, report, errors = self.check(words, "--json")
                self.assertEqual((status, errors), (1, ""))
                report = json.loads(report)
                self.assertIn("keeps one case after the other from ending", report["remark"])
                cut = [case for case in report["cases"] if case["section"] == "--case-timeout"]
                self.assertGreaterEqual(len(cut), 3)
                for case in cut:
                    self.assertEqual(case["verdict"], "FAIL")
                    self.assertEqual(case["why"], "it kept the case from ending for 0.5 s, and was cut off")
                    self.assertTrue(case["got"].endswith("no end"), case["got"])
                    self.assertLess(case["milliseconds"], 20_000)

    def testOneThatSpeaksForEverIsNotAsked(self):
        status, _, errors = self.check(messages)
        self.assertEqual(status, 2)
        self.assertIn("the server speaks first", errors)


class ClientTest(unittest.TestCase):
    def testACaseIsCutOff(self):
        with Client("duplex", "check", "--listen", "0", "--only", "1.1.1", "--json", "--case-timeout", LIMIT) as check:
            with connect(addressOf(check)) as peer:
                peer.send(REQUEST.encode())
                peer.readHead()
                while not peer.ended:
                    peer.send(ping("p").encode(masked=True))
                    time.sleep(0.05)
            status, report, _ = check.wait()
            self.assertEqual(status, 1)
            case, = json.loads(report)["cases"]
            self.assertEqual((case["verdict"], case["section"]), ("FAIL", "--case-timeout"))


def addressOf(check):
    """Where `check --listen` waits, as it says."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := re.search(r"ws://([\d.]+):(\d+), ", check.read()[1]):
            return found[1], int(found[2])
        time.sleep(0.01)
    raise AssertionError(f"it does not listen: {check.read()}")


if __name__ == "__main__":
    unittest.main()
