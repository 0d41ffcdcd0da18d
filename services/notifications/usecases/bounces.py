"""A mail came back: what that says of the notice, and of the address."""

__all__ = ["take_bounce"]

import hmac
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.domain.bounces import NotABounceError, read_bounce, tokens_in
from services.notifications.usecases.post import Post
from services.notifications.usecases.receipts import ReceiptCommand, take_receipt
from services.notifications.usecases.settling import mark_refused
from shared.errors import FieldFault, InvalidInputError, NotFoundError
from shared.ids import derived_id
from shared.work import Work


def take_bounce(post: Post, work: Work, raw: bytes) -> None:
    """
    Keep what a mail system said about one of our mails; the same again changes nothing, a delay never does.

    A dead address is given up at once, unless the person has another one by now. Raises InvalidInputError for a mail
    that is no report, NotFoundError for a report about none of our mails.
    """
    try:
        bounce = read_bounce(raw)
    except NotABounceError as error:
        fault = FieldFault("body", "report", "must be a delivery status notification (RFC 3464)")
        raise InvalidInputError(f"the mail is refused: {error}", [fault]) from error
    notice_id = _about(post, raw)
    attempt = _last_mail(work, notice_id)
    if not bounce.failed:
        return
    key = derived_id("bounce", notice_id, attempt["n"], bounce.status)
    if work.db.scalar(sa.select(storage.receipt.c.id).where(storage.receipt.c.id == key)) is not None:
        return
    said = ReceiptCommand(
        id=key,
        state="failed",
        attempt=attempt["n"],
        error=f"mail came back: {bounce.status}",
        address_at_fault=bounce.address_at_fault,
    )
    notice = take_receipt(post, work, notice_id, said)
    if bounce.address_dead:
        mark_refused(post, work, [(notice["person_id"], attempt)])


def _about(post: Post, raw: bytes) -> UUID:
    """Return the notice whose mail a report is about: the first that it names with the right secret."""
    for notice_id, secret in tokens_in(raw):
        if hmac.compare_digest(secret, post.mail_secret(notice_id)):
            return notice_id
    raise NotFoundError("mail", "of the report")


def _last_mail(work: Work, notice_id: UUID) -> dict[str, Any]:
    attempt = storage.attempt
    mine = sa.and_(attempt.c.notice_id == notice_id, attempt.c.channel == "email")
    found = storage.first(work.db, sa.select(attempt).where(mine).order_by(attempt.c.n.desc()).limit(1))
    if found is None:
        raise NotFoundError("mail", "of the report")
    return found
