"""A form that came with files, taken apart: its fields as text, its files as bytes in memory, their names nowhere.

Nothing is written to a disk here. What of the files is taken is not decided here.
"""

from __future__ import annotations

from typing import Final

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from portal.forms import Form

PARTS_MOST: Final = 60
HEADER_MOST: Final = 2_000
"""Bytes of one line above a part: a name of a file may be long."""
FIELDS_MOST: Final = 200_000
"""Bytes of all fields that are no files: as much as a plain form may have."""
FILES_FIELD: Final = "files"


class PartsBroken(ValueError):
    """The body is no form in parts, or has too many of them."""


class PartsTooLarge(ValueError):
    """Its fields are larger than those of any form."""


def take_apart(body: bytes, content_type: str) -> Form:
    """The form in a body of multipart/form-data. Refuses (PartsBroken, PartsTooLarge).

    Of a name that comes twice the last one counts; files are those of the field `files`, in their order, and an empty
    file field is no file.
    """
    _, options = parse_options_header(content_type)
    fields: dict[str, str] = {}
    files: list[bytes] = []
    part: MultipartSegment | None = None
    pieces: list[bytes] = []
    length = 0
    try:
        parser = PushMultipartParser(
            options.get("boundary", ""),
            max_segment_count=PARTS_MOST,
            max_header_size=HEADER_MOST,
            strict=True,
        )
        with parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    part, pieces = event, []
                elif event:
                    pieces.append(bytes(event))
                elif part is not None:
                    content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                    if part.filename is None:
                        length += len(content)
                        if length > FIELDS_MOST:
                            raise PartsTooLarge("fields too large")
                        fields[part.name] = content.decode()
                    elif part.name == FILES_FIELD and content:
                        files.append(content)
    except (MultipartError, UnicodeError, LookupError) as fault:
        raise PartsBroken("no form in parts") from fault
    return Form(fields, tuple(files))
