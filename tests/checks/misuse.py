"""What does not fit is told in words: a handler with other parameters, where it is given."""

import concurrent.futures
import shutil
import subprocess

from project import ROOT, finish

FLAGS = ["-std=c++20", "-fsyntax-only", f"-I{ROOT / 'include'}", "-x", "c++", "-"]
PROGRAM = """\
#include <duplex/duplex.h>
using namespace duplex;
void misuse(App& app, WebSocket ws) {{
#line 1 "here"
{code}
}}
"""
HANDLER = "this handler does not fit"
REQUEST = "a handler takes (req, res), (req, res, next) or (error, req, res, next)"
COROUTINE = "this handler cannot be a coroutine"
CASES = [
    ('app.ws("/", [](WebSocket ws, Request& req) {});', HANDLER),
    ('app.ws("/", [](WebSocket& ws) {});', HANDLER),
    ('app.ws("/", {.message = [](WebSocket ws, std::string text) {}});', HANDLER),
    ('app.ws("/", [](Request&, Response&) {}, [](WebSocket ws, int) {});', HANDLER),
    ("ws.onmessage([](std::string text) {});", HANDLER),
    ('app.get("/", [](WebSocket ws) {});', REQUEST),
    ("ws.onmessage([](const Message& message) -> Task<> { co_return; });", COROUTINE),
]


def check(compiler, code, words):
    result = subprocess.run([compiler, *FLAGS], input=PROGRAM.format(code=code), capture_output=True, text=True)
    if result.returncode == 0:
        return f"{compiler} takes {code}"
    if words not in result.stderr or "here:1" not in result.stderr:
        return f"{compiler} does not tell where {code} is wrong, or not that {words}\n{result.stderr}"
    return None


def main():
    compilers = [compiler for compiler in ("g++", "clang++") if shutil.which(compiler)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda job: check(job[0], *job[1]),
                           [(compiler, case) for compiler in compilers for case in CASES])
    finish([result for result in results if result], f"{len(CASES)} misuses with {', '.join(compilers)}")


main()
