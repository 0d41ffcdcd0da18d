"""What is kept of a notice, and for how long: its words go, that it was sent, when and what became of it stays."""

__all__ = ["forget_words"]

from datetime import timedelta

import sqlalchemy as sa

from services.notifications import storage
from services.notifications.usecases.tasks import task_id
from shared.service import Service

BATCH = 500
REPLY_DAYS = 90  # [A] an answer that nobody understood has been read by then
NO_WORDS: sa.ColumnElement[str] = sa.literal_column("''")  # as the indexes of what is still kept say it
GONE = {"text": "", "subject": "", "calendar": [], "reply_code": ""}


def forget_words(days: int, service: Service) -> int:
    """
    Delete the words of notices that ended so many days ago (business time) and of old answers; return how many. A tick.

    Kind, versions of the texts, channel, times, attempts and receipts stay as evidence; the address of an attempt is a
    keyed hash, and goes with the words.
    """
    notice, attempt, reply = storage.notice, storage.attempt, storage.reply
    now = service.clock.now()
    old = sa.and_(notice.c.ended_at <= now - timedelta(days=days), notice.c.text != NO_WORDS)
    read = sa.and_(reply.c.heard_at <= now - timedelta(days=REPLY_DAYS), reply.c.address_hash != NO_WORDS)
    with service.database.read() as db:
        some = any(db.scalar(sa.select(sa.exists().where(which))) for which in (old, read))
    if not some:
        return 0
    with service.database.begin() as db:
        keys = list(db.scalars(sa.select(notice.c.id).where(old).order_by(notice.c.id).limit(BATCH)))
        db.execute(notice.update().where(notice.c.id.in_(keys)).values(**GONE))
        db.execute(attempt.update().where(attempt.c.notice_id.in_(keys)).values(address_hash=""))
        query = sa.select(reply.c.id, reply.c.person_id).where(read).order_by(reply.c.id)
        answers = db.execute(query.limit(BATCH)).all()
        mine, task = reply.c.id.in_([key for key, _person in answers]), storage.task
        db.execute(reply.update().where(mine).values(text="", address_hash=""))
        tasks = [task_id("reply", person_id, key) for key, person_id in answers]
        db.execute(task.update().where(task.c.id.in_(tasks)).values(note=""))
    return len(keys) + len(answers)
