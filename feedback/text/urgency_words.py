"""The words of `urgency.py`: beginnings and phrases as patterns, folded in place (no accents, final ς is σ).

One line a thing, in Greek, Greeklish, Lithuanian and English. A pattern stands between two ends of words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Urgency = Literal["gas", "current", "fire", "collapse", "flood", "injury", "child", "danger"]
URGENCIES: Final[tuple[Urgency, ...]] = get_args(Urgency)
"""What may be the matter; the first of these that a text speaks of says why it is urgent."""

_UPTO_TWO = r"(?:\w+ ){0,2}"
_ONE = r"(?:\w+ )?"
_NO_FIRE = "stat|work|place|fight|hydr|brig|depart|ext|exit|door|lane|al|truck|drill"

WORDS: Final[Mapping[Urgency, tuple[str, ...]]] = {
    "gas": (
        r"(?<!φυσικου )(?<!φυσικο )αερι(?:ο|ου|α)(?! ?(?:παροχ|δικτυ|συνδεσ|λογαριασμ|θερμανσ|ρυπ|μαζ))",
        rf"(?:διαρρο|διαρρε|μυρι|μυρωδ|οσμ)\w* {_UPTO_TWO}αεριου?",
        rf"αερι(?:ο|ου) {_UPTO_TWO}(?:διαρρο|διαρρε|μυρι)\w*",
        r"υγραερι\w*",
        r"γκαζι(?:ου)?",
        r"gkazi",
        rf"(?:miriz|myriz|diarro)\w* {_UPTO_TWO}(?:aerio|gazi)\w*",
        r"duj(?:os|u|omis|oms)(?! ?(?:skaitikl|tarnyb|kain|tiekim|balion|saskait|katil|ivad|prijung))",
        r"gas(?! ?(?:station|bill|meter|connect|price|heat|company|boiler|supply|works|grill|pump))",
    ),
    "current": (
        rf"γυμν\w* {_ONE}(?:καλωδι|συρμα)\w*",
        rf"καλωδι\w* {_UPTO_TWO}(?:κρεμ|πεσμεν|εκτεθειμεν|κομμεν|γυμν|ακαλυπτ|ξεγυμν|σπιθ|επεσ|ρευμα)\w*",
        rf"(?:κρεμ|πεσμεν|εκτεθειμεν|κομμεν|ξεγυμν|επεσ|ακαλυπτ)\w* {_UPTO_TWO}καλωδι\w*",
        r"ηλεκτροπληξι\w*",
        r"σπινθηρ\w*|σπιθ(?:εσ|α|ιζ\w*|ων)",
        rf"(?:χτυπ|τιναζ)\w* {_UPTO_TWO}ρευμα",
        rf"ρευμα {_ONE}(?:χτυπ|τιναζ)\w*",
        rf"(?:gymn|gimn|gumn)\w* {_ONE}kal[wo]di\w*",
        rf"kal[wo]di\w* {_UPTO_TWO}(?:krem|pesm|gymn|gimn)\w*",
        r"[hi]lektropl[hi]ks\w*",
        rf"(?:plik|nutruk|kaban|kyb|nukrit|atvir|issikis|styr)\w* {_UPTO_TWO}(?:laid|kabel)\w*",
        rf"(?:laid|kabel)\w* {_UPTO_TWO}(?:kab|kyb|nutruk|nukrit|kyso|styr|plik|atvir|kibirks|guli)\w*",
        r"kibirks\w*",
        r"elektros (?:smug|ismuse)\w*",
        rf"(?:krecia|purto|trenk|nutrenk)\w* {_ONE}(?:elektr|srov)\w*",
        r"live (?:electric\w* )?(?:wire|cable|electric)\w*",
        rf"(?:exposed|bare|fallen|downed|dangling|hanging|loose|open) {_ONE}(?:wires?|wiring|cables?|power lines?)",
        r"(?:wire|cable|power line)s? (?:\w+ ){0,3}(?:hang\w*|down|exposed|fell|fallen|dangling|sparking)",
        r"spark(?:s|ing)|electrocut\w*|electric shocks?",
    ),
    "fire": (
        r"φωτι(?:α|ασ|εσ)|πυρκαγι\w*|φλογ(?:εσ|ων|α)",
        r"καιγ(?:εται|ονται|οταν)|εκρηξ\w*|εκραγ\w*",
        r"f[wo]tia|p[yi]rkag\w*",
        r"gaisr(?!in|av)\w*|liepsn(?!el)\w*|sprogim\w*|sprogo",
        rf"(?:dega|uzsideg\w*) {_ONE}(?:nam|sandel|konteiner|siuksl|zol|misk|automob|masin|stog|balkon)\w*",
        rf"(?:on|caught|catch|catching|a|the) fire(?! ?(?:{_NO_FIRE}))",
        r"wildfires?|flames?|explosions?|exploded|(?:is|are) burning",
    ),
    "collapse": (
        r"κατ[αε]ρ+[εευ]\w*|κατεπεσ\w*|γκρεμιζ(?:εται|ονται)|γκρεμιστ\w*|ετοιμορ+οπ\w*",
        r"ετοιμ\w* να (?:πεσ|γκρεμ)\w*",
        r"θα πεσει (?:στο κεφαλι|πανω|επανω|σε|καποι)\w*",
        rf"πεφτουν {_ONE}(?:σοβα|πετρ|κομματ|τουβλ|βραχ|κεραμιδ)\w*",
        r"κατολισθησ\w*|καθιζησ\w*",
        r"etoimor+op\w*|katar+e\w*",
        r"(?:su|nu|i|uz)?griu(?:v|na|st)\w*|(?:su|nu|i|uz)griu\w*",
        r"(?:gali|tuoj|tuojau) (?:nukris|uzgriu|nuvirs|uzvirs)\w*",
        r"(?:nukri|uzvir|nuvir)s\w* ant",
        rf"krenta {_ONE}(?:plyt|tink|fasad|leda|cerp|akmen)\w*",
        r"smegduob\w*|nuosliauz\w*",
        r"collaps\w*|about to (?:fall|come down|give way)|sinkholes?|landslides?|cav(?:ed|ing) in",
        rf"falling {_ONE}(?:bricks?|masonry|plaster|rocks?|tiles?|concrete)",
    ),
    "flood": (
        r"πλημ+[υι]ρ\w*",
        rf"ξεχειλι\w* {_UPTO_TWO}(?:ποταμ|ρεμα|χειμαρρ|φραγμ)\w*",
        rf"(?:εσπασ|σπασμεν|σπασιμο)\w* {_UPTO_TWO}(?:αγωγ|σωλην)\w*",
        rf"(?:αγωγ|σωλην)\w* {_UPTO_TWO}(?:εσπασ|σπασμεν)\w*",
        rf"(?:μπαιν|μπηκ)\w* {_ONE}νερ\w* {_UPTO_TWO}(?:σπιτ|υπογει|καταστημ|μαγαζ)\w*",
        rf"νερ\w* {_ONE}(?:μπαιν|μπηκ)\w* {_UPTO_TWO}(?:σπιτ|υπογει|καταστημ|μαγαζ)\w*",
        r"pl[hi]m+[yui]r\w*",
        r"potvyn\w*|uzli(?:ej|et|e)\w*|uztvin\w*|uztvenk\w*|apsem\w*|patvin\w*",
        rf"semia {_ONE}(?:nam|rus|garaz|kiem|gatv)\w*",
        rf"(?:truk|prasiver|sprog)\w* {_UPTO_TWO}vamzd\w*",
        rf"vamzd\w* {_ONE}(?:truk|sprog|prakiur)\w*",
        rf"flood(?:s|ed|ing)?|burst {_ONE}(?:pipes?|mains?)|(?:pipe|main)s? {_ONE}burst",
        rf"water {_ONE}(?:gushing|pouring)",
    ),
    "injury": (
        r"τραυματι\w*|αιμορραγ\w*|ασθενοφορ\w*|λιποθυμ\w*|αναισθητ\w*",
        r"εγκλωβι\w*|σκοτωθ\w*|σκοτωσ\w*|πυροβολ\w*|μαχαιρ\w*",
        r"tra[vuy]mati\w*|asthenoforo|egkl[wo]vi\w*",
        r"su(?:si)?z(?:eis|eid|alo)\w*|susilauz\w*|kraujuoj\w*|nukentej\w*",
        r"greit(?:oji|osios|aja|ukai|uka) (?:pagalb|medic)\w*",
        rf"istrig\w* {_UPTO_TWO}(?:lift|zmo|vaik|mot)\w*",
        r"be samones|apalp\w*",
        r"injur(?:y|ies|ed|ing)|bleeding|unconscious|ambulance|trapped|stabb\w*|gunshots?",
        r"broke (?:his|her|my|their|a) (?:leg|arm|hip|ankle|wrist)",
    ),
    "danger": (
        r"επικινδυν\w*|κινδυν(?:οσ|ο|ου|οι|ουσ|ων|ευ\w*|εψ\w*)|θανατηφορ\w*",
        r"epikind[yiu]n\w*|kind[yiu]n(?:os|o|ou|oi|eu\w*|ev\w*)",
        r"pavoj(?:us|u|aus|ui|uje|ai)|pavojing(?!\w* atliek)\w*|gresia gyvyb\w*",
        r"danger(?:s|ous|ously)?|hazard(?:s|ous)?(?! ?(?:waste|lights?))|life.threatening|lethal|deadly",
    ),
}
"""Each speaks for itself; `child` needs two words, below."""

CHILDREN: Final = (
    r"παιδ(?:ι|ια|ιου|ιων|ακι|ακια|ακιου)|μωρ(?:ο|α|ου|ων)|βρεφ\w*|νηπι(?:ο|α|ου|ων)|μαθητ\w*|κοριτσακι\w*|αγορακι\w*",
    r"paidi\w*|paidak\w*|mwro",
    r"vaik(?:as|ai|a|o|u|ui|us|ams|uci\w*|eli\w*)|kudik\w*|mazyl\w*|mokin(?:ys|iai|iu|io|i|ius)|moksleiv\w*",
    r"mergait\w*|berniuk\w*",
    r"child(?:ren)?|kids?|bab(?:y|ies)|toddlers?|schoolchild\w*|little (?:girl|boy)s?",
)
HARMS: Final = (
    r"επεσ(?:ε|αν)|πεσ(?:ει|ουν)|χτυπησ\w*|χτυπηθ\w*|κοψ(?:ει|ουν)|κοπ(?:ει|ηκ\w*)|καηκ\w*",
    r"χαμεν(?:ο|α|η)|χαθηκ\w*|αγνοειται|παρασυρ\w*|δαγκω\w*|επιτεθ\w*|επιτιθ\w*|πνιγ(?:ει|ηκ\w*)",
    r"γυαλια|συριγγ\w*|βελον\w*|καλωδι\w*|ανοιχτο φρεατιο|κακοποι\w*|κλειδωμεν\w*",
    r"epes(?:e|an)|pesei|xtyp\w*|dagk[wo]\w*|syrigg\w*",
    r"i?kri[st]\w*|nukri[st]\w*|prakri\w*|dingo|dinges\w*|pasiklyd\w*|paklyd\w*|istrig\w*",
    r"stikl(?:ai|u|us)|duzen\w*|svirkst\w*|adat\w*|laid(?:ai|as|u|us)",
    r"ikand\w*|ikast\w*|puola|uzpuol\w*|apkand\w*|partrenk\w*|nuskend\w*|skesta|smurt\w*|musa",
    r"fell|fall(?:s|ing)?|hurt|cut (?:his|her|their|him|her)\w*|stuck|missing|got lost",
    r"needles?|syringes?|broken glass|wires?|bitten|bit|attack\w*|drown\w*",
    r"(?:was|got|nearly|almost) (?:hit|run over|knocked)|hit by|run over|knocked (?:down|over)|abus\w*|threaten\w*",
)
"""What makes a child's presence urgent, in the same sentence: most playgrounds are no emergency."""
