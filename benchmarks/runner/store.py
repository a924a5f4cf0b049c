"""The raw results, written after every sample, so that a run that ends early loses nothing."""

import json
import os

SCHEMA = 1
# Samples lie so deep: rows, a row, its samples, a server, one of its samples.
SAMPLE_DEPTH = 5
DIGITS = 6


def rounded(value):
    """To as many digits as mean something."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return value


def dump(value, depth=0):
    """JSON with a line for each sample."""
    if depth >= SAMPLE_DEPTH or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False)
    indent = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        parts = (f"{json.dumps(name, ensure_ascii=False)}: {dump(each, depth + 1)}" for name, each in value.items())
        return "{" + indent + ("," + indent).join(parts) + "\n" + " " * depth + "}"
    return "[" + indent + ("," + indent).join(dump(each, depth + 1) for each in value) + "\n" + " " * depth + "]"


class Store:
    def __init__(self, path):
        self.path = path
        self.data = {"schema": SCHEMA, "runs": [], "machine": {}, "versions": {}, "missing": {}, "rows": {},
                     "micro": None}

    @classmethod
    def load(cls, path):
        """What `path` has; empty if it is not there, or of another time."""
        store = cls(path)
        try:
            data = json.loads(path.read_text())
        except FileNotFoundError:
            return store
        if data.get("schema") == SCHEMA:
            store.data = data
        return store

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(dump(self.data) + "\n")
        os.replace(temporary, self.path)

    def row(self, name):
        return self.data["rows"].setdefault(name, {"samples": {}, "failures": {}})

    def samples(self, row, peer):
        return self.data["rows"].get(row, {}).get("samples", {}).get(peer, [])

    def forget(self, row, peer):
        for kind in ("samples", "failures"):
            self.row(row)[kind].pop(peer, None)

    def add(self, row, peer, sample):
        self.row(row)["samples"].setdefault(peer, []).append(rounded(sample))
        self.save()

    def addFailure(self, row, peer, message):
        self.row(row)["failures"].setdefault(peer, []).append(message)
        self.save()


def resultsOf(folder):
    """The file of raw results of a report in `folder`."""
    return folder / "benchmarks" / "results.json"

