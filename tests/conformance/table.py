"""The report on duplex and other makers' ends, from the results alone."""

HEAD = """\
<!-- Written by tests/conformance/peers.py from conformance/results.json. What is changed here by hand is lost. -->
# Conformance

How duplex and other makers' servers and clients keep RFC 6455 and RFC 7692: all were asked the same cases, by
[`duplex check`](reference.md#duplex-check). `duplex check --list` prints the cases with the section of the RFC
that each asks about, and

```console
$ build/release/bin/duplex check ws://127.0.0.1:5000 --html report.html
```

asks a server of yours, and writes a page with what was sent, expected and got. The figures here are in
[conformance/results.json](conformance/results.json); `python3 tests/conformance/peers.py` gets them anew.
What a server gets wrong it is asked three times, and its best answer counts.

* **pass**: as the RFC has it, its advice included.
* **non-strict**: no MUST is broken, but it is not what the RFC advises or a careful end does: no Close before TCP
  ends (§7.1.7 says SHOULD), another code than fits, a mistake that is noticed late.
* **fail**: a MUST is broken.
* **open**: the RFC leaves it to the end what it does.
* **not run**: the end did not agree to the extension, or to the parameter, that is asked about.
"""

TAIL = """\

## What is not asked

These rules cannot be seen from the other end of one connection: that a client has one connection at a time in
the state CONNECTING to an address (RFC 6455 §4.1), checks the certificate (§4.1), and takes its random numbers
from a strong source (§5.3, §10.3; only that they differ is asked); that a server serves `wss` over TLS alone
(§3); that an intermediary leaves frames as they are (§5.4); that an application is told of a message only when
it is whole (§6.2), and of the code with which the connection ended (§7.1.5). Those that are duplex's own are
asked by `app_test`, `transport_test` and `protocol_test`.
"""

AUTOBAHN = """\

## The public Autobahn suite

autobahntestsuite 25.10.1 against duplex alone. It is run by hand and is no part of the tests, for it needs Python 2:
here Tauthon 2.8, with Twisted 15.5, without TLS, and with its masking and its check of UTF-8 done in C. Asked were all
its cases, of `examples/echo_server` and `echo_client` with their defaults. In its own words:

"""

FORMS = (("non-strict", "{} non-strict"), ("FAIL", "**{} fail**"), ("info", "{} open"), ("not run", "{} not run"))


def cell(counts):
    """"73", "70 · 2 non-strict · **1 fail**"; "not run" if none was."""
    if counts.keys() == {"not run"}:
        return "not run"
    parts = [str(counts.get("pass", 0))]
    parts += [form.format(counts[verdict]) for verdict, form in FORMS if counts.get(verdict)]
    return " · ".join(parts)


def total(families):
    counts = {}
    for family in families.values():
        for verdict, number in family.items():
            counts[verdict] = counts.get(verdict, 0) + number
    return counts


def row(*cells):
    return "| " + " | ".join(str(each) for each in cells) + " |\n"


def table(peers):
    """A row a family, a column a peer."""
    names = list(peers)
    text = row("", "cases", *(f"{name} {peers[name]['version']}" for name in names))
    text += "|---|---:|" + "---|" * len(names) + "\n"
    for family, counts in peers[names[0]]["families"].items():
        text += row(family, sum(counts.values()), *(cell(peers[name]["families"][family]) for name in names))
    totals = [total(peers[name]["families"]) for name in names]
    return text + row("**all**", sum(totals[0].values()), *(cell(each) for each in totals))


def ids(findings):
    """The numbers of cases, neighbours as a range."""
    runs = []
    for finding in findings:
        group, number = finding["id"].rsplit(".", 1)
        if runs and runs[-1][0] == group and runs[-1][2] == int(number) - 1:
            runs[-1][2] = int(number)
        else:
            runs.append([group, int(number), int(number)])
    return ", ".join(f"{group}.{first}" + (f"–{last}" if last > first else "") for group, first, last in runs)


def escaped(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def wrongs(peer):
    """What it gets wrong, one row for all cases of a group that are wrong in the same way."""
    kinds = {}
    for finding in peer["findings"]:
        key = finding["verdict"], finding["id"].rsplit(".", 1)[0], finding["why"]
        kinds.setdefault(key, []).append(finding)
    text = row("", "cases", "what is asked", "what it does", "section") + "|---|---|---|---|---|\n"
    for (verdict, _, why), findings in sorted(kinds.items(), key=lambda kind: kind[0][0] != "FAIL"):
        what = findings[0]["group"] + (f": {findings[0]['title']}" if len(findings) == 1 else "")
        text += row("**fail**" if verdict == "FAIL" else verdict, ids(findings), escaped(what), escaped(why),
                    findings[0]["section"])
    return text


def section(title, peers):
    text = f"\n## {title}\n\n{table(peers)}"
    for name, peer in peers.items():
        text += f"\n### {name} {peer['version']}\n\n{peer['settings']}; asked on {peer['date']}.\n\n"
        text += wrongs(peer) if peer["findings"] else "Fails nothing, and is non-strict in nothing.\n"
    return text


def autobahn(ends):
    """What the public suite says of duplex, if it was run."""
    if not ends:
        return ""
    names = ("OK", "NON-STRICT", "FAILED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", "INFORMATIONAL",
             "UNIMPLEMENTED")
    ways = {"behavior": "what it does", "behaviorClose": "how it closes"}
    shown = [name for name in names if any(name in counts for end in ends.values() for counts in end.values())]
    text = AUTOBAHN
    text += row("", "", "cases", *(name.lower() for name in shown)) + "|---|---|---:|" + "---:|" * len(shown) + "\n"
    for end, counted in ends.items():
        for way, what in ways.items():
            counts = counted[way]
            text += row(f"duplex, {end}", what, sum(counts.values()), *(counts.get(name, 0) for name in shown))
    return text


def write(results):
    return (HEAD + section("Servers", results["servers"]) + section("Clients", results["clients"]) +
            autobahn(results.get("autobahn")) + TAIL)
