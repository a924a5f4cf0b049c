"""The recipes of Conan and vcpkg ask for the libraries that CMakeLists.txt asks for, and for none besides."""

import json
import re

from project import ROOT, finish

# What CMake calls a library → what Conan and vcpkg call it. Threads are the system's.
PACKAGES = {
    "Threads": ([], []),
    "OpenSSL": (["openssl"], ["openssl"]),
    "Boost": (["boost"], ["boost-beast", "boost-url"]),
    "simdjson": (["simdjson"], ["simdjson"]),
    "ZLIB": (["zlib"], ["zlib"]),
    "CARES": (["c-ares"], ["c-ares"]),
    "URING": (["liburing"], ["liburing"]),
    "ISAL": (["isa-l"], ["isal"]),
}


def compare(name, asked, needed):
    """What is in one of the two alone."""
    for package in sorted(needed - asked):
        yield f"{name}: does not ask for {package}, which CMakeLists.txt does"
    for package in sorted(asked - needed):
        yield f"{name}: asks for {package}, which CMakeLists.txt does not"


def main():
    needs = re.findall(r"^duplex_(?:package|module)\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    problems = [f"CMakeLists.txt: {need} is not known to tests/checks/recipes.py"
                for need in needs if need not in PACKAGES]
    if not needs:
        problems.append("CMakeLists.txt: no libraries found")
    known = [PACKAGES[need] for need in needs if need in PACKAGES]

    recipe = (ROOT / "conanfile.py").read_text()
    required = set(re.findall(r'self\.requires\("([\w-]+)/', recipe))
    problems += compare("conanfile.py, requirements()", required, {name for conan, _ in known for name in conan})
    linked = set(re.findall(r'"([\w-]+)::[\w-]+"', recipe[recipe.index("self.cpp_info.requires"):]))
    problems += compare("conanfile.py, cpp_info.requires", linked, {name for conan, _ in known for name in conan})

    port = json.loads((ROOT / "packaging" / "vcpkg" / "duplex" / "vcpkg.json").read_text())
    asked = {dependency for dependency in port["dependencies"] if isinstance(dependency, str)}
    problems += compare("packaging/vcpkg/duplex/vcpkg.json", asked, {name for _, vcpkg in known for name in vcpkg})
    finish(problems, f"recipes with {len(required)} and {len(asked)} libraries")


main()
