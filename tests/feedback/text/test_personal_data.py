"""Personal data in texts: what is found, what only looks like it, and that masking leaves none.

Numbers with check digits are made here; nobody has them but by chance.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.text.check_digits import (
    is_iban,
    is_personal_code,
    is_social_security_number,
    is_tax_number,
)
from feedback.text.fold import fold_in_place
from feedback.text.personal_data import KINDS, SIGN, find, mask

FOUND = """
email | Γράψτε μου στο «m.papadaki@example.gr» παρακαλώ
email | rašykite Jonas_K+1@pastas.example.co.uk.
email | maria (at) gmail (dot) com
email | μαρία παπάκι gmail.com
email | jonas eta gmail.com
email | nikos @ yahoo . gr
phone | Τηλ. 2810 123456
phone | 2810-12.34.56
phone | κιν: 6944-123-456
phone | (2810) 123456
phone | 69 44 12 34 56
phone | τηλ.210/1234567
phone | +30 2810 399399
phone | 0030 6944123456
phone | το νούμερό μου: 6 9 4 4 1 2 3 4 5 6
phone | 8 612 34567
phone | tel. 861234567
phone | +370 (612) 34567
phone | 370 612 34567
phone | 0 612 34567
phone | (8 37) 42 31 90
phone | 8-5 266 1234
phone | skambinkite 612 34567
phone | call me on +44 7911 123456
phone phone | 6944 123 456 ή 2810.123456
iban | LT12 1000 0111 0100 1000
iban | gr1601101250000000012300695
iban | GR16 0110 1250 0000 0001 2300 695
iban | DE89-3704-0044-0532-0130-00
afm | ΑΦΜ 090000045
afm | Α.Φ.Μ.: 090 000 045
afm | EL090000045
amka | ΑΜΚΑ 010180 12342
personal_code | a. k. 38001010015
personal_code | asmens kodas 3 800101 0015
phone | κιν6944123456 μετά τις 5
phone | tel. 37 423190
phone | 2810 / 123456
afm | Μου ζήτησαν 090000045 στο γκισέ
plate | ΗΡΑ-1234
plate | HPA 1234 είναι πάνω στη διάβαση
plate | το αυτοκίνητο με πινακίδα ηρα1234
plate | αρ. κυκλοφορίας ΗΡΚ 2019
plate | μηχανάκι ΗΡΥ 456
plate | automobilis KLM 123 stovi ant šaligatvio
plate | KLM:123
plate | valst. nr. klm123
plate | motociklas 123 AB
plate | taksi T12345
name | gerbiamas Jonaitis neatsako
name | o k. Papadakis
name | ο κ. Παπαδόπουλος ήταν αγενής
name | της κυρίας Μαρίας Παπαδάκη
name | στον κ.Γ. Παπαδάκη
name | κύριε Δήμαρχε Νικολάου
name | ο κ παπαδόπουλος
name | o kos Papadopoulos
name | με λένε Ελένη Μαράκη
name | p. Petraitienė nepadėjo
name | ponui Jonui Kazlauskui
name | ponia petraitienė
name | mano vardas Jonas
name | Mr Smith-Jones was rude
name | Mrs. Anna O'Brien
name email phone | Η κα Αθανασίου, a@b.gr, 2810123456.
"""

NOTHING = """
Αρ. πρωτ. 2810123456
παραγγελία με αριθμό 6944123456
order no. 6912345678
užsakymo nr. 861234567
ΑΦΜ 123456789
ΑΜΚΑ 32138012343
asmens kodas 38001010014
IBAN LT13 1000 0111 0100 1000
παροχή 090000045
įmonės kodas 090000045
ΚΑΕΚ 170123456789
barcode 5201234567890
35.338735, 25.144213
35.338735 25.144213
25.1442131
35°20'19.4"N 25°08'39.2"E
2.105.000.000 ευρώ
2 500 000 000 €
1.250,50
κατανάλωση 2810123456 kWh
23/10/2024 και 24/10/2024
2024 11 23 10 30
2026-11-23T10:15:00
από το 2019 έως το 2024
ώρες 21 22 23 24 25
192.168.100.200
https://example.gr/p/2810123456
HER-2026-000123
ΦΕΚ 1234
ΤΗΝ 2024
ΕΦΤΑΣΕ ΜΕΧΡΙ ΤΟΝ 1234 ΜΕΤΑ
EUR 150
BMW 320
PVM 121
ISO 9001
KET 130 punktas
ΝΟΚ 4067
231234/2024 απόφαση
Nr. 86123/2024
στύλος φωτισμού ΗΒΖ-1234
κωδικός προϊόντος ΑΒΕ-1234
τηλ. 10.30-14.30
P. Vileišio 12
στο Κ.Ε.Π. Ηρακλείου
Κ.Α.Π.Η. Πόρου
Romainių k. Kaunas
Bus 123
κάδος 2134
τηλεφώνησα 3 φορές στις 12/10/2024
@dimos
κ. Δήμαρχε, δεν φτάνει
κύριοι, καλησπέρα
η κυρία στο γκισέ
ο κύριος λόγος
οδός Κ. Παλαμά 12
p. 15 ir 16
P. Lukšio g. 5
gerb. mere
Dear Mr Mayor,
Dear Sir or Madam, The lamp
Miss the bus
"""


def rows(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("row", rows(FOUND))
def test_personal_data_is_found(row: str) -> None:
    kinds, _, text = row.partition(" | ")
    assert [found.kind for found in find(text)] == kinds.split()


@pytest.mark.parametrize("text", rows(NOTHING))
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert [(found.kind, text[found.start : found.end]) for found in find(text)] == []


def test_a_place_is_the_whole_of_it() -> None:
    text = "Η κα Μαρία Αθανασίου (+30 2810 123456, GR16 0110 1250 0000 0001 2300 695) είδε το ΗΡΑ-1234."
    assert [text[found.start : found.end] for found in find(text)] == [
        "Μαρία Αθανασίου",
        "+30 2810 123456",
        "GR16 0110 1250 0000 0001 2300 695",
        "ΗΡΑ-1234",
    ]


def test_masking_leaves_the_rest_of_a_text_as_it_was() -> None:
    text = "Ο κ. Παπαδόπουλος (6944123456)\nδεν ήρθε στις 12/10."
    assert mask(text) == f"Ο κ. {SIGN} ({SIGN})\nδεν ήρθε στις 12/10."
    assert mask("Nothing here.") == "Nothing here."


# ── numbers as they may be ──────────────────────────────────────────────────────────────────────────────────

DAYS = st.dates(min_value=date(1930, 1, 1), max_value=date(2025, 1, 1))


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A number of a kind, with the check digit that fits."""
    kind = draw(st.sampled_from(["afm", "amka", "personal_code", "iban", "phone"]))
    if kind == "afm":
        head = draw(st.from_regex(r"[0-9]{8}", fullmatch=True).filter(lambda head: len(set(head)) > 1))
        return kind, "ΑΦΜ " + next(head + d for d in "0123456789" if is_tax_number(head + d))
    if kind == "amka":
        head = draw(DAYS).strftime("%d%m%y") + draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
        return kind, "ΑΜΚΑ: " + next(head + d for d in "0123456789" if is_social_security_number(head + d))
    if kind == "personal_code":
        day = draw(DAYS)
        head = draw(st.sampled_from("34" if day.year < 2000 else "56")) + day.strftime("%y%m%d")
        head += draw(st.from_regex(r"[0-9]{3}", fullmatch=True))
        return kind, "a. k. " + next(head + d for d in "0123456789" if is_personal_code(head + d))
    if kind == "iban":
        rest = draw(st.from_regex(r"[0-9]{16}", fullmatch=True))
        number = next(f"LT{n:02}{rest}" for n in range(2, 99) if is_iban(f"LT{n:02}{rest}"))
        return kind, draw(st.sampled_from([number, " ".join(number[i : i + 4] for i in range(0, 20, 4))]))
    return kind, draw(
        st.from_regex(r"(\+30 ?)?(69[0-9]{8}|69[0-9]{2} [0-9]{6}|2[1-8][0-9]{2}[ -][0-9]{6})", fullmatch=True)
    )


@settings(deadline=None)
@given(written(), st.sampled_from([" ", ". ", ", ", "\n", " - "]))
def test_numbers_are_found_wherever_they_stand(number: tuple[str, str], around: str) -> None:
    kind, text = number
    whole = f"Καλημέρα{around}{text}{around}ευχαριστώ"
    assert kind in [found.kind for found in find(whole)]
    assert text.rpartition(" ")[2] not in mask(whole)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = find(text)
    assert all(0 <= one.start < one.end <= len(text) and one.kind in KINDS for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert len(fold_in_place(text)) == len(text)


@given(st.integers(0, 8), st.integers(1, 9))
def test_a_wrong_digit_is_no_tax_number(place: int, by: int) -> None:
    """Of the weights 256 … 2 and 11, none divides the other: one wrong digit shows, save where the check is 10."""
    number = "090000045"
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_tax_number(wrong) or sum(int(d) << (8 - i) for i, d in enumerate(wrong[:8])) % 11 == 10
