"""Asks duplex and other makers' servers and clients all cases, and writes docs/conformance.md.

    peers.py [NAME …]                    asks them, or those named: docs/conformance/results.json and the report
    peers.py --autobahn SERVERS CLIENTS  takes the counts of duplex from the index.json of Autobahn's reports on
                                         servers and on clients
    peers.py --report                    writes the report alone, from the results that are there

What it needs is in docs/internals/testing.md.
"""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from table import write

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "conformance"
RELEASE = ROOT / "build" / "release" / "bin"
BENCH = ROOT / "build" / "bench" / "bin"
DOCS = ROOT / "docs"
RESULTS = DOCS / "conformance" / "results.json"
# An answer of any of them takes milliseconds; what is waited for longer does not come.
CHECK = [RELEASE / "duplex", "check", "--json", "--timeout", "3"]


def output(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def debian(package):
    """The version that its maker gave it: "1.81.0" of "1.81.0-5+deb12u1"."""
    return output("dpkg-query", "--show", "--showformat=${source:Upstream-Version}", package)


def npm(package):
    return json.loads((ROOT / "tests" / "node_modules" / package / "package.json").read_text())["version"]


def ours():
    return output(RELEASE / "duplex", "--version").split()[-1]


def bench(name):
    return [BENCH / f"bench_{name}", "--role", "deflate"]


# Name → how it is started, which version it is, how it was set.
SERVERS = {
    "duplex": ([RELEASE / "echo_server", "--port", "0", "--deflate"], ours,
               "`examples/echo_server --deflate`: messages of 64 MiB, compression with takeover"),
    "npm ws": (["node", HERE / "ws_server.mjs"], lambda: npm("ws"),
               "`tests/conformance/ws_server.mjs`: `perMessageDeflate: true`, messages of 64 MiB"),
    "Beast": (bench("beast"), lambda: debian("libboost1.81-dev"),
              "`benchmarks/load/servers/beast_server.cc`: `permessage_deflate::server_enable`, messages of 64 MiB"),
    "libwebsockets": ([BENCH / "bench_lws", "--role", "echo", "--backend", "poll"],
                      lambda: debian("libwebsockets-dev"),
                      "`benchmarks/load/servers/lws_server.cc`: `LWS_SERVER_OPTION_VALIDATE_UTF8`, without compression"),
    "websocketpp": (bench("websocketpp"), lambda: debian("libwebsocketpp-dev"),
                    "`benchmarks/load/servers/websocketpp_server.cc`: its extension permessage-deflate, messages of 64 MiB"),
}
CLIENTS = {
    "duplex": (lambda url: [RELEASE / "echo_client", url], ours, "`examples/echo_client`"),
    "npm ws": (lambda url: ["node", HERE / "ws_client.mjs", url], lambda: npm("ws"),
               "`tests/conformance/ws_client.mjs`"),
}


@contextlib.contextmanager
def serving(command):
    """A server that says where it listens: its process, and its port."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        line = process.stdout.readline().decode()
        yield process, int(re.search(r"(?:port |:)(\d+)\s*$", line)[1])
    finally:
        process.terminate()
        process.wait()


def parts(number):
    """The families, if it is "", the groups of a family ("12"), the cases of a group ("12.1")."""
    depth = len(number.split(".")) + 1 if number else 1
    listed = output(RELEASE / "duplex", "check", "--list", "--only", number).splitlines()
    return list(dict.fromkeys(".".join(line.split()[0].split(".")[:depth]) for line in listed))


def askServer(command, number=""):
    """Asks the cases of `number`. A server that does not survive them is started anew for each part of them."""
    with serving(command) as (process, port):
        done = subprocess.run([*CHECK, f"ws://127.0.0.1:{port}/", "--only", number], capture_output=True, text=True)
        if not done.stdout.startswith("{"):
            raise SystemExit(f"no report: {done.stderr}")
        report = json.loads(done.stdout)
        if process.poll() is None and not report["remark"]:
            return report["cases"]
        if process.poll() is None:
            raise SystemExit(report["remark"])
    if number.count(".") == 2:
        return [report["cases"][0] | {"verdict": "FAIL", "why": f"the server's process ended ({process.returncode})"}]
    return [case for part in parts(number) for case in askServer(command, part)]


def askServerAgain(command):
    """What is wrong is asked twice more, by groups, and the best answer counts: some of it comes and goes."""
    order = ["pass", "info", "non-strict", "not run", "FAIL"]
    cases = askServer(command)
    for _ in range(2):
        groups = dict.fromkeys(case["id"].rsplit(".", 1)[0] for case in cases
                               if case["verdict"] in ("FAIL", "non-strict"))
        again = {case["id"]: case for group in groups for case in askServer(command, group)}
        cases = [min(case, again.get(case["id"], case), key=lambda each: order.index(each["verdict"]))
                 for case in cases]
    return cases


def askClient(command):
    """Starts the client as long as there is something to ask it."""
    with tempfile.TemporaryFile("w+") as report:
        check = subprocess.Popen([*CHECK, "--listen", "0"], stdout=report, stderr=subprocess.PIPE, text=True)
        url = re.search(r"client at (\S+),", check.stderr.readline())[1] + "/"
        while check.poll() is None:
            subprocess.run(command(url), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=600)
        report.seek(0)
        return json.load(report)["cases"]


def summary(cases):
    """Counts by family, and what is wrong, where something is."""
    families = {}
    for case in cases:
        family = families.setdefault(f"{case['id'].split('.')[0]} {case['family']}", collections.Counter())
        family[case["verdict"]] += 1
    print(dict(sum(families.values(), collections.Counter())))
    keep = ("id", "group", "title", "level", "verdict", "why", "section")
    return {"date": str(datetime.date.today()), "families": families,
            "findings": [{name: case[name] for name in keep} for case in cases
                         if case["verdict"] in ("FAIL", "non-strict")]}


def save(results):
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def ask(results, names):
    for kind, peers, question in (("servers", SERVERS, askServerAgain), ("clients", CLIENTS, askClient)):
        for name, (command, version, settings) in peers.items():
            if names and name not in names:
                continue
            print(f"{name}, {kind[:-1]}:", end=" ", flush=True)
            results[kind][name] = {"version": version(), "settings": settings, **summary(question(command))}
            results[kind] = {each: results[kind][each] for each in peers if each in results[kind]}
            save(results)


def readAutobahn(results, indexes):
    """How often its cases ended in which way, by what was sent and by how the connection was closed."""
    results["autobahn"] = {}
    for kind, index in zip(("server", "client"), indexes, strict=True):
        (agent, cases), = json.loads(pathlib.Path(index).read_text()).items()
        print(f"{agent}, {kind}: {len(cases)} cases")
        results["autobahn"][kind] = {way: collections.Counter(case[way] for case in cases.values())
                                     for way in ("behavior", "behaviorClose")}


def main():
    arguments = sys.argv[1:]
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {"servers": {}, "clients": {}}
    if arguments[:1] == ["--autobahn"] and len(arguments) == 3:
        readAutobahn(results, arguments[1:])
    elif arguments != ["--report"]:
        if not set(arguments) <= SERVERS.keys() | CLIENTS.keys():
            raise SystemExit(__doc__)
        ask(results, arguments)
    save(results)
    (DOCS / "conformance.md").write_text(write(results))


main()
