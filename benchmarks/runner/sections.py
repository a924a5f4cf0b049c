"""The sections of the report: a heading, and for each row a table and a picture."""

import dataclasses
import statistics

from charts import Bar, chart
from numbers_text import bytesText, significant, timeText
from peers import BY_NAME as PEERS_BY_NAME
from peers import FLOOR, PEERS
from rows import ROWS
from stats import median, spread, values

HEADINGS = {
    "echo": ("Echo", "Each message comes back to the connection that sent it."),
    "coroutine": ("Coroutines", "The same echo, written with a callback for each message and as a coroutine that receives "
                                "and sends in a loop."),
    "deflate": ("Compression", "Echoes by permessage-deflate with 100 connections, each with one message under way. The "
                               "messages are JSON, no two alike, and come compressed by zlib, the same for all servers. Each "
                               "server compresses its answers at its library's default level: Beast (a zlib of its own) at 8, "
                               "libwebsockets at 1, websocketpp and `ws` (zlib) at 6; where another can be chosen, it is "
                               "measured too. duplex has ISA-L, and no levels."),
    "tls": ("TLS", "Echoes, connections and memory over TLS 1.3 with AES-256-GCM, by OpenSSL 3 in every server, Node's own "
                   "in `ws`; the certificate has a key on the curve P-256."),
    "broadcast": ("Broadcast", "One connection's messages go to all, itself among them; one message at a time."),
    "latency": ("Latency", "An open loop: messages are sent at a fixed rate, the same for all servers, whatever comes "
                           "back. The time counts from when a message was meant to be sent."),
    "connect": ("Connections", "Opened, upgraded, closed with both Close frames, and opened again."),
    "idle": ("Memory", "Connections that are open and say nothing."),
    "http": ("HTTP", "Plain requests on the same port."),
    "watch": ("Push against polling", "1,000 watchers of one value that changes each second, kept current in three "
                                      "ways. Requests carry only the headers they must; a browser's are larger."),
}


@dataclasses.dataclass(frozen=True)
class Picture:
    """One more of a row's pictures, among its lines."""
    name: str
    title: str
    svg: str


def disturbance(data):
    """How much of the machine others had, as the samples have seen it."""
    samples = [sample for row in data["rows"].values() for samples in row["samples"].values() for sample in samples]
    if not samples:
        return "not known"

    def words(name):
        shares = [100 * sample[name] for sample in samples]
        return f"{statistics.median(shares):.1f} % of a core while a sample was taken (median), {max(shares):.0f} % at most"

    return f"{words('others')}; stolen by other virtual machines {words('stolen')}"


def table(head, lines):
    return ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1),
            *("| " + " | ".join(line) + " |" for line in lines), ""]


def measured(stored):
    """(peer, its samples), in the order of PEERS."""
    return [(peer, stored["samples"][peer.name]) for peer in PEERS if stored["samples"].get(peer.name)]


def bold(peer, words):
    return f"**{words}**" if peer.kind == "ours" else words


def range_(samples, name, factor=1):
    least, most = spread(samples, name)
    return f"{significant(least * factor)}–{significant(most * factor)}"


def limited(samples):
    """A mark if the load was the limit in most samples."""
    reasons = values(samples, "bottleneck")
    return " †" if sum(map(bool, reasons)) * 2 > len(reasons) else ""


def costChart(row, stored, title, unit):
    bars = [Bar(peer.label, peer.kind, (median(samples, "system"), median(samples, "cpu") - median(samples, "system")),
                significant(median(samples, "cpu")), spread(samples, "cpu")) for peer, samples in measured(stored)]
    floor = stored["samples"].get(FLOOR)
    return chart(title, unit, bars, ("system", "user"), median(floor, "cpu") if floor else None)


def valueChart(stored, title, unit, name, textOf, factor=1):
    bars = [Bar(peer.label, peer.kind, (median(samples, name) * factor,), textOf(median(samples, name)),
                tuple(value * factor for value in spread(samples, name))) for peer, samples in measured(stored)]
    return chart(title, unit, bars)


def costTable(stored, what):
    floor = median(stored["samples"].get(FLOOR, []), "cpu")
    hasBytes = any("bytes" in sample for samples in stored["samples"].values() for sample in samples)
    head = ["server", f"CPU µs a {what}", "user", "system", "spread", *(["× bare epoll"] if floor else []), f"{what}s/s",
            "p50", "p99"]
    lines = []
    for peer, samples in measured(stored):
        cpu = median(samples, "cpu")
        line = [bold(peer, peer.label), bold(peer, significant(cpu)), significant(median(samples, "user")),
                significant(median(samples, "system")), range_(samples, "cpu"),
                *([f"{cpu / floor:.2f}"] if floor else []), f"{median(samples, 'rate'):,.0f}{limited(samples)}",
                timeText(median(samples, "p50")), timeText(median(samples, "p99"))]
        lines.append(line + ([f"{median(samples, 'bytes'):.0f}"] if hasBytes else []))
    return table(head + (["bytes a response"] if hasBytes else []), lines)


def costRow(row, stored, what):
    line = "; the line is the bare epoll loop" if stored["samples"].get(FLOOR) else ""
    yield costChart(row, stored, row.title, f"server CPU, µs a {what}{line}")
    yield from costTable(stored, what)


def connectRow(row, stored):
    yield from costRow(row, stored, "connection")
    if row.role == "tls":
        rates = (f"{peer.label}: {1e6 / median(samples, 'cpu'):,.0f}" for peer, samples in measured(stored))
        yield f"Connections a second that fill a server's core, by this CPU time: {'; '.join(rates)}."
        yield ""


def deflateRow(row, stored):
    yield costChart(row, stored, row.title, "server CPU, µs a message")
    yield Picture(f"{row.name}-bytes", f"{row.title}: bytes",
                  valueChart(stored, row.title, "bytes on the wire, a message from the server", "bytesIn",
                             lambda value: f"{value:,.0f}"))
    yield from table(
        ["server", "CPU µs a message", "user", "system", "spread", "messages/s", "bytes to the server", "bytes from it"],
        [[bold(peer, peer.label), bold(peer, significant(median(samples, "cpu"))), significant(median(samples, "user")),
          significant(median(samples, "system")), range_(samples, "cpu"),
          f"{median(samples, 'rate'):,.0f}{limited(samples)}", f"{median(samples, 'bytesOut'):,.0f}",
          bold(peer, f"{median(samples, 'bytesIn'):,.0f}")] for peer, samples in measured(stored)])


def latencyRow(row, stored):
    offered = next(sample["offered"] for _, samples in measured(stored) for sample in samples)
    yield valueChart(stored, row.title, f"p99, milliseconds, at {offered:,.0f} messages/s", "p99", timeText, 1e-3)
    yield f"{offered:,.0f} messages a second: half of what the bare epoll loop reaches with 100 connections."
    yield ""
    head = ["server", "p50", "p90", "p99", "p99.9", "spread of p99, ms", "server busy", "messages/s"]
    yield from table(head, [
        [bold(peer, peer.label), *(timeText(median(samples, name)) for name in ("p50", "p90")),
         bold(peer, timeText(median(samples, "p99"))), timeText(median(samples, "p99.9")),
         range_(samples, "p99", 1e-3), f"{100 * median(samples, 'busy'):.0f} %",
         f"{median(samples, 'rate'):,.0f}{limited(samples)}"] for peer, samples in measured(stored)])


def idleRow(row, stored):
    count = next(sample["connections"] for _, samples in measured(stored) for sample in samples)
    title = f"{count:,.0f} idle connections"
    yield valueChart(stored, title, "bytes of the server's own memory a connection", "memory",
                     lambda value: f"{value:,.0f}")
    if count != row.connections:
        yield f"{count:,.0f} connections, and not {row.connections:,}: so many files may a process have open here."
        yield ""
    yield from table(["server", "bytes a connection", "spread"], [
        [bold(peer, peer.label), bold(peer, f"{median(samples, 'memory'):,.0f}"),
         "–".join(f"{value:,.0f}" for value in spread(samples, "memory"))] for peer, samples in measured(stored)])


def watchSection(data, pictures):
    """All ways in one table."""
    rows = [row for row in ROWS if row.kind == "watch" and data["rows"].get(row.name, {}).get("samples")]
    if not rows:
        return
    found = [(row, peer, samples) for row in rows for peer, samples in measured(data["rows"][row.name])]
    bars = [Bar(f"{row.way}: {peer.label.removeprefix('npm ')}", peer.kind,
                (median(samples, "system") / 1e3, (median(samples, "cpu") - median(samples, "system")) / 1e3),
                significant(median(samples, "cpu") / 1e3), tuple(value / 1e3 for value in spread(samples, "cpu")))
            for row, peer, samples in found]
    yield from picture(pictures, "watch-cpu", "What 1,000 watchers cost",
                       chart("What 1,000 watchers cost", "server CPU, ms a second", bars, ("system", "user")))
    traffic = lambda samples: median(samples, "bytesIn") + median(samples, "bytesOut")
    bars = [Bar(f"{row.way}: {peer.label.removeprefix('npm ')}", peer.kind, (traffic(samples) / 1e3,),
                bytesText(traffic(samples))) for row, peer, samples in found]
    yield from picture(pictures, "watch-bytes", "What 1,000 watchers transfer",
                       chart("What 1,000 watchers transfer", "KB a second, both ways, without TCP's headers", bars))
    yield from table(
        ["way", "server", "CPU, ms a second", "spread", "requests/s", "to the server/s", "from it/s",
         "age of the news, p50", "p99"],
        [[row.title, bold(peer, peer.label), bold(peer, significant(median(samples, "cpu") / 1e3)),
          range_(samples, "cpu", 1e-3), f"{median(samples, 'requests'):,.0f}",
          bytesText(median(samples, "bytesOut")), bytesText(median(samples, "bytesIn")),
          timeText(median(samples, "p50")), timeText(median(samples, "p99"))] for row, peer, samples in found])


ROW_MAKERS = {
    "messages": lambda row, stored: costRow(row, stored, "message"),
    "connect": connectRow,
    "http": lambda row, stored: costRow(row, stored, "request"),
    "deflate": deflateRow,
    "rate": latencyRow,
    "idle": idleRow,
}


def picture(pictures, name, title, svg):
    (pictures / f"{name}.svg").write_text(svg)
    return [f"![{title}](benchmarks/{name}.svg)", ""]


def failures(stored):
    lines = [f"* {PEERS_BY_NAME[name].label}: {len(messages)} failed, the last with: {messages[-1]}"
             for name, messages in stored["failures"].items() if messages]
    return ["Samples that could not be taken:", "", *lines, ""] if lines else []


def rowText(row, stored, pictures):
    svg, *parts = ROW_MAKERS[row.kind](row, stored)
    lines = []
    for part in parts:
        lines += picture(pictures, part.name, part.title, part.svg) if isinstance(part, Picture) else [part]
    rounds = max(len(samples) for samples in stored["samples"].values())
    return [f"### {row.title}", "", *picture(pictures, row.name, row.title, svg), *lines, *failures(stored),
            f"<sub>`{row.name}`, {rounds} rounds</sub>", ""]


def section(name, data, pictures):
    heading, words = HEADINGS[name]
    body = []
    if name == "watch":
        body = list(watchSection(data, pictures))
    else:
        for row in ROWS:
            stored = data["rows"].get(row.name)
            if row.section == name and stored and any(stored["samples"].values()):
                body += rowText(row, stored, pictures)
    return "\n".join([f"## {heading}", "", words, "", *body]) if body else ""


def allOf(data, pictures):
    return [section(name, data, pictures) for name in HEADINGS]
