"""A person's word on how they are reached: written and never read here; scheduler gets it sealed."""

__all__ = ["ContactCommand", "check_ticket", "give_contact", "ticket_for"]

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.attendance import storage
from services.attendance.domain import meeting_code
from services.attendance.usecases.acts import meeting_secret
from services.attendance.usecases.here import CodeRefusedError
from services.attendance.usecases.sheets import visible_sheet
from shared.clock import real_now
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.events import ContactGiven
from shared.work import Work

PHONE = re.compile(r"\+?[0-9][0-9 ().-]{5,20}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
CONFIRMED, CHANGED = "confirmed", "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCommand:
    """What a person says: nothing has changed (both empty), or a new phone or e-mail address."""

    signatory_id: UUID
    phone: str = ""
    email: str = ""

    @property
    def kind(self) -> str:
        return CHANGED if self.phone or self.email else CONFIRMED


def ticket_for(work: Work, meeting_id: UUID, signatory_id: UUID) -> tuple[dict[str, Any], str]:
    """
    Return who is asked, and a ticket with which they answer on their own phone for a quarter of an hour.

    Raises NotFoundError for who has no seat in this meeting.
    """
    person = visible_sheet(work, meeting_id).people.get(signatory_id)
    if person is None or person["contract_id"] is None:
        raise NotFoundError("person on this roll", signatory_id)
    return person, meeting_code.contact_ticket(meeting_secret(work, meeting_id), signatory_id, real_now())


def check_ticket(work: Work, meeting_id: UUID, signatory_id: UUID, ticket: str) -> None:
    """Raise CodeRefusedError for a ticket that is not this person's, or too old."""
    if not meeting_code.is_contact_ticket(meeting_secret(work, meeting_id), signatory_id, ticket, real_now()):
        raise CodeRefusedError("this link is not good any more: ask for another")


def give_contact(work: Work, word_id: UUID, command: ContactCommand) -> None:
    """
    Keep that a person confirmed or changed how they are reached; a change goes to scheduler, sealed.

    Who may speak is the caller's to check. The same again changes nothing. Raises ConflictError (`id_reused`),
    InvalidInputError for what is no phone or no address.
    """
    faults = [
        FieldFault(name, name, f"this is no {words}")
        for name, words, shape in (("phone", "phone number", PHONE), ("email", "e-mail address", EMAIL))
        if getattr(command, name) and not shape.fullmatch(getattr(command, name))
    ]
    if faults:
        raise InvalidInputError("the contact is refused", faults)
    table = storage.contact_word
    said = {"signatory_id": command.signatory_id, "kind": command.kind}
    if storage.made_before(work.db, table, word_id, said):
        return
    stamp = {"id": word_id, "actor": work.who.actor, "given_at": work.now}
    work.db.execute(table.insert(), [stamp | said])
    if command.kind == CHANGED:
        points = {"phone": command.phone, "email": command.email}
        work.tell(ContactGiven(word_id=word_id, signatory_id=command.signatory_id, private={"scheduler": points}))
