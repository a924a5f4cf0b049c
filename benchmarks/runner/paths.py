"""Where things are."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "bench"
BIN = BUILD / "bin"
DUPLEX = BIN / "duplex"
WATCHERS = BIN / "bench_watchers"
DEFLATE_ECHO = BIN / "bench_deflate_echo"
NODE_FOLDER = ROOT / "benchmarks" / "load"
DOCS = ROOT / "docs"
# Where a run goes that leaves something out.
PARTIAL = ROOT / "build" / "benchmarks"
