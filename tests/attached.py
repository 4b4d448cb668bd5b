"""Photos and documents as people and others send them: made here, with marks of their sender wherever one can stand."""

from __future__ import annotations

import io
import zlib

import pikepdf
from PIL import Image, PngImagePlugin

ORIENTATION, GPS = 0x0112, 0x8825


def photo(
    width: int = 640,
    height: int = 480,
    *,
    kind: str = "JPEG",
    mark: str = "",
    turned: int = 1,
    mode: str = "RGB",
    profile: bytes = b"",
) -> bytes:
    """A photo: red above, blue below while it is not turned. `mark` stands in all that it says of itself."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (0, height // 2, width, height))
    picture = picture.convert(mode)
    exif = Image.Exif()
    if turned != 1:
        exif[ORIENTATION] = turned
    more: dict[str, object] = {"icc_profile": profile} if profile else {}
    if mark:
        for tag in (
            0x010E,
            0x010F,
            0x0110,
            0x0131,
            0x013B,
            0x8298,
        ):  # what, maker, model, program, artist, rights
            exif[tag] = mark
        exif.get_ifd(GPS).update({1: "N", 2: (35.0, 20.0, 19.0), 29: mark[:10].ljust(10), 27: mark.encode()})
        more["xmp"] = (
            f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{mark}</dc:creator></x:xmpmeta>".encode()
        )
        if kind == "JPEG":
            more["comment"] = mark.encode()
        if kind == "PNG":
            notes = PngImagePlugin.PngInfo()
            notes.add_text("Author", mark)
            notes.add_itxt("XML:com.adobe.xmp", mark, zip=True)
            more["pnginfo"] = notes
    out = io.BytesIO()
    picture.save(out, kind, exif=exif, **more)
    return out.getvalue()


def document(pages: int = 1, *, mark: str = "", with_photo: bool = True, **also: object) -> bytes:
    """A PDF; `mark` stands in its information, its XMP, beside a page and within the photo on the page.

    `also`: further keys of its catalogue.
    """
    pdf = pikepdf.new()
    for number in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        if number == 0 and with_photo:
            picture = pikepdf.Stream(pdf, photo(64, 48, mark=mark))
            picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
            picture.Width, picture.Height, picture.BitsPerComponent = 64, 48, 8
            picture.ColorSpace, picture.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.DCTDecode
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(picture)))
            page.Contents = pikepdf.Stream(pdf, b"q 200 0 0 150 100 600 cm /Im0 Do Q")
        if mark:
            page.obj.PieceInfo = pikepdf.Dictionary(Us=pikepdf.Dictionary(Private=pikepdf.String(mark)))
    if mark:
        pdf.docinfo["/Author"] = pdf.docinfo["/Title"] = pdf.docinfo["/Producer"] = mark
        with pdf.open_metadata() as metadata:
            metadata["dc:creator"] = [mark]
    for key, value in also.items():
        pdf.Root[f"/{key}"] = value  # type: ignore[assignment]
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def vast(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG that says of itself that it is so large, in under a thousand bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 2, 0, 0, 0))
    rows = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
