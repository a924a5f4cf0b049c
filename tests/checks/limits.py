"""The tables of limits in docs/reference.md are what the code has: each limit with its default, and each
that is counted and told to the log."""

import re

from project import PUBLIC, ROOT, finish

REFERENCE = ROOT / "docs" / "reference.md"
# The structs of options, and the headers that have them.
OPTIONS = {"AppOptions": "app.h", "HttpLimits": "http_limits.h", "WebSocketLimits": "websocket.h"}
# Members that are no limits: they stand in other tables.
NO_LIMITS = {"threads", "backend", "origins", "http", "trustedProxies", "forwardedHeader", "proxyProtocol",
             "topicWildcards", "sendLocation", "slowPeer"}
MEMBER = re.compile(r"^  \S+ (\w+)(?: = ([^;]+)|\{([^}]*)\});", re.MULTILINE)
COUNTED = re.compile(r'\{Errc::\w+, "(\w+)", &Metrics::(\w+)\}')
ROW = re.compile(r"^\| `(\w+)` \| ([\d,]+)(?: (KiB|MiB|s))?\b[^|]*\|[^|]*\|([^|]*)\|$", re.MULTILINE)
UNITS = {"": 1, "KiB": 1024, "MiB": 1024 * 1024, "s": 1000}


def defaults():
    """Limit → its default in bytes, milliseconds or as a plain number."""
    found = {}
    for struct, header in OPTIONS.items():
        text = (PUBLIC / header).read_text()
        body = re.search(rf"^struct {struct} \{{(.*?)^\}};", text, re.MULTILINE | re.DOTALL)[1]
        for name, value, braced in MEMBER.findall(body):
            if name in NO_LIMITS:
                continue
            number = 1
            for factor in (value or braced).replace("'", "").split("*"):
                number *= int(factor)
            found[name] = number
    return found


def main():
    problems = []
    code = defaults()
    counted = dict(COUNTED.findall((ROOT / "src" / "base" / "limits.cc").read_text()))
    documented = {}
    withCounter = set()
    section = REFERENCE.read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    for name, number, unit, counter in ROW.findall(section):
        documented[name] = int(number.replace(",", "")) * UNITS[unit]
        if counter.strip() == "yes":
            withCounter.add(name)
    for name in sorted(code.keys() - documented.keys()):
        problems.append(f"docs/reference.md: the limit {name} is in no table")
    for name in sorted(documented.keys() - code.keys()):
        problems.append(f"docs/reference.md: {name} is no limit of the code")
    for name in sorted(code.keys() & documented.keys()):
        if code[name] != documented[name]:
            problems.append(f"docs/reference.md: {name} is {documented[name]}, in the code {code[name]}")
    for name in sorted(withCounter ^ counted.keys()):
        problems.append(f"docs/reference.md: whether {name} is counted, differs from src/base/limits.cc")
    problems += [f"src/base/limits.cc: {name} is counted as {counter}"
                 for name, counter in counted.items() if name != counter]
    if len(code) < 10 or len(counted) < 10:
        problems.append("no limits found")
    finish(problems, f"{len(code)} limits, {len(counted)} of them counted")


main()
