"""What people really type and nobody thought of: other scripts and directions, pictures, marks upon marks."""

from __future__ import annotations

WORDS = {
    "Arabic": "الإضاءة في شارعنا معطلة منذ أسبوع (رقم 12)",
    "Hebrew beside Greek": "Ο δρόμος רחוב הרצל 12 είναι σκοτεινός",
    "a direction turned over and not back": "lamp \u202e12 no. pmal",
    "directions set apart": "lamp \u2067no. 12\u2069 dark",
    "a family of one picture": "the \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 next door",
    "a flag and a skin": "\U0001f1ec\U0001f1f7 \U0001f1f1\U0001f1f9 \U0001f44d\U0001f3fd",
    "forty marks on one letter": "a" + "\u0301\u0316" * 20 + " tower",
    "one word without an end": "Kodėl" + "nebeprisikiškiakopūsteliaujantiesiems" * 5,
    "a link without an end": "https://example.org/" + "a" * 180,
    "markup": "<script>alert(1)</script> <b>bold</b> &amp; &lt;",
    "a template": "{{ 7 * 7 }} {% raw %} ${7*7} %(name)s %s",
    "a table": '=HYPERLINK("http://example.org") | \' -- ; DROP TABLE item',
    "signs of the keyboard": "„kabutės“ «εισαγωγικά» — … · ’ ½ № §",
    "decomposed": "Κανάλι".replace("ά", "α\u0301"),
}
"""Taken as it is, and shown as it is (composed: NFC)."""

NAMES = {
    "of two letters": "Ng",
    "with an apostrophe": "Ροζίνα Ο’Μπράιεν-Παπαδοπούλου d’Ávila",
    "in Arabic": "محمد عبد الله",
    "in Chinese": "王小明",
    "with a picture": "Ρέα \U0001f33b",
    "turned over": "\u202eaeR",
}

REFUSED: dict[str, tuple[str, str]] = {
    "a surname of 300 letters": ("name", "Παπα" + "δημητρακοπουλο" * 21 + "ύ"),
    "a name of two lines": ("name", "Rea\r\nBcc: other@example.org"),
    "a phone in letters": ("phone", "τηλέφωνο του γραφείου"),
    "a phone and a word": ("phone", "+370 600 00000 vakare"),
    "an e-mail without the sign": ("email", "rea.example.org"),
    "an e-mail of two lines": ("email", "rea@example.org\r\nBcc: other@example.org"),
    "an e-mail with its name": ("email", "Ρέα <rea@example.org>"),
    "two e-mails": ("email", "rea@example.org, otto@example.org"),
    "a place of a page": ("place", "Οδός Μίνωος " * 40),
    "a place of two lines": ("place", "Mill Lane\n12"),
    "an invisible bell": ("text", "The lamp\x07 is dark"),
    "a text of a megabyte, less what a page takes": ("text", "σκοτάδι " * 2000),
}
"""Refused beside its field, in the person's language, with everything typed kept."""
