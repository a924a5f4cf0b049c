"""docs/benchmarks.md and its pictures, made of the raw results and nothing else."""


import sections
import targets
from numbers_text import bytesText, significant
from peers import BY_NAME as PEERS_BY_NAME

INTRODUCTION = """\
<!-- Written by ./bench from benchmarks/results.json. What is changed here by hand is lost. -->
# Benchmarks

What a message costs a server, for duplex over both its back ends, for servers made with other libraries, and
for two floors: a bare epoll loop and a bare io_uring loop that do what a WebSocket server must and no more.
Run it yourself with `./bench`; the raw results are in [benchmarks/results.json](benchmarks/results.json).
"""

METHOD = """\
## Method

* **One core for the server, another for the load.** Both are pinned; they talk over the loopback interface, so
  the kernel's TCP is in every figure, and no network card is.
* **The figure to quote is the server's processor time for a message**, user and system together, as the kernel's
  scheduler counts it in nanoseconds. Unlike throughput it does not depend on how fast the load is. The shares of
  user and system are what the kernel saw at its clock ticks.
* **Each figure is a median; the spread is the least and the most.** For each sample the server is started anew.
  The servers take turns within a round, and each round begins with another one.
* **The load** is `duplex bench`, with binary messages: it checks each answer against what was sent. It warms up
  first, with Node longer than with the others, since that compiles its code as it runs, and reads the server's
  processor time where the measured stretch begins and where it ends. The HTTP row uses `wrk`, the watched value
  `benchmarks/load/clients/watchers.cc`, compression `benchmarks/load/clients/deflate_echo.cc`, of whose connections one
  in ten inflates and compares what comes.
* **A † says that the load was the limit**: throughput and latency are then as much its own as the server's; the
  processor time for a message is the server's alone.
* **The servers** are in `benchmarks/load/servers/`: each written as its library's documents say is fastest,
  built with the same optimisation, TCP_NODELAY set, no compression but in its own rows, one thread (`ws` compresses on
  Node's others; their time counts), nothing logged. Before it is measured, each is checked for doing the work: messages
  come back whole, in order, and with their type; compressed, by themselves or with those before them, as agreed on; over
  TLS, with the same cipher.
* **The bare loops** read, find the frames, unmask them into what is sent, and send once a connection and turn; they
  keep what is incomplete, answer pings and closes, and wait for sockets that take no more. They have no routes, no
  limits and no timers, and do not look whether text is UTF-8. The epoll one is level-triggered; the io_uring one
  receives by requests that stay and answers from the buffer received into.
* **Broadcast**: the next message is published when the last has reached all, and what is counted are messages
  delivered.
* **Memory** is what the process has of its own (anonymous pages), more than before the connections were opened,
  a connection; what the kernel keeps for a socket is not in it.
"""


def short(row, sample):
    """One line for a terminal."""
    if row.kind == "idle":
        return f"{bytesText(sample['memory'])} a connection"
    if row.kind == "rate":
        return f"p99 {significant(sample['p99'])} µs"
    if row.kind == "deflate":
        return f"{significant(sample['cpu'])} µs, {sample['bytesIn']:,.0f} B, {sample['rate']:,.0f}/s"
    if row.kind == "watch":
        return f"{significant(sample['cpu'] / 1000)} ms a second, news {significant(sample['p50'] / 1000)} ms old"
    return f"{significant(sample['cpu'])} µs, {sample['rate']:,.0f}/s"


def machineText(data):
    machine, versions = data["machine"], data["versions"]
    lines = ["## Machine and versions", "", "| | |", "|---|---|"]
    virtual = "" if machine["hypervisor"] == "none" else ", a virtual machine"
    lines.append(f"| processor | {machine['processor']}, {machine['cores']} cores{virtual} |")
    lines.append(f"| memory | {machine['memoryMiB'] / 1024:.0f} GB |")
    tcp = f", TCP {machine['congestionControl']}" if "congestionControl" in machine else ""
    lines.append(f"| system | {machine['system']}, Linux {machine['kernel']}{tcp} |")
    lines.append(f"| compiler | {machine['compiler']}, `{machine['flags']}` |")
    lines += [f"| {name} | {version} |" for name, version in versions.items()]
    for run in data["runs"]:
        arguments = f" with `{' '.join(run['arguments'])}`" if run["arguments"] else ""
        lines.append(f"| run | {run['started'][:16].replace('T', ' ')} UTC{arguments}, duplex {run['duplex']} |")
    lines.append(f"| other work on the machine | {sections.disturbance(data)} |")
    return "\n".join([*lines, ""])


def missingText(data):
    if not data["missing"]:
        return ""
    lines = ["Left out:", ""]
    lines += [f"* {PEERS_BY_NAME[name].label}: {why}" for name, why in data["missing"].items() if name in PEERS_BY_NAME]
    return "\n".join([*lines, ""])


def targetsText(data):
    rows = []
    for outcome in targets.outcomes(data):
        target = outcome.target
        if outcome.reached is None:
            continue
        against = {"": "", "peers": " × the best peer", "cheapest": " × the peer of least CPU"}.get(target.against)
        if against is None:
            against = f" × {PEERS_BY_NAME[target.against].label}"
        verdict = "✓" if outcome.holds() else "✗"
        rows.append(f"| {target.work} | {PEERS_BY_NAME[target.ours].label} | ≤ {target.most:g}{against} "
                    f"| {significant(outcome.reached)} | {verdict} |")
    if not rows:
        return ""
    reached = sum(row.endswith("✓ |") for row in rows)
    return "\n".join(["## Targets", "", f"{reached} of {len(rows)} are reached.", "",
                      "| work | server | wanted | measured | |", "|---|---|---|---|---|", *rows, ""])


def microText(data):
    if not data["micro"]:
        return ""
    lines = ["## Parts", "", "Micro-benchmarks of the library's parts (`benchmarks/micro/`): processor time of one",
             "operation, median and spread of five.", ""]
    for subject, times in data["micro"].items():
        compresses = any(time.get("wire") for time in times)
        last = "compressed, bytes" if compresses else "bytes/s"
        lines += [f"### {subject.replace('_', ' ')}", "", f"| | ns | spread | {last} |", "|---|---|---|---|"]
        for time in times:
            rate = f"{bytesText(time['bytesPerSecond'])}/s" if time["bytesPerSecond"] else ""
            rate = f"{time['wire']:,.0f}" if time.get("wire") else rate
            lines.append(f"| {time['name']} | {significant(time['median'])} "
                         f"| {significant(time['least'])}–{significant(time['most'])} | {rate} |")
        lines.append("")
    return "\n".join(lines)


def write(data, folder):
    pictures = folder / "benchmarks"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.glob("*.svg"):
        old.unlink()
    parts = [INTRODUCTION, missingText(data), targetsText(data), *sections.allOf(data, pictures), METHOD,
             machineText(data), microText(data)]
    (folder / "benchmarks.md").write_text("\n".join(part for part in parts if part))
