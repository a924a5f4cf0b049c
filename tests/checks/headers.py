"""Public headers stand alone and are cheap.

Each compiles by itself without a warning, with each compiler that is installed, and none includes,
not even through another, a header of the standard library that costs its users time.
"""

import re
import shutil
import subprocess

from project import PUBLIC, ROOT, finish, where

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wold-style-cast",
         "-Wno-missing-field-initializers", "-Werror", f"-I{ROOT / 'include'}", "-x", "c++"]
ALLOWED_COMPANY = re.compile(r"^\s*#\s*include\s*<(?!duplex/)([^>]+)>", re.MULTILINE)
# Never, however they come in.
EXPENSIVE = {"iostream", "regex", "future", "filesystem", "ranges", "thread"}
# Not by name: a forward declaration or duplex's own type does.
EXPENSIVE_BY_NAME = EXPENSIVE | {"functional", "memory", "sstream", "map", "unordered_map", "mutex"}


def compile(compiler, source, *flags):
    return subprocess.run([compiler, *FLAGS, *flags, "-"], input=source, capture_output=True, text=True)


def standsAlone(compiler, header):
    # Twice, to see that it guards itself too.
    source = f"#include <duplex/{header.name}>\n" * 2
    result = compile(compiler, source, "-fsyntax-only")
    if result.returncode != 0:
        yield f"{where(header, 1)}: does not compile alone with {compiler}\n{result.stderr}"


def isCheap(compiler, header):
    text = header.read_text()
    for match in ALLOWED_COMPANY.finditer(text):
        name = match.group(1)
        line = text.count("\n", 0, match.start(1)) + 1
        if name in EXPENSIVE_BY_NAME:
            yield f"{where(header, line)}: includes <{name}>"
        elif "/" in name or name.endswith(".h"):
            yield f"{where(header, line)}: includes <{name}>, which is not of the standard library"
    depends = compile(compiler, f"#include <duplex/{header.name}>\n", "-M").stdout
    for dearly in sorted(set(re.findall(r"/c\+\+/\d+/(\w+)", depends)) & EXPENSIVE):
        yield f"{where(header, 1)}: brings in <{dearly}> through another header"


def main():
    compilers = [compiler for compiler in ("g++", "clang++") if shutil.which(compiler)]
    headers = sorted(PUBLIC.glob("*.h"))
    problems = [] if headers else ["no public headers found"]
    for header in headers:
        for compiler in compilers:
            problems += standsAlone(compiler, header)
        problems += isCheap(compilers[0], header)
    finish(problems, f"{len(headers)} public headers with {', '.join(compilers)}")


main()
