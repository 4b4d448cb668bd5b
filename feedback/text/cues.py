"""What stands before a number and says what it is: "tel.", «ΑΦΜ», „užsakymo nr.“.

Beginnings of words in Greek, Lithuanian and English, met in text that is folded in place, so that every case of a word
is met. A number between a cue and another number takes the cue for itself.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from msgspec import Struct

Cue = Literal["phone", "afm", "amka", "personal_code", "plate"]

REACH: Final = 44
"""Characters before a number in which its cue stands."""


class Cues(Struct, frozen=True):
    """What the words before a number say of it."""

    said: frozenset[str]
    """The kinds of number that are named, or spoken of."""
    is_thing: bool
    """The number counts orders, papers, meters or money, not people."""


_SAID: Final[dict[Cue, str]] = {
    "phone": (
        r"τηλ|κινητ|κιν\b|σταθερ|καλεσ|καλειτ|παρτε με|παρε με|viber|whats ?app|φαξ|fax|επικοινων|νουμερο μου|"
        r"στο νουμερο|"
        r"til\b|thl\b|tilef|thlef|kinit|kinht|kaleste|parte me|tel\b|telef|mob\b|mobil|p?a?skambin|susisiek|faks|"
        r"mano n(?:r|umeri)|phone|call (?:me|us|back|him|her|on|at)|call\b|ring me|reach|cell|text me|contact"
    ),
    "afm": r"αφμ|α\. ?φ\. ?μ|φορολογικ\w* μητρ|afm\b|vat\b|tin\b|tax (?:id|no|num|reg)|mokesciu moketoj",
    "amka": r"αμκα|α\. ?μ\. ?κ\. ?α|κοινωνικησ ασφαλ|amka\b|social (?:security|insurance)",
    "personal_code": r"asmens k|asmens nr|a\. ?k\.|a/k\b|ak\b|personal (?:code|id|no|num|ident)|kodas? asmens",
    "plate": (
        r"πινακιδ|αρ\w*\.? κυκλ|κυκλοφορ|ι\.?χ\.?\b|οχημα|αυτοκινητ|αμαξι|"
        r"φορτηγ|μηχαν(?:η|ησ|ακι\w*)\b|"
        r"μοτοσικλετ|μοτοσυκλετ|ταξι\b|παπακι|σκουτερ|βαν\b|λεωφορει|"
        r"pinakid|aytokinit|autokinit|amaksi|amaxi|"
        r"valst\w*\.? ?(?:nr|num)|numeri(?:s|ai|u|ais|o)\b|(?:auto|elektro)?mobilis|automobil|masin|"
        r"vilkik|furgon|busiuk|motocikl|priekab|"
        r"taksi|paspirtuk|mopedas|plate|registration|reg\b|cars?\b|vans?\b|vehicle|truck|lorry|motorbike|motorcycle|"
        r"scooter|taxi|toyota|opel|volkswagen|vw\b|audi\b|bmw|ford\b|nissan|peugeot|renault|fiat|hyundai|skoda|"
        r"volvo|mercedes|golf\b|yaris|passat"
    ),
}
_THINGS: Final = (
    r"παραγγελ|πρωτοκολ|πρωτ\b|πρ\b|τιμολογ|αποδειξ|κωδικ|κωδ\b|φακελ|υποθεσ|αιτησ|αιτημ|παροχ|μετρητ|ρολο|συμβολαι|"
    r"συμβασ|λογαριασμ|κατανομ|καεκ|γεμη|ατακ|αδει|σειριακ|σειρασ|αποστολ|δεμα|δεματ|εισιτηρι|ραφ|φεκ|αποφασ|δελτι|"
    r"καταχωρ|εντολ|προστιμ|ακινητ|οικοπεδ|πελατ|συνδρομ|πληρωμ|κοστ|τιμη|εντυπ|εγγραφ|αναφορ|μοντελ|προιον|μητρωο|"
    r"γραμμωτ|ταμει|στυλ|κολων|αιθουσ|γραφει|κλησησ|ληψ|συντεταγμ|"
    r"uzsak|saskait|fakt|sutart|kvit|registr|bylos|bylai|byla|dokument|skaitikl|imones|imone|unikal|siunt|prasym|"
    r"protokol|serij|model|prek|barkod|bruksn|abonent|klient|rast|isakym|baud|nutarim|leidim|licenz|licencij|"
    r"kadastr|sklyp|objekt|inventor|mokejim|moketoj|pranesim|kreipim|uzduot|suma|kain|paslaug|kortel|kodas|kodo|kabinet|stulp|atram|"
    r"order|invoice|refer|ref\b|case|serial|tracking|contract|meter|receipt|parcel|sku\b|version|build|client|customer|"
    r"account|permit|protocol|decision|fine\b|batch|item|article|amount|price|cost|total|sum\b|registry|document|"
    r"ticket|isbn|issn|ean\b|gtin|barcode|voucher|imei|asset|pole|product|request|report|application|file|error|flight|room|code"
)
_BETWEEN: Final = (
    r"αρ|αριθμ\w*|νο|νουμερο|υπ|με|μου|μασ|σασ|ειναι|ηταν|του|τησ|την|το|η|ο|που|εχει|κωδ\w*|αυξων|no|nr|num\w*|id|the|is|was|"
    r"of|my|our|with|code|φωτισμου|lighting|apsvietimo|yra|buvo|mano|musu|jusu|su|kod\w*|numer\w*|eil"
)
_SAYING: Final = re.compile(
    r"(?<!\w)(?:" + "|".join(f"(?P<{cue}>{words})" for cue, words in _SAID.items()) + ")"
)
_THING: Final = re.compile(
    rf"(?:(?<!\w)(?:{_THINGS})\w*(?:[^\w\n]+(?:{_BETWEEN})(?!\w)){{0,4}}|[#№])[^\w\n]*$"
)


def before(plain: str, start: int) -> Cues:
    """What the words before a place say, in text that is folded in place."""
    reach = plain[max(0, start - REACH) : start]
    for place in range(len(reach) - 1, -1, -1):
        if reach[place].isdigit() or reach[place] == "\n":
            reach = reach[place + 1 :]
            break
    said = frozenset(match.lastgroup for match in _SAYING.finditer(reach) if match.lastgroup)
    return Cues(said, _THING.search(reach) is not None)
