"""Letters, common words and shapes by which languages are told apart: the data of `language.py`.

Written for short messages to a municipality: function words first, then what people write about. Words stand without
their accents; one that stands in several languages decides nothing between them.
"""

from __future__ import annotations

import re

LETTERS = {
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
    "pt": "ãõâêôáéíóúç",
    "et": "õäöü",
    "ru": "ыэё",
    "uk": "їєґі",
    "be": "ўіыэё",
    "bg": "ъ",
    "sr": "ђјљњћџ",
    "fa": "پچژگی",
    "ur": "ٹڈڑےںہ",
    "ar": "ةىأإؤئ",
}
"""Letters that tell, by language; those of the Greek script tell by themselves."""

WORDS = {
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
        darbuotoja darbuotojas darbuotojai paslauga paslaugos vakare vakarais
        nakti kaimynai suoliukas suoliukai supynes perejos zoles sugedo suluzes triuksmauja
        vakare vakarais karta visoj
        kieme puse smirdi kanalizacija tvarkoma nevalo neisveza isvezti sutvarkyti
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
        kapaki freatio freatiou daknei skuli skilos kosmo spasei trexei diavasi klemmeno gematos gemati
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
        jest nie na w z sie droge drodze wody wczoraj kiedy dziekuje ulice
        i to ze od przy ulicy ulica prosze dzien dobry jak czy co sa dla po tym bardzo
        do o juz tu sa byl bylo dziekuje przez nasz""",
    "lv": """
        un ir nav ar uz par pie no kas ludzu iela paldies es mes loti ka vai bet ielas jau tur pilseta""",
    "sq": """
        nuk eshte dhe nje per ne me te qe ka rruga ju lutem faleminderit shume nga jane pa kam""",
    "nl": """
        het een niet van ik wij de en op met voor is zijn wordt straat graag dank er naar al geen ook""",
    "tr": """
        bir ve bu icin cok var yok degil sokak lutfen tesekkurler gibi daha ne ile""",
    "ro": """
        si este sunt nu pe cu pentru din care mai sa la un o strada va rog multumesc foarte ca dar noi avem unde buna
        ziua fara langa acum""",
    "et": """
        ja ei on see mis kui ning aga meie palun tanav aitah vaga juures tere ole vett eile veel""",
    "fi": """
        ja ei on se etta kun mutta meidan kiitos katu kadulla hyvin taalla ovat ole ollut hei""",
    "sv": """
        och det att som inte ar jag vi pa av till har gatan tack mycket finns den hej""",
    "pt": """
        o os as um uma que nao de do da dos das em no na por para com esta ha rua obrigado muito mas ao bom dia
        nossa""",
    "cs": """
        je na se ze jsou neni u pri ulice ulici prosim dekuji dobry den uz ale jako tady nas take byl""",
    "hr": """
        je i u na se da su nije ulica ulici molim hvala ali kod jer nas dobar dan vec ovdje""",
    "hu": """
        es nem egy hogy van az utca kerem koszonom nagyon de itt ezt meg is mar""",
    "ru": """
        и в не на я что это как у нас есть для по с к из от за до но а мы он она они вы то так же бы все уже
        очень пожалуйста спасибо здравствуйте улица улице двор дворе дом дома нет когда где почему мусор яма
        просим прошу можно нельзя только после который дорога дорогу дороге воды день второй""",
    "uk": """
        та і в не на що це як у нас є для по з до від за але ми він вона вони ви то так же вже дуже будь ласка
        дякую добрий день вулиця вулиці двір немає коли де чому сміття яма прошу просимо можна після""",
    "bg": """
        и на се да е не от за съм има улица улицата моля благодаря много са в с по това който как при но
        ние вие няма къде кога защо боклук до със след вече здравейте""",
    "be": """
        і на не у што гэта як ёсць для па з да за але мы вы ужо вельмі калі ласка дзякуй вуліца няма дзе""",
    "sr": """
        и је на се да су није улица молим хвала али код јер нас добар дан већ овде у""",
    "ar": """
        في من على لا ما هذا هذه إلى أن كان مع شكرا الشارع نحن لكن يوجد السلام عليكم منذ""",
    "fa": """
        در از به که این را است با برای خیابان متشکرم ما نیست هست سلام لطفا""",
    "ur": """
        میں ہے کا کی کے سے اور نہیں یہ کو پر ہم شکریہ سڑک""",
}

SHAPES = {
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
