"""The body of an odd request: a form as a browser would send it, with files or without, or something else."""

from __future__ import annotations

import io
import re
from typing import Final
from urllib.parse import quote_from_bytes, urlencode

from PIL import Image

from portal.edge import BODY_MOST
from tests.proof.fuzz_cases import TRICKS, Case
from tests.upkeep.hostile import BODIES, FORM


def bytes_of(value: str) -> bytes:
    """As a client would send it: halves of a character and bytes that are no text stay what they are."""
    return value.encode(
        "utf-8", "surrogateescape" if re.search("[\udc80-\udcff]", value) else "surrogatepass"
    )


def _picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(made, "PNG")
    return made.getvalue()


_FILES: Final = (
    (b"image/png", _picture()),
    (b"image/png", b"\x89PNG\r\n\x1a\n"),
    (b"image/jpeg", b"\xff\xd8\xff"),
    (b"application/pdf", b"%PDF-1.7\n"),
    (b"x", b""),
)
"""Kinds and beginnings of files; the first is a whole one."""


def body_of(case: Case, fields: list[tuple[bytes, bytes]], files: str) -> tuple[bytes, str]:
    """The body and its kind. `files` is the field for files of the form, empty where it takes none."""
    if case.method in ("GET", "HEAD"):
        return b"", ""
    if case.body in BODIES:
        kind, content = BODIES[case.body]
        return content, kind
    if case.body == "large":
        return b"text=" + b"x" * BODY_MOST, FORM
    if case.body in ("multipart", "files") and (files or case.chance % 8 == 0):
        parts = [b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % pair for pair in fields]
        if case.body == "files":
            file = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s'
            name = quote_from_bytes(bytes_of(TRICKS[case.chance % len(TRICKS)])[:60]).encode()
            kind, begin = _FILES[case.chance % len(_FILES)]
            noise = bytes([case.chance % 256]) * (case.chance % 300 if case.chance % 2 else 0)
            parts += [file % (files.encode() or b"files", name, kind, begin + noise)] * (
                1 + case.chance % 6 if case.chance % 4 == 0 else 1
            )
        whole = b"".join(b"--edge\r\n%s\r\n" % part for part in parts) + b"--edge--\r\n"
        return whole, "multipart/form-data; boundary=edge"
    return urlencode(fields).encode(), FORM
