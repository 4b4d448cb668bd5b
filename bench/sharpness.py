"""`make sharpness`: faults put in on purpose, each in a copy of the tree; the tests must turn red at every one.

    .venv/bin/python bench/sharpness.py                      every patch of tests/sharpness/
    .venv/bin/python bench/sharpness.py exif_kept            one of them (may be repeated)

A patch is a unified diff with words before it. A line `What: …` says what it breaks; a line `Try first: tests/portal
tests/proof/test_x.py` names tests that are run before all others, to save time: they decide nothing if they stay green.
A patch that no longer applies is a failure, as is one that only keeps the tests from being collected, and one
whose red test is red without it as well.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).resolve().parent.parent
PATCHES: Final = Path("tests") / "sharpness"
BUILT: Final = ("static/built", "locale/*/LC_MESSAGES/*.mo")
"""What the tests need and no list of the repository names."""
PATIENCE: Final = 3600
"""Seconds for one run of the tests."""
OF_THIS_RUN: Final = ("GIT_", "PYTEST_XDIST", "PYTEST_CURRENT")
"""Beginnings of names in the environment that are nobody else's."""
FAILED: Final = 1
"""pytest's exit code where tests ran and failed; any other says that they could not be run."""


class Patch(Struct, frozen=True):
    """A fault on purpose."""

    file: Path
    what: str
    first: list[str]


class Verdict(Struct, frozen=True):
    """What became of it: `red_by` is the test that found it, else `fault` says why nothing did."""

    patch: Patch
    seconds: float
    red_by: str = ""
    fault: str = ""


def read(file: Path) -> Patch:
    """A patch with what stands before its diff."""
    words = re.split(r"^(?:diff --git|--- )", file.read_text(encoding="utf-8"), maxsplit=1, flags=re.M)[0]
    told = dict(re.findall(r"^(What|Try first): *(.+)$", words, re.M))
    return Patch(file, told.get("What", file.stem), told.get("Try first", "").split())


def judge(patch: Patch, root: Path, *, jobs: int) -> Verdict:
    """Apply it to a copy of `root` and run the tests until one is red."""
    start = time.monotonic()

    def verdict(red_by: str = "", fault: str = "") -> Verdict:
        return Verdict(patch, time.monotonic() - start, red_by, fault)

    with tempfile.TemporaryDirectory(prefix="kanali-sharpness-") as name:
        copy = Path(name) / "tree"
        take_copy(root, copy)
        applied = _run(["git", "apply", str(patch.file.resolve())], copy)
        if applied.returncode:
            return verdict(fault=f"it does not apply: {applied.stderr.strip().splitlines()[0]}")
        for tests in ([patch.first] if patch.first else []) + [["tests"]]:
            ran = run_tests(copy, tests, jobs=jobs)
            if ran.returncode == 0:
                continue
            if ran.returncode != FAILED or not (red := find_red(ran.stdout)):
                return verdict(fault=f"the tests could not be run: {_last(ran.stdout)}")
            undone = _run(["git", "apply", "-R", str(patch.file.resolve())], copy)
            assert undone.returncode == 0, undone.stderr
            if run_tests(copy, [red], jobs=0).returncode:
                return verdict(fault=f"{red} is red without it as well")
            return verdict(red_by=red)
    return verdict(fault="every test is green")


def take_copy(root: Path, copy: Path) -> None:
    """The files of the working tree that are not ignored, and what is built from them."""
    listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], root)
    assert listed.returncode == 0, listed.stderr
    files = {root / name for name in listed.stdout.split("\0") if name}
    for pattern in BUILT:
        for found in root.glob(pattern):
            files |= {found} if found.is_file() else {file for file in found.rglob("*") if file.is_file()}
    for file in sorted(files):
        if file.is_file():
            target = copy / file.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)


def run_tests(copy: Path, tests: list[str], *, jobs: int) -> subprocess.CompletedProcess[str]:
    """Until the first failure; the modules are those of the copy."""
    spread = ["-n", str(jobs)] if jobs else []
    return _run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-rfE", "-p", "no:cacheprovider", *spread, *tests], copy
    )


def find_red(said: str) -> str:
    """The test that failed first, as pytest names it; empty where it names none."""
    found = re.search(r"^(?:FAILED|ERROR) (\S+\.py::.+?)(?: - .*)?$", said, re.M)
    return found[1] if found else ""


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(OF_THIS_RUN)}
    # Of no repository around it, and before what is installed.
    environ |= {"GIT_CEILING_DIRECTORIES": str(folder.parent), "PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def _last(said: str) -> str:
    return next((line for line in reversed(said.splitlines()) if line.strip()), "they said nothing")


def table(verdicts: list[Verdict]) -> str:
    """A line for each patch."""
    rows = [
        (
            one.patch.file.stem,
            "red" if one.red_by else "NOT RED",
            f"{one.seconds:.0f} s",
            one.red_by or one.fault,
        )
        for one in verdicts
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]))
        for row in rows
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="patches; all where none is named")
    parser.add_argument("--jobs", type=int, default=4, help="tests that run at once")
    given = parser.parse_args()
    files = sorted((ROOT / PATCHES).glob("*.patch"))
    unknown = set(given.names) - {file.stem for file in files}
    if unknown or not files:
        print(f"no such patch in {PATCHES}: {', '.join(sorted(unknown)) or 'it holds none'}")
        return 2
    verdicts = []
    for file in files:
        if not given.names or file.stem in given.names:
            print(f"{file.stem}: {read(file).what}", flush=True)
            verdicts.append(judge(read(file), ROOT, jobs=given.jobs))
    print(table(verdicts))
    dull = [one for one in verdicts if not one.red_by]
    print(f"{len(verdicts) - len(dull)} of {len(verdicts)} faults turn the tests red")
    return 1 if dull else 0


if __name__ == "__main__":
    sys.exit(main())
