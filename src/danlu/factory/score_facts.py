"""What can be said of a data set whose rows are scored.

Knows scored rows. Does not know files, or models.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from danlu.corpus.scores import MANY
from danlu.errors import quote
from danlu.factory.findings import Finding, places
from danlu.text.score import bounds_written, is_range, plain, range_of, significant, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.corpus.columns import Columns
    from danlu.types import Example, Range

LEAST_ROWS = 4  # training rows below which nothing can be held out
FEW = 50  # and below which a scale is learned badly
FEW_SCORES = 3  # different scores up to which they look like labels
MOSTLY = 0.9  # share of the rows that have one score, beyond which there is little to learn
BARS = 10  # of the histogram; where there are few different scores, each has one


def scores_of(rows: Sequence[Example]) -> list[float]:
    """The scores of labelled rows."""
    return [float(row.label) for row in rows if row.label is not None]


def range_of_rows(rows: Sequence[Example]) -> Range:
    """The range of the scores of some rows; that of shares where there are none."""
    return range_of(scores_of(rows) or [0.0, 1.0])


def check_scores(
    train: list[Example], held_out: list[Example], descriptions: dict[str, str], *, named: bool
) -> list[Finding]:
    """The findings about scores.

    Args:
        train: the usable training rows.
        held_out: the usable development and test rows.
        descriptions: label to description, from the label list.
        named: whether the user said that rows are scored.
    """
    if len(train) < LEAST_ROWS:
        return [Finding("error", "too-few-rows", places(train), {"n": len(train), "least": LEAST_ROWS})]
    counts = Counter(scores_of(train))
    ((commonest, often),) = counts.most_common(1)
    if not is_range((min(counts), max(counts))):
        return [Finding("error", "one-score", places(train), {"score": plain(commonest)})]
    found: list[Finding] = []
    if len(train) < FEW:
        found.append(Finding("warning", "few-scored-rows", (), {"n": len(train), "few": FEW}))
    if len(counts) <= FEW_SCORES:
        found.append(Finding("warning", "few-scores", (), {"names": [plain(score) for score in sorted(counts)]}))
    if often > MOSTLY * len(train):
        values = {"score": plain(commonest), "percent": int(100 * often / len(train))}
        found.append(Finding("warning", "mostly-one-score", (), values))
    low, high = range_of(counts)
    outside = [row for row in held_out if row.label is not None and not low <= float(row.label) <= high]
    if outside:
        first, last = bounds_written((low, high))
        values = {"n": len(outside), "low": first, "high": last}
        found.append(Finding("note", "scores-outside", places(outside), values))
    if not named and len(counts) > MANY and all(map(float.is_integer, counts)):
        found.append(Finding("warning", "whole-numbers-as-scores", (), {"n": len(counts)}))
    if descriptions:
        found.append(Finding("note", "label-list-unused-scores"))
    return found


def histogram(rows: Sequence[Example], bounds: Range) -> list[tuple[str, int]]:
    """What stands beside each bar, and how many rows it has: a score, or the stretch of the range that begins there."""
    scores = scores_of(rows)
    counts = Counter(scores)
    if len(counts) <= BARS + 1:
        return [(plain(score), counts[score]) for score in sorted(counts)]
    often, edges = np.histogram(scores, bins=BARS, range=bounds)
    finer = (0.0, (bounds[1] - bounds[0]) / BARS)
    shown = [written(float(edge), finer) for edge in edges]
    names = [name.rstrip("0").rstrip(".") if "." in name else name for name in shown]
    return [(f"{start} – {end}", int(n)) for start, end, n in zip(names, names[1:], often, strict=False)]


def score_facts(used: dict[str, list[Example]], bounds: Range) -> dict[str, object]:
    """The range, and how scores lie in it, by role; fit for JSON."""
    told: dict[str, object] = {}
    for role in ("train", "dev", "test"):
        scores = scores_of(used[role])
        if scores:
            told[role] = {
                "least": min(scores),
                "median": significant(float(np.median(scores)), 10),
                "mean": significant(float(np.mean(scores)), 10),
                "deviation": significant(float(np.std(scores))),
                "most": max(scores),
                "different": len(set(scores)),
            }
    bars = [f"{name}: {count:,}" for name, count in histogram(used["train"], bounds)]
    return {"range": list(bounds), "scores": told, "histogram": bars}


def score_evidence(columns: Columns, train: Sequence[Example], bounds: Range, where: str) -> list[str]:
    """Why rows are said to be scored, and where their range comes from.

    Args:
        columns: of the training file.
        train: the usable training rows.
        bounds: the range.
        where: which columns the texts are.
    """
    scores = scores_of(train) or [0.0]
    decimals = sum(not score.is_integer() for score in scores)
    kind = f"{decimals:,} of {len(scores):,} with decimals" if decimals else f"{len(set(scores)):,} whole ones"
    first, last = bounds_written(bounds)
    seen = bounds_written((min(scores), max(scores)))
    why = "as observed" if seen == (first, last) else f"the usual range around the observed {seen[0]} to {seen[1]}"
    return [
        f"{where}, the score the column {quote(columns.label)}, which holds numbers: {kind}",
        f"the range is {first} to {last}, {why}; training rows, one score each: {len(train):,}",
    ]
