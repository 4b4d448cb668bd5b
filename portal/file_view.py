"""A citizen's photos and documents as pages show them, and the one way in which their bytes leave the house.

Whoever asks has found the item by its own way (`find.py`) and hands it over: what is not the item's is not there.
"""

from __future__ import annotations

import logging
from typing import Final

from msgspec import Struct

from feedback.errors import NotFound
from feedback.items.views import AttachmentView, ItemView
from portal.files import FileGone
from portal.inert import SMALL_SIDE, within
from portal.item_words import file_word, size_words
from portal.pages import Reply, Visit

HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_ENDINGS: Final = {"image/jpeg": "jpg", "application/pdf": "pdf"}

_log = logging.getLogger("kanali")


class FileView(Struct, frozen=True):
    """A file beside the words that it came with."""

    label: str
    """ "photo 1"."""
    size: str
    href: str
    small_href: str
    """Empty for a document, which is only ever downloaded."""
    width: int
    height: int
    """Of the small form."""


def files_of(item: ItemView, entry_id: int | None, *, address: str) -> list[FileView]:
    """The files that came with the first words (None) or with an entry; `address` is that of their route."""
    return [_view(file, address) for file in item.attachments if file.entry_id == entry_id]


def serve(visit: Visit, item: ItemView) -> Reply:
    """The bytes of the file that the address names. Refuses NotFound where the item has none of that name."""
    asked = visit.params["file"]
    name, is_small = asked.removesuffix("-small"), asked.endswith("-small")
    found = next((file for file in item.attachments if f"{file.kind}-{file.number}" == name), None)
    if found is None or (is_small and found.kind != "photo"):
        raise NotFound("page_unknown")
    try:
        content = visit.site.files.read(found.name, is_small=is_small)
    except FileGone:
        _log.error("a file of a case is gone: kanali verify says which")
        raise NotFound("page_unknown") from None
    shown = "inline" if found.kind == "photo" else "attachment"
    headers = {
        **HEADERS,
        "Content-Disposition": f'{shown}; filename="{item.reference}-{asked}.{_ENDINGS[found.media_type]}"',
    }
    return Reply(content=content, media_type=found.media_type, headers=headers)


def _view(file: AttachmentView, address: str) -> FileView:
    href = f"{address}/{file.kind}-{file.number}"
    is_photo = file.kind == "photo"
    width, height = within(file.width, file.height, SMALL_SIDE) if is_photo else (0, 0)
    return FileView(
        label=file_word(file.kind, file.number),
        size=size_words(file.size),
        href=href,
        small_href=f"{href}-small" if is_photo else "",
        width=width,
        height=height,
    )
