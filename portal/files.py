"""The folder of files: what citizens sent, made inert, under random names. On this machine's disk.

A file is laid down whole and on the disk (temporary name, fsync, rename, fsync of the folder) before the row that
names it is committed; so a row never lacks its file. A file that no row names after an hour belongs to a form that
was refused or to a write that failed, and goes. Beside a photo lies its small form, under the same name and `.small`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from feedback.items.attachments import Filed
from portal.helper import Opened

NOBODYS_FOR: Final = 3600
"""Seconds that a file without a row is kept for the form that was refused."""
GRACE: Final = 600
"""Seconds more before it is removed: a form that just came in may still be at work with it."""
SMALL: Final = ".small"

_NAME: Final = re.compile(r"[0-9a-f]{32}(\.small|\.part|\.small\.part)?")


class FileGone(Exception):
    """It is not there any more."""


class Files:
    """The files of one installation. The folder is made, for its owner only, when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, opened: Opened) -> Filed:
        """Lay a file down. When this returns it is on the disk; whoever holds its name must be told by a row."""
        name = secrets.token_hex(16)
        self._make_folder()
        self._write(name, opened.content)
        if opened.small:
            self._write(name + SMALL, opened.small)
        self._sync()
        return Filed(
            name=name,
            kind=opened.kind,
            media_type=opened.media_type,
            size=len(opened.content),
            width=opened.width,
            height=opened.height,
            sha256=hashlib.sha256(opened.content).hexdigest(),
            small_sha256=hashlib.sha256(opened.small).hexdigest() if opened.small else "",
        )

    def again(self, filed: Filed) -> Filed:
        """The same file under a name of its own, so that the form that held it may come twice.

        Refuses (FileGone) where its hour is over.
        """
        names = [filed.name, filed.name + SMALL] if filed.small_sha256 else [filed.name]
        fresh = secrets.token_hex(16)
        try:
            for name in names:
                os.utime(self.folder / name)
                os.link(self.folder / name, self.folder / name.replace(filed.name, fresh))
        except FileNotFoundError:
            raise FileGone from None
        self._sync()
        return Filed(
            name=fresh,
            kind=filed.kind,
            media_type=filed.media_type,
            size=filed.size,
            width=filed.width,
            height=filed.height,
            sha256=filed.sha256,
            small_sha256=filed.small_sha256,
        )

    def renew(self, filed: Filed) -> None:
        """Its hour begins anew: the form that holds it was shown once more. Refuses (FileGone)."""
        try:
            os.utime(self.folder / filed.name)
            if filed.small_sha256:
                os.utime(self.folder / (filed.name + SMALL))
        except FileNotFoundError:
            raise FileGone from None

    def read(self, name: str, *, is_small: bool = False) -> bytes:
        """The bytes of a file. Refuses (FileGone)."""
        try:
            return (self.folder / (name + SMALL if is_small else name)).read_bytes()
        except FileNotFoundError:
            raise FileGone from None

    def digest(self, name: str, is_small: bool = False) -> str:
        """SHA-256 of a file as it lies there; empty where it is gone."""
        try:
            with (self.folder / (name + SMALL if is_small else name)).open("rb") as file:
                return hashlib.sha256(file.read()).hexdigest()
        except FileNotFoundError:
            return ""

    def find_old(self) -> Iterator[str]:
        """The names (without `.small`) of files that were laid down longer ago than a form may hold them."""
        before = time.time() - NOBODYS_FOR - GRACE
        if not self.folder.is_dir():
            return
        seen: set[str] = set()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                name = entry.name[:32]
                if _NAME.fullmatch(entry.name) and name not in seen and entry.stat().st_mtime < before:
                    seen.add(name)
                    yield name

    def remove(self, name: str) -> None:
        """Remove a file and its small form; what is gone already is no fault."""
        for end in ("", SMALL, ".part", SMALL + ".part"):
            (self.folder / (name + end)).unlink(missing_ok=True)

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, name: str, content: bytes) -> None:
        part = self.folder / (name + ".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        part.rename(self.folder / name)

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
