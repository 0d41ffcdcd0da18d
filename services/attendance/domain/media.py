"""Photos and scans that come in: what they say they are has to be how they begin. Nothing that a browser would run."""

__all__ = ["PAPERS", "begins_as"]

BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n", "application/pdf": b"%PDF-"}
PAPERS = tuple(BEGINNINGS)


def begins_as(media_type: str, content: bytes) -> bool:
    """Say whether this is one of PAPERS, and begins as one does."""
    beginning = BEGINNINGS.get(media_type)
    return beginning is not None and content.startswith(beginning)
