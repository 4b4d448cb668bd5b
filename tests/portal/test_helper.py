"""The child that opens files: photos upright and bare, PDFs without what acts, limits that hold."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Literal

import pikepdf
import pytest
from PIL import Image, ImageCms

from portal import helper
from portal.helper import Busy, Opened, Refused
from tests.attached import ORIENTATION, document, photo

MARK = "Marked-7713"
HEIC = Path(__file__).parents[1] / "data" / "upright.heic"


def opened(content: bytes) -> Opened:
    (made,) = helper.open_files([content])
    assert isinstance(made, Opened), made
    return made


def colour_at(content: bytes, x: float, y: float) -> tuple[int, int, int]:
    """The colour at a place of the picture, each given as a share of its side."""
    picture = Image.open(io.BytesIO(content))
    found = picture.convert("RGB").getpixel((int(x * picture.width), int(y * picture.height)))
    assert isinstance(found, tuple)
    return int(found[0]), int(found[1]), int(found[2])


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_photo_comes_out_as_it_was_seen(turned: int) -> None:
    """Laid as its camera held it, with a note how to turn it: red is above again."""
    upright = Image.open(io.BytesIO(photo(64, 48)))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    laid = upright.transpose(back[turned]) if turned in back else upright
    exif, out = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = turned
    laid.save(out, "JPEG", exif=exif, quality=95)
    made = opened(out.getvalue())
    assert (made.width, made.height) == (64, 48)
    for content in (made.content, made.small):
        red, _, blue = colour_at(content, 0.5, 0.2)
        assert red > 200 > 60 > blue
        red, _, blue = colour_at(content, 0.5, 0.8)
        assert blue > 200 > 60 > red


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("JPEG", "CMYK")]
)
def test_a_photo_says_nothing_but_its_pixels(kind: str, mode: str) -> None:
    made = opened(photo(700, 500, kind=kind, mark=MARK, mode=mode))
    for content in (made.content, made.small):
        assert MARK.encode() not in content
        picture = Image.open(io.BytesIO(content))
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not picture.getexif()
    assert max(Image.open(io.BytesIO(made.small)).size) == 480


def test_a_large_photo_is_made_smaller_and_colours_are_those_of_the_web() -> None:
    turned_about = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = opened(photo(4000, 3000, profile=turned_about))
    assert (made.width, made.height) == (2560, 1920)
    assert colour_at(made.content, 0.5, 0.2)[0] > 240


def test_a_photo_of_a_telephone_is_taken() -> None:
    """HEIC, as telephones keep them; it says MARKED as its maker."""
    made = opened(HEIC.read_bytes())
    assert (made.kind, made.media_type, made.width, made.height) == ("photo", "image/jpeg", 64, 48)
    assert b"MARKED" not in made.content


def test_a_pdf_keeps_its_pages_and_nothing_beside_them() -> None:
    made = opened(document(3, mark=MARK))
    assert MARK.encode() not in made.content
    pdf = pikepdf.open(io.BytesIO(made.content))
    assert len(pdf.pages) == 3
    assert set(pdf.Root.keys()) <= {"/Type", "/Pages", "/Lang"}
    assert "/Info" not in pdf.trailer
    (picture,) = pdf.pages[0].get_images().values()
    drawn = pikepdf.PdfImage(picture).as_pil_image()
    assert drawn.size == (64, 48)
    assert MARK not in str(dict(drawn.getexif()))
    everything = b"".join(
        thing.read_raw_bytes() for thing in pdf.objects if isinstance(thing, pikepdf.Stream)
    )
    assert MARK.encode() not in everything


def test_what_was_typed_into_a_form_stays_readable() -> None:
    pdf = pikepdf.open(io.BytesIO(document(with_photo=False)))
    look = pikepdf.Stream(pdf, b"BT /F 12 Tf (Typed in) Tj ET", Type=pikepdf.Name.XObject)
    look.Subtype, look.BBox = pikepdf.Name.Form, pikepdf.Array([0, 0, 100, 20])
    field = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Widget,
        FT=pikepdf.Name.Tx,
        T=pikepdf.String("a"),
        F=4,
        Rect=pikepdf.Array([10, 10, 110, 30]),
        AP=pikepdf.Dictionary(N=pdf.make_indirect(look)),
    )
    pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(field)])
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pdf.pages[0].obj.Annots)
    out = io.BytesIO()
    pdf.save(out)
    made = pikepdf.open(io.BytesIO(opened(out.getvalue()).content))
    assert "/Annots" not in made.pages[0].obj
    drawn = b"".join(t.read_bytes() for t in made.objects if isinstance(t, pikepdf.Stream))
    assert b"Typed in" in drawn


@pytest.mark.parametrize("user", ["", "secret"])
@pytest.mark.parametrize("revision", [3, 6])
def test_a_protected_pdf_is_told_from_a_damaged_one(user: str, revision: Literal[3, 6]) -> None:
    """Whether nobody may open it or nobody may change it, in the old and the new way of locking."""
    is_new, out = revision == 6, io.BytesIO()
    locked = pikepdf.Encryption(user=user, owner="owner", R=revision, aes=is_new, metadata=is_new)
    pikepdf.open(io.BytesIO(document())).save(out, encryption=locked)
    protected, damaged = helper.open_files([out.getvalue(), document()[:40]])
    assert (protected, damaged) == (Refused("encrypted"), Refused("damaged"))


def test_who_comes_when_too_many_wait_is_told_at_once() -> None:
    for _ in range(helper.WAITING_MOST):
        assert helper._places.acquire(blocking=False)
    try:
        with pytest.raises(Busy):
            helper.open_files([b"x"])
    finally:
        for _ in range(helper.WAITING_MOST):
            helper._places.release()
    assert helper.open_files([]) == []


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hanging = tmp_path / "hanging.py"
    hanging.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(helper, "_CHILD", str(hanging))
    monkeypatch.setattr(helper, "WALL_SECONDS", 0.2)
    assert helper.open_files([bytes(1_000_000)]) == [Refused("damaged")]
    assert [thread for thread in threading.enumerate() if thread.name == "helper"] == []
