"""One server under measurement: a process on a core of its own."""

import contextlib
import os
import pathlib
import resource
import select
import subprocess
import time

# The server has the first core that this process may use, the load the second.
CORES = sorted(os.sched_getaffinity(0))[:2]
SERVER_CORE = CORES[0]
LOAD_CORE = CORES[-1]


class ServerError(Exception):
    """It did not start, or it has ended."""


def onCore(core):
    """What a child is to do before it becomes its program."""

    def prepare():
        os.sched_setaffinity(0, {core})
        # What else runs is to wait, where this is allowed.
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    return prepare


class Server:
    """Runs while its `with` block does."""

    startTimeout = 20

    def __init__(self, peer, role, core=SERVER_CORE):
        self.peer = peer
        self.command = peer.command(role)
        self.core = core

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=onCore(self.core), env={**os.environ, "NODE_ENV": "production"})
        try:
            self.port = self.readPort()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    @property
    def pid(self):
        return self.process.pid

    def readPort(self):
        ready, _, _ = select.select([self.process.stdout], [], [], self.startTimeout)
        line = self.process.stdout.readline().decode() if ready else ""
        words = line.split()
        if len(words) != 2 or words[0] != "port":
            self.process.kill()
            raise ServerError(f"did not start: {self.process.stderr.read().decode().strip()[-300:]}")
        return int(words[1])

    def check(self):
        """Raises if it has ended."""
        status = self.process.poll()
        if status is not None:
            said = self.process.stderr.read().decode(errors="replace").strip()[-300:]
            raise ServerError(f"ended with status {status} {said}".rstrip())

    def cpu(self):
        """Seconds on a processor so far, all threads."""
        self.check()
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def ticks(self):
        """Clock ticks in user and in system mode, as the kernel has sampled them."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]), int(fields[12])

    def memory(self):
        """Bytes of memory of its own, without what is mapped from files."""
        self.check()
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
        raise ServerError("its memory cannot be read")


class CpuClock:
    """Processor time of a server between two moments."""

    def __init__(self, server):
        self.server = server
        self.start = self.read()

    def read(self):
        return time.monotonic(), self.server.cpu(), *self.server.ticks()

    def stop(self):
        """{seconds, cpu, user, system}."""
        before, after = self.start, self.read()
        seconds, cpu, user, system = (end - start for start, end in zip(before, after))
        share = user / (user + system) if user + system else 0
        return {"seconds": seconds, "cpu": cpu, "user": cpu * share, "system": cpu * (1 - share)}
