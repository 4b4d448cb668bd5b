"""What the tests of this folder share: the invented town."""

from tests.portal.conftest import sqlite_town, town

__all__ = ["sqlite_town", "town"]
