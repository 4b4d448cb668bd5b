"""Number plates of vehicles: Greek (ΗΡΑ-1234), Lithuanian (ABC 123), and others where the words speak of a vehicle.

By their shape alone only where nothing else has it: «ΦΕΚ 1234», "EUR 150", "BMW 320" and years have shapes of plates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from feedback.text import cues

_GREEK: Final = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧABEZHIKMNOPTYX"
"""The fourteen letters of Greek plates, in both alphabets: they look alike, and are typed either way."""
_LITHUANIAN: Final = "ABCDEFGHIJKLMNOPRSTUVYZ"
"""Of Lithuanian plates: the Latin letters without Q, W and X."""

_BY_SHAPE: Final = re.compile(
    rf"(?<![\w.-])(?:(?P<greek>[{_GREEK}]{{3}})(?P<hyphen>[ ]?-[ ]?|[ ]?)(?P<year>[1-9][0-9]{{3}})"
    rf"|(?P<lithuanian>[{_LITHUANIAN}]{{3}})[ ]?[-:·]?[ ]?[0-9]{{3}})(?![\w%€]|[-.,/]\d|[ ]?[%€])"
)
_SAID: Final = re.compile(
    r"(?<![\w.-])(?:"
    r"[α-ωa-z]{2,3}[ ]?[-:·]?[ ]?[0-9]{1,4}"  # Cars, motorcycles and trailers of both countries.
    r"|[0-9]{2,3}[ ]?-?[ ]?[a-z]{2,3}"  # Lithuanian motorcycles and mopeds.
    r"|[a-z]{1,2}[ ]?-?[ ]?[0-9]{4,5}(?:[ ]?-?[ ]?[a-z]{1,2})?"  # Taxis, electric cars; Bulgaria, Ukraine.
    r"|[a-z]{1,3}[ ]?-[ ]?[a-z]{1,2}[ ]?[0-9]{1,4}"  # Germany.
    r"|[a-z]{2}-?[0-9]{3}-?[a-z]{2}"  # France, Italy, Albania.
    r")(?![\w%€]|[-.,/]\d)"
)
_THE_NO_LETTERS: Final = """
    την τον και μια ναι ενα μου του τησ τισ τοτε ετη ετοσ οτι μετα κτη κυα αρθ οτε ικα καε αει τει ατμ νεα μαη ιαν
    νοε οκτ μαι ιουν ανα τοτ τηε αμκ εκα κτε τκν μην κατ tax art min max mon tue wed thu fri sat sun jan feb mar apr
    may jun jul aug sep oct nov dec the and for eur usd gbp ltl chf pln rub pvm bvp led usb gps bmw ktm vaz gaz kia
    daf man pin puk sms tel fax din iso iec abb lte uab vsi agm cng lpg html sec val top ral rev ver doc pdf mms nuo
    iki per buv bus nei kas kad kai tai yra jau dar bet uz lst isb eso ist str psl pav nr kab sav km kms mb gb hz
    ghz mhz ean usa kmh vat afm ktu vdu vu stk kat tik sek men dal sk nin atr mot ktn him kin htz hmm het pro not
    amk iban bic pcs box bar zip fig tab est ext ref vol vid img dsc dvd cd api url cpu ram ssd co cov pap arh εκδ
    εκτ αριθ αρ οδοσ κμ μμ χμ τηλ κιν οικ νομ παρ υπ βιο μικ κοκ ken neo ate etk kth hmi ite ota ott
    οτα κεν αμε αεκ ιχε εμυ εμπ νεο κυε ετε νοκ ανε μην εκε εαε κυτ ket ank vmi rrt ria nma lrt lrv vsd vpt seb
    psd ntk pan bbc ice utc gmt suv lot gdp msc eco oem otc cat cam
"""
_NO_LETTERS: Final = frozenset(_THE_NO_LETTERS.split())
"""Three letters that are words, coins, months, makes or measures."""
_THE_WORD_OF_COUNT: Final = """
    σε απο με για τα οι το η ο αι ωσ εωσ αν να θα οδο στο στη αρ νο οχι δυο in on at to of is it no nr or by an as
    we ir ne uz su po ant per nuo iki apie tel km kl mm cm ml kg kw mb gb val min sek men eur usd psl st ave
"""
_WORD_OF_COUNT: Final = frozenset(_THE_WORD_OF_COUNT.split())
_THE_MODELS: Final = """
    bmw vw audi fiat opel ford seat kia man daf gaz vaz uaz ktm bus tram line mazda
"""
_MODELS: Final = frozenset(_THE_MODELS.split())


def find_plates(text: str, plain: str) -> Iterator[tuple[int, int]]:
    """Where plates stand in a text; `plain` is the text folded in place."""
    for match in _BY_SHAPE.finditer(_level(text)):
        start, end = match.span()
        letters = plain[start : start + 3]
        if letters in _NO_LETTERS or letters in _MODELS:
            continue
        said = cues.before(plain, start)
        is_said = "plate" in said.said
        if said.is_thing and not is_said:
            continue
        # Without a hyphen and a word for it, four digits of this kind are a year, and letters in a loud text a word.
        if not is_said and (_is_loud(text, start, end) or (_is_year(match["year"]) and "-" not in match[0])):
            continue
        yield start, end
    for match in _SAID.finditer(plain):
        start, end = match.span()
        letters = "".join(letter for letter in match[0] if letter.isalpha())
        if letters in _NO_LETTERS or letters in _MODELS or letters in _WORD_OF_COUNT:
            continue
        is_plain = text[start:end].upper() == text[start:end] or (
            _WHOLE.fullmatch(match[0]) is not None and not _is_year(match[0][-4:])
        )
        is_close = _CLOSE.search(plain[max(0, start - cues.REACH) : start]) is not None
        said = cues.before(plain, start)
        if is_close or (is_plain and "plate" in said.said and not said.is_thing):
            yield start, end


_WHOLE: Final = re.compile(r"[αβεζηικμνορτυχabezhikmnoptyx]{3}[ -]?[1-9][0-9]{3}|[a-z]{3}[ -]?[0-9]{3}")
"""A whole plate of a car, typed small."""
_CLOSE: Final = re.compile(
    r"(?:πινακιδ\w*|αρ\w*\.? (?:κυκλ\w*\.?|πιν\w*\.?)|κυκλοφοριασ|pinakid\w*|valst\w*\.? ?(?:nr|num\w*)\.?|"
    r"(?<!\w)numeri(?:ais|ai|us)|(?:licen[cs]e |number )?plates?(?: number)?|registration(?: number| no\.?)?|"
    r"(?<!\w)reg\.?(?: no\.?)?)"
    r"(?:[^\w\n]|ειναι|με|αριθμο|is|number|no|yra|su|nr){0,8}$"
)
"""A word for the plate itself right before it."""


def _is_year(digits: str | None) -> bool:
    return digits is not None and digits[:2] in ("19", "20")


def _is_loud(text: str, start: int, end: int) -> bool:
    """Whether the words around stand in capitals, so that capitals say nothing."""
    around = text[max(0, start - 24) : start] + text[end : end + 24]
    letters = [letter for letter in around if letter.isalpha()]
    return len(letters) > 5 and sum(letter.isupper() for letter in letters) > len(letters) * 0.7


def _level(text: str) -> str:
    """The text with plain spaces and hyphens, each in its place."""
    return text.translate(_SIGNS)


_SIGNS: Final = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f\t"), " ") | dict.fromkeys(
    map(ord, "‐‑‒–—−"), "-"
)
