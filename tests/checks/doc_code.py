"""The C++ in the documents compiles.

A ```cpp block of README.md or docs/ that has a `main` is compiled as the program it is. The others
are recipes: each is compiled as the body of a function that has at hand what CONTEXT declares, its
includes put in front. A block under a line <!-- PATH --> is that file, word for word.
"""

import re
import subprocess

from project import ROOT, files, finish, where

COMPILE = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-missing-field-initializers",
           "-Werror", f"-I{ROOT / 'include'}", "-x", "c++"]
BLOCK = re.compile(r"^(?:<!-- (?P<file>[\w./]+) -->\n)?```cpp\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)
CONTEXT = """\
#include <signal.h>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>
#include <duplex/duplex.h>
using namespace std::chrono_literals;
"""
RECIPE = """\
[[maybe_unused]] static void recipe{number}([[maybe_unused]] duplex::App& app,
    [[maybe_unused]] duplex::WebSocket ws, [[maybe_unused]] duplex::Request& req,
    [[maybe_unused]] duplex::Response& res, [[maybe_unused]] duplex::Next& next) {{
{{
#line {line} "{name}"
{code}}}
}}
"""


class Block:
    def __init__(self, path, text, match):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.line = text.count("\n", 0, match.start("code")) + 1
        self.code = match.group("code")
        self.file = match.group("file")
        self.isProgram = re.search(r"\bint main\(", self.code) is not None


def blocks(path):
    text = path.read_text()
    return [Block(path, text, match) for match in BLOCK.finditer(text)]


def compileErrors(source, *flags):
    result = subprocess.run([*COMPILE, *flags, "-"], input=source, capture_output=True, text=True)
    return [] if result.returncode == 0 else [result.stderr]


def checkProgram(block):
    return compileErrors(f'#line {block.line} "{block.name}"\n{block.code}')


def checkRecipes(recipes):
    """All of a document in one translation unit, since most of the time goes into the headers."""
    includes = "".join(sorted({line for block in recipes for line in INCLUDE.findall(block.code)}))
    bodies = (RECIPE.format(number=number, line=block.line, name=block.name,
                            code=INCLUDE.sub("\n", block.code))
              for number, block in enumerate(recipes))
    return compileErrors(CONTEXT + includes + "".join(bodies), "-Wno-unused")


def checkCopy(block):
    source = ROOT / block.file
    if not source.is_file():
        return [f"{where(block.path, block.line)}: there is no {block.file}"]
    return [] if source.read_text() == block.code else [f"{where(block.path, block.line)}: is not {block.file}"]


def main():
    problems = []
    count = 0
    for path in files("README.md", "docs/*.md"):
        found = blocks(path)
        count += len(found)
        for block in found:
            problems += checkCopy(block) if block.file else []
            problems += checkProgram(block) if block.isProgram else []
        recipes = [block for block in found if not block.isProgram]
        problems += checkRecipes(recipes) if recipes else []
    if count == 0:
        problems.append("no code found in the documents")
    finish(problems, f"{count} blocks of code in the documents")


main()
