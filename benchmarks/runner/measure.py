"""One sample: a server is started, put under load, and what that cost is read.

A sample is a dict. Times are in microseconds; `cpu`, `user` and `system` are the server's processor time for
one operation, `rate` operations a second, `busy` the share of its core that the server used.
"""

import dataclasses
import json
import re
import resource
import subprocess

from paths import DEFLATE_ECHO, DUPLEX, WATCHERS
from server import LOAD_CORE, CpuClock, Server, onCore

# Several addresses, since each has but so many ports for connections to it.
HOSTS = [f"127.0.0.{number}" for number in range(1, 9)]
PORTS_OF_ADDRESS = 20_000
# Of a process, besides its connections.
OTHER_FILES = 200
# Share of its core from which on the load is the limit.
BUSY = 0.95
# Seconds more that Node warms up: it compiles its code as it runs.
COMPILING = 1.5


class LoadError(Exception):
    """The load could not be put on, or went wrong."""


def load(command, timeout):
    result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=timeout, preexec_fn=onCore(LOAD_CORE))
    if result.returncode != 0:
        raise LoadError((result.stderr or result.stdout).strip()[-300:] or f"status {result.returncode}")
    return result.stdout


def urls(row, server, connections):
    count = min(len(HOSTS), -(-connections // PORTS_OF_ADDRESS))
    scheme = "wss" if row.role == "tls" else "ws"
    return [f"{scheme}://{host}:{server.port}/" for host in HOSTS[:count]]


def duplexBench(row, server, workload, connections, warmUp, duration, *more):
    command = [DUPLEX, "bench", *urls(row, server, connections), "--workload", workload, "-c", connections,
               "--warm-up", warmUp, "--duration", duration, "--pid", server.pid, "--json", *more]
    if row.role == "tls":
        command += ["--insecure", *(["--resume"] if row.way == "resumed" else [])]
    try:
        result = json.loads(load(command, warmUp + duration + 120))
    finally:
        # That it has ended says more than what the load has to say of it.
        server.check()
    if result["errors"]["total"]:
        raise LoadError(f"{result['errors']['total']} errors: {result['errorDetails']}")
    return result


def sampleOf(result, operations, rate, latency):
    """What `duplex bench` has measured of messages or handshakes."""
    if operations == 0:
        raise LoadError("nothing came back")
    server, client = result["server"], result["client"]
    each = 1e6 / operations
    return {
        "cpu": server["cpu"] * each,
        "user": server["cpuUser"] * each,
        "system": server["cpuSystem"] * each,
        "busy": server["cpu"] / result["seconds"],
        "rate": rate,
        **{name: latency[name] for name in ("p50", "p90", "p99", "p99.9", "max")},
        "clientCpu": (client["cpuUser"] + client["cpuSystem"]) * each,
        "clientBusy": client["cpuShare"],
        "bottleneck": result["bottleneckReason"],
    }


def measureMessages(row, server, _):
    workload = "broadcast" if row.role == "broadcast" else "echo"
    result = duplexBench(row, server, workload, row.connections, row.warmUp, row.duration,
                         "--size", row.size, "--in-flight", row.inFlight, "--drain", row.drain)
    return sampleOf(result, result["messages"], result["messagesPerSecond"], result["latency"])


def measureRate(row, server, context):
    result = duplexBench(row, server, "echo", row.connections, row.warmUp, row.duration,
                         "--size", row.size, "--rate", context["rate"])
    sample = sampleOf(result, result["messages"], result["messagesPerSecond"], result["latency"])
    return {**sample, "offered": context["rate"]}


def measureConnect(row, server, _):
    result = duplexBench(row, server, "connect", row.connections, row.warmUp, row.duration)
    return sampleOf(result, result["handshakes"], result["handshakesPerSecond"], result["handshake"])


def measureIdle(row, server, context):
    # What is allocated once, and the buffers that connections share, are to be there before.
    duplexBench(row, server, "echo", 1, 0, 0.7, "--size", 16 * 1024)
    before = server.memory()
    connections = context["connections"]
    result = duplexBench(row, server, "idle", connections, 0.3, row.duration)
    if result["openAtEnd"] != connections:
        raise LoadError(f"{result['openAtEnd']} of {connections} connections were open")
    return {"memory": (result["server"]["memory"] - before) / connections, "connections": connections,
            "before": before}


def wrk(row, server, duration):
    url = f"http://{HOSTS[0]}:{server.port}/"
    text = load(["wrk", "-t1", f"-c{row.connections}", f"-d{duration:g}s", "--latency", url], duration + 60)
    server.check()
    for problem in re.findall(r"Socket errors:.*|Non-2xx.*", text):
        raise LoadError(problem)
    return text


UNITS = {"us": 1, "ms": 1e3, "s": 1e6, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def quantity(pattern, text):
    """A number with its unit: microseconds, bytes."""
    number, unit = re.search(pattern + r"\s*([\d.]+)([a-zA-Z]+)", text).groups()
    return float(number) * UNITS[unit]


def measureHttp(row, server, _):
    wrk(row, server, max(1, round(row.warmUp)))
    clock = CpuClock(server)
    childrenBefore = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = wrk(row, server, max(1, round(row.duration)))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    use = clock.stop()
    requests, read = re.search(r"(\d+) requests in \S+, (\S+) read", text).groups()
    requests = int(requests)
    clientCpu = (children.ru_utime + children.ru_stime) - (childrenBefore.ru_utime + childrenBefore.ru_stime)
    return {
        **{name: use[name] / requests * 1e6 for name in ("cpu", "user", "system")},
        "busy": use["cpu"] / use["seconds"],
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "p50": quantity(r"\n\s+50%", text),
        "p90": quantity(r"\n\s+90%", text),
        "p99": quantity(r"\n\s+99%", text),
        "bytes": quantity("", read) / requests,
        "clientCpu": clientCpu / requests * 1e6,
        "clientBusy": clientCpu / use["seconds"],
    }


def clocked(row, server, *command):
    """Runs a program that says when its warm-up is over: what it counted, and what the server used meanwhile."""
    command = [*command, "--port", server.port, "--warm-up", row.warmUp, "--duration", row.duration]
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, preexec_fn=onCore(LOAD_CORE)) as clients:
        try:
            if clients.stdout.readline().strip() != "measuring":
                raise LoadError(clients.stderr.read().strip()[-300:])
            clock = CpuClock(server)
            line = clients.stdout.readline()
            use = clock.stop()
            if not line:
                raise LoadError(clients.stderr.read().strip()[-300:])
        finally:
            clients.terminate()
    return json.loads(line), use


def measureDeflate(row, server, _):
    result, use = clocked(row, server, DEFLATE_ECHO, "--size", row.size, "--connections", row.connections,
                          "--takeover", int(row.way == "takeover"))
    messages = result["messages"]
    if messages == 0:
        raise LoadError("nothing came back")
    return {
        **{name: use[name] / messages * 1e6 for name in ("cpu", "user", "system")},
        "busy": use["cpu"] / use["seconds"],
        "rate": messages / result["seconds"],
        "bytesIn": result["bytesIn"],
        "bytesOut": result["bytesOut"],
        "clientCpu": result["cpu"] / messages * 1e6,
        "clientBusy": result["cpu"] / result["seconds"],
        "bottleneck": "the load's core was busy" if result["cpu"] > BUSY * result["seconds"] else "",
    }


def measureWatch(row, server, _):
    result, use = clocked(row, server, WATCHERS, "--way", row.way, "--watchers", row.connections)
    seconds = result["seconds"]
    expected = row.connections * seconds
    if result["updates"] < 0.75 * expected:
        raise LoadError(f"{result['updates']} updates came, not about {expected:.0f}")
    return {
        # Of the server's core, for a second.
        **{name: use[name] / use["seconds"] * 1e6 for name in ("cpu", "user", "system")},
        "busy": use["cpu"] / use["seconds"],
        "updates": result["updates"] / seconds,
        "requests": result["requests"] / seconds,
        "bytesIn": result["bytesIn"] / seconds,
        "bytesOut": result["bytesOut"] / seconds,
        **result["age"],
    }


KINDS = {"messages": measureMessages, "rate": measureRate, "connect": measureConnect, "idle": measureIdle,
         "http": measureHttp, "deflate": measureDeflate, "watch": measureWatch}


def idleConnections(row):
    """As many as the row wants, or as this machine lets a process have."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit == resource.RLIM_INFINITY:
        return row.connections
    return min(row.connections, limit - OTHER_FILES)


def measure(row, peer, context):
    if peer.isNode():
        row = dataclasses.replace(row, warmUp=row.warmUp + COMPILING)
    with Server(peer, row.role) as server:
        return KINDS[row.kind](row, server, context)
