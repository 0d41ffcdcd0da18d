"""
The life of a notice, and how one that was sent is judged by what comes to light later.

The judgements form a lattice: whatever the order in which a gateway's answer and its receipts come, once, twice or
never, the same ones lead to the same state.
"""

__all__ = ["FINAL", "RANKS", "SENT", "STATES", "raised"]

# due: waits · sending: an attempt is under way · accepted: a gateway took it · delivered: a receipt says so ·
# unknown: it may have left, and nobody will say · failed: no channel brought it · expired: it would have come too late
# · superseded: no longer true before it left
STATES = ("due", "sending", "unknown", "accepted", "delivered", "failed", "expired", "superseded")
RANKS = {
    "due": 0,
    "sending": 1,
    "unknown": 2,
    "expired": 2,
    "superseded": 2,
    "failed": 2,
    "accepted": 3,
    "delivered": 4,
}
FINAL = frozenset({"unknown", "accepted", "delivered", "failed", "expired", "superseded"})
SENT = frozenset({"sending", "unknown", "accepted"})  # what a receipt of failure takes back


def raised(present: str, said: str) -> str:
    """Return the state after a receipt: delivered stands for good, a failure takes back what was not proven."""
    if said == "failed":
        return "failed" if present in SENT else present
    return max(present, said, key=RANKS.__getitem__)
