"""Proving the files: each row of an attachment against what lies in the folder. Reads only.

The row's digests stand under the ledger (`verify.py`); who reads the files is given, since the domain opens none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlmodel import Session

from feedback.columns import table_of
from feedback.custody.findings import Finding
from feedback.items.tables import Attachment

Digest = Callable[[str, bool], str]
"""SHA-256 of a file by its name, or of its small form; empty where there is none."""

_ATTACHMENT = table_of(Attachment)


def verify_files(session: Session, digest: Digest) -> Iterator[Finding]:
    """Every file that is gone or no longer what was filed."""
    rows = session.execute(
        sa.select(
            _ATTACHMENT.c.id, _ATTACHMENT.c.name, _ATTACHMENT.c.sha256, _ATTACHMENT.c.small_sha256
        ).order_by(_ATTACHMENT.c.id)
    ).all()
    for row in rows:
        for is_small, wanted in ((False, row.sha256), (True, row.small_sha256)):
            if not wanted:
                continue
            found = digest(row.name, is_small)
            detail = "its small form" if is_small else ""
            if not found:
                yield Finding("file_missing", f"attachment:{row.id}", detail)
            elif found != wanted:
                yield Finding("file_changed", f"attachment:{row.id}", detail)
