"""Includes point down only.

The floors and what each stands on are read from src/CMakeLists.txt, which is what the linker holds
the code to; this check holds the headers to it too. Programs (tools, examples) see only the public
headers and their own files; a folder of a program that is a library in its CMakeLists.txt stands on
the floors which that names.
"""

import re

from project import PUBLIC, ROOT, files, finish, where

# The folder of src/ that defines what each public header declares.
FLOOR_OF_HEADER = {
    "export": "base",
    "version": "base",
    "frame_memory": "base",
    "function": "base",
    "error": "base",
    "error_context": "base",
    "message": "base",
    "address": "base",
    "metrics": "base",
    "secret": "base",
    "loop": "net",
    "tls": "transport",
    "task": "net",
    "websocket": "websocket",
    "websocket_task": "websocket",
    "proxy": "websocket",
    "compression": "websocket",
    "request": "http",
    "response": "http",
    "handler": "http",
    "http_limits": "http",
    "proxies": "http",
    "static": "http",
    "router": "app",
    "app": "app",
    "duplex": "app",
}

LIBRARY = re.compile(r"^duplex_library\((\w+)([^)]*)\)", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def floors(cmakeLists):
    """Folder → the folders below that it may call."""
    table = {}
    for name, arguments in LIBRARY.findall(cmakeLists.read_text()):
        depends = re.search(r"\bDEPENDS\s+([\w\s]*?)(?:\bLIBRARIES\b|$)", arguments)
        table[name] = set(depends.group(1).split()) if depends else set()
    return table


def includes(path):
    """(line, whether in angle brackets, name) of each include."""
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1) == "<", match.group(2)


def order(table):
    """The table must list the floors from the bottom up: no cycle, nothing unknown."""
    seen = set()
    for folder, below in table.items():
        for unknown in sorted(below - seen):
            yield f"src/CMakeLists.txt: {folder} depends on {unknown}, which does not stand below it"
        seen.add(folder)


def floorOf(name, angled, table):
    """The floor that an include belongs to; None for what is not ours."""
    if name.startswith("duplex/"):
        return FLOOR_OF_HEADER.get(name.removeprefix("duplex/").removesuffix(".h"), "unknown")
    folder = name.split("/")[0]
    return folder if not angled and folder in table else None


def checkFloor(path, floor, table):
    """What a file on `floor` includes is on the same floor or below."""
    for line, angled, name in includes(path):
        target = floorOf(name, angled, table)
        if target is not None and target != floor and target not in table[floor]:
            yield f"{where(path, line)}: {floor} includes {name}, which belongs to {target}"


def checkPublic(path, table):
    """A public header includes public headers of its own floor or below, and nothing else of ours."""
    floor = FLOOR_OF_HEADER.get(path.stem)
    if floor is None:
        yield f"{where(path, 1)}: a public header that tests/checks/layers.py does not know"
        return
    for line, angled, name in includes(path):
        if not angled:
            yield f"{where(path, line)}: a public header includes {name}"
    yield from checkFloor(path, floor, table)


def checkProgram(path, table):
    """A program includes the public headers and what lies beside it."""
    for line, angled, name in includes(path):
        if not angled and not (path.parent / name).is_file() and floorOf(name, angled, table):
            yield f"{where(path, line)}: a program includes {name}, which is not public"


def main():
    table = floors(ROOT / "src" / "CMakeLists.txt")
    problems = list(order(table))
    if len(table) < 2:
        problems.append("src/CMakeLists.txt: no floors found")

    sources = files("src/*.h", "src/*.cc")
    for path in sources:
        folder = path.relative_to(ROOT / "src").parts[0]
        if folder in table:
            problems += checkFloor(path, folder, table)
        else:
            problems.append(f"{where(path, 1)}: lies on no floor of src/CMakeLists.txt")

    headers = sorted(PUBLIC.glob("*.h"))
    for path in headers:
        problems += checkPublic(path, table)

    programs = files("examples/*.h", "examples/*.cc", "tools/*.h", "tools/*.cc")
    upper = floors(ROOT / "tools" / "duplex" / "CMakeLists.txt")
    for path in programs:
        if path.parent.name in upper:
            problems += checkFloor(path, path.parent.name, table | upper)
        else:
            problems += checkProgram(path, table)

    count = len(sources) + len(headers) + len(programs)
    finish(problems, f"includes of {count} files on {len(table)} floors")


main()
