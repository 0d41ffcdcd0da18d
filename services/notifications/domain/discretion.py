"""
What no message, sender or address may say: phones are shared, screens are read by others.

Stems, not words: `contrat` finds `contrats` too. Those in Latin and Cyrillic letters begin a word; the other scripts
write articles and prepositions onto it, so theirs are found anywhere. Each language forbids its own words for the
authority, the contract, immigration, nationality, foreigners, asylum and the permit to stay; a text in one language is
held against all lists, because a French place stands in every text.
"""

__all__ = ["FORBIDDEN", "indiscreet"]

import re
from collections.abc import Mapping

FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "fr": (
        *("ofii", "contrat", "immigr", "migrant", "nationalit", "étrang", "préfectur", "titre de séjour"),
        *("carte de séjour", "asile", "réfugi"),
    ),
    "en": (
        *("ofii", "contract", "immigr", "migrant", "nationalit", "citizenship", "foreign", "prefectur"),
        *("residence permit", "asylum", "refugee"),
    ),
    "ar": ("عقد", "هجرة", "مهاجر", "جنسية", "أجنب", "أجانب", "محافظة", "إقامة", "لجوء", "لاجئ"),
    "fa": ("قرارداد", "مهاجر", "تابعیت", "ملیت", "خارجی", "اتباع", "استانداری", "اقامت", "پناهند"),
    "ps": ("تړون", "قرارداد", "کډوال", "مهاجر", "تابعیت", "ملیت", "بهرن", "استوګن", "پناه"),
    "tr": (
        *("sözleşme", "göçmen", "göçü", "uyru", "vatandaşlı", "yabancı", "valili", "oturma izni", "ikamet"),
        *("iltica", "sığınma", "mülteci"),
    ),
    "ru": (
        *("контракт", "договор", "мигра", "иммигра", "гражданств", "национальност", "иностран", "префектур"),
        *("вид на жительство", "убежищ", "беженц"),
    ),
    "bn": ("চুক্তি", "অভিবাস", "নাগরিকত্ব", "জাতীয়তা", "বিদেশি", "প্রিফেকচার", "বসবাসের অনুমতি", "আশ্রয়", "শরণার্থী"),
    "es": (
        *("contrato", "inmigra", "migrante", "nacionalidad", "extranjer", "prefectura", "permiso de residencia"),
        *("asilo", "refugiad"),
    ),
    "ta": ("ஒப்பந்த", "குடியேற்ற", "குடிவரவு", "தேசிய இன", "குடியுரிமை", "வெளிநாட்ட", "வதிவிட", "அகதி", "புகலிட"),
    "zh": ("合同", "合约", "移民", "国籍", "外国", "省政府", "居留", "难民", "庇护"),
    "pt": (
        *("contrato", "imigra", "emigra", "migrante", "nacionalidade", "estrangeir", "prefeitura"),
        *("autorização de residência", "asilo", "refugiad"),
    ),
    "ti": ("ውዕል", "ስደተ", "ኢሚግሬ", "ዜግነት", "ወጻእተኛ", "መንበሪ ፍቓድ", "ዑቕባ"),
    "ur": ("معاہد", "امیگر", "مہاجر", "تارکین", "شہریت", "قومیت", "غیر ملکی", "رہائشی اجازت", "پناہ"),
    "sq": (
        *("kontrat", "imigr", "emigr", "migrant", "shtetësi", "kombësi", "i huaj", "të huaj", "prefektur"),
        *("leje qëndrimi", "azil", "refugjat"),
    ),
    "uk": (
        *("контракт", "договір", "договор", "мігра", "імміграц", "громадянств", "національніст", "інозем", "префектур"),
        *("посвідк", "притул", "біжен"),
    ),
}
BEGINS_A_WORD = re.compile(r"[a-zà-ɏЀ-ӿ]")


def indiscreet(text: str) -> str | None:
    """Return the first stem in a text that names a status or an authority, in any of our languages; None if none."""
    found = _ANY.search(text)
    return found.group() if found else None


def _pattern(stem: str) -> str:
    return (r"\b" if BEGINS_A_WORD.match(stem) else "") + re.escape(stem)


_ANY = re.compile("|".join(_pattern(stem) for stems in FORBIDDEN.values() for stem in stems), re.IGNORECASE)
