"""No verdict on a peer is written by hand: docs/conformance.md is what its results give."""

import json
import sys

from project import ROOT, finish

sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from table import total, write  # noqa: E402


def findProblems(results, page):
    if page != write(results):
        yield "docs/conformance.md: not what tests/conformance/peers.py --report makes of its results"
    for kind in ("servers", "clients"):
        sizes = {name: {family: sum(counts.values()) for family, counts in peer["families"].items()}
                 for name, peer in results[kind].items()}
        if len({json.dumps(each) for each in sizes.values()}) != 1:
            yield f"docs/conformance/results.json: not all {kind} were asked the same cases"
        for name, peer in results[kind].items():
            counts = total(peer["families"])
            for verdict in ("FAIL", "non-strict"):
                found = sum(finding["verdict"] == verdict for finding in peer["findings"])
                if found != counts.get(verdict, 0):
                    yield f"docs/conformance/results.json: {name} has {found} cases with {verdict}, not as counted"


def main():
    results = json.loads((ROOT / "docs" / "conformance" / "results.json").read_text())
    page = (ROOT / "docs" / "conformance.md").read_text()
    peers = len(results["servers"]) + len(results["clients"])
    finish(list(findProblems(results, page)), f"the report on the conformance of {peers} ends")


main()
