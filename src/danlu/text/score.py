"""A score as people write it: the number in a cell, the range that scores lie in, and as many digits as that deserves.

Inside danlu a score is its place in the range, 0 at the low end and 1 at the high one. Knows numbers and strings; does
not know where they come from.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from danlu.types import Range

LABEL = "score"  # the one column of what a model of scores gives
LARGEST = 1e9  # of a score, either way
COVERED = 0.9  # of the true scores, that the margin around the predicted ones holds
WIDENED = 0.1  # of the width of a usual range: so far from its ends the least and the greatest score may lie
USUAL: tuple[Range, ...] = ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def number(cell: str) -> float | None:
    """The number that a cell holds, wide digits too; None for anything else, such as inf, and where it is too large."""
    written = unicodedata.normalize("NFKC", cell).strip().replace("\N{MINUS SIGN}", "-")
    if _NUMBER.fullmatch(written) is None:
        return None
    value = float(written)
    return value if abs(value) <= LARGEST else None


def plain(score: float) -> str:
    """A number as the label of a row: equal numbers are equal strings."""
    return f"{score + 0.0:.10g}"


def range_of(scores: Iterable[float]) -> Range:
    """The range that scores lie in: a usual one where they reach its ends, or nearly; else from the least to the most.

    Args:
        scores: at least one.
    """
    known = list(scores)
    low, high = min(known), max(known)
    for start, end in USUAL:  # the narrower one first
        near = WIDENED * (end - start)
        if start <= low <= start + near and end - near <= high <= end:
            return start, end
    return low, high


def share(score: float, bounds: Range) -> float:
    """Where a score lies in the range, 0 to 1 inside of it."""
    return (score - bounds[0]) / (bounds[1] - bounds[0])


def at(place: float, bounds: Range) -> float:
    """The inverse of `share`."""
    return bounds[0] + place * (bounds[1] - bounds[0])


def digits(bounds: Range) -> int:
    """Decimals that tell something: two for 0 to 1, one for 0 to 5, none for 0 to 100."""
    return max(0, 2 - math.ceil(math.log10(bounds[1] - bounds[0])))


def written(score: float, bounds: Range) -> str:
    """A score, or its margin, for people to read."""
    shown = f"{score:.{digits(bounds)}f}"
    return shown.lstrip("-") if not float(shown) else shown


def bounds_written(bounds: Range) -> tuple[str, str]:
    """Both ends of a range, exactly."""
    return plain(bounds[0]), plain(bounds[1])
