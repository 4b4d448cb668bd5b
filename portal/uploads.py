"""Files that come with a form: opened, held for an hour where the form is refused, laid down where it is taken.

Nobody chooses a file twice because of a typing error: a form that was refused carries a signed note of each file that
was opened already. Only what the helper made of a file is ever held, never what came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from feedback.errors import Fault
from feedback.items import attachments, codes
from feedback.items.attachments import FILES_MOST, Filed
from portal import helper
from portal.files import NOBODYS_FOR, FileGone
from portal.forms import FieldError, message_of
from portal.helper import Opened, Refused
from portal.item_words import file_word
from portal.pages import Visit

ACCEPT: Final = "image/jpeg,image/png,image/webp,image/heic,.heic,.heif,application/pdf"
"""What a browser offers to choose; what is taken is decided by what a file is."""

_PURPOSE: Final = "file"


class Held(Struct, frozen=True):
    """A file that a form holds already: shown as "photo 1", with a box to leave it out."""

    field: str
    note: str
    remove: str
    label: str


class Brought(Struct, frozen=True):
    """The files of one post: those held since an earlier try, and those just chosen."""

    held: tuple[Filed, ...] = ()
    fresh: tuple[bytes, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.held or self.fresh)

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells these files from others when the same form comes twice."""
        return (
            *(file.name for file in self.held),
            *(hashlib.sha256(file).hexdigest() for file in self.fresh),
        )


def brought(visit: Visit) -> Brought:
    """The files of this post, with what can be said of them before any is opened."""
    held, is_gone = [], False
    for number in range(1, FILES_MOST + 1):
        note = visit.form.text(f"held{number}")
        if not note or visit.form.flag(f"leave{number}"):
            continue
        filed = _read_note(visit, note)
        if filed is None:
            is_gone = True
        else:
            held.append(filed)
    fresh = visit.form.files
    faults = attachments.check([len(file) for file in fresh], already=len(held))
    if is_gone:
        faults.append(Fault("files", "files_gone"))
    return Brought(tuple(held), fresh, tuple(faults))


def opened(files: Brought) -> tuple[list[Opened], list[Fault]]:
    """What the helper made of the files just chosen, and what is wrong with the others: everything at once.

    Of too many none is opened. Refuses (Busy) where too many are being opened.
    """
    faults = list(files.faults)
    if any(fault.code == "files_too_many" for fault in faults):
        return [], faults
    too_large = {fault.facts.get("number") for fault in faults}
    fresh = {number: one for number, one in enumerate(files.fresh, 1) if number not in too_large}
    made: list[Opened] = []
    for number, one in zip(fresh, helper.open_files(list(fresh.values())), strict=True):
        if isinstance(one, Refused):
            faults.append(Fault("files", f"file_{one.reason}", number=number))
        else:
            made.append(one)
    return made, sorted(faults, key=_number_of)


def errors_of(faults: Iterable[Fault]) -> list[FieldError]:
    """What is wrong with files, each in words: a person may have chosen several that can't be taken."""
    return [FieldError(fault.field, message_of(fault)) for fault in faults]


def hold(visit: Visit, files: Brought, made: list[Opened]) -> list[Held]:
    """Keep for an hour what a refused form brought, and give the form its notes."""
    kept = []
    for filed in files.held:
        try:
            visit.site.files.renew(filed)
        except FileGone:
            continue
        kept.append(filed)
    kept += [visit.site.files.keep(one) for one in made]
    numbers: dict[str, int] = {}
    held = []
    for place, filed in enumerate(kept[:FILES_MOST], 1):
        numbers[filed.kind] = numbers.get(filed.kind, 0) + 1
        label = file_word(filed.kind, numbers[filed.kind])
        held.append(Held(f"held{place}", _note(visit, filed), f"leave{place}", label))
    return held


def lay_down(visit: Visit, files: Brought, made: list[Opened]) -> list[Filed]:
    """The files of a form that is taken, each on the disk under a name of its own. Refuses (FileGone)."""
    again = [visit.site.files.again(filed) for filed in files.held]
    return again + [visit.site.files.keep(one) for one in made]


def _number_of(fault: Fault) -> int:
    """Which file a fault is about; what is about none of them comes first."""
    number = fault.facts.get("number")
    return number if isinstance(number, int) else 0


def _note(visit: Visit, filed: Filed) -> str:
    """By the real clock, as the folder has it: a demonstration's may stand elsewhere."""
    until = int(datetime.now(UTC).timestamp()) + NOBODYS_FOR
    facts = (
        *(filed.name, filed.kind, filed.media_type, filed.size, filed.width, filed.height),
        *(filed.sha256, filed.small_sha256),
    )
    return codes.sign(visit.site.secret.key, _PURPOSE, "~".join(map(str, (*facts, until))))


def _read_note(visit: Visit, note: str) -> Filed | None:
    """The file of a note; None where it is not ours or its hour is over."""
    value = codes.unsign(visit.site.secret.key, _PURPOSE, note)
    if value is None:
        return None
    name, kind, media_type, size, width, height, sha256, small_sha256, until = value.split("~")
    if int(until) < datetime.now(UTC).timestamp():
        return None
    return Filed(
        name=name,
        kind=kind,
        media_type=media_type,
        size=int(size),
        width=int(width),
        height=int(height),
        sha256=sha256,
        small_sha256=small_sha256,
    )
