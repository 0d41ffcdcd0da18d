"""The roots of all errors. A class has a stable `code`; how a door answers it is the door's business."""

__all__ = [
    "ConflictError",
    "FieldFault",
    "ForbiddenError",
    "InvalidInputError",
    "NotFoundError",
    "ParcoursError",
    "SettingsError",
    "TooManyError",
    "TransientError",
]

from collections.abc import Iterable
from dataclasses import dataclass


class ParcoursError(Exception):
    """Anything that Parcours refuses or cannot do. The message is for a person, `code` for a program."""

    code = "error"  # part of the HTTP contract: never reworded


class NotFoundError(ParcoursError):
    """Raised when the thing asked for does not exist, or is not visible to who asks."""

    code = "not_found"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"no {what} {key}")


class ConflictError(ParcoursError):
    """Raised when the state has moved on, or an id is used again with another body. Read again, then decide."""

    code = "conflict"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class ForbiddenError(ParcoursError):
    """Raised when who asks may not do this. Never retry as the same principal."""

    code = "forbidden"


class TooManyError(ParcoursError):
    """Raised when one caller knocks more often than a public door allows. Try again later."""

    code = "too_many"


class TransientError(ParcoursError):
    """Raised when the same work may succeed later; a consumer keeps the event and tries again, a bounded time."""

    code = "try_later"


class SettingsError(ParcoursError):
    """Raised once at start with everything that lacks or is wrong in the environment."""

    code = "settings"


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with one field: its name as the sender wrote it, the rule's stable name, words for a person."""

    field: str
    rule: str
    message: str


class InvalidInputError(ParcoursError):
    """Raised when what was sent breaks a rule; each fault names its field and rule."""

    code = "invalid_input"

    def __init__(self, message: str, faults: Iterable[FieldFault] = ()) -> None:
        self.faults = tuple(faults)
        details = "; ".join(f"{fault.field}: {fault.message}" for fault in self.faults)
        super().__init__(f"{message}: {details}" if details else message)
