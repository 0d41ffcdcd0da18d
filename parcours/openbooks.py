"""
The open books: docs/contract-life.md and docs/algorithm.md, written from the code and the rule-books themselves.

Pure: text comes out, nothing is read or written here. No number stands in these words; each is put in from where the
services take it. `parcours docs write` keeps the pages, `parcours docs check` and a contract test compare them.
"""

__all__ = ["PAGES", "algorithm", "contract_life"]

from collections.abc import Callable, Iterable, Mapping, Sequence

from services.scheduler.domain.building import HORIZON_WEEKS
from services.scheduler.domain.extension import REASONS as EXTENSION_REASONS
from services.scheduler.domain.judge import RULES
from services.scheduler.domain.life import (
    BEFORE,
    CLOCK,
    ENDED,
    FINAL,
    FOLLOWED,
    MOVES,
    PLANNED,
    REASONS,
    STATES,
    Move,
)
from services.scheduler.domain.plain import (
    BOOK,
    DATA,
    DEADLINE,
    HARD_RULES,
    NOT_USED,
    OBJECTIVE,
    REVIEW,
    ROLES,
    TIERS,
    Said,
    day_said,
    objective,
    value_said,
)
from services.scheduler.domain.plain import MOVES as MOVE_WORDS
from services.scheduler.domain.problem import Rules, Weights
from services.scheduler.domain.score import LONG_WAIT_DAYS
from services.scheduler.programmes import Amendment, RuleBook, codes, rule_book

START, END = "running", "[*]"
GENERATED = "<!-- Written by `parcours docs write` from the code and the rule-books: change those, not this page. -->"
LAW = {
    "fr": (
        "Cette page dit ce que doit dire l’administration d’un algorithme qui contribue à une décision : le degré et "
        "le mode de contribution, les données et leurs sources, les paramètres et leur pondération, les opérations "
        "(code des relations entre le public et l’administration, articles L. 311-3-1 et R. 311-3-1-2 [à vérifier] ; "
        "contenu lu sur service-public.fr, actualité A11502, et non dans le texte)."
    ),
    "en": (
        "This page says what an administration must say of an algorithm that takes part in a decision: degree and "
        "mode of contribution, data and their sources, parameters and their weighting, operations performed (code of "
        "relations between the public and the administration, articles L. 311-3-1 and R. 311-3-1-2 [to be verified]; "
        "content read on service-public.fr, news A11502, not in the text itself)."
    ),
}


def contract_life() -> str:
    """Return docs/contract-life.md: states, moves, and the closed lists of reasons."""
    states = [(f"`{name}`", says, _where(name)) for name, says in STATES.items()]
    moves = [
        (
            f"`{move.name}`",
            _name(old),
            _name(new),
            ", ".join(map(_who, move.by)),
            ", ".join(move.needs) or "–",
            move.rule,
        )
        for move in MOVES.values()
        for old, new in move.goes.items()
    ]
    reasons = [(f"`{move}`", ", ".join(f"`{one}`" for one in found)) for move, found in REASONS.items()]
    reasons.append(("`propose_extension`", ", ".join(f"`{one}`" for one in EXTENSION_REASONS)))
    return _page(
        "# The life of a contract",
        GENERATED,
        f"{len(STATES)} states, {len(MOVES)} moves. A move that stands in no line is refused. `grant_extension` alone "
        "puts off a term, and it is made by recording the prefect's decision. The table is "
        "`services/scheduler/domain/life.py`.",
        "```mermaid\nstateDiagram-v2\n" + "\n".join(f"  {line}" for line in _diagram()) + "\n```",
        f"A move to {BEFORE} gives back the state in which the review or the transfer began; the diagram shows it as a "
        "choice.",
        "## States",
        _table(("state", "meaning", "trainings"), states),
        "## Moves",
        "`needs` are the fields of the act that must be given.",
        _table(("move", "from", "to", "who", "needs", "rule"), moves),
        "## Reasons",
        "Closed lists: another reason is refused.",
        _table(("move", "reasons"), reasons),
    )


def algorithm(weights: Weights | None = None, rules: Rules | None = None) -> str:
    """Return docs/algorithm.md: what the placement algorithm does, in French, then in English, then its numbers."""
    weights, rules = weights or Weights(), rules or Rules()
    books = [rule_book(code) for code in codes()]
    return _page(
        "# L’algorithme de placement / The placement algorithm",
        GENERATED,
        "[Français](#en-français) · [English](#in-english) · [Nombres / Numbers](#nombres--numbers)",
        "## En français",
        *_french(weights, rules),
        "## In English",
        *_english(weights, rules),
        "## Nombres / Numbers",
        "[A] : notre hypothèse, que l’exploitant peut changer. / [A]: our assumption, which the operator may change.",
        "### Objectif / Objective",
        _table(
            ("", "terme / term", "nom / name", "poids / weight", "unité", "unit"),
            [
                (
                    tier.name,
                    _two(OBJECTIVE[part.name][0]),
                    f"`{part.name}`",
                    part.weight,
                    OBJECTIVE[part.name][1],
                    part.unit,
                )
                for tier in objective(weights)
                for part in tier.parts
            ],
        ),
        "### Trajets / Journeys [A]",
        _table(
            ("moyen / means", "m/h", "minutes"),
            [(f"`{mode}`", one.metres_an_hour, one.overhead_minutes) for mode, one in rules.travel_speeds.items()],
        ),
        *(part for book in books for part in _numbers(book)),
    )


PAGES: Mapping[str, Callable[[], str]] = {"contract-life.md": contract_life, "algorithm.md": algorithm}


def _french(weights: Weights, rules: Rules) -> Iterable[str]:
    yield LAW["fr"]
    yield "### À quoi il sert, et ce qu’il ne fait pas"
    yield (
        "L’algorithme cherche une place dans un groupe pour chaque formation due par un contrat d’intégration : quel "
        "groupe, où, quand. Il **propose** : un plan ne vaut rien tant qu’une personne nommée de l’OFII ne l’a pas "
        "publié ; les groupes qu’un organisme a refusés n’en font pas partie, et leurs personnes attendent le plan "
        "suivant. Il ne donne de note à personne : quand les places "
        "manquent, ce qui départage les besoins est écrit plus bas, et rien d’autre. Il ne prescrit pas de formation, "
        "ne décide ni qui signe, ni d’une prolongation, ni d’une résiliation."
    )
    yield "### Qui fait quoi"
    yield from _contribution("fr", ("étape du contrat", "qui"))
    yield (
        "Le logiciel fait seul ce qui suit : la réponse à la question « qui signe ? », avec la règle et la pièce à "
        "demander (un agent fait signer) ; le calcul d’un plan (un agent le publie) ; les signalements, avec leurs "
        "preuves (un agent en fait une proposition ou l’écarte) ; l’envoi des messages après une publication."
    )
    yield "### Les données"
    yield _table(
        ("donnée", "nom", "d’où elle vient"),
        [(one.says.fr, f"`{name}`", one.source.fr) for name, one in DATA.items()],
    )
    yield (
        "S’y ajoutent le besoin lui-même (formation, durée due, jour avant lequel commencer) et l’offre que les "
        "organismes déclarent : sites, salles, formateurs, interprètes, lots commandés, fermetures."
    )
    yield "Ne servent jamais au placement, et ne sont pas données au calcul :"
    yield _list(one.fr for one in NOT_USED)
    yield "### Les règles qu’aucun plan ne peut enfreindre"
    yield from _hard("fr", ("règle", "ce qu’elle dit", "nombres (voir plus bas)"))
    yield (
        "Un agent peut déroger à une règle pour une personne ou un groupe, avec un motif et l’accord de la personne. "
        "Chaque plan est relu par un juge, un autre programme que celui qui cherche : une règle enfreinte, et le plan "
        "n’est pas gardé."
    )
    yield "### Ce qui est cherché, par ordre d’importance"
    yield _list(f"**{name}. {said.fr}.**" for name, said in TIERS.items())
    yield f"{DEADLINE.says.fr} ({', '.join(f'`{key}`' for key in DEADLINE.keys)})"
    yield (
        "Un objectif passe toujours avant le suivant. Chacun est une somme de termes : quantité × poids (tableau plus "
        f"bas). Un besoin sans place coûte {weights.unplaced} points, et {weights.urgency} de plus par jour qui manque "
        f"pour que {weights.urgency_days} jours restent avant sa date limite, sans dépasser {2 * weights.urgency_days} "
        f"jours. Une attente de j jours compte j + j × j ÷ {LONG_WAIT_DAYS} [A]. Le trajet est estimé à vol d’oiseau, "
        f"allongé à {rules.travel_detour_percent} % [A], à la vitesse du moyen de transport ; un temps importé le "
        "remplace."
    )
    yield "### Les opérations"
    yield _list(
        (
            "Lire les besoins ouverts d’un territoire, les personnes qui les ont, l’offre, et ce qui est déjà annoncé.",
            f"Dresser les groupes qui pourraient ouvrir dans les {HORIZON_WEEKS} semaines qui suivent la publication.",
            "Construire un plan de plusieurs façons et garder le meilleur.",
            "L’améliorer jusqu’à la limite de temps, en défaisant et refaisant chaque fois une partie du plan.",
            "Tirer au sort à partir d’un nombre de départ, gardé avec le plan, là où plusieurs pas se valent.",
            (
                "Regarder les personnes dans un ordre tiré au sort à chaque plan (SHA-256 du jour de publication "
                "et de l’identifiant) : entre deux personnes en tout semblables, l’ordre d’un fichier ne compte pas."
            ),
            "Calculer pour chaque objectif une borne : ce qu’aucun plan ne peut dépasser. L’écart est montré.",
            "Dire pour chaque besoin sans place la raison, et le plus petit changement trouvé qui y remédierait.",
            "Faire relire le plan par le juge, le garder, et attendre qu’une personne nommée le publie.",
        )
    )
    yield "### Limites connues"
    yield _list(
        (
            "Le calcul s’arrête à une limite de temps : le plan peut ne pas être le meilleur ; son écart est affiché.",
            "Deux groupes aussi bons l’un que l’autre pour la somme sont départagés par l’ordre de la recherche.",
            "Un trajet qui n’est pas dans la table importée part du centre de la commune : il est approché.",
            "Une dérogation pour un groupe est lue par le juge ; la recherche ne s’en sert pas encore.",
            "Une place annoncée ne change depuis une page que pour un cours plus rapide, si le sien finit trop tard.",
        )
    )
    yield "### Demander ses données et une revue par une personne"
    yield REVIEW.fr


def _english(weights: Weights, rules: Rules) -> Iterable[str]:
    yield LAW["en"]
    yield "### What it is for, and what it does not do"
    yield (
        "The algorithm looks for a seat in a group for each training that an integration contract owes: which group, "
        "where, when. It **proposes**: a plan is worth nothing until a named person of OFII publishes it; groups that "
        "a training body refused are not part of it, and their people wait for the next plan. It gives nobody a mark: "
        "where seats lack, what tells needs apart is written below, and nothing else. It prescribes no training, and "
        "decides neither who signs, nor on an extension, nor "
        "on a termination."
    )
    yield "### Who does what"
    yield from _contribution("en", ("step of the contract", "who"))
    yield (
        "The software alone does this: answer the question of who signs, with the rule and the paper to ask for (an "
        "agent has it signed); compute a plan (an agent publishes it); raise flags with their evidence (an agent turns "
        "one into a proposal or dismisses it); send messages after a publication."
    )
    yield "### The data"
    yield _table(
        ("data", "name", "where it comes from"),
        [(one.says.en, f"`{name}`", one.source.en) for name, one in DATA.items()],
    )
    yield (
        "Besides: the need itself (training, length owed, day by which to begin), and the offer that training bodies "
        "declare: sites, rooms, trainers, interpreters, ordered lots, closures."
    )
    yield "Never used for placing, and not given to the computation:"
    yield _list(one.en for one in NOT_USED)
    yield "### The rules that no plan may break"
    yield from _hard("en", ("rule", "what it says", "numbers (see below)"))
    yield (
        "An agent may waive a rule for one person or group, with a reason and the person's agreement. Each plan is "
        "read again by a judge, another program than the one that searches: one broken rule, and the plan is not kept."
    )
    yield "### What is sought, in order of importance"
    yield _list(f"**{name}. {said.en}.**" for name, said in TIERS.items())
    yield f"{DEADLINE.says.en} ({', '.join(f'`{key}`' for key in DEADLINE.keys)})"
    yield (
        "One goal always goes before the next. Each is a sum of parts: quantity × weight (table below). A need without "
        f"a seat costs {weights.unplaced} points, and {weights.urgency} more for each day fewer than "
        f"{weights.urgency_days} that is left to its deadline, {2 * weights.urgency_days} days at most. A wait of d "
        f"days counts d + d × d ÷ {LONG_WAIT_DAYS} [A]. A journey is estimated as the crow flies, lengthened to "
        f"{rules.travel_detour_percent} % [A], at the speed of the means of travel; an imported time replaces it."
    )
    yield "### The operations"
    yield _list(
        (
            "Read a territory's open needs, the people who have them, the offer, and what was announced before.",
            f"List the groups that could open in the {HORIZON_WEEKS} weeks after publication.",
            "Build a plan in several ways and keep the best.",
            "Improve it until the time limit, undoing and redoing a part of it each time.",
            "Draw by lot from a starting number, kept with the plan, where several steps are worth the same.",
            (
                "Look at people in an order drawn by lot for each plan (SHA-256 of the day of publication and the "
                "person's id): between two people who are alike in everything, the order of a file does not count."
            ),
            "Compute a bound for each goal: what no plan can beat. The gap is shown.",
            "Say for each need without a seat the reason, and the smallest change found that would give it one.",
            "Have the plan read by the judge, keep it, and wait until a named person publishes it.",
        )
    )
    yield "### Known limits"
    yield _list(
        (
            "The computation stops at a time limit: the plan may not be the best; its gap to the bound is shown.",
            "Two groups that are equally good for the sum are told apart by the order of the search.",
            "A journey that is not in the imported table begins at the centre of the commune: it is approximate.",
            "A waiver for a group is read by the judge; the search does not use it yet.",
            "An announced seat is moved from a page only to a faster course, where its own would end too late.",
        )
    )
    yield "### Asking for one's data and for a review by a person"
    yield REVIEW.en


def _contribution(language: str, heads: Sequence[str]) -> Iterable[str]:
    def by(move: Move) -> str:
        return ", ".join(format(ROLES[role], language) for role in move.by)

    rows = [(format(MOVE_WORDS[name], language), by(move)) for name, move in MOVES.items()]
    alone = sum(1 for move in MOVES.values() if move.by == (CLOCK,))
    yield (
        f"Of {len(MOVES)} moves of a contract, {alone} are made by the software, each of which only notes a fact; the "
        "others are made by a person in this role ([contract-life.md](contract-life.md)):"
        if language == "en"
        else f"Sur {len(MOVES)} mouvements d’un contrat, {alone} sont faits par le logiciel, et ne font que "
        "constater ; les autres le sont par une personne qui a ce rôle ([contract-life.md](contract-life.md)) :"
    )
    yield _table(heads, rows)


def _hard(language: str, heads: Sequence[str]) -> Iterable[str]:
    yield _table(
        heads,
        [
            (
                f"`{name}`",
                format(HARD_RULES[name].says, language),
                ", ".join(f"`{key}`" for key in HARD_RULES[name].keys) or "–",
            )
            for name in RULES
        ],
    )


def _numbers(book: RuleBook) -> Iterable[str]:
    until = day_said(book.signable_until) if book.signable_until else Said("aujourd’hui", "today")
    first = day_said(book.signable_from)
    yield f"### {book.code}: {book.label}"
    yield f"{book.note}. Signable du {first.fr} à {until.fr} / signable from {first.en} to {until.en}."
    rows = [
        (f"`{key}`", _two(BOOK[key]), _two(value_said(value)), book.sources[key]) for key, value in book.rules.items()
    ]
    yield _table(("clé / key", "ce que c’est / what it is", "valeur / value", "source"), rows)
    yield "Qui signe, règle par règle / who signs, rule by rule:"
    rules = book.eligibility
    kinds = (
        ("ne signe pas / does not sign", rules.exemptions),
        ("pour signer / to sign", rules.requirements),
        ("régime / regime", rules.regimes),
    )
    asked = [(kind, f"`{rule.id}`", rule.says, rule.source) for kind, found in kinds for rule in found]
    yield _table(("", "règle / rule", "ce qu’elle dit / what it says", "source"), asked)
    for amendment in book.amendments:
        yield f"**{amendment.note}** ({_scope(amendment)}):"
        changed = [
            (f"`{key}`", _two(value_said(value)), amendment.sources[key]) for key, value in amendment.rules.items()
        ]
        yield _table(("clé / key", "valeur / value", "source"), changed)


def _scope(amendment: Amendment) -> str:
    ends = (("≥", amendment.first), ("≤", amendment.last))
    return ", ".join([*amendment.territories, *(f"{sign} {day}" for sign, day in ends if day)])


def _diagram() -> Iterable[str]:
    returning = dict.fromkeys(old for move in MOVES.values() for old, new in move.goes.items() if new == BEFORE)
    yield from (f"state before_{old} <<choice>>" for old in returning)
    yield f"{END} --> {START}"
    arrows: dict[tuple[str, str], list[str]] = {}
    for move in MOVES.values():
        for old, new in move.goes.items():
            arrows.setdefault((old, f"before_{old}" if new == BEFORE else new), []).append(move.name)
    yield from (f"{old} --> {new}: {', '.join(names)}" for (old, new), names in arrows.items())
    for old in returning:
        yield from (f"before_{old} --> {state}" for state, new in arrows if new == old and state != old)
    yield from (f"{state} --> {END}" for state in sorted(FINAL))


def _where(state: str) -> str:
    if state in PLANNED:
        return "planned and followed"
    if state in FOLLOWED:
        return "followed, not planned"
    return "over" if state in ENDED | FINAL else "neither"


def _name(state: str) -> str:
    return BEFORE if state == BEFORE else f"`{state}`"


def _who(role: str) -> str:
    return "the clock" if role == CLOCK else role


def _two(said: Said) -> str:
    return said.fr if said.fr == said.en else f"{said.fr} / {said.en}"


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
