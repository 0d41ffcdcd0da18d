"""A mark drawn with a finger: strokes of points in thousandths of the square's side, as the device sends them."""

__all__ = ["LEAST_POINTS", "SIDE", "Strokes", "read_strokes"]

import json

Strokes = list[list[tuple[int, int]]]
SIDE = 1000
LEAST_POINTS = 8  # fewer are a slip of the finger


def read_strokes(content: bytes) -> Strokes | None:
    """Return the strokes of a drawing, or None for what is none: points outside the square, or too few of them."""
    try:
        strokes = [[(x, y) for x, y in stroke] for stroke in json.loads(content)]
    except (ValueError, TypeError):
        return None
    points = [point for stroke in strokes for point in stroke]
    whole = all(type(value) is int and 0 <= value <= SIDE for point in points for value in point)
    return strokes if whole and len(points) >= LEAST_POINTS else None
