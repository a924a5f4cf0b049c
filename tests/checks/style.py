"""What can be seen of the style without understanding the code."""

import re
import shutil
import subprocess

from project import ROOT, files, finish, where

CODE = ["*.h", "*.cc", "*.js", "*.mjs", "*.py", "*.html", "*.css", "*.cmake", "*CMakeLists.txt",
        "run", "test", "bench", ".ci/*", "scripts/*"]
LIMITED = {".h", ".cc", ".js", ".mjs", ".py", ".html", ".css"}
MAX_LINES = 450

# Split, so that this file does not find itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
# The library never prints, exits or reads the environment: its user decides about all three.
PRESUMPTUOUS = re.compile(
    r"\bstd::(cout|cerr|clog|exit|abort|terminate)\b|(?<![.>\w])(printf|fprintf|puts|perror|getenv)\s*\(")
# But for this one, which is what it is for.
ASKED_FOR = ROOT / "src/websocket/proxy_environment.cc"
COMMENT = re.compile(r"//.*")


def checkLines(path):
    text = path.read_text()
    lines = text.splitlines()
    isLibrary = path.is_relative_to(ROOT / "src") and path.suffix in {".h", ".cc"} and path != ASKED_FOR
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield f"{where(path, number)}: a tab"
        if line.endswith(" "):
            yield f"{where(path, number)}: a space at the end"
        if MARKS.search(line):
            yield f"{where(path, number)}: a mark of unfinished work"
        if isLibrary and PRESUMPTUOUS.search(COMMENT.sub("", line)):
            yield f"{where(path, number)}: the library prints, exits or reads the environment"
    if text and not text.endswith("\n"):
        yield f"{where(path, len(lines))}: no newline at the end"
    if path.suffix in LIMITED and len(lines) > MAX_LINES:
        yield f"{where(path, len(lines))}: {len(lines)} lines, over {MAX_LINES}"
    if path.suffix == ".h" and "#pragma once" not in lines:
        yield f"{where(path, 1)}: no #pragma once"


def checkFormat(paths):
    tool = shutil.which("clang-format")
    if tool is None or not paths:
        return []
    result = subprocess.run([tool, "--dry-run", "-Werror", *map(str, paths)],
                            cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+):\d+: error", result.stderr, re.MULTILINE)
    first = {}
    for name, line in found:
        first.setdefault(name, line)
    return [f"{name.removeprefix(str(ROOT) + '/')}:{line}: not as clang-format has it" for name, line in first.items()]


def main():
    paths = files(*CODE)
    problems = [problem for path in paths for problem in checkLines(path)]
    problems += checkFormat([path for path in paths if path.suffix in {".h", ".cc"}])
    finish(problems, f"style of {len(paths)} files")


main()
