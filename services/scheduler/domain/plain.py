"""
The planning rules, weights, data and moves in plain words, French and English, each under its name in the code.

docs/algorithm.md and a person's explanation are written with these words. Numbers are not here: they come from the
rule-book, the Problem and the life table when the words are shown. A test says that nothing is left out.
"""

__all__ = [
    "BOOK",
    "CONTRIBUTION",
    "DATA",
    "DEADLINE",
    "HARD_RULES",
    "MOVES",
    "NOT_KNOWN",
    "NOT_USED",
    "OBJECTIVE",
    "REVIEW",
    "ROLES",
    "TIERS",
    "Datum",
    "HardRule",
    "Said",
    "day_said",
    "objective",
    "value_said",
    "week_said",
]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.scheduler.domain.plan import Plan, SolverFacts, Tier
from services.scheduler.domain.problem import Problem, Rules, Weights
from services.scheduler.domain.score import score


@dataclass(frozen=True, slots=True)
class Said:
    """The same thing in French and in English."""

    fr: str
    en: str

    def __format__(self, language: str) -> str:
        return self.en if language == "en" else self.fr


@dataclass(frozen=True, slots=True)
class HardRule:
    """A rule that no plan may break, and the rule-book keys whose numbers it takes."""

    says: Said
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Datum:
    """A fact about a person: what it is, and the column that it comes from, or what it is worked out from."""

    says: Said
    column: str = ""
    made: Said | None = None

    @property
    def source(self) -> Said:
        """Where it comes from."""
        if self.made is not None:
            return Said(f"calculé : {self.made.fr}", f"worked out: {self.made.en}")
        return Said(
            f"fiche du signataire (fichier reçu ou guichet), colonne {self.column}",
            f"the signatory's record (file or desk), column {self.column}",
        )


_CENTRE = Said("centre de la commune, table publique", "centre of the commune, a public table")
NOT_KNOWN = Said("règle non connue", "rule not known")

# By the names of judge.RULES, in their order.
HARD_RULES: Mapping[str, HardRule] = {
    "answer": HardRule(
        Said(
            "Chaque besoin reçoit une réponse et une seule : une place, ou une raison.",
            "Each need has exactly one answer: a seat, or a reason.",
        )
    ),
    "level": HardRule(
        Said(
            "La personne suit le parcours qui lui a été prescrit, ou la journée civique qui lui est due.",
            "A person follows the course that was prescribed, or the civic day that is owed.",
        ),
        ("levels", "language.owed_below", "language.packages"),
    ),
    "availability": HardRule(
        Said(
            "Chaque séance tombe sur une demi-journée où la personne a dit pouvoir venir.",
            "Each meeting falls on a half-day on which the person said that they can come.",
        ),
        ("slot_starts", "civic.meeting_minutes", "language.meeting_minutes"),
    ),
    "reach": HardRule(
        Said(
            "Le trajet estimé ne dépasse pas la limite que la personne a donnée.",
            "The estimated journey is not longer than the limit that the person gave.",
        )
    ),
    "one_place": HardRule(
        Said(
            "Personne n’est attendu à deux endroits la même demi-journée.",
            "Nobody is expected in two places on the same half-day.",
        )
    ),
    "entry": HardRule(
        Said(
            "On rejoint un cours à l’une de ses séances, et seulement pendant ses premières semaines.",
            "A course is joined at one of its meetings, and only during its first weeks.",
        ),
        ("language.rolling_entry_weeks",),
    ),
    "civic_order": HardRule(
        Said(
            "Les journées civiques sont suivies dans l’ordre, avec un écart minimal.",
            "Civic days are followed in their order, with a least gap.",
        ),
        ("civic.parts", "civic.gap_days"),
    ),
    "bundle": HardRule(
        Said(
            "Les journées civiques groupées sont suivies avec le même groupe ; une journée manquée est à part.",
            "Civic days of a bundle are followed with the same group; a missed day stands alone.",
        ),
        ("civic.bundles",),
    ),
    "room": HardRule(
        Said(
            "La salle est ouverte, à un seul groupe à la fois, et accessible si la personne en a besoin.",
            "The room is open, has one group at a time, and is step-free where the person needs it.",
        )
    ),
    "trainer": HardRule(
        Said(
            "Le formateur est qualifié, présent, à un seul endroit, dans sa limite de la semaine.",
            "The trainer is qualified, there, in one place, within their weekly limit.",
        )
    ),
    "interpretation": HardRule(
        Said(
            "Une journée civique est interprétée dans une langue de la personne, sauf si elle suit en français.",
            "A civic day is interpreted into a language that the person speaks, unless they follow French.",
        ),
        ("civic.interpreter_below_level", "civic.interpreted_languages_max"),
    ),
    "size": HardRule(
        Said(
            "Un groupe ouvre avec un minimum de personnes et n’en reçoit pas plus que son maximum ou sa salle.",
            "A group opens with a least number of people and takes no more than its most, or its room.",
        ),
        (
            "civic.size_min",
            "civic.size_max",
            "civic.overbooked",
            "civic.kept_seats",
            "language.size_min",
            "language.size_max",
            "language.overbooked",
            "language.kept_seats",
        ),
    ),
    "lot": HardRule(
        Said(
            "Ce qui a été commandé à l’organisme n’est jamais dépassé.",
            "What was ordered of the training body is never exceeded.",
        )
    ),
    "calendar": HardRule(
        Said(
            "Pas de séance un jour férié, de fermeture ou de vacances ; un cours suit un des rythmes prévus.",
            "No meeting on a public holiday, a closure or in holidays that count; a course follows a known rhythm.",
        ),
        (
            "civic.bundle_span_days",
            "civic.pauses_in_school_holidays",
            "language.pauses_in_school_holidays",
            "language.rhythms",
        ),
    ),
    "childcare": HardRule(
        Said(
            "Si la personne a besoin d’une garde d’enfants, le site en a une.",
            "Where the person needs childcare, the site has some.",
        )
    ),
    "notice": HardRule(
        Said(
            "La personne est prévenue assez tôt par le canal qui lui convient.",
            "The person is told early enough by the channel that works for them.",
        ),
        ("notice_days",),
    ),
    "pinned": HardRule(
        Said(
            "Une place déjà annoncée n’est pas déplacée par le calcul.",
            "A seat that was announced is not moved by the computation.",
        )
    ),
    "value": HardRule(
        Said(
            "Les valeurs annoncées par le calcul sont recalculées et doivent être vraies.",
            "The values that the computation states are computed again and must be true.",
        )
    ),
}

# Not a hard rule: beginning later is allowed, and costs more.
DEADLINE = HardRule(
    Said(
        "Chaque formation devrait commencer avant une date limite, assez tôt pour finir avant le terme ; plus tard est "
        "permis, et compte dans l’objectif.",
        "Each training should begin by a deadline, early enough to end before the term; later is allowed, and counts "
        "in the objective.",
    ),
    (
        "term_months",
        "civic.first_within_days",
        "civic.last_within_days",
        "language.start_within_days",
        "language.hours_a_week_max",
    ),
)
CONTRIBUTION = Said(
    "Le logiciel propose une place, ou dit pourquoi il n’y en a pas ; une personne nommée de l’OFII publie le plan. Le "
    "logiciel ne prescrit rien et ne décide d’aucune prolongation ni résiliation.",
    "The software proposes a seat, or says why there is none; a named person of OFII publishes the plan. The software "
    "prescribes nothing and decides on no extension and no termination.",
)
REVIEW = Said(
    "Toute personne peut demander à la direction territoriale de l’OFII, au guichet ou par écrit, les données et les "
    "règles qui l’ont placée : l’agent ouvre « Pourquoi ces places ? » depuis sa fiche et lui remet la page, en "
    "français ou en anglais. Elle peut faire corriger une donnée, dire ce que le calcul ne sait pas, et demander que "
    "sa place soit revue : une personne nommée, et non le logiciel, décide alors et répond. Si la communication est "
    "refusée, la Commission d’accès aux documents administratifs peut être saisie [à vérifier : délais].",
    "Anybody may ask OFII's territorial directorate, at the desk or in writing, for the data and rules that placed "
    "them: the agent opens the explanation from their record and hands the page over, in French or in English. They "
    "may have data corrected, say what the computation does not know, and ask that their seat be reviewed: a named "
    "person, not the software, then decides and answers. Where the rules are refused, the commission on access to "
    "administrative documents (CADA) may be asked [to be verified: time limits].",
)

TIERS: Mapping[str, Said] = {
    "T1": Said("Laisser le moins de besoins sans place", "Leave as few needs as possible without a seat"),
    "T2": Said("Tenir les promesses", "Keep promises"),
    "T3": Said("Attendre, se déplacer et dépenser le moins possible", "Wait, travel and spend as little as possible"),
}

# By the names of the parts of score.score, with their unit in French; the English unit is the score's own.
OBJECTIVE: Mapping[str, tuple[Said, str]] = {
    "unplaced": (Said("besoin sans place", "need without a seat"), "besoins"),
    "urgency": (Said("urgence de ce qui reste sans place", "urgency of what has no seat"), "jours trop courts"),
    "late_contract": (Said("cours qui finirait après le terme", "course that would end after the term"), "contrats"),
    "told_moved": (Said("personne prévenue puis déplacée", "person told, then moved"), "personnes"),
    "wait": (
        Said("attente de la signature à la première séance", "wait from signature to the first meeting"),
        "jours, les longues attentes comptant davantage",
    ),
    "travel_minute": (Said("trajet", "journey"), "minutes, aller simple"),
    "civic_group": (Said("groupe civique ouvert", "civic group opened"), "groupes"),
    "language_group": (Said("groupe de langue ouvert", "language group opened"), "groupes"),
    "interpreter_half_day": (Said("interprète", "interpreter"), "demi-journées"),
    "empty_seat": (Said("place vide", "empty seat"), "places"),
    "level_spread": (Said("écart de niveaux dans un groupe", "levels apart in one group"), "niveaux"),
    "civic_before_french": (
        Said("journée civique avant tout cours de français", "civic day before any French"),
        "journées",
    ),
}

# By the fields of Person but `id`.
DATA: Mapping[str, Datum] = {
    "commune": Datum(Said("commune où vit la personne", "commune where the person lives"), "code_commune"),
    "latitude": Datum(Said("latitude", "latitude"), made=_CENTRE),
    "longitude": Datum(Said("longitude", "longitude"), made=_CENTRE),
    "level": Datum(Said("niveau de français évalué", "level of French, as assessed"), "niveau"),
    "languages": Datum(Said("langues parlées", "spoken languages"), "langues_parlees"),
    "follows_french": Datum(
        Said("suit une journée civique en français sans interprète", "follows a civic day in French"),
        made=Said("langues parlées et niveau", "spoken languages and level"),
    ),
    "availability": Datum(
        Said("demi-journées où la personne peut venir", "half-days on which they can come"), "lundi … dimanche"
    ),
    "weeks": Datum(Said("semaines où elle peut venir", "weeks in which they can come"), "semaines"),
    "unavailable": Datum(Said("jours où elle ne peut pas venir", "days on which they cannot come"), "indisponibilites"),
    "travel_mode": Datum(Said("moyen de déplacement", "means of travel"), "deplacement"),
    "travel_limit_minutes": Datum(
        Said("trajet le plus long accepté, en minutes", "longest journey accepted, minutes"), "trajet_max_min"
    ),
    "step_free": Datum(Said("a besoin d’un accès sans marche", "needs step-free access"), "acces_pmr"),
    "childcare": Datum(Said("a besoin d’une garde d’enfants", "needs childcare"), "garde_enfants"),
    "channel": Datum(Said("canal par lequel la prévenir", "channel by which they are told"), "canal"),
    "signed_on": Datum(Said("jour de la signature", "day of signature"), "date_signature"),
    "term_on": Datum(
        Said("dernier jour du contrat", "last day of the contract"),
        made=Said(
            "signature, durée du contrat et décisions de prolongation",
            "signature, length of the contract and decisions to extend",
        ),
    ),
}
NOT_USED: tuple[Said, ...] = (
    Said(
        "la nationalité (demandée pour savoir qui signe, puis oubliée)",
        "nationality (asked to know who signs, then dropped)",
    ),
    Said(
        "le nom, le prénom, le téléphone, l’adresse électronique, le représentant légal",
        "names, telephone, e-mail, legal representative",
    ),
    Said(
        "le motif et la durée du titre de séjour, le régime du contrat",
        "the residence permit's motive and validity, the contract's regime",
    ),
    Said(
        "la date de naissance, le sexe, la religion, la santé, la famille (seuls servent, s’ils sont dits, le besoin "
        "d’un accès sans marche et celui d’une garde d’enfants)",
        "birth date, sex, religion, health, family (only a need of step-free access or childcare serves, where it is "
        "said)",
    ),
    Said(
        "le fait de lire ou non, la langue de lecture, le téléphone partagé (ils servent aux messages)",
        "reading, reading language, shared phone (they serve for messages)",
    ),
    Said(
        "les absences et les signalements (une journée civique manquée devient un besoin nouveau)",
        "absences and flags (a civic day that was missed becomes a new need)",
    ),
)

# By the keys of a rule-book, units included.
BOOK: Mapping[str, Said] = {
    "term_months": Said("durée du contrat, en mois", "length of the contract, months"),
    "extension_months_max": Said("prolongation la plus longue, en mois", "longest extension, months"),
    "regimes": Said("régimes de signature", "regimes of signature"),
    "levels": Said("niveaux de français, du plus bas au plus haut", "levels of French, lowest first"),
    "civic.parts": Said("journées civiques, dans l’ordre", "civic days, in their order"),
    "civic.bundles": Said("journées civiques groupées", "civic days placed together"),
    "civic.gap_days": Said("jours au moins entre deux journées civiques", "fewest days from one civic day to the next"),
    "civic.bundle_span_days": Said("jours au plus entre journées groupées", "most days between days of a bundle"),
    "civic.meeting_minutes": Said("minutes d’une demi-journée civique", "minutes of a civic half-day"),
    "civic.size_min": Said("personnes au moins dans un groupe civique", "fewest people in a civic group"),
    "civic.size_max": Said("personnes au plus dans un groupe civique", "most people in a civic group"),
    "civic.overbooked": Said(
        "personnes convoquées au-delà des places d’un groupe civique, car certaines ne viennent pas",
        "people asked beyond the seats of a civic group, because some never come",
    ),
    "civic.kept_seats": Said(
        "places d’un nouveau groupe civique gardées pour les arrivées suivantes",
        "seats of a new civic group kept for those who arrive later",
    ),
    "civic.interpreter_below_level": Said("interprète au-dessous de ce niveau", "interpreter below this level"),
    "civic.interpreted_languages_max": Said("langues interprétées au plus par groupe", "most interpreted languages"),
    "civic.first_within_days": Said(
        "jours entre la signature et les premières journées civiques, au plus", "days to the first civic days, at most"
    ),
    "civic.last_within_days": Said(
        "jours entre la signature et les dernières journées civiques, au plus", "days to the last civic days, at most"
    ),
    "civic.pauses_in_school_holidays": Said("pas de journée civique pendant les vacances", "no civic day in holidays"),
    "language.proposed": Said("formation linguistique proposée, non imposée", "language training offered, not imposed"),
    "language.owed_below": Said("formation linguistique due au-dessous de ce niveau", "training owed below this level"),
    "language.packages": Said("parcours de langue par niveau, en heures", "courses by level, hours"),
    "language.platform_levels": Said("niveaux suivis sur une plateforme", "levels followed on a platform"),
    "language.size_min": Said("personnes au moins dans un groupe de langue", "fewest people in a language group"),
    "language.size_max": Said("personnes au plus dans un groupe de langue", "most people in a language group"),
    "language.overbooked": Said(
        "personnes convoquées au-delà des places d’un groupe de langue, car certaines ne viennent pas",
        "people asked beyond the seats of a language group, because some never come",
    ),
    "language.kept_seats": Said(
        "places d’un nouveau groupe de langue gardées pour les arrivées suivantes",
        "seats of a new language group kept for those who arrive later",
    ),
    "language.rolling_entry_weeks": Said(
        "semaines pendant lesquelles on peut rejoindre un cours", "weeks during which a course may be joined"
    ),
    "language.start_within_days": Said("jours entre la signature et le cours, au plus", "days to the course, at most"),
    "language.meeting_minutes": Said("minutes d’une demi-journée de cours", "minutes of a half-day of a course"),
    "language.pauses_in_school_holidays": Said("pas de cours pendant les vacances", "no course in school holidays"),
    "language.hours_a_week_max": Said("heures de cours par semaine, au plus", "hours a week, at most"),
    "language.rhythms": Said(
        "rythmes : demi-journées de lundi à dimanche (M matin, A après-midi, S soir)",
        "rhythms: half-days from Monday to Sunday (M morning, A afternoon, S evening)",
    ),
    "desk.notice_days": Said("jours entre le guichet et la première séance", "days from the desk to the first meeting"),
    "desk.hold_minutes": Said(
        "minutes pendant lesquelles une place montrée est gardée", "minutes for which a shown seat is held"
    ),
    "publication.two_steps": Said(
        "les organismes confirment avant que les personnes soient prévenues",
        "training bodies confirm before people are told",
    ),
    "publication.answer_days": Said(
        "jours ouvrés qu’un organisme a pour répondre", "working days that a training body has to answer"
    ),
    "notice_days": Said("jours entre l’annonce et la première séance, par canal", "days of notice, by channel"),
    "slot_starts": Said("début des demi-journées, heure locale", "start of half-days, local time"),
    "attendance.civic_days_required": Said("journées civiques à suivre", "civic days to attend"),
    "attendance.assiduity_percent": Said("part des heures de langue à suivre, en %", "share of hours to follow, %"),
    "attendance.unexplained_in_a_row": Said(
        "absences inexpliquées de suite avant un signalement", "unexplained absences in a row before a flag"
    ),
    "extension.review_lead_days": Said("jours avant le terme où l’examen commence", "days before the term to review"),
    "extension.late_window_days": Said("jours après le terme où l’on peut proposer", "days after the term to propose"),
    "extension.reminder_days": Said("jours avant le rappel d’une proposition", "days before a reminder"),
    "extension.months_max_by_reason": Said("prolongation par motif, en mois au plus", "most months by reason"),
    "extension.automatic_when": Said("cas de prolongation de plein droit", "cases of automatic extension"),
    "termination.answer_months": Said(
        "mois pour répondre avant une résiliation", "months to answer before termination"
    ),
    "duties.end_interview": Said("entretien de fin de contrat", "end interview"),
    "duties.year_one_opinion": Said("avis à la fin de la première année", "opinion at the end of year one"),
    "duties.closing": Said("clôture du contrat", "closing of the contract"),
    "duties.certification_offer": Said("proposition de certification", "offer of a certification"),
    "duties.civic_exam": Said("examen civique", "civic exam"),
    "follow_up.offers": Said("autres accompagnements", "other support"),
}

ROLES: Mapping[str, Said] = {
    "planner": Said("planification de l’OFII", "OFII planner"),
    "auditor": Said("auditeur de l’OFII", "OFII auditor"),
    "prefecture": Said("préfecture", "prefecture"),
    "admin": Said("administration", "administration"),
    "service": Said("le logiciel", "the software"),
}

# By the names of life.MOVES.
MOVES: Mapping[str, Said] = {
    "postpone": Said("reporter les formations", "postpone the trainings"),
    "resume": Said("reprendre les formations", "resume the trainings"),
    "propose_extension": Said("proposer une prolongation", "propose an extension"),
    "grant_extension": Said("accorder une prolongation", "grant an extension"),
    "refuse_extension": Said("refuser une prolongation", "refuse an extension"),
    "term_passes": Said("constater que le terme est passé sans décision", "note that the term passed undecided"),
    "record_end": Said("enregistrer la fin d’un contrat au terme passé", "record the end after the term"),
    "complete": Said("constater que tout a été suivi", "note that everything was followed"),
    "end_incomplete": Said("constater que tout est fini et n’a pas été suivi", "note an end with something missing"),
    "propose_termination": Said("proposer une résiliation", "propose a termination"),
    "notify_termination": Said("notifier une proposition de résiliation", "notify a proposed termination"),
    "terminate": Said("résilier", "terminate"),
    "drop_termination": Said("abandonner une résiliation", "drop a termination"),
    "transfer": Said("confier à une autre direction", "hand over to another directorate"),
    "receive": Said("reprendre d’une autre direction", "take over from another directorate"),
    "close": Said("clore", "close"),
}

_DAYS = (
    Said("lundi", "Monday"), Said("mardi", "Tuesday"), Said("mercredi", "Wednesday"), Said("jeudi", "Thursday"),
    Said("vendredi", "Friday"), Said("samedi", "Saturday"), Said("dimanche", "Sunday"),
)  # fmt: skip
_SLOTS = {"M": Said("matin", "morning"), "A": Said("après-midi", "afternoon"), "S": Said("soir", "evening")}
_SLOT_NAMES = dict(zip(("morning", "afternoon", "evening"), _SLOTS.values(), strict=True))
_NONE = Said("aucun", "none")


def objective(weights: Weights) -> tuple[Tier, ...]:
    """Return the tiers with their parts, units and weights as the score itself makes them, of a plan of nothing."""
    day = date(2000, 1, 1)
    nothing = Problem(
        territory="", programme="", today=day, publish_on=day, horizon=day, rules=Rules(), weights=weights,
        sites=(), rooms=(), trainers=(), people=(), needs=(),
    )  # fmt: skip
    by = SolverFacts(name="", version="", seed=0, status="settled", milliseconds=0, work=0)
    return score(nothing, Plan(problem=nothing.fingerprint, sessions=(), placements=(), unplaced=(), solver=by))


def day_said(day: date) -> Said:
    """Return a day as French and English readers write it."""
    return Said(f"{day:%d/%m/%Y}", day.isoformat())


def week_said(days: Sequence[str]) -> Said:
    """Return seven strings of letters among M, A and S, Monday first, in words."""

    def within(language: str) -> str:
        named = [
            f"{format(name, language)} {', '.join(format(_SLOTS[one], language) for one in letters)}"
            for name, letters in zip(_DAYS, days, strict=True)
            if letters
        ]
        return "; ".join(named) or format(_NONE, language)

    return _both(within)


def value_said(value: Any) -> Said:
    """Return a rule's value in words; None is a rule that is not known."""
    return _both(lambda language: _value(value, language))


def _both(words: Callable[[str], str]) -> Said:
    return Said(words("fr"), words("en"))


def _value(value: Any, language: str) -> str:
    if value is None:
        return format(NOT_KNOWN, language)
    if isinstance(value, bool):
        return format(Said("oui", "yes") if value else Said("non", "no"), language)
    if isinstance(value, date):
        return format(day_said(value), language)
    if isinstance(value, Mapping):
        return "; ".join(f"{_key(key, language)} = {_value(one, language)}" for key, one in value.items()) or format(
            _NONE, language
        )
    if isinstance(value, list | tuple):
        return _listed(value, language)
    return str(value)


def _key(key: str, language: str) -> str:
    return format(_SLOT_NAMES[key], language) if key in _SLOT_NAMES else key


def _listed(values: Sequence[Any], language: str) -> str:
    if not values:
        return format(_NONE, language)
    if all(isinstance(one, list | tuple) for one in values):
        return " / ".join(_flat(one) for one in values)
    return ", ".join(_value(one, language) for one in values)


def _flat(values: Sequence[Any]) -> str:
    """Return an inner list on one line: the half-days of a week, the days of a bundle, one week of a rhythm."""
    return " ".join(str(one) or "–" if not isinstance(one, list | tuple) else _flat(one) for one in values)
