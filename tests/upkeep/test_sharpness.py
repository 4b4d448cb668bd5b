"""The harness of `make sharpness`, on a small tree of its own: only a test that the patch itself turns red counts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.sharpness import find_red, judge, read, table
from tests.conftest import leave_out

THING = "def double(number: int) -> int:\n    return number * 2\n\n\nSIZE = 3\n"
TESTS = (
    "import pathlib\n\nimport thing\n\n\ndef test_double() -> None:\n    assert thing.double(2) == 4\n\n\n"
    "def test_it_is_the_copy() -> None:\n    assert pathlib.Path(thing.__file__).parent == pathlib.Path().resolve()\n"
)
DIFF = """\
What: {what}
Try first: {first}

--- a/thing.py
+++ b/thing.py
@@ -1,5 +1,5 @@
 def double(number: int) -> int:
-    return number * 2
+    return {made}
{blank}
{blank}
 SIZE = 3
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one module and its test, whose tests start quickly."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    if shutil.which("git") is None:
        leave_out("git", "it is not installed")
    root = tmp_path / "small"
    (root / "tests").mkdir(parents=True)
    (root / "thing.py").write_text(THING)
    (root / "tests" / "test_thing.py").write_text(TESTS)
    (root / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def patch(tree: Path, made: str, *, first: str = "", diff: str = DIFF) -> Path:
    file = tree / "fault.patch"
    file.write_text(diff.format(what="doubling is wrong", first=first, made=made, blank=" "))
    return file


def test_a_fault_that_a_test_finds_is_red_and_what_is_tried_first_decides_nothing(tree: Path) -> None:
    (tree / "tests" / "test_other.py").write_text("def test_nothing() -> None:\n    pass\n")
    told = read(patch(tree, "number * 3", first="tests/test_other.py"))
    assert (told.what, told.first) == ("doubling is wrong", ["tests/test_other.py"])
    verdict = judge(told, tree, jobs=0)
    assert (verdict.red_by, verdict.fault) == ("tests/test_thing.py::test_double", "")
    assert (tree / "thing.py").read_text() == THING, "the tree itself stays as it was"
    assert table([verdict]).startswith("fault  red  ")


def test_a_fault_that_no_test_finds_is_a_failure(tree: Path) -> None:
    verdict = judge(read(patch(tree, "number + number")), tree, jobs=0)
    assert (verdict.red_by, verdict.fault) == ("", "every test is green")
    assert "NOT RED" in table([verdict])


def test_a_patch_that_no_longer_applies_is_a_failure(tree: Path) -> None:
    verdict = judge(read(patch(tree, "0", diff=DIFF.replace("number * 2", "number << 1"))), tree, jobs=0)
    assert verdict.red_by == ""
    assert verdict.fault.startswith("it does not apply: error: patch failed: thing.py:1")


def test_what_only_keeps_the_tests_from_running_is_a_failure(tree: Path) -> None:
    verdict = judge(read(patch(tree, "(")), tree, jobs=0)
    assert verdict.red_by == ""
    assert verdict.fault.startswith("the tests could not be run")


def test_a_test_that_is_red_without_the_patch_shows_nothing(tree: Path) -> None:
    (tree / "tests" / "test_a.py").write_text("def test_red() -> None:\n    raise AssertionError\n")
    verdict = judge(read(patch(tree, "number * 3")), tree, jobs=0)
    assert verdict.fault == "tests/test_a.py::test_red is red without it as well"


@pytest.mark.parametrize(
    ("said", "red"),
    [
        ("FAILED tests/a.py::test_x[one two] - AssertionError: a - b\n", "tests/a.py::test_x[one two]"),
        ("ERROR tests/a.py::test_y - RuntimeError\n", "tests/a.py::test_y"),
        ("ERROR tests/a.py - SyntaxError\n", ""),
        ("3 passed\n", ""),
    ],
)
def test_the_red_test_is_read_from_what_pytest_says(said: str, red: str) -> None:
    assert find_red(said) == red
