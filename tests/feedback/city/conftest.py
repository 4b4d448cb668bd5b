"""The invented town and the two shipped cities, as folders and as profiles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from feedback.city.load import read_folder
from feedback.city.profile import City

ROOT = Path(__file__).parents[3]
RIVERTON = ROOT / "tests" / "cities" / "riverton"


@pytest.fixture(scope="session")
def riverton() -> City:
    return read_folder(RIVERTON)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the town's folder that a test may spoil."""
    return Path(shutil.copytree(RIVERTON, tmp_path / "riverton"))
