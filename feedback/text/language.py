"""In which language a text is written: Greek, Lithuanian, English or another.

A rule, not a model: scripts, letters, common words and word shapes are counted, and the language of the
page on which the text was written decides where they leave doubt. Greek in Latin letters (Greeklish) is
Greek. Which languages a city speaks does not matter here, and nothing is decided for the citizen: the
answer helps routing and the clerk.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict

from feedback.text.fold import fold


def detect(text: str, prior: str) -> str:
    """The language of a text: "el", "lt", "en" or "other".

    `prior`, the language of the page, is the answer where the text is too short or too mixed to tell. Only
    the opening of a long text is read.
    """
    scores = _scores(unicodedata.normalize("NFC", text[:_READ_CHARACTERS]))
    best, score = max(scores.items(), key=lambda found: found[1], default=(prior, 0.0))
    if score < _LEAST or score - scores[prior] < _LEAD:
        return prior
    return best if best in _OURS else "other"


_OURS = ("el", "lt", "en")
_READ_CHARACTERS = 300
_LEAST = 1.0
"""One common word, or one word in a script or with letters that tell."""
_LEAD = 0.75
"""By how much another language must lead the page's."""
_LETTER_SCORE = 1.5
_SHAPE_SCORE = 0.5

_TOKEN = re.compile(r"[^\W_]+")
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")


def _scores(text: str) -> defaultdict[str, float]:
    """How much speaks for each language; Greek script and Greeklish count for Greek, whichever is more."""
    scores: defaultdict[str, float] = defaultdict(float)
    unknown = []
    lower = text.lower()
    for token, bare in zip(
        _TOKEN.findall(lower), _TOKEN.findall(lower.translate(_BARE_LETTERS)), strict=True
    ):
        if bare.isascii():
            for language in _languages_of_letters(token) if token != bare else ():
                scores[language] += _LETTER_SCORE
        elif _GREEK.search(token):
            scores["el"] += 1
            continue
        else:
            scores["other script"] += 1
            continue
        if languages := _LANGUAGES_OF_WORD.get(bare):
            for language in languages:
                scores[language] += 1
        else:
            unknown.append(bare)
    shapes = " ".join(unknown)
    for language, shape in _SHAPES.items():
        scores[language] += _SHAPE_SCORE * len(shape.findall(shapes))
    scores["el"] = max(scores["el"], scores.pop("greeklish", 0.0))
    return scores


def _languages_of_letters(token: str) -> frozenset[str]:
    """The languages that have every telling letter of a word; none where no such letter stands in it."""
    found = [_LANGUAGES_OF_LETTER[letter] for letter in _LANGUAGES_OF_LETTER.keys() & set(token)]
    return frozenset.intersection(*found) if found else frozenset()


_LETTERS = {
    "lt": "ėįųūšžčąę",
    "lv": "āēīūģķļņšžč",
    "pl": "ąęłśżźćńó",
    "cs": "řěůšžčýáí",
    "hr": "šžčćđ",
    "de": "äöüß",
    "tr": "öüçşğı",
    "fr": "éèêàâçôîûëù",
    "it": "àèìòù",
    "es": "ñáéíóú",
    "sq": "ëç",
    "ro": "ăâîșț",
    "north": "åäöøæ",
    "hu": "őűáéíóöúü",
}
"""Letters that tell, by language; those of the Greek script tell by themselves."""

_LANGUAGES_OF_LETTER = {
    letter: frozenset(language for language, letters in _LETTERS.items() if letter in letters)
    for letter in "".join(_LETTERS.values())
}

_BARE_LETTERS = str.maketrans(
    {
        letter: fold(letter)
        for letter in map(chr, range(0xC0, 0x250))
        if letter.isalpha() and len(fold(letter)) == 1
    }
    | {"ß": "s", "æ": "a", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}
)
"""Latin letters without their accents, each for one, so that a text keeps its places."""

_WORDS = {
    "en": """
        the and is are was were this that these those with for not have has had been of in on at to it its
        my our your there here they them their we you he she him her his a an i am be as by or but so if
        please when where why how what which who can cannot could should would will do does did no nor near
        from since after before all very still again every some any because nobody nothing more most need
        needs also than then only too up out about into over under between behind next front one two three
        day days week weeks month months year years time thank thanks dear hello sir madam street road lamp
        lamps light lights broken bin bins rubbish garbage waste litter noise loud water leak tree trees
        park parking parked car cars hole potholes pothole pavement sidewalk bus stop dog dogs school
        playground staff service office phone clerk friendly polite quick rude helpful works working dark
        dirty dangerous missing full empty idea suggest suggestion complaint queue waiting""",
    "lt": """
        ir yra nera kad bet su del prie uz is i ant po per nuo iki apie jau tik dar labai kur kada kaip kas
        ko kodel man mes jus jusu musu mano savo jo ju juos sis si sio sita sitas sios tas ta tai tie ten
        cia ne nebe as esu esame buvo bus gali galima galite galetu reikia reiketu prasau prasome prasom
        aciu dekoju diena laba labas sveiki nuolat vis vel kiekviena kai jei jeigu arba nes todel pries tarp
        be visi nieko niekas noriu norime metu metus menesi menesius savaite savaites dienas dienu miesto
        mieste savivaldybe gatve gatves gatveje lempa lempos nedega neveikia zibintas siuksles siuksliu
        siuksleliu konteineris konteineriai duobe duobes kelias kelio kelyje medis medziai suo sunys
        triuksmas vanduo vandens automobilis automobiliai stotele stoteleje autobusas saligatvis saligatvyje
        saligatviai apsvietimas namas namo namu kieme kiemas parkas parke aikstele aiksteleje vaiku vaikai
        darbuotoja darbuotojas darbuotojai paslauga paslaugos tvarkoma nevalo neisveza isvezti sutvarkyti
        pataisyti padekoti puiku gerai blogai siulau siulyciau tikrai mums jums kuris kuri kurie toks
        tokia""",
    "greeklish": """
        kai ke den dn einai eine ine htan itan stin sthn sti sth sto ston stous stis sta ths tis thn tin tou
        tous twn ton to ta oi o me se na tha gia apo pou poy pws pos oti mou mas sas tous edo edw ekei exei
        exoun exete exoume eixe poli poly polu otan giati pote kathe oute mia ena enas mera meres vdomada
        vdomades mines xronia xronos kalimera kalispera geia parakalo parakalw efxaristo euxaristo euxaristw
        eyxaristw dimos dhmos dimou dhmou odos odo odou dromos dromo dromou dromoi skoupidia kados kadoi
        kadous nero nera fota fwta fanari lampa lampes dentra dentro plateia geitonia thorivos skylia skilia
        skylos adespota pezodromio pezodromia parko sxoleio leoforeio stasi vromia vromaei mirizei eimai
        eimaste thelo thelw theloume mporei mporeite prepei kanei kanete kanenas tipota akoma akomi
        sigxaritiria ypallilos ypalliloi ypiresia dimarxeio dimarxe kala kalo sas spiti mprosta piso konta
        mesa exo mexri meta prin pali panta olo oloi ola simera xthes avrio lakkouva lakkouves ksana
        xana""",
    "de": """
        der die das den dem des und ist sind war waren nicht ein eine einen einem einer auf mit fur fuer von
        im am zu zur zum ich wir sie es er man bitte seit hier dort steht stehen liegt liegen wird werden
        wurde auch bei ohne aus an in nach vor uber ueber unter wann warum wie kein keine mehr schon noch
        wieder immer oder aber strasse str danke sehr geehrte herren damen guten tag hallo defekt muell mull
        gehweg fahrrad auto kennzeichen baum laterne ampel weg platz ecke rad seiten wochen tagen monaten
        jahren gegenuber neben zwischen hinter so""",
    "fr": """
        le la les des du une un et est sont dans pour sur pas que qui avec nous vous je il elle au aux ce
        cette ces bonjour merci rue plus depuis mais ou ne se sa son mon notre votre chez sans tres trop
        toujours a de""",
    "es": """
        el los las la una un que del de por para con esta estan muy hay en y gracias calle desde pero se su
        no es mi nuestra nuestro buenos dias hace cuando donde favor sin mas""",
    "it": """
        il lo la gli le che di del della per non una un sono nel nella con questa questo via grazie
        buongiorno e i da si ma molto anche dove quando come e""",
    "pl": """
        jest nie na w z sie i to ze od przy ulicy ulica prosze dzien dobry jak czy co sa dla po tym bardzo
        do o juz tu sa byl bylo dziekuje przez nasz""",
    "lv": """
        un ir nav ar uz par pie no kas ludzu iela paldies es mes loti ka vai bet ielas jau tur pilseta""",
    "sq": """
        nuk eshte dhe nje per ne me te qe ka rruga ju lutem faleminderit shume nga jane pa kam""",
    "nl": """
        het een niet van ik wij de en op met voor is zijn wordt straat graag dank er naar al geen ook""",
    "tr": """
        bir ve bu icin cok var yok degil sokak lutfen tesekkurler gibi daha ne ile""",
}
"""Common words without their accents; one that stands in several languages decides nothing between them."""

_LANGUAGES_OF_WORD: dict[str, list[str]] = {}
for _language, _words in _WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _LANGUAGES_OF_WORD.setdefault(_word, []).append(_language)

_SHAPES = {
    "en": re.compile(
        r"\b\w{3,}(?:ing|tion|tions|ed|ness|ment|ly|ght|ous|ful|able)\b|\bw[hr]\w+|\b\w*(?:ough|ee|oo|ck)\w*"
    ),
    "lt": re.compile(
        r"\b(?=\w{5})[a-z]*(?:[ijt]as|is|ys|ius|ai|os|oje|eje|yje|uose|ose|ems|oms|iams|ams|imas|ymas|inti|uoti|"
        r"iau|ama|oma|yti|eti|iu|ejo|ojo)\b"
    ),
    "greeklish": re.compile(
        r"\b(?=\w{4})\w*(?:ous|ei|eis|oun|oume|ete|eite|tai|menos|meno|meni|mena|idia|eia|eio|wn|wse|oi|os)\b|\b\w*"
        r"(?:mp|gk|ksy|psi|xth|8\w|ou\w|\ww\w)\w*"
    ),
    "de": re.compile(
        r"\b\w*sch\w*|\b\w{3,}(?:ung|ungen|lich|keit|heit|igen|iert|enen|tzt|stelle|strasse|weg|platz|rad)\b"
        r"|\b\w*(?:pf|zeich|zeug)\w*"
    ),
}
"""Endings and clusters that look like a language, looked for in the words that no list has."""
