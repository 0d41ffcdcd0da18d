"""The life of a notice. A receipt that comes late or out of order never takes back what is proven."""

__all__ = ["FINAL", "RANKS", "STATES", "raised"]

# due: waits · sending: an attempt is under way · accepted: a gateway took it · delivered: a receipt says so ·
# failed: no channel brought it · expired: it would have come too late · superseded: no longer true before it left
STATES = ("due", "sending", "accepted", "delivered", "failed", "expired", "superseded")
RANKS = {"due": 0, "sending": 1, "expired": 2, "superseded": 2, "failed": 2, "accepted": 3, "delivered": 4}
FINAL = frozenset({"accepted", "delivered", "failed", "expired", "superseded"})


def raised(present: str, said: str) -> str:
    """Return the state after a receipt: delivered stands for good, a failure only takes back an acceptance."""
    if said == "failed":
        return "failed" if present == "accepted" else present
    return max(present, said, key=RANKS.__getitem__)
