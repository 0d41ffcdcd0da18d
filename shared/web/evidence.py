"""The evidence of a flag, which travels as short codes, in the reader's words: what a page shows beside each flag."""

__all__ = ["evidence_words"]

import re
from collections.abc import Callable, Mapping
from datetime import date

from flask_babel import format_date
from flask_babel import gettext as _

Said = Mapping[str, str]
DAY = r"(?P<day>\d{4}-\d{2}-\d{2})"
TRAINING = r"(?P<training>civic|language) (?P<part>\S+)"
FOLLOWED = rf"owed:{TRAINING} followed (?P<followed>\d+) of (?P<owed>\d+) min"


def evidence_words(item: str) -> str:
    """Return one piece of evidence as a sentence; what has no sentence here stays as it is."""
    for pattern, words in SENTENCES:
        found = re.fullmatch(pattern, item)
        if found:
            return str(words({name: _readable(name, text or "") for name, text in found.groupdict().items()}))
    return item


def _readable(name: str, text: str) -> str:
    """Return a day as it is written, minutes as hours; the rest stays."""
    if not text or name in {"training", "part", "needed", "days"}:
        return text
    if name in {"day", "first", "last"}:
        return str(format_date(date.fromisoformat(text), "dd/MM/yyyy"))
    whole, rest = divmod(int(text), 60)
    return f"{whole} h {rest:02d}" if rest else f"{whole} h"


def _training(said: Said) -> str:
    if said["training"] == "civic":
        return str(_("formation civique %(part)s", part=said["part"]))
    return str(_("formation linguistique %(part)s h", part=said["part"]))


def _unfinished(said: Said) -> str:
    words = _training(said) + str(_(" : %(followed)s suivies sur %(owed)s dues, %(offered)s offertes", **said))
    if said["first"]:
        words += str(_(", fin prévue entre le %(first)s et le %(last)s", **said))
    else:
        words += str(_(", le calendrier ne mène pas jusqu’à la fin"))
    return words + (str(_(", %(missing)s sans feuille", **said)) if said["missing"] else "")


# What a flag's evidence may say, as attendance writes it (services/attendance/domain/following.py).
SENTENCES: tuple[tuple[str, Callable[[Said], str]], ...] = (
    (rf"mark:\S+ absent {DAY}", lambda said: _("absence du %(day)s", **said)),
    (r"notice:\S+ delivered", lambda _said: _("convocation remise sous une forme comprise")),
    (r"attempt:\S+", lambda _said: _("quelqu’un a tenté de joindre la personne")),
    (rf"silence:since {DAY}", lambda said: _("aucun signe depuis le %(day)s", **said)),
    (rf"placement:\S+ ends {DAY}", lambda said: _("place jusqu’au %(day)s", **said)),
    (rf"term:{DAY}", lambda said: _("terme le %(day)s", **said)),
    (rf"signed:{DAY}", lambda said: _("signé le %(day)s", **said)),
    (
        rf"pace:{TRAINING} followed (?P<followed>\d+) of (?P<offered>\d+) min offered, (?P<needed>\d+) % needed",
        lambda said: (
            _training(said) + _(" : %(followed)s suivies sur %(offered)s offertes, %(needed)s %% demandés", **said)
        ),
    ),
    (
        rf"{FOLLOWED}, at most (?P<most>\d+) min by the term",
        lambda said: (
            _training(said) + _(" : %(followed)s suivies sur %(owed)s dues, au plus %(most)s avant le terme", **said)
        ),
    ),
    (
        (
            rf"{FOLLOWED}, offered (?P<offered>\d+) min, "
            r"(?:forecast (?P<first>\d{4}-\d{2}-\d{2}) to (?P<last>\d{4}-\d{2}-\d{2})|no end in the timetable)"
            r"(?:, (?P<missing>\d+) min of missing rolls)?"
        ),
        _unfinished,
    ),
    (
        rf"owed:{TRAINING} takes at least (?P<days>\d+) days, no seat",
        lambda said: _training(said) + _(" : sans place, il faut au moins %(days)s jours", **said),
    ),
)
