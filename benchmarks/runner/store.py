"""The raw results, written after every sample, so that a run that ends early loses nothing."""

import json
import os

from paths import DOCS

SCHEMA = 1


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
        temporary.write_text(json.dumps(self.data, indent=1, ensure_ascii=False) + "\n")
        os.replace(temporary, self.path)

    def row(self, name):
        return self.data["rows"].setdefault(name, {"samples": {}, "failures": {}})

    def samples(self, row, peer):
        return self.data["rows"].get(row, {}).get("samples", {}).get(peer, [])

    def forget(self, row, peer):
        for kind in ("samples", "failures"):
            self.row(row)[kind].pop(peer, None)

    def add(self, row, peer, sample):
        self.row(row)["samples"].setdefault(peer, []).append(sample)
        self.save()

    def addFailure(self, row, peer, message):
        self.row(row)["failures"].setdefault(peer, []).append(message)
        self.save()


def resultsOf(folder):
    """The file of raw results of a report in `folder`."""
    return folder / "benchmarks" / "results.json"


DOCUMENTED = resultsOf(DOCS)
