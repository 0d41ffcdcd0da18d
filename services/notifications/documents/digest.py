"""The evening's mail to a training body, in French: groups, references and counts, never a name or a number."""

__all__ = ["SUBJECT", "GroupNews", "digest_html", "digest_text"]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

SUBJECT = "Vos groupes : ce qui a changé aujourd’hui"
TRAININGS = {"civic": "Formation civique", "language": "Formation linguistique"}
CHANGES = {
    "convocation": ("1 personne invitée", "{n} personnes invitées"),
    "moved": ("1 personne prévenue d’un changement", "{n} personnes prévenues d’un changement"),
    "cancelled": ("1 personne prévenue d’une annulation", "{n} personnes prévenues d’une annulation"),
}
NOT_REACHED = "Pas jointes : {references}"
TO_TELL = "À prévenir de vive voix : {references}"
WHERE = "Pour dire ce qu’il en est : {address}"
WHY = "Message automatique, au plus un par jour ouvré. Les personnes y sont désignées par leur seule référence."


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNews:
    """What is new of one group; `changes` counts people by the kind of their notice."""

    training: str
    first_day: str
    place: str
    not_reached: Sequence[str]
    to_tell: Sequence[str]
    changes: Mapping[str, int]

    @property
    def lines(self) -> list[str]:
        """Return what is said of the group; the first line is its title."""
        found = [f"{TRAININGS[self.training]}, groupe du {self.first_day}, {self.place}"]
        for words, references in ((NOT_REACHED, self.not_reached), (TO_TELL, self.to_tell)):
            if references:
                found.append(words.format(references=", ".join(references)))
        said = [CHANGES[kind][n > 1].format(n=n) for kind in CHANGES if (n := self.changes.get(kind, 0))]
        return [*found, ", ".join(said)] if said else found


def digest_text(groups: Sequence[GroupNews], address: str) -> str:
    """Return the mail's text; `address` is the page of tasks."""
    told = ["\n".join([title, *(f"- {line}" for line in lines)]) for title, *lines in (one.lines for one in groups)]
    where = [WHERE.format(address=address)] if any(one.to_tell for one in groups) else []
    return "\n\n".join([*told, *where, WHY])


def digest_html(text: str) -> str:
    """Return the same as a page."""
    paragraphs = "".join(f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in text.split("\n\n"))
    head = f'<head><meta charset="utf-8"><title>{SUBJECT}</title></head>'
    return f'<!doctype html><html lang="fr">{head}<body>{paragraphs}</body></html>'
