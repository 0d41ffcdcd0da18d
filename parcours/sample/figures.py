"""
What a sample month is made of: national shares, and words of our own invention.

Shares are per cent of signatories unless said otherwise. Sourced ones say where they were read; `[A]` marks our own
assumptions (docs/data.md lists them). No name, alias or body here belongs to anybody.
"""

from collections.abc import Mapping, Sequence

__all__ = [
    "ALIASES",
    "AREA_OF",
    "BODY_NAMES",
    "DEPARTMENT_PINS",
    "FAMILY_NAMES",
    "GIVEN_NAMES",
    "LANGUAGES",
    "LEVELS_AND_HOURS",
    "OTHER_LANGUAGES",
    "REGION_CODES",
    "REGION_SHARE",
    "SAYS_FRENCH",
    "SECOND_LANGUAGES",
]

# NLNS 7.9 % (9,000 people in 2024); 45 % below A1 (58,000 in 2023); 400 h and 600 h together half of all prescriptions
# (50.8 % in 2022): budget annexes, programme 104. The split between 100 h and 200 h and between A2 and B1 is [A].
LEVELS_AND_HOURS: Sequence[tuple[str, str, int]] = (
    ("NLNS", "600", 8),
    ("infra-A1", "400", 15),
    ("infra-A1", "200", 12),
    ("infra-A1", "100", 10),
    ("A1", "", 18),
    ("A2", "", 12),
    ("B1+", "", 25),
)

# Per cent of contracts. Île-de-France, Pays de la Loire, Hauts-de-France and Centre are near published values, the
# rest is [A].
REGION_SHARE: Mapping[str, float] = {
    "IDF": 42.0, "ARA": 10.5, "PAC": 8.5, "OCC": 6.5, "GES": 5.5, "HDF": 5.0, "NAQ": 4.5, "PDL": 4.2, "CVL": 2.8,
    "BRE": 2.7, "NOR": 2.5, "BFC": 2.2, "COR": 0.3, "DROM": 2.8,
}  # fmt: skip
REGION_CODES: Mapping[str, tuple[str, ...]] = {  # INSEE codes of the regions
    "IDF": ("11",), "ARA": ("84",), "PAC": ("93",), "OCC": ("76",), "GES": ("44",), "HDF": ("32",), "NAQ": ("75",),
    "PDL": ("52",), "CVL": ("24",), "BRE": ("53",), "NOR": ("28",), "BFC": ("27",), "COR": ("94",),
    "DROM": ("01", "02", "03", "04", "06"),
}  # fmt: skip
# The ten departments of the ELIPA 2 survey had 49.5 % of first permits in 2018; how they and 77 share it is [A].
DEPARTMENT_PINS: Mapping[str, float] = {
    "75": 9.2, "93": 9.0, "94": 5.2, "92": 4.8, "95": 4.0, "91": 3.7, "78": 3.0, "77": 3.1, "13": 4.0, "69": 3.7,
    "59": 2.9,
}  # fmt: skip

# Contact language in parts of a thousand, French apart: 64 % in all [A]. "other" is one of OTHER_LANGUAGES.
LANGUAGES: Mapping[str, int] = {
    "ar": 220, "en": 60, "prs": 35, "fa": 20, "ps": 45, "tr": 40, "ru": 35, "bn": 30, "es": 30, "ta": 25, "zh": 25,
    "pt": 20, "ti": 15, "ur": 15, "sq": 15, "uk": 5, "other": 5,
}  # fmt: skip
OTHER_LANGUAGES = ("so", "ku", "ln", "vi")
# Contact language French, by level: 36 % of all signatories together [A].
SAYS_FRENCH: Mapping[str, float] = {"NLNS": 0.12, "infra-A1": 0.15, "A1": 0.30, "A2": 0.45, "B1+": 0.75}
# Languages spoken besides the first, with the share of its speakers [A].
SECOND_LANGUAGES: Mapping[str, Sequence[tuple[str, float]]] = {
    "ar": (("en", 0.10),),
    "bn": (("en", 0.30),),
    "fa": (("prs", 0.40), ("en", 0.20)),
    "fr": (("ar", 0.35), ("en", 0.10)),
    "prs": (("fa", 0.70),),
    "ps": (("prs", 0.45), ("ur", 0.15)),
    "so": (("en", 0.40), ("ar", 0.30)),
    "ku": (("tr", 0.60), ("ar", 0.30)),
    "sq": (("en", 0.20),),
    "ta": (("en", 0.40),),
    "ti": (("ar", 0.25), ("en", 0.25)),
    "tr": (("en", 0.10),),
    "uk": (("ru", 0.80),),
    "ur": (("en", 0.40),),
    "vi": (("en", 0.20),),
    "ln": (("fr", 0.80),),
}

AREA_OF: Mapping[str, str] = {
    "ar": "maghreb", "fr": "afrique", "ln": "afrique", "en": "afrique", "prs": "asie", "fa": "asie", "ps": "asie",
    "ur": "asie", "bn": "asie", "tr": "anatolie", "ku": "anatolie", "ru": "est", "uk": "est", "sq": "est",
    "es": "amerique", "pt": "amerique", "ta": "sud", "zh": "orient", "vi": "orient", "ti": "corne", "so": "corne",
}  # fmt: skip
# Given names: women's, then men's. Family names are put together from syllables that no register was asked for.
GIVEN_NAMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "maghreb": (
        ("Amina", "Salma", "Nadia", "Hanane", "Rim", "Yasmine", "Souad", "Imane"),
        ("Karim", "Yassine", "Omar", "Bilal", "Samir", "Anis", "Rachid", "Tarek"),
    ),
    "afrique": (
        ("Awa", "Fatou", "Mariam", "Grâce", "Aïcha", "Binta", "Esther", "Rokia"),
        ("Moussa", "Ibrahim", "Cheikh", "Emmanuel", "Seydou", "Patrice", "Mamadou", "Koffi"),
    ),
    "asie": (
        ("Zahra", "Shirin", "Farida", "Laila", "Nasrin", "Parwana"),
        ("Farid", "Hamid", "Jawad", "Reza", "Imran", "Nasir"),
    ),
    "anatolie": (("Elif", "Zeynep", "Berfin", "Derya", "Aylin"), ("Emre", "Baran", "Murat", "Kerem", "Deniz")),
    "est": (("Olena", "Daria", "Mira", "Irina", "Vesna"), ("Andrii", "Dmitri", "Arben", "Ilia", "Pavel")),
    "amerique": (("Luz", "Camila", "Paula", "Inês", "Rosa"), ("Diego", "Mateus", "Andrés", "Tiago", "Luis")),
    "sud": (("Priya", "Kavitha", "Anjali", "Meena"), ("Arun", "Kumaran", "Vimal", "Suresh")),
    "orient": (("Mei", "Lan", "Xiu", "Linh"), ("Wei", "Jun", "Hao", "Minh")),
    "corne": (("Selam", "Hodan", "Saba", "Ayaan"), ("Yonas", "Abdi", "Samuel", "Filmon")),
}
FAMILY_NAMES: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "maghreb": (("Ben", "El ", "Bou", "Aït "), ("maric", "zerhan", "toumel", "ghassir", "ladrim", "kessab")),
    "afrique": (("Dia", "Kou", "Ndo", "Sa", "Tra"), ("barou", "mbelé", "kassi", "donga", "wélé", "ridi")),
    "asie": (("Ra", "Sha", "No", "Ha"), ("himpur", "zadeh-lo", "rzaimal", "bibwal", "keran")),
    "anatolie": (("Yal", "Kor", "Al", "Dem"), ("tanoğ", "kasel", "dirun", "baylı")),
    "est": (("Bor", "Kova", "Ma", "Le"), ("lenske", "riçaj", "dovarin", "tchunko")),
    "amerique": (("Val", "Mo", "Cas", "Ri"), ("dorez", "ranteiro", "teluz", "varia")),
    "sud": (("Siva", "Raja", "Nala"), ("murugel", "vanathan", "karasu")),
    "orient": (("Li", "Zhan", "Tru"), ("wen", "go", "ao", "nguo")),
    "corne": (("Tes", "Ha", "Wol"), ("faymar", "dibel", "gherom")),
}
ALIASES = (
    "olive", "rivière", "cèdre", "colline", "lune", "sable", "cerise", "plume", "orage", "menthe", "galet", "jardin",
    "étoile", "safran", "moulin", "forêt", "amande", "bouleau", "comète", "dune", "écume", "fougère", "grenade",
    "horizon", "île", "jasmin", "kiwi", "lavande", "mésange", "neige", "oranger", "papaye", "quartz", "romarin",
    "sapin", "tilleul", "vague", "violette", "zéphyr", "abricot", "brise", "corail", "datte", "érable", "figue",
)  # fmt: skip
BODY_NAMES = (
    "Passerelles & Langues (fictif)",
    "Atelier des Deux Rives (fictif)",
    "Horizon Commun Formation (fictif)",
    "La Maison du Verbe (fictif)",
    "Cap Cité Apprentissages (fictif)",
    "Les Cours du Canal (fictif)",
)
