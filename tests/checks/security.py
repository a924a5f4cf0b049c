"""Each test that docs/internals/security.md names is there."""

import re

from project import ROOT, finish

PAGE = ROOT / "docs" / "internals" / "security.md"
# A file, and what is to be found in it: "…", "…".
NAMED = re.compile(r'`(tests/[\w./]+)`((?: "[^"]+",?)*)')


def main():
    problems = []
    count = 0
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|") and not line.startswith("|---")]
    for row in rows:
        tests = row.rstrip(" |").rsplit(" | ", 1)[-1]
        named = NAMED.findall(tests)
        if not named and tests != "tests":
            problems.append(f"docs/internals/security.md: no test in: {row[:80]}")
        for name, quoted in named:
            path = ROOT / name
            text = path.read_text() if path.is_file() else None
            if text is None:
                problems.append(f"docs/internals/security.md: there is no {name}")
                continue
            for part in re.findall(r'"([^"]+)"', quoted) or [""]:
                count += 1
                if part not in text:
                    problems.append(f"docs/internals/security.md: {name} has no {part}")
    if count < 20:
        problems.append("no tests found")
    finish(problems, f"{count} tests named by {len(rows)} rows")


main()
