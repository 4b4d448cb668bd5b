"""What becomes of strangers' bytes: a photo drawn anew, a PDF written anew, or a refusal. Runs alone, as a child.

Started by `helper.py` as a script of its own: it imports nothing of ours, gets no environment, and before it opens
what it was given it gives up files, network and most of its memory and time. Photos come out upright, in sRGB, as
JPEG, with nothing beside their pixels. Of a PDF the pages are copied into a new one and everything goes that acts,
is attached or tells of its maker. What a file is, its first bytes say, never its name.
"""

from __future__ import annotations

import io
import json
import re
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pikepdf
    from PIL import Image

MEGABYTE: Final = 1_000_000
CPU_SECONDS: Final = 5
MEMORY_MOST: Final = 224 * MEGABYTE
"""Of the heap, so that the whole child stays under 256 MB."""
ADDRESSES_MOST: Final = 1_000 * MEGABYTE
GIVEN_MOST: Final = 10 * MEGABYTE

PIXELS_MOST: Final = {"JPEG": 50_000_000, "PNG": 24_000_000, "HEIF": 24_000_000, "WEBP": 10_000_000}
"""A JPEG is read at a fraction of its size; a WebP is held five times while it is read."""
LONGEST_SIDE: Final = 2560
SMALL_SIDE: Final = 480
QUALITY: Final = 85
PROFILE_MOST: Final = MEGABYTE
"""Bytes of a colour profile; a larger one is left out."""
PAGES_MOST: Final = 1000

HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

MAGIC: Final = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"%PDF-", "PDF"))

PAGE_KEEPS: Final = frozenset(
    {
        *("/Type", "/Parent", "/Contents", "/Resources", "/Group", "/Rotate", "/UserUnit"),
        *("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox"),
    }
)
"""What draws a page. Annotations, actions, what is attached and what tells stand under other keys."""
TAKEN_OUT: Final = (
    *(
        "/AA",
        "/OpenAction",
        "/JS",
        "/JavaScript",
        "/XFA",
        "/EmbeddedFiles",
        "/EF",
        "/AF",
        "/RichMediaContent",
    ),
    *("/Metadata", "/PieceInfo", "/LastModified", "/OPI"),
)
"""Taken out of whatever a page draws with, wherever it stands: none of it is seen."""


_MARKER: Final = re.compile(b"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class Refused(Exception):
    """It is not taken: `kind`, `damaged`, `pixels`, `memory`, `encrypted` or `pages`."""


def main() -> None:
    """One file in, one line of JSON and the bytes out; the line says how many of them are what."""
    _limit()
    content = sys.stdin.buffer.read(GIVEN_MOST + 1)
    try:
        told, parts = _made(content)
    except Refused as refusal:
        told, parts = {"refused": str(refusal)}, []
    except (MemoryError, RecursionError):
        told, parts = {"refused": "memory"}, []
    except Exception:  # noqa: BLE001  whatever a stranger's bytes can make a library raise
        told, parts = {"refused": "damaged"}, []
    out = sys.stdout.buffer
    out.write(json.dumps(told).encode() + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


def _limit() -> None:
    """Time, memory, no core that would hold what a person sent. Ctrl-C is the server's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_DATA, MEMORY_MOST),
        (resource.RLIMIT_AS, ADDRESSES_MOST),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _shut() -> None:
    """From here on no file can be opened and no connection made: the three streams are all there is."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def _made(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if len(content) > GIVEN_MOST:
        raise Refused("memory")
    kind = next((kind for magic, kind in MAGIC if content.startswith(magic)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "WEBP"
    if content[4:8] == b"ftyp" and content[8:12] in HEIF_BRANDS:
        kind = "HEIF"
    if kind == "PDF":
        made = _document(content)
        return {"kind": "document", "media_type": "application/pdf", "parts": [len(made)]}, [made]
    if not kind:
        raise Refused("kind")
    width, height, parts = _photo(content, kind)
    told = {
        "kind": "photo",
        "media_type": "image/jpeg",
        "width": width,
        "height": height,
        "parts": [len(part) for part in parts],
    }
    return told, parts


# ── photos ──────────────────────────────────────────────────────────────────────────────────────────────────


def _photo(content: bytes, kind: str) -> tuple[int, int, list[bytes]]:
    """Width, height, the photo and its small form."""
    # All that is needed is loaded before files are shut: MPO too, since many phones keep a second picture in a JPEG.
    from PIL import Image, ImageCms, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    Image.preinit()
    if kind == "HEIF":
        import pi_heif

        pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    srgb = ImageCms.createProfile("sRGB")
    Image.MAX_IMAGE_PIXELS = None  # Ours is stricter, and the format decides.
    _shut()
    picture: Image.Image = Image.open(io.BytesIO(content), formats=[kind])
    width, height = picture.size
    if width * height > PIXELS_MOST[kind]:
        raise Refused("pixels")
    profile = picture.info.get("icc_profile")
    turned = picture.getexif().get(0x0112, 1)
    if kind == "JPEG":
        picture.draft(None, within(width, height, LONGEST_SIDE))
    picture.load()
    picture = _plain(picture)
    picture = picture.resize(within(*picture.size, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if profile and len(profile) <= PROFILE_MOST and picture.mode in ("L", "RGB", "CMYK"):
        try:
            there = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            picture = ImageCms.profileToProfile(picture, there, srgb, outputMode="RGB") or picture
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # A profile that can't be read says nothing about the colours.
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture.convert("RGB"), mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(turned if isinstance(turned, int) else 1)
    if method is not None:
        flat = flat.transpose(method)
    small = flat.resize(within(*flat.size, SMALL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return *flat.size, [_jpeg(flat), _jpeg(small)]


def within(width: int, height: int, side: int) -> tuple[int, int]:
    """The size with the same shape whose longer side is at most `side`."""
    longer = max(width, height)
    if longer <= side:
        return width, height
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be scaled: L, RGB, RGBA or CMYK, eight bits a colour."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("L", "RGB", "RGBA", "CMYK") and "transparency" not in picture.info:
        return picture
    has_holes = "transparency" in picture.info or picture.mode in ("LA", "PA", "La", "RGBa", "RGBA")
    return picture.convert("RGBA" if has_holes else "RGB")


def _jpeg(picture: Image.Image) -> bytes:
    """The pixels and nothing else: what the picture knows of itself is not written."""
    picture.info = {}
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


# ── PDFs ────────────────────────────────────────────────────────────────────────────────────────────────────


def _document(content: bytes) -> bytes:
    """A new PDF with the pages of this one. What was typed into a form's fields becomes part of its page."""
    import pikepdf

    _shut()
    try:
        source = pikepdf.open(io.BytesIO(content))
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError):
        # A password that we do not have; or, to decrypt, the library wants a source of chance, which is shut by now.
        raise Refused("encrypted" if b"/Encrypt" in content else "damaged") from None
    if source.is_encrypted:
        raise Refused("encrypted")
    if len(source.pages) > PAGES_MOST:
        raise Refused("pages")
    if not len(source.pages):
        raise Refused("damaged")
    if "/AcroForm" in source.Root:
        source.generate_appearance_streams()
    source.flatten_annotations("screen")
    made = pikepdf.new()
    made.pages.extend(source.pages)
    for page in made.pages:
        for key in page.obj.keys() - PAGE_KEEPS:
            del page.obj[key]
    for thing in made.objects:
        _calm(made, thing)
    language = source.Root.get("/Lang")
    if isinstance(language, pikepdf.String) and len(str(language)) <= 20:
        made.Root["/Lang"] = str(language)
    out = io.BytesIO()
    made.save(out, deterministic_id=True, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def _calm(made: pikepdf.Pdf, thing: pikepdf.Object) -> None:
    """Take from one object, and from what stands directly in it, all that acts or tells."""
    import pikepdf

    todo: list[Any] = [thing]
    while todo:
        now = todo.pop()
        if isinstance(now, pikepdf.Array):
            parts = list(now)
        elif isinstance(now, pikepdf.Dictionary | pikepdf.Stream):
            for key in TAKEN_OUT:
                if key in now:
                    del now[key]
            parts = [part for _, part in now.items()]
            if isinstance(now, pikepdf.Stream):
                if "/Ref" in now:  # A page of another file.
                    del now["/Ref"]
                _clean_picture(made, now)
        else:
            continue
        # What is referred to is an object of its own and comes by itself.
        todo += [
            part
            for part in parts
            if isinstance(part, pikepdf.Array | pikepdf.Dictionary) and not part.is_indirect
        ]


def _clean_picture(made: pikepdf.Pdf, stream: Any) -> None:
    """A photo in a PDF may be a whole JPEG with the place where it was taken: only what draws it stays."""
    import pikepdf

    filters = stream.get("/Filter")
    chain = list(filters) if isinstance(filters, pikepdf.Array) else [filters]
    clean = {"/DCTDecode": jpeg_without_notes, "/JPXDecode": jpeg2000_without_notes}.get(str(chain[-1]))
    if clean is None:
        return
    content = stream.read_raw_bytes()
    if len(chain) > 1:
        content = pikepdf.Stream(made, content, {"/Filter": pikepdf.Array(chain[:-1])}).read_bytes()
    stream.write(clean(content), filter=chain[-1])


def jpeg_without_notes(content: bytes) -> bytes:
    """A JPEG without comments, application segments (save Adobe's, which says what its colours mean) and appendix."""
    if content[:2] != b"\xff\xd8":
        raise Refused("damaged")
    out, at = bytearray(content[:2]), 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise Refused("damaged")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
        if marker == 0xDA:  # A scan: up to the next marker that is neither a stuffed byte nor a restart.
            found = _MARKER.search(content, end)
            end = found.start() if found else len(content)
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE:
            out += content[at:end]
        at = end
    return bytes(out) + b"\xff\xd9"


def jpeg2000_without_notes(content: bytes) -> bytes:
    """A JPEG 2000 file with the boxes that draw it only."""
    if content.startswith(b"\xff\x4f\xff\x51"):
        return content
    out, at = bytearray(), 0
    while at + 8 <= len(content):
        length, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(content[at + 8 : at + 16])
        end = at + length if length else len(content)
        if end < at + 8:
            raise Refused("damaged")
        if name in (b"jP  ", b"ftyp", b"jp2h", b"jp2c"):
            out += content[at:end]
        at = end
    return bytes(out)


if __name__ == "__main__":
    main()
