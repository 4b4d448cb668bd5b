"""Files that mean harm, made here: too large, two kinds at once, broken, with scripts, with loops, not what they say.

Each has its name and whether something inert may come of it; whatever comes of one holds none of `EVIL`.
"""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from tests.attached import document, photo, vast

EVIL = (
    *(
        b"<script",
        b"<svg",
        b"<html",
        b"PK\x03\x04",
        b"/JavaScript",
        b"/JS",
        b"/OpenAction",
        b"/AA",
        b"/Launch",
    ),
    *(b"/EmbeddedFile", b"/XFA", b"/AcroForm", b"/RichMedia", b"/SubmitForm", b"/URI", b"evil.example"),
)
HTML = b"<html><script>alert('evil.example')</script></html>"
ZIP = b"PK\x03\x04" + bytes(26) + b"evil.example" + b"PK\x05\x06" + bytes(18)
HEIC = Path(__file__).parents[1] / "data" / "upright.heic"
MUTATIONS = 4


def few() -> Iterator[tuple[str, bytes]]:
    """One of each sort."""
    yield "a picture of 30,000 by 30,000", vast()
    yield "a JPEG that says that it is 65,000 by 65,000", _sized_jpeg()
    yield "HTML that is called a photo", HTML
    yield (
        "a drawing with a script",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    )
    yield "a photo with a page behind it", photo() + HTML
    yield "a photo with an archive behind it", photo() + ZIP
    yield "half a photo", photo(kind="PNG")[:120]
    yield "a text in a PNG that unpacks to 100 MB", _noted_png()
    yield "a PDF that runs a script", _acting()
    yield "a PDF behind a password", _encrypted("evil")
    yield "a PDF with another file in it, and an archive behind it", _with_file() + ZIP
    yield "a PDF of 100,000 pages", _many_pages()
    yield "a PDF whose objects unpack to 300 MB", _object_bomb()


def many() -> Iterator[tuple[str, bytes]]:
    """All of them."""
    yield from few()
    yield from _pictures()
    yield from _no_pictures()
    yield from _documents()
    for name, whole in (
        ("JPEG", photo(mark="m")),
        ("PNG", photo(kind="PNG", mark="m")),
        ("WebP", photo(kind="WEBP", mark="m")),
        ("HEIC", HEIC.read_bytes()),
        ("PDF", document(3, mark="m")),
    ):
        yield f"half a {name}", whole[: len(whole) // 2]
        for seed in range(MUTATIONS):
            yield f"a {name} with bytes changed, {seed}", _mutated(whole, seed)


def _pictures() -> Iterator[tuple[str, bytes]]:
    yield "a photo drawn ten thousand times over", _scans()
    frames = [Image.new("RGB", (400, 300), (number, 0, 0)) for number in range(100)]
    for kind, end in (("PNG", "APNG"), ("WEBP", "animated WebP"), ("GIF", "GIF")):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        yield f"{end} of 100 pictures", out.getvalue()
    yield "a PNG of 25 million points", vast(5000, 5001)
    yield "a PNG that unpacks to more than it says", vast(10, 10)
    yield "a PNG one point high", photo(60_000, 2, kind="PNG")
    yield "a PNG with an archive behind it", photo(kind="PNG") + ZIP
    yield "a WebP that says that it is 16,383 by 16,383", _sized_webp()
    yield "a HEIC that says that it is 60,000 by 60,000", _sized_heic()
    yield "a photo with a page in its comment", _commented(HTML)
    yield "a photo with 60,000 comments", _commented(b"x", 60_000)
    yield "a photo with colours of nonsense", photo(profile=b"evil.example" * 1000)
    yield "a photo with two megabytes of colours", photo(profile=bytes(2_000_000))
    yield "a photo in four inks", photo(mode="CMYK")
    yield "a photo whose notes point to themselves", _looped_exif()
    yield "a photo with a PDF behind it", photo() + document()
    yield "half a million points in one row", photo(60_000, 9)
    for kind in ("BMP", "TIFF", "ICO", "EPS", "JPEG2000", "PPM", "TGA"):
        out = io.BytesIO()
        Image.new("RGB", (32, 32)).save(out, kind)
        yield f"a picture as {kind}", out.getvalue()


def _no_pictures() -> Iterator[tuple[str, bytes]]:
    yield "an archive", ZIP
    yield "a program", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "a film", b"\x00\x00\x00\x18ftypisom" + bytes(200)
    yield "PostScript", b"%!PS-Adobe-3.0\n(evil.example) run\n"
    yield (
        "XML with entities",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
    )
    yield "one byte", b"\xff"
    yield "the beginning of a JPEG", b"\xff\xd8\xff"
    yield "the beginning of a PDF", b"%PDF-1.7\n"
    yield "a PDF behind a page", HTML + document()


def _documents() -> Iterator[tuple[str, bytes]]:
    yield "a PDF that only its owner may change", _encrypted("")
    yield "a PDF with a page behind it", document() + HTML
    yield "a PDF without an end", document(20)[:-200]
    yield "a PDF whose page unpacks to 300 MB", _content_bomb()
    yield "a PDF whose pages are their own parents", _looped_pages()
    yield "a PDF whose table points to itself", _looped_table()
    yield "a PDF that is deeper than anybody", _deep()
    yield (
        "a PDF with forms in XML",
        document(AcroForm=Dictionary(XFA=String("evil.example"), Fields=Array([]))),
    )
    yield (
        "a PDF with names of scripts",
        document(
            Names=Dictionary(
                JavaScript=Dictionary(
                    Names=Array([String("a"), Dictionary(S=Name.JavaScript, JS=String("evil.example"))])
                )
            )
        ),
    )
    for act in ("Launch", "URI", "GoToR", "SubmitForm", "RichMediaExecute", "ImportData"):
        yield f"a PDF with a button for {act}", _button(act)


def _sized_jpeg() -> bytes:
    content = bytearray(photo())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = (65_000).to_bytes(2) * 2
    return bytes(content)


def _sized_webp() -> bytes:
    content = bytearray(photo(kind="WEBP", mark="m"))
    at = content.index(b"VP8X")
    content[at + 12 : at + 18] = (16_382).to_bytes(3, "little") * 2
    return bytes(content)


def _sized_heic() -> bytes:
    content = bytearray(HEIC.read_bytes())
    at = content.index(b"ispe")
    content[at + 8 : at + 16] = (60_000).to_bytes(4) * 2
    return bytes(content)


def _noted_png() -> bytes:
    whole = photo(kind="PNG")
    body = b"Comment\x00\x00" + zlib.compress(bytes(100_000_000), 9)
    chunk = len(body).to_bytes(4) + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4)
    return whole[:33] + chunk + whole[33:]


def _scans() -> bytes:
    """A progressive JPEG whose last scan comes again and again: each costs the whole picture."""
    out = io.BytesIO()
    Image.effect_noise((500, 500), 50).resize((4000, 4000)).save(out, "JPEG", progressive=True, quality=10)
    content = out.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:-2] + (content[last : last + 10] + b"\x00" * 20) * 10_000 + content[-2:]


def _commented(comment: bytes, times: int = 1) -> bytes:
    whole = photo()
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
    return whole[:2] + segment * times + whole[2:]


def _looped_exif() -> bytes:
    tiff = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"
    whole, body = photo(), tiff + b"\x00\x00\x00\x08"
    return whole[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + whole[2:]


def _saved(pdf: pikepdf.Pdf, **how: object) -> bytes:
    out = io.BytesIO()
    pdf.save(out, **how)  # type: ignore[arg-type]
    return out.getvalue()


def _acting() -> bytes:
    script = Dictionary(S=Name.JavaScript, JS=String("app.launchURL('http://evil.example')"))
    pdf = pikepdf.open(io.BytesIO(document(OpenAction=script, AA=Dictionary(WC=script))))
    pdf.pages[0].obj.AA = Dictionary(O=script)
    return _saved(pdf)


def _button(act: str) -> bytes:
    pdf = pikepdf.open(io.BytesIO(document()))
    action = Dictionary(
        S=Name("/" + act), F=String("cmd.exe evil.example"), URI=String("http://evil.example")
    )
    button = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 600, 800]), A=action)
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(button)])
    return _saved(pdf)


def _with_file() -> bytes:
    pdf = pikepdf.open(io.BytesIO(document()))
    pdf.attachments["evil.example.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ evil.example")
    return _saved(pdf)


def _encrypted(password: str) -> bytes:
    pdf = pikepdf.open(io.BytesIO(document()))
    return _saved(pdf, encryption=pikepdf.Encryption(owner="owner", user=password))


def _many_pages() -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(100_000))
    return _raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 100000/MediaBox[0 0 9 9]/Kids[" + kids + b"]>>",
        b"<</Type/Page/Parent 2 0 R>>",
    )


def _looped_pages() -> bytes:
    return _raw(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>")


def _deep() -> bytes:
    return _raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources" + b"[" * 500_000 + b"]" * 500_000 + b">>",
    )


def _object_bomb() -> bytes:
    packed = zlib.compress(b"4 0 " + b" " * 300_000_000, 9)
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    table = b"".join(bytes(entry) for entry in ((0, 0, 0, 0), (1, 0, 9, 0), (1, 0, 9, 0), (1, 0, 9, 0)))
    body = b"%PDF-1.5\n1 0 obj\n" + stream + packed + b"\nendstream\nendobj\n"
    at = len(body)
    entries = zlib.compress(table + bytes((2, 0, 1, 0)))
    reference = (
        b"5 0 obj\n<</Type/XRef/W[1 2 1]/Size 5/Root 4 0 R/Filter/FlateDecode/Length %d>>\nstream\n"
        % len(entries)
    )
    return body + reference + entries + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % at


def _content_bomb() -> bytes:
    packed = zlib.compress(bytes(300_000_000), 9)
    return _raw(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>\nstream\n" % len(packed) + packed + b"\nendstream",
    )


def _looped_table() -> bytes:
    whole = document()
    at = int(whole[whole.rindex(b"startxref") + 9 : whole.rindex(b"%%EOF")])
    return whole.replace(b"trailer <<", b"trailer << /Prev %d" % at)


def _raw(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))
    return out + head + table + end


def _mutated(whole: bytes, seed: int) -> bytes:
    dice, content = random.Random(seed), bytearray(whole)
    for _ in range(12):
        content[dice.randrange(12, len(content))] = dice.randrange(256)
    return bytes(content)
