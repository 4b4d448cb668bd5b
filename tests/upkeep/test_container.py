"""The Containerfile: clean by its linter, and it takes along what the package is made of."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "Containerfile"
LINTER = Path(sys.executable).with_name("hadolint")


def test_the_containers_linter_has_nothing_to_say() -> None:
    said = subprocess.run(
        [LINTER, "--no-color", CONTAINERFILE.name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (said.stdout, said.stderr, said.returncode) == ("", "", 0)


def test_the_linter_finds_a_slip(tmp_path: Path) -> None:
    broken = (
        CONTAINERFILE.read_text(encoding="utf-8")
        .replace("3.13-slim-trixie", "latest")
        .replace("USER 10001", "")
    )
    (tmp_path / "Containerfile").write_text(broken, encoding="utf-8")
    said = subprocess.run(
        [LINTER, "--no-color", "Containerfile"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert said.returncode == 1


def test_all_that_the_package_is_made_of_comes_along() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *(source.split("/")[0] for source in wheel["force-include"])}
    wanted |= {
        "pyproject.toml",
        project["project"]["readme"],
        project["tool"]["hatch"]["build"]["hooks"]["custom"]["path"],
    }
    copied = set(_copied())
    assert wanted - copied == set()
    assert {name for name in copied if not (ROOT / name).exists()} == set()


def test_no_more_than_that_is_handed_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == set(_copied())


def _copied() -> list[str]:
    """What the first stage copies out of this folder."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for line in lines for name in line.split()[:-1]]
