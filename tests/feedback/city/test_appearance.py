"""Colours that stay readable and marks that can do no harm."""

from __future__ import annotations

import pytest

from feedback.city.appearance import check_colours, check_mark, contrast
from feedback.city.profile import Colours


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#14272b", "#ffffff", 15.5),
        ("#0f5460", "#eef4f4", 7.7),
        ("#124f73", "#ffffff", 8.8),
        ("#f2b33d", "#0f5460", 4.6),
    ],
)
def test_contrast_is_that_of_the_design(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.05)
    assert contrast(one, other) == contrast(other, one)


@pytest.mark.parametrize(
    ("brand", "codes"),
    [
        ("#0f5460", []),
        ("#23563f", []),
        ("#124f73", []),
        ("#333333", []),  # A grey has no hue to be near that of errors.
        ("#6b1a3d", []),  # Plum stands 28 degrees from it.
        ("#7a1512", ["hue_near_error"]),
        ("#6e2c00", ["hue_near_error"]),
        ("#7a122b", ["hue_near_error"]),  # On the other side of red, across 360 degrees.
        ("#4d8fa0", ["contrast", "contrast", "contrast"]),
    ],
)
def test_a_brand_is_judged_by_contrast_and_hue(brand: str, codes: list[str]) -> None:
    colours = Colours(brand=brand, brand_deep="#0a3d46", mist="#eef4f4", mist_2="#dbe8e8")
    assert [code for _, code, _ in check_colours(colours)] == codes


@pytest.mark.parametrize(
    ("part", "value", "on_name", "least"),
    [
        ("brand", "#5f7f8a", "white", 7.0),
        ("brand_deep", "#7d9aa3", "white", 7.0),
        ("mist", "#b9cccc", "mist", 6.0),
        ("mist_2", "#a9bcbc", "mist_2", 10.0),
        ("brand", "#8a9a6a", "brand", 3.0),
    ],
)
def test_each_limit_of_contrast_refuses_alone(part: str, value: str, on_name: str, least: float) -> None:
    """look.md §3.1: brand on white, its hover, brand on mist, ink on mist-2, sun on brand."""
    fitting = {"brand": "#0f5460", "brand_deep": "#0a3d46", "mist": "#eef4f4", "mist_2": "#dbe8e8"}
    assert check_colours(Colours(**fitting)) == []
    found = check_colours(Colours(**{**fitting, part: value}))
    assert (part, on_name, least) in [(place, facts["on_name"], facts["least"]) for place, _, facts in found]
    ratios = {facts["on_name"]: facts["ratio"] for _, _, facts in found}
    assert ratios[on_name] < least


def _mark(inside: str = "", head: str = 'viewBox="0 0 40 40"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{inside}</svg>'


@pytest.mark.parametrize(
    "mark",
    [
        "",
        _mark('<path d="M0 0L40 1e-3" fill="currentColor" fill-rule="evenodd"/>'),
        _mark(
            '<g transform="translate(1 2) rotate(45,20,20)"><rect x="1" y="2" width="3" height="50%"/></g>'.replace(
                "%", ""
            )
        ),
        _mark('<polyline points="0,0 1.5,-2" fill="none" stroke="currentColor" stroke-dasharray="1 2"/>'),
    ],
)
def test_plain_shapes_are_fine(mark: str) -> None:
    assert check_mark(mark) == []


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        (_mark("<script>alert(1)</script>"), "mark_element"),
        (_mark('<foreignObject><b xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'), "mark_element"),
        (_mark('<a href="https://example.org"><rect/></a>'), "mark_element"),
        (_mark('<use href="#x"/>'), "mark_element"),
        (_mark('<image href="x.png"/>'), "mark_element"),
        (_mark("<style>path{}</style>"), "mark_element"),
        (_mark('<rect xmlns="" width="1"/>'), "mark_element"),
        (_mark('<rect onclick="alert(1)"/>'), "mark_attribute"),
        (_mark('<rect style="fill:red"/>'), "mark_attribute"),
        (_mark('<rect class="x"/>'), "mark_attribute"),
        (_mark('<rect id="x"/>'), "mark_attribute"),
        (_mark('<rect xmlns:x="http://www.w3.org/1999/xlink" x:href="#y"/>'), "mark_attribute"),
        (_mark('<rect fill="red"/>'), "mark_paint"),
        (_mark('<rect fill="url(#a)"/>'), "mark_paint"),
        (_mark('<rect width="url(#a)"/>'), "mark_value"),
        (_mark('<rect width="calc(1)"/>'), "mark_value"),
        (_mark('<rect transform="url(javascript:alert(1))"/>'), "mark_value"),
        (_mark('<path d="M0 0&lt;script&gt;"/>'), "mark_value"),
        (_mark("<g>words</g>"), "mark_text"),
        (_mark("<g/>words"), "mark_text"),
        (_mark("<!-- a comment -->"), "mark_declaration"),
        (_mark("<![CDATA[x]]>"), "mark_declaration"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + _mark(), "mark_declaration"),
        ('<?xml version="1.0"?>' + _mark(), "mark_declaration"),
        (_mark("<g>"), "mark_not_xml"),
        ('<svg viewBox="0 0 1 1"/>', "mark_root"),
        ('<g xmlns="http://www.w3.org/2000/svg"/>', "mark_root"),
        (_mark(head=""), "mark_not_square"),
        (_mark(head='viewBox="0 0 40 20"'), "mark_not_square"),
        (_mark(head='viewBox="0 0 x x"'), "mark_not_square"),
        (_mark("<g/>" * 6000), "mark_too_long"),
    ],
)
def test_anything_else_is_refused(mark: str, code: str) -> None:
    assert code in [found for _, found, _ in check_mark(mark)]
