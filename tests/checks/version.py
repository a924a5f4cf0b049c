"""The version is the same wherever it is written; CMake takes it from include/duplex/version.h."""

import json
import re

from project import PUBLIC, ROOT, finish

HEADER = PUBLIC / "version.h"


def main():
    text = HEADER.read_text()
    parts = [re.search(rf"^#define DUPLEX_VERSION_{part} (\d+)$", text, re.MULTILINE)
             for part in ("MAJOR", "MINOR", "PATCH")]
    written = re.search(r'^#define DUPLEX_VERSION "(.+)"$', text, re.MULTILINE)
    problems = []
    if not all(parts) or not written:
        finish([f"{HEADER.relative_to(ROOT)}: does not have the version as three numbers and a string"], "version")
    version = written.group(1)
    if version != ".".join(part.group(1) for part in parts):
        problems.append(f"{HEADER.relative_to(ROOT)}: the numbers are not those of {version}")
    port = json.loads((ROOT / "packaging" / "vcpkg" / "duplex" / "vcpkg.json").read_text())
    if port["version"] != version:
        problems.append(f"packaging/vcpkg/duplex/vcpkg.json: is of {port['version']}, not {version}")
    finish(problems, f"version {version}")


main()
