"""How a person is reached, in their own hands: a number that is still right, or another one, which scheduler gets."""

__all__ = ["change_phone", "confirm_phone", "masked_phone"]

from typing import Any
from uuid import UUID

from services.notifications import storage
from services.notifications.domain.contacts import mobile_number
from services.notifications.usecases.own import lock_person, whose
from shared.errors import FieldFault, InvalidInputError
from shared.events import ContactChanged
from shared.ids import new_id
from shared.work import Work

SHOWN = 2  # digits at the end of a number: enough to know one's own, too few for whoever finds the phone
CONFIRMED, CHANGED = "confirmed", "changed"


def masked_phone(work: Work) -> str:
    """Return the last digits of the number of who asks, empty where there is none."""
    phone = storage.one(work.db, storage.person, _me(work), "person")["phone"]
    return f"•• •• •• {phone[-SHOWN:]}" if phone else ""


def confirm_phone(work: Work) -> None:
    """Keep that the number is still right; one that had been given up is tried again."""
    person = lock_person(work, _me(work))
    _keep(work, person["id"], CONFIRMED)
    tried_again: dict[str, Any] = {
        "refused": [one for one in person["refused"] if one != "sms"],
        "failing": {channel: count for channel, count in person["failing"].items() if channel != "sms"},
        "stale": True,
    }
    work.db.execute(storage.person.update().where(storage.person.c.id == person["id"]).values(**tried_again))


def change_phone(work: Work, phone: str, *, test_numbers: bool) -> None:
    """
    Tell scheduler another phone, sealed; it is used once scheduler has told it.

    Raises InvalidInputError for what is no mobile number.
    """
    person = lock_person(work, _me(work))
    number = mobile_number(phone, person["territory"], test_numbers=test_numbers)
    if number is None:
        raise InvalidInputError("the phone is refused", [FieldFault("phone", "phone", "a mobile number")])
    word_id = _keep(work, person["id"], CHANGED)
    of = "representative" if person["stands_for"] else "person"
    work.tell(
        ContactChanged(word_id=word_id, signatory_id=whose(work), private={"scheduler": {"phone": number, "of": of}})
    )


def _me(work: Work) -> UUID:
    """Return whose phone it is: of who stands for a minor, their own."""
    return UUID(work.who.id)


def _keep(work: Work, person_id: UUID, kind: str) -> UUID:
    row = {"id": new_id(), "person_id": person_id, "kind": kind, "actor": work.who.actor, "given_at": work.now}
    work.db.execute(storage.contact_word.insert(), [row])
    return UUID(str(row["id"]))
