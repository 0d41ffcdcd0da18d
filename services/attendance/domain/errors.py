"""What can go wrong with a roll."""

__all__ = ["MarkRefusedError", "RollNotOpenError", "RollSignedError"]

from shared.errors import ConflictError, InvalidInputError


class RollSignedError(ConflictError):
    """Raised when a mark comes after the sign-off. Never retry: make a correction."""

    code = "roll_signed"


class RollNotOpenError(ConflictError):
    """Raised when a roll is opened or signed before its day. Wait."""

    code = "roll_not_open"


class MarkRefusedError(InvalidInputError):
    """Raised for a mark that makes no sense: nobody of that name on the roll, more minutes than the meeting has."""

    code = "mark_refused"
