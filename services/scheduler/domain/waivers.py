"""
A planner's named exceptions: which rules may be waived, for whom, why, and who agrees. The judge reads them.

For a person: what they told us about themselves, which they may take back. For a group: what its training body answers
for. What the law, the order or the walls fix is never waived.
"""

__all__ = ["AGREED_BY", "GROUP_RULES", "PERSON_RULES", "REASONS", "lifted"]

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from services.scheduler.domain.plain import Said
from services.scheduler.domain.problem import Person, Slot, WeeklySlots, WeekParity

# The solver seeks seats beyond these; see domain/judge for what each says.
PERSON_RULES = ("reach", "availability", "interpretation", "room", "childcare", "notice")
GROUP_RULES = ("size", "trainer", "calendar")  # the judge alone reads these: a change of a group, a publication
AGREED_BY = {"person": ("person", "representative"), "group": ("body",)}
REASONS: Mapping[str, Said] = {
    "own_wish": Said("la personne le demande", "the person asks for it"),
    "relative_helps": Said("un proche aide : trajet, garde, langue", "a relative helps: journey, childcare, language"),
    "employer_agrees": Said("l’employeur libère la demi-journée", "the employer frees the half-day"),
    "place_checked": Said("l’accès a été vérifié sur place", "access was checked on the spot"),
    "told_at_desk": Said("la personne a ses dates en main", "the person has the dates in hand"),
    "body_can": Said("l’organisme peut le faire", "the training body can do it"),
    "other": Said("autre motif convenu", "another reason that was agreed"),
}
LONGEST_MINUTES = 24 * 60
ALWAYS = WeeklySlots.of(*((weekday, slot) for weekday in range(7) for slot in Slot))


def lifted(person: Person, rules: Collection[str]) -> Person:
    """Return a person as a seat is sought for them when these rules are waived."""
    changed: Mapping[str, Mapping[str, Any]] = {
        "reach": {"travel_limit_minutes": LONGEST_MINUTES},
        "availability": {"availability": ALWAYS, "weeks": WeekParity.ALL, "unavailable": ()},
        "interpretation": {"follows_french": True},
        "room": {"step_free": False},
        "childcare": {"childcare": False},
    }
    for rule in rules:
        person = replace(person, **changed.get(rule, {}))
    return person
