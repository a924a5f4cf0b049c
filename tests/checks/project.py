"""What the checks share: where things are, which files are ours, and how a check ends."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PUBLIC = ROOT / "include" / "duplex"


def files(*patterns):
    """The files of the repository that match a glob, committed or not yet, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()
    return sorted(ROOT / name for name in set(listed) if (ROOT / name).is_file())


def where(path, line):
    return f"{path.relative_to(ROOT)}:{line}"


def finish(problems, summary):
    """Prints one problem a line and ends the process; the exit status tells whether there was any."""
    for problem in problems:
        print(problem)
    print(f"{summary}: {'ok' if not problems else f'{len(problems)} problems'}")
    sys.exit(1 if problems else 0)
