"""Runs the benchmarks and writes the report; ./bench builds what is needed and calls this."""

import argparse
import dataclasses
import datetime
import fnmatch
import pathlib
import subprocess
import sys
import time

import certificate
import machine
import micro
import report
from measure import LoadError, idleConnections, measure
from paths import DOCS, PARTIAL
from peers import BY_NAME, FLOOR, PEERS
from rows import FULL_LOAD, ROWS
from rows import BY_NAME as ROWS_BY_NAME
from server import CORES, ServerError
from stats import median
from store import Store, resultsOf
from verify import verify

ROUNDS = 5
QUICK_ROUNDS = 2
# A failed sample is tried again, so often.
TRIES = 2
# Share of a core used by others, above which it is said.
DISTURBED = 0.1


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./bench", description="Builds and runs the benchmarks and writes the report.",
        epilog="A run that leaves something out goes to build/benchmarks/, unless --merge or --output says otherwise.")
    parser.add_argument("--quick", action="store_true", help="some rows, shortly: a look, no figures to quote")
    parser.add_argument("--only", metavar="PATTERN", help="rows whose name fits; several with commas: 'echo-*,connect'")
    parser.add_argument("--peers", metavar="NAMES", help="servers, with commas; patterns too: 'duplex-*,beast'")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"samples of each server in each row ({ROUNDS})")
    parser.add_argument("--resume", action="store_true", help="keep the samples that are there, take those that are missing")
    parser.add_argument("--merge", action="store_true", help="replace only what is measured now in docs/benchmarks")
    parser.add_argument("--output", type=pathlib.Path, metavar="FOLDER", help="where benchmarks.md and its folder go")
    parser.add_argument("--micro", action="store_true", help="only the micro-benchmarks")
    parser.add_argument("--report", action="store_true", help="only write the report again")
    parser.add_argument("--list", action="store_true", help="print the names of rows and servers")
    options = parser.parse_args(arguments)
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def chosen(names, patterns, what):
    """Those of `names` that fit one of the comma-separated patterns; all without patterns."""
    if patterns is None:
        return list(names)
    wanted = [pattern.strip() for pattern in patterns.split(",")]
    for pattern in wanted:
        if not fnmatch.filter(names, pattern):
            sys.exit(f"./bench: no {what} fits {pattern}; see ./bench --list")
    return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in wanted)]


def isPartial(options):
    return bool(options.quick or options.only or options.peers or options.micro
                or (options.rounds is not None and options.rounds < ROUNDS))


def folderOf(options):
    if options.output:
        return options.output.resolve()
    return PARTIAL if isPartial(options) and not options.merge else DOCS


class Run:
    """One run: which rows, which servers, how often."""

    def __init__(self, options, store):
        self.store = store
        self.resume = options.resume
        names = [row.name for row in ROWS if row.quick] if options.quick and not options.only else list(ROWS_BY_NAME)
        self.rows = [ROWS_BY_NAME[name] for name in chosen(names, options.only, "row")]
        self.peers = [BY_NAME[name] for name in chosen(list(BY_NAME), options.peers, "server")]
        # (server, role), after `prepare`.
        self.works = set()
        self.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
        self.scale = 0.4 if options.quick else 1
        self.done = 0
        self.started = time.monotonic()

    def prepare(self):
        """Leaves out what is not there, and of a server the rows whose work it does not do."""
        if any(row.role == "tls" for row in self.rows):
            certificate.make()
        missing = self.store.data["missing"]
        for peer in self.peers:
            missing.pop(peer.name, None)
            why = peer.missing()
            for role in sorted({row.role for row in self.rows if row.takes(peer)}):
                problem = why or verify(peer, role)
                if not problem:
                    self.works.add((peer.name, role))
                elif problem not in missing.get(peer.name, ""):
                    missing[peer.name] = "; ".join(filter(None, [missing.get(peer.name), problem]))
                    say(f"left out: {peer.label}: {problem}")

    def peersOf(self, row):
        return [peer for peer in self.peers if row.takes(peer) and (peer.name, row.role) in self.works]

    def measureAll(self):
        self.total = sum(len(self.peersOf(row)) for row in self.rows) * self.rounds
        for row in self.rows:
            self.measureRow(row)

    def context(self, row):
        """What a row has to know besides itself."""
        if row.kind == "idle":
            return {"connections": idleConnections(row)}
        if row.kind != "rate":
            return {}
        stored = self.store.row(row.name)
        if not (self.resume and "offered" in stored):
            full = median(self.store.samples(FULL_LOAD, FLOOR), "rate")
            if full is None:
                full = measure(ROWS_BY_NAME[FULL_LOAD], BY_NAME[FLOOR], {})["rate"]
            stored["offered"] = round(full / 2, -2)
        return {"rate": stored["offered"]}

    def measureRow(self, row):
        peers = self.peersOf(row)
        if not self.resume:
            for peer in peers:
                self.store.forget(row.name, peer.name)
        if not peers:
            return
        context = self.context(row)
        for number in range(self.rounds):
            # Each round begins with another one, so that none always follows the same.
            for peer in peers[number % len(peers):] + peers[:number % len(peers)]:
                self.done += 1
                if len(self.store.samples(row.name, peer.name)) <= number:
                    self.sample(row, peer, context)

    def sample(self, row, peer, context):
        for attempt in range(TRIES):
            watch = machine.Disturbance()
            try:
                sample = measure(scaled(row, self.scale), peer, context)
            except (LoadError, ServerError, OSError, ValueError, subprocess.TimeoutExpired) as error:
                say(f"{self.progress()} {row.name} {peer.name}: {error}")
                failure = str(error)
                continue
            sample |= watch.stop()
            self.store.add(row.name, peer.name, sample)
            disturbed = f", others used {100 * sample['others']:.0f} %" if sample["others"] > DISTURBED else ""
            say(f"{self.progress()} {row.name:22} {peer.name:14} {report.short(row, sample)}{disturbed}")
            return
        self.store.addFailure(row.name, peer.name, failure)

    def progress(self):
        seconds = time.monotonic() - self.started
        left = seconds / max(self.done, 1) * (self.total - self.done)
        return f"[{self.done}/{self.total}, {left / 60:.0f} min left]"


def scaled(row, factor):
    if factor == 1 or row.kind == "idle":
        return row
    if row.kind == "watch":  # a value that changes each second
        return dataclasses.replace(row, duration=max(3, row.duration * factor))
    return dataclasses.replace(row, warmUp=row.warmUp * factor, duration=row.duration * factor)


def say(text):
    print(text, flush=True)


def printNames():
    for row in ROWS:
        say(f"{row.name:26} {row.title}")
    say("")
    for peer in PEERS:
        say(f"{peer.name:26} {peer.label}")


def main(arguments):
    options = parse(arguments)
    if options.list:
        return printNames()
    folder = folderOf(options)
    path = resultsOf(folder)
    keeps = options.resume or options.merge or options.report
    store = Store.load(path) if keeps else Store(path)
    if options.report and not store.data["rows"]:
        sys.exit(f"./bench: there are no results in {path}")
    if not options.report:
        if len(CORES) < 2:
            sys.exit("./bench: two processors are needed, one for the server and one for the load")
        run(options, store)
    report.write(store.data, folder)
    say(f"written: {folder / 'benchmarks.md'}")


def run(options, store):
    store.data["machine"] = machine.describe()
    store.data["versions"] = machine.versions()
    started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    store.data["runs"].append({"started": started, "arguments": sys.argv[1:],
                               "duplex": store.data["versions"].get("duplex", "")})
    try:
        if not options.micro:
            run = Run(options, store)
            run.prepare()
            run.measureAll()
        if options.micro or not isPartial(options):
            store.data["micro"] = micro.run(say)
    except KeyboardInterrupt:
        store.save()
        sys.exit(f"\n./bench: interrupted; what was measured is in {store.path}; go on with --resume")
    store.data["runs"][-1]["finished"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    store.save()


if __name__ == "__main__":
    main(sys.argv[1:])
