"""What the figures were taken on, and with."""

import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import time

from paths import BIN, NODE_FOLDER, ROOT


def output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def field(path, name):
    match = re.search(rf"^{re.escape(name)}\s*:\s*(.+)$", pathlib.Path(path).read_text(), re.MULTILINE)
    return match.group(1) if match else ""


def system():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def describe():
    memory = int(field("/proc/meminfo", "MemTotal").split()[0]) // 1024
    return {
        "processor": field("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "hypervisor": output("systemd-detect-virt", "--vm") or ("yes" if "hypervisor" in field("/proc/cpuinfo", "flags") else "none"),
        "memoryMiB": memory,
        "kernel": platform.release(),
        "congestionControl": pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
        "system": system(),
        "compiler": output("c++", "--version").splitlines()[0] if output("c++", "--version") else "",
        "flags": flags(),
    }


def flags():
    cache = BIN.parent / "CMakeCache.txt"
    if not cache.is_file():
        return ""
    text = cache.read_text()
    kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", text, re.MULTILINE).group(1).upper()
    match = re.search(rf"^CMAKE_CXX_FLAGS_{kind}:\w+=(.*)$", text, re.MULTILINE)
    return match.group(1) if match else ""


def debian(package):
    return output("dpkg-query", "--show", "--showformat=${Version}", package)


def npm(package, inside=""):
    path = NODE_FOLDER / "node_modules" / inside / ("node_modules" if inside else "") / package / "package.json"
    return json.loads(path.read_text())["version"] if path.is_file() else ""


def versions():
    boost = debian("libboost1.81-dev")
    found = {
        "duplex": output("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "Boost (Beast, Asio)": boost,
        "libwebsockets": debian("libwebsockets-dev"),
        "websocketpp": debian("libwebsocketpp-dev"),
        "liburing": debian("liburing-dev"),
        "Node.js": output("node", "--version").removeprefix("v"),
        "ws": npm("ws"),
        "bufferutil": npm("bufferutil"),
        "express": npm("express"),
        "express-ws": npm("express-ws"),
        "ws, within express-ws": npm("ws", "express-ws"),
        "wrk": debian("wrk"),
    }
    return {name: version for name, version in found.items() if version}


def processorSeconds():
    """What all processors together have worked, and what was stolen from them."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, kernel, _idle, _wait, irq, softirq, steal = fields[:8]
    hertz = os.sysconf("SC_CLK_TCK")
    return (user + nice + kernel + irq + softirq) / hertz, steal / hertz


def ownSeconds():
    """What this process and its children that have ended have worked."""
    use = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in use)


class Disturbance:
    """What others do on the machine meanwhile. All children have to have ended before `stop`."""

    def __init__(self):
        self.start = time.monotonic(), *processorSeconds(), ownSeconds()

    def stop(self):
        """{others, stolen}: shares of one core."""
        end = time.monotonic(), *processorSeconds(), ownSeconds()
        seconds, busy, stolen, own = (after - before for before, after in zip(self.start, end))
        return {"others": max(0, busy - own) / seconds, "stolen": stolen / seconds}
