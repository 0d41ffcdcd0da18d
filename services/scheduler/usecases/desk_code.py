"""The four digits that a person is given at the desk: they open what the link in a message alone does not."""

__all__ = ["give_code", "give_code_slip"]

import secrets
from uuid import UUID

from services.scheduler import storage
from services.scheduler.documents.code_slip import CodeSlip
from services.scheduler.usecases import dossier, telling
from services.scheduler.usecases.intake import changed_by_hand
from services.scheduler.usecases.people import refuse_alias
from shared.languages import first_of_ours
from shared.scope import check_territory
from shared.seal import seal_for
from shared.web.own import spoken_to
from shared.work import Work

DIGITS = 4
FRENCH = "fr"


def give_code(work: Work, signatory_id: UUID) -> str:
    """
    Make somebody a code, tell it sealed, and return it to be shown once; the one before opens nothing any more.

    It is kept sealed for notifications, to be told again: who reads this database does not learn it. Raises
    NotFoundError, ForbiddenError, ConflictError (`merged`).
    """
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory", lock=True)
    check_territory(work.who, person["territory"])
    refuse_alias(work, signatory_id)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    sealed = seal_for(work.voice.seal_keys["notifications"], {"code": code}, signatory_id)
    fresh = person | {
        "facts": changed_by_hand(person["facts"], {}, also=("code",)),
        "private": person["private"] | {"code": sealed},
        "version": person["version"] + 1,
        "actor": work.who.actor,
        "changed_at": work.now,
    }
    work.db.execute(storage.signatory.update().where(storage.signatory.c.id == signatory_id).values(**fresh))
    work.tell(telling.signatory_state(fresh))
    dossier.note(work, [dossier.Entry(person_id=signatory_id, at=work.now, code="code_given")])
    return code


def give_code_slip(work: Work, signatory_id: UUID, call: str, *, unsigned_allowed: bool) -> CodeSlip:
    """
    Make somebody a code as `give_code` does, and return what is printed of it: nothing else remembers the digits.

    In the person's own language and in French; `call` is the number to call.
    """
    digits = give_code(work, signatory_id)
    person = storage.one(work.db, storage.signatory, signatory_id, "signatory")
    own = first_of_ours((person["facts"]["reading_language"], *person["facts"]["spoken"]))
    return CodeSlip(
        digits=digits,
        alias=person["private"]["alias"],
        reference=person["reference"],
        languages=tuple(dict.fromkeys((*spoken_to(own, unsigned_allowed=unsigned_allowed), FRENCH))),
        call=call,
        made_on=telling.today(work, person["territory"]),
    )
