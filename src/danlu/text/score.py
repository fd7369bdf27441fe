"""A score as people write it: the number in a cell, the range that scores lie in, and as many digits as that deserves.

Inside danlu a score is its place in the range, 0 at the low end and 1 at the high one. Knows numbers and strings; does
not know where they come from.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from danlu.types import Range

LABEL = "score"  # the one column of what a model of scores gives
LARGEST = 1e9  # of a score, either way
COVERED = 0.9  # of the true scores, that the margin around the predicted ones holds
WIDENED = 0.1  # of the width of a usual range: so far from its ends the least and the greatest score may lie
USUAL: tuple[Range, ...] = ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
NARROWEST = 1e-12  # width of a range, in shares of its larger end where that is beyond 1
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WIDE = str.maketrans("０１２３４５６７８９．＋－−", "0123456789.+--")


def narrow(cell: str) -> str:
    """A cell with wide digits, points and signs as those of ASCII, and without white space around it."""
    return cell.translate(_WIDE).strip()


def is_number(cell: str) -> bool:
    """Whether a cell is a number of any size as people write it, wide digits too; inf, 5² and 1,000 are none."""
    return _NUMBER.fullmatch(narrow(cell)) is not None


def number(cell: str) -> float | None:
    """The number that a cell holds; None where it holds anything else, and where it is too large."""
    value = float(narrow(cell)) if is_number(cell) else math.inf
    return value if abs(value) <= LARGEST else None


def significant(value: float, digits: int = 6) -> float:
    """A number of any size, rounded to as many digits that matter."""
    return float(f"{value:.{digits}g}")


def is_range(bounds: Range) -> bool:
    """Whether the ends lie far enough apart for places between them."""
    low, high = bounds
    return high - low >= NARROWEST * max(1.0, abs(low), abs(high))


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
    """A score for people to read."""
    shown = f"{score:.{digits(bounds)}f}"
    return shown.lstrip("-") if not float(shown) else shown


def margin_written(margin: float, bounds: Range) -> str:
    """A margin for people to read, rounded up, so that it holds what it says; never 0 unless it is."""
    places = digits(bounds) if not margin else max(digits(bounds), -math.floor(math.log10(margin)))
    return f"{math.ceil(margin * 10**places * (1 - 1e-9)) / 10**places:.{places}f}"


def error_written(error: float, bounds: Range, sign: str = "") -> str:
    """A mean error for people to read: in more digits than a score.

    Args:
        error: in the units of the scores.
        bounds: of the scores.
        sign: "+" where the sign of what is above 0 matters too.
    """
    return f"{error:{sign}.{digits((0.0, (bounds[1] - bounds[0]) / 5))}f}"


def bounds_written(bounds: Range) -> tuple[str, str]:
    """Both ends of a range, exactly."""
    return plain(bounds[0]), plain(bounds[1])
