"""What a city may change of the look: limits for its colours and its mark (`look.md` §3.1, §4).

Decides whether four colours keep every page readable, and whether an SVG can stand inside a page of ours without
danger. Both answer with codes and facts; which file and place they belong to is said by `check.py`.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from feedback.city.profile import Colours

WHITE = "#ffffff"
INK = "#14272b"
SUN = "#f2b33d"
ERR = "#a8201a"

BRAND_ON_WHITE = 7.0
BRAND_ON_MIST = 6.0
INK_ON_MIST_2 = 10.0
SUN_ON_BRAND = 3.0
DEGREES_FROM_ERR = 25.0

Finding = tuple[str, str, dict[str, object]]
"""Place within the part, code, facts."""


def check_colours(colours: Colours) -> list[Finding]:
    """Every limit of `look.md` §3.1 that the four colours break; ratios are WCAG 2 contrast."""
    wanted = (
        ("brand", "contrast", colours.brand, WHITE, "white", BRAND_ON_WHITE),
        ("brand_deep", "contrast", colours.brand_deep, WHITE, "white", BRAND_ON_WHITE),
        ("mist", "contrast", colours.brand, colours.mist, "mist", BRAND_ON_MIST),
        ("mist_2", "contrast", INK, colours.mist_2, "mist_2", INK_ON_MIST_2),
        ("brand", "contrast", SUN, colours.brand, "brand", SUN_ON_BRAND),
    )
    findings: list[Finding] = []
    for place, code, front, back, back_name, least in wanted:
        ratio = contrast(front, back)
        if ratio < least:
            findings.append(
                (
                    place,
                    code,
                    {
                        "colour": front,
                        "on": back,
                        "on_name": back_name,
                        "ratio": round(ratio, 2),
                        "least": least,
                    },
                )
            )
    distance = _hue_distance(colours.brand, ERR)
    if distance is not None and distance < DEGREES_FROM_ERR:
        findings.append(
            ("brand", "hue_near_error", {"degrees": round(distance), "least": DEGREES_FROM_ERR, "error": ERR})
        )
    return findings


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


ELEMENTS = frozenset({"svg", "g", "path", "rect", "circle", "line", "polyline", "polygon"})
ATTRIBUTES = frozenset(
    {
        "viewBox",
        "width",
        "height",
        "x",
        "y",
        "rx",
        "ry",
        "cx",
        "cy",
        "r",
        "x1",
        "y1",
        "x2",
        "y2",
        "d",
        "points",
    }
    | {
        "transform",
        "fill",
        "fill-rule",
        "fill-opacity",
        "opacity",
        "stroke",
        "stroke-width",
        "stroke-linecap",
    }
    | {"stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-opacity"}
)
LONGEST_MARK = 20_000
"""Characters; as in `profile.Mark`."""
PAINTS = frozenset({"currentColor", "none"})
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_HARMLESS_VALUE = re.compile(r"[A-Za-z0-9 ,.+\-\n\r\t]*")
_TRANSFORM = re.compile(r"(\s*(translate|rotate|scale|skewX|skewY|matrix)\([0-9eE ,.+\-]*\)\s*,?)*")


def check_mark(mark: str) -> list[Finding]:
    """Whatever in a mark is not on the list of harmless shapes; an empty mark is fine (the letter stands instead).

    Allowed are shapes, groups and presentation attributes, painted in `currentColor` or not at all: no script,
    style, link, reference, event, text, comment, entity or foreign namespace, since the mark is set into pages as is.
    """
    if not mark.strip():
        return []
    if len(mark) > LONGEST_MARK:
        return [("", "mark_too_long", {"length": len(mark), "most": LONGEST_MARK})]
    if "<!" in mark or "<?" in mark:
        return [("", "mark_declaration", {})]
    try:
        root = ElementTree.fromstring(mark)
    except ElementTree.ParseError as error:
        return [(f"line {error.position[0]}", "mark_not_xml", {"reason": str(error)})]
    findings = list(_walk_mark(root))
    if root.tag != _NAMESPACE + "svg":
        findings.append(("", "mark_root", {"found": root.tag}))
    elif not _is_square(root.get("viewBox", "")):
        findings.append(("viewBox", "mark_not_square", {"found": root.get("viewBox", "")}))
    return findings


def _walk_mark(root: ElementTree.Element) -> Iterator[Finding]:
    for element in root.iter():
        name = str(element.tag).removeprefix(_NAMESPACE)
        if name not in ELEMENTS or not str(element.tag).startswith(_NAMESPACE):
            yield name, "mark_element", {"element": name, "allowed": sorted(ELEMENTS)}
            continue
        if (element.text or "").strip() or (element.tail or "").strip():
            yield name, "mark_text", {}
        for attribute, value in element.attrib.items():
            if attribute not in ATTRIBUTES:
                yield name, "mark_attribute", {"attribute": attribute}
            elif attribute in {"fill", "stroke"}:
                if value not in PAINTS:
                    yield name, "mark_paint", {"attribute": attribute, "value": value}
            elif not _is_harmless(attribute, value):
                yield name, "mark_value", {"attribute": attribute, "value": value}


def _is_harmless(attribute: str, value: str) -> bool:
    if attribute == "transform":
        return _TRANSFORM.fullmatch(value) is not None
    return _HARMLESS_VALUE.fullmatch(value) is not None


def _is_square(view_box: str) -> bool:
    parts = re.split(r"[\s,]+", view_box.strip())
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return False
    return len(numbers) == 4 and numbers[2] == numbers[3] > 0


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hue_distance(one: str, other: str) -> float | None:
    """Degrees between two hues, 0 to 180; None where the first is a grey and has no hue."""
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(one))
    if saturation < 0.05:
        return None
    distance = abs(hue - colorsys.rgb_to_hls(*_channels(other))[0]) * 360
    return min(distance, 360 - distance)
