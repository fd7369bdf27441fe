"""What can be said of a data set whose rows are questions with options of their own.

Knows questions, options and how answers name them. Does not know files, or models.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from danlu.corpus.options import NAMED
from danlu.errors import quote
from danlu.factory.findings import Finding, places
from danlu.text.normalize import han_share
from danlu.text.question import asked, parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from danlu.corpus.columns import Columns
    from danlu.types import Example

FEW = 16  # training questions below which figures say little


def check_questions(train: Sequence[Example], descriptions: dict[str, str], *, unsure: bool = False) -> list[Finding]:
    """The findings about the number of questions, how answers name options, and a label list beside them.

    Args:
        train: the usable training questions.
        descriptions: label to description, from the label list.
        unsure: whether numbers leave open where they count from.
    """
    if not train:
        return [Finding("error", "no-questions")]
    if len(train) == 1:
        return [Finding("error", "one-question", places(train))]
    found: list[Finding] = []
    if len(train) < FEW:
        found.append(Finding("warning", "few-questions", (), {"n": len(train), "few": FEW}))
    if unsure:
        found.append(Finding("warning", "answers-unsure"))
    if descriptions:
        found.append(Finding("note", "label-list-unused-options"))
    return found


def chance_of(rows: Sequence[Example]) -> float:
    """The expected share of right answers of somebody who guesses."""
    return sum(1 / (len(parts(row.text)) - 1) for row in rows) / max(1, len(rows))


def question_facts(used: Mapping[str, Sequence[Example]]) -> dict[str, object]:
    """How many options questions have, by role, and what guessing would give; fit for JSON.

    Args:
        used: the usable rows of each role.
    """
    facts: dict[str, object] = {}
    for role, rows in used.items():
        sizes = Counter(len(parts(row.text)) - 1 for row in rows)
        if sizes:
            facts[role] = {
                "least": min(sizes),
                "most": max(sizes),
                "mean": round(sum(size * count for size, count in sizes.items()) / len(rows), 2),
                "chance": round(chance_of(rows), 4),
            }
    return facts


def question_evidence(columns: Columns, train: Sequence[Example]) -> list[str]:
    """Why the task is said to be a choice among options, and how rows were read."""
    after = f", followed by the column {quote(columns.second)}" if columns.second else ""
    where = (
        f"the list in the column {quote(columns.options[0])}"
        if len(columns.options) == 1
        else f"the columns {quote(columns.options[0])} to {quote(columns.options[-1])}"
    )
    blanks = sum(asked(question) != question for question in (parts(row.text)[0] for row in train))
    share = han_share(part for row in train for part in parts(row.text))
    evidence = [
        f"the question is the column {quote(columns.text)}{after}, its options are {where}",
        f"the answer is the column {quote(columns.label)}: {NAMED[columns.answers or 'texts']}",
        f"training questions: {len(train):,}; guessing would get {chance_of(train):.0%} of them right",
        "no training text has a letter"
        if share is None
        else f"{share:.0%} of training texts are mainly Han characters",
    ]
    if blanks:
        evidence.append(f"questions with a blank, read around it: {blanks:,}")
    return evidence
