"""Who sees which territory."""

__all__ = ["check_territory", "own_territory"]

from shared.errors import ForbiddenError
from shared.rights import Principal


def check_territory(who: Principal, territory: str) -> None:
    """Raise ForbiddenError when this person's scope is another territory."""
    if who.scope and who.scope != territory:
        raise ForbiddenError(f"{who.role} of {who.scope} does not see territory {territory}")


def own_territory(who: Principal, asked: str | None) -> str | None:
    """Return the territory to show: the one asked for, else the person's own, else all. Raises ForbiddenError."""
    if asked:
        check_territory(who, asked)
        return asked
    return who.scope or None
