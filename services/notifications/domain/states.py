"""
The life of a notice, and how one that was sent is judged by what comes to light later.

The judgements form a lattice: whatever the order in which a gateway's answer and its receipts come, once, twice or
never, the same ones lead to the same state.
"""

__all__ = ["FINAL", "SENT", "STATES", "UNANSWERED", "raised"]

# due: waits · sending: an attempt is under way · accepted: a gateway took it · delivered: a receipt says so ·
# unknown: it may have left, and nobody will say · failed: no channel brought it · expired: it would have come too late
# · superseded: no longer true before it left
STATES = ("due", "sending", "unknown", "accepted", "delivered", "failed", "expired", "superseded")
FINAL = frozenset({"unknown", "accepted", "delivered", "failed", "expired", "superseded"})
SENT = frozenset({"sending", "unknown", "accepted"})  # what a receipt of failure takes back

UNANSWERED = "unanswered"  # the reason of what may have left, and nobody said


def raised(present: str, said: str) -> str:
    """
    Return the state after a receipt: delivered stands for good, a failure takes back what was not proven.

    That a message was taken says something only while nobody knows: after a failure it is older than the failure.
    """
    if said == "failed":
        return "failed" if present in SENT else present
    if said == "accepted":
        return "accepted" if present == "sending" else present
    return said
