"""Where a letter goes, and who helps: asked at the interview, sealed at rest, told only to who writes letters."""

__all__ = ["sealed_address", "tell_address"]

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.scheduler import storage
from services.scheduler.domain.reception import Assessment
from services.scheduler.usecases import telling
from services.scheduler.usecases.intake import changed_by_hand
from shared.seal import KeyRing, seal_for
from shared.work import Work


def sealed_address(work: Work, candidate: Mapping[str, Any], found: Assessment) -> str | None:
    """Return address and trusted helper, sealed; each stays as it was where a correction says nothing of it."""
    kept = _opened(work, candidate) or {"helper": {}, "address": ""}
    if any(found.helper.values()):
        kept["helper"] = dict(found.helper)
    kept["address"] = found.address or kept["address"]
    if not (kept["address"] or kept["helper"]):
        return None
    private = {"private": json.dumps(kept, ensure_ascii=False)}
    return seal_for(work.voice.seal_keys[work.voice.service], private, candidate["id"])


def tell_address(work: Work, candidate: Mapping[str, Any]) -> None:
    """
    Tell notifications where letters to somebody who has signed go, and who helps; nothing where neither is known.

    It is kept sealed for notifications, to be told again: who reads this database does not learn it.
    """
    kept = _opened(work, candidate)
    if kept is None:
        return
    key: UUID = candidate["id"]
    person = storage.one(work.db, storage.signatory, key, "signatory", lock=True)
    letter = seal_for(work.voice.seal_keys["notifications"], {"letter": json.dumps(kept, ensure_ascii=False)}, key)
    fresh = person | {
        "facts": changed_by_hand(person["facts"], {}, also=("letter",)),
        "private": person["private"] | {"letter": letter},
        "version": person["version"] + 1,
    }
    work.db.execute(storage.signatory.update().where(storage.signatory.c.id == key).values(**fresh))
    work.tell(telling.signatory_state(fresh))


def _opened(work: Work, candidate: Mapping[str, Any]) -> dict[str, Any] | None:
    if not candidate["sealed"]:
        return None
    ring = KeyRing(work.voice.seal_keys[work.voice.service])
    opened: dict[str, Any] = json.loads(ring.open(candidate["sealed"], candidate["id"])["private"])
    return opened
