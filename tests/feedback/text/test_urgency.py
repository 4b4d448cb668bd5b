"""Urgent words: in three languages, in their forms and spellings; what is denied or only sounds like it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.text.urgency import find, urgency_of
from feedback.text.urgency_words import URGENCIES

URGENT = """
gas | Μυρίζει γκάζι έξω από την πολυκατοικία
gas | μυρωδια απο φυσικο αεριο στο δρομο
gas | miriz gkazi sti geitonia
gas | Laiptinėje jaučiamas dujų kvapas
gas | kvepia dujomis
gas | There is a smell of gas near the school
current | Γυμνά καλώδια στο παιδικό πάρκο
current | κρεμονται καλωδια απο την κολονα
current | Πετάει σπίθες ο στύλος
current | kolona me gymna kalodia
current | Nutrūkęs elektros laidas guli ant tako
current | iš stulpo styro pliki laidai
current | live wire hanging from the lamp post
current | exposed wiring in the playground
fire | Έπιασε φωτιά ο κάδος
fire | pyrkagia sto dasos
fire | Kilo gaisras prie garažų
fire | dega konteineris kieme
fire | The bin is on fire
collapse | Ετοιμόρροπο μπαλκόνι πάνω από το πεζοδρόμιο
collapse | κατέρρευσε ο τοίχος
collapse | griūva pastato siena
collapse | gali nukristi šaka ant praeivių
collapse | a wall is about to fall
flood | Πλημμύρισε το υπόγειο
flood | ΠΛΗΜΜΥΡΑ ΣΤΗΝ ΟΔΟ
flood | έσπασε ο αγωγός και τρέχει νερό
flood | užliejo visą gatvę
flood | trūko vamzdis
flood | The street is flooded
flood | a burst water main
injury | τραυματίστηκε μια γυναίκα στη λακκούβα
injury | susižeidė senutė
injury | a man was injured here
injury | εγκλωβίστηκαν στο ασανσέρ
child | ένα παιδί έπεσε στο φρεάτιο
child | παίζουν παιδιά δίπλα σε σπασμένα γυαλιά
child | vaikas įkrito į šulinį
child | vaikai žaidžia prie švirkštų
child | a child fell off the broken swing
danger | Πολύ επικίνδυνη διάβαση
danger | κινδυνεύουν οι πεζοί
danger | epikindyno simeio
danger | labai pavojinga sankryža
danger | kelia pavojų praeiviams
danger | It is dangerous to cross here
danger | Danger!
"""

CAN_WAIT = """
Ο κάδος είναι γεμάτος
Η παιδική χαρά θέλει βάψιμο
Τα παιδιά δεν έχουν πού να παίξουν
δεν είναι επικίνδυνο, απλώς άσχημο
Πότε γίνονται τα αντιπλημμυρικά έργα;
σύνδεση φυσικού αερίου
έσκαψαν για το φυσικό αέριο και έφυγαν
πνιγήκαμε στα σκουπίδια
nedega lempa
klojo dujas ir paliko duobę
stiklo konteineris pilnas, vaikai laksto po kiemą
vaikų žaidimų aikštelėje trūksta suolo
Kur atiduoti pavojingas atliekas?
Lempa dega visą dieną
gaisrinė mašina neprivažiuoja
dujų skaitiklio rodmenys
It is not dangerous, only ugly
without any danger
the gas station lights are too bright
fire station open day
the floodlights stay on all night
hazardous waste collection
a playground for children
"""


@pytest.mark.parametrize("row", URGENT.strip().splitlines())
def test_what_cannot_wait_is_seen(row: str) -> None:
    kind, _, text = row.partition(" | ")
    assert urgency_of(text) == kind


@pytest.mark.parametrize("text", CAN_WAIT.strip().splitlines())
def test_what_can_wait_raises_nothing(text: str) -> None:
    assert [text[alarm.start : alarm.end] for alarm in find(text)] == []


def test_the_words_stand_where_they_are_said() -> None:
    text = "Καλησπέρα. Υπάρχουν ΓΥΜΝΆ καλώδια, μεγάλος κίνδυνος!"
    assert [text[alarm.start : alarm.end] for alarm in find(text)] == ["ΓΥΜΝΆ καλώδια", "κίνδυνος"]
    assert urgency_of(text) == "current"


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for alarm in find(text):
        assert alarm.kind in URGENCIES
        assert re.search(r"\w", text[alarm.start : alarm.end])
