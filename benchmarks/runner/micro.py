"""The micro-benchmarks: Google Benchmark programs, one a subject."""

import json
import subprocess

from paths import BIN
from server import SERVER_CORE, onCore

MIN_SECONDS = 0.2
REPETITIONS = 5


def programs():
    return sorted(BIN.glob("micro_*"))


def runProgram(path):
    command = [str(path), "--benchmark_format=json", f"--benchmark_min_time={MIN_SECONDS}",
               f"--benchmark_repetitions={REPETITIONS}", "--benchmark_enable_random_interleaving=true"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=onCore(SERVER_CORE))
    return json.loads(result.stdout)["benchmarks"]


def readable(name):
    """'parse/bytes:20/messages:16' as 'parse, bytes 20, messages 16'."""
    words, *arguments = name.split("/")
    return ", ".join([words, *(argument.replace(":", " ") for argument in arguments)])


def times(benchmarks):
    """[{name, median, least, most (ns), bytesPerSecond, wire}] of the repetitions, in their order; `wire` are the bytes
    that a message becomes, where it is compressed."""
    found = {}
    for benchmark in benchmarks:
        if benchmark["run_type"] == "iteration":
            found.setdefault(benchmark["run_name"], []).append(benchmark)
    inOrder = sorted(found.items(), key=lambda one: (one[1][0]["family_index"], one[1][0]["per_family_instance_index"]))
    for name, runs in inOrder:
        runs.sort(key=lambda run: run["cpu_time"])
        middle = runs[len(runs) // 2]
        yield {"name": readable(name), "median": middle["cpu_time"], "least": runs[0]["cpu_time"],
               "most": runs[-1]["cpu_time"], "bytesPerSecond": middle.get("bytes_per_second"), "wire": middle.get("wire")}


def run(say):
    """{subject: times}; empty if there are no programs."""
    results = {}
    for path in programs():
        subject = path.name.removeprefix("micro_")
        say(f"micro-benchmark {subject}")
        try:
            results[subject] = list(times(runProgram(path)))
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            say(f"micro-benchmark {subject}: {error}")
    return results
