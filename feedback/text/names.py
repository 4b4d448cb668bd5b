"""Names after a title («κ.», „p.“, "Mr") in any of its cases, and after "my name is".

A title before an office («κύριε Δήμαρχε») names nobody, nor does one that is part of a street's name. Names without a
title are not looked for: streets and squares bear them too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TITLE: Final = re.compile(
    r"(?<![\w.])(?:"
    r"κ\. ?κ\.|κυριο[συι]?|κυριε|κυριουσ|κυρι(?:α|ασ|αν|εσ|ων)|κυρ\.?|κοσ\.?|κον\.?|κου\.?|κα\.?|κασ\.?|κ\.|"
    r"(?<=[οηντυσ] )κ|"
    r"κκ\.?|δισ\.?|δεσποινι(?:σ|δα|δασ)|δρ\.?|"
    r"kyrio[su]?|kyrie|kyri(?:a|as)|kurio[su]?|kuri(?:a|as)|kos\.?|"
    r"(?:(?<=\bo )|(?<=\bton )|(?<=\btou )|(?<=\bi )|(?<=\btin )|(?<=\btis ))k\.|(?<=[hin] )ka\.?|"
    r"mrs?\.?|ms\.?|miss|mister|sir|madam|dr\.?|prof\.?|"
    r"p\.|pon(?:as|o|ui|a|u|e|ai|ia|ios|iai|io)|ponia|panel(?:e|es|ei)|"
    r"gerb\.(?: p\.| pon\w+)?|gerbiam\w+(?: p\.| pon\w+)?"
    r")(?:(?<=\.)|(?!\w))(?: ?|\n)"
)
_INTRODUCED: Final = re.compile(
    r"(?<!\w)(?:με λενε|ονομαζομαι|λεγομαι|(?:το )?ονομα μου(?: ειναι)?|ονοματεπωνυμο ?:?|ονομα ?:|me lene|onomazomai|"
    r"my name(?: is|:|'s)|i am called|full name ?:?|name ?:|"
    r"mano vardas(?: yra)?|esu vardu|vardas,? pavarde ?:?|vardas ir pavarde ?:?|vardas ?:|pavarde ?:) ?"
)
_INITIAL: Final = re.compile(r"[^\W\d_]\.")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’\-‐‑][^\W\d_]+)*")
_MORE: Final = re.compile(r"\.? |\.|, (?=[^\W\d_]\.)")

_THE_OFFICES: Final = """
    δημαρχ αντιδημαρχ διευθυντ διευθυντρι προεδρ αντιπροεδρ υπουργ υφυπουργ περιφερειαρχ αντιπεριφερειαρχ γραμματε
    προισταμεν υπαλληλ συμβουλ γιατρ ιατρ δασκαλ καθηγητ εισαγγελ αστυνομ οδηγ τμηματαρχ εφορ υπευθυν δημοτ συμπολιτ
    συμπαραστατ βουλευτ πρωθυπουργ κυβερνητ κοινοταρχ μηχανικ δικαστ δημοτικ dimarx dhmarx proedr dieythynt
    dieuthint mer vicemer direktor seniun pirminink vadov vedej specialist gydytoj mokytoj tarnaut darbuotoj
    prezident minist sekretor redaktor vairuotoj komisar policinink virsinink tarybos konsultant inspektor
    administrator mayor deputy president director minister chair secretary officer manager councillor councilor
    commissioner speaker editor clerk sir madam driver teacher head judge inspector doctor warden
"""
_OFFICES: Final = tuple(_THE_OFFICES.split())
"""Beginnings of what somebody is, where a name could stand."""
_THE_COMMON: Final = """
    η ο το οι τα τη την τον στη στην στο στον στα στισ στουσ σε με για απο και κι οτι που θα να δεν μη μην μου μασ
    σασ του τησ των εδω εκει υπαρχει υπαρχουν παρακαλω ευχαριστω καλημερα καλησπερα γραφω ειμαι ειμαστε εχω εχετε
    θελω πριν μετα αν οταν γιατι πως πωσ ποτε ποιοσ ποια τι οσο αλλα επισησ επειδη μπροστα διπλα πισω κατω πανω ολα
    ολοι κανενασ εισοδοσ εξοδοσ αιτια οδοσ δρομοσ πλατεια λεωφοροσ σημα θεμα the a an i we you he she it they in on
    at for from to of and or but is are was were there here this that please thank thanks dear my our your when
    where why how what who no not yes can could would if as ir mes jus tai cia ten kad kai bet del ar prasau aciu
    laba labas diena sveiki prie uz ant po per nuo iki jau man mano musu jusu yra nera kaip kodel kur kada
    gerbiamieji gatve
    ηρακλειου κρητησ αθηναιων θεσσαλονικησ καθαριοτητασ πρασινου περιβαλλοντοσ τεχνικων υπηρεσιων δημου συμβουλιου
    kauno vilniaus klaipedos seimo miesto savivaldybes tarybos city council town hall
"""
_COMMON: Final = frozenset(_THE_COMMON.split())
_SURNAME: Final = re.compile(
    r"(?:οπουλ(?:οσ|ου|ο|ε)|ακη[σν]?|[ια]δη[σν]?|ιδου|αδου|ογλου|ελλη[σ]?|ατο[συ]|ιου|ουδα[σκη]*|ακου|"
    r"opoulo[su]?|opoulou|akis?|[ia]dis|idou|oglou|"
    r"ait(?:is|e|es|i|io|iui|ei)|ien(?:e|es|ei)|yt(?:e|es|is|ei|io|iui)|ut(?:e|es|ei)|ausk(?:as|o|ui)|[ea]vi[cč](?:ius|iaus|iui|iu)|"
    r"unas|uno|enas|eno|onis|onio|insk(?:as|iene|aite|o|ui))$"
)
_STREET_BEFORE: Final = re.compile(
    r"(?:οδοσ|οδου|οδο|οδ\.|λεωφορ\w*|λεωφ\.|λ\.|πλατεια\w*|πλ\.|παροδ\w*|"
    r"odos|odou|odo|plateia|leoforo\w*|street|square) ?$"
)
_STREET_AFTER: Final = re.compile(
    r" ?(?:g\.|gatv|pr\.|prosp|al\.|alej|a\.(?= |$)|aikst|skg\.|skver|street|st\.|avenue|road)"
)
_HOUSE: Final = re.compile(r" [0-9]{1,3}[a-zα-ω]?(?!\w)")
"""After an initial that looks like a title: "P. …io 12" is a street."""
_WORDS_MOST: Final = 3


def find_names(text: str, plain: str) -> Iterator[tuple[int, int]]:
    """Where names stand in a text; `plain` is the text folded in place."""
    for pattern, is_sure in ((_TITLE, False), (_INTRODUCED, True)):
        for match in pattern.finditer(plain):
            if found := _name(text, plain, match, is_sure=is_sure):
                yield found


def _name(text: str, plain: str, title: re.Match[str], *, is_sure: bool) -> tuple[int, int] | None:
    """The name that begins where a title ends; None where none does."""
    first, end, place, found = -1, -1, title.end(), 0
    if not is_sure and _STREET_BEFORE.search(plain[max(0, title.start() - 14) : title.start()]):
        return None
    if text[title.start()].isupper() and title[0].endswith(".") and _INITIAL.match(text, place):
        return None  # "Κ.Ε.Π.": an abbreviation of several letters.
    while found < _WORDS_MOST and (word := _WORD.match(text, place)):
        said = plain[word.start() : word.end()]
        if said in _COMMON or not _may_be_name(word[0], said, text[word.end() : word.end() + 1], found):
            break
        if said.startswith(_OFFICES) and not _SURNAME.search(said):
            if found or not (more := _MORE.match(text, word.end())):
                break
            place = more.end()  # After "Mr Mayor" the name may come.
            continue
        if found == 0:
            first = word.start()
        found, end = found + 1, word.end()
        more = _MORE.match(text, word.end())
        if more is None or (more[0].startswith(".") and len(word[0]) > 2):
            break
        place = more.end()
    if first < 0 or (end - first < 3 and found < 2):
        return None
    if _STREET_AFTER.match(plain, end) or (
        text[title.start()].isupper() and title.end() - title.start() <= 3 and _HOUSE.match(plain, end)
    ):
        return None
    return first, end


def _may_be_name(word: str, said: str, after: str, found: int) -> bool:
    """A capital and more, an initial before its full stop, or small letters that end as surnames do."""
    if len(word) == 1 or (len(word) == 2 and after == "."):
        return word[0].isupper() and after == "."
    if word[0].isupper():
        return True
    return found < 2 and len(word) > 4 and _SURNAME.search(said) is not None
