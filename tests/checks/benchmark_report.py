"""No figure of the benchmarks is written by hand: the report is what its raw results give."""

import pathlib
import sys
import tempfile

from project import ROOT, finish

sys.path.insert(0, str(ROOT / "benchmarks" / "runner"))

import report  # noqa: E402
from paths import DOCS  # noqa: E402
from store import Store, resultsOf  # noqa: E402


def written(folder):
    """Name → text of the report and its pictures."""
    paths = [folder / "benchmarks.md", *(folder / "benchmarks").glob("*.svg")]
    return {str(path.relative_to(folder)): path.read_text() for path in paths if path.is_file()}


def compare(found, wanted):
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            yield f"docs/{name}: not what ./bench --report makes of docs/benchmarks/results.json"


def main():
    found = written(DOCS)
    wanted = {}
    results = resultsOf(DOCS)
    if results.is_file():
        with tempfile.TemporaryDirectory() as folder:
            report.write(Store.load(results).data, pathlib.Path(folder))
            wanted = written(pathlib.Path(folder))
    finish(list(compare(found, wanted)), f"the report of the benchmarks, {len(wanted)} files")


main()
