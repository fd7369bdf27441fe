"""Questions with options on the command line: how they are given, and how a model is measured on them.

Knows arguments, lines and rows; everything else is a call into the package. Nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.corpus.options import NAMED
from danlu.errors import DataError, OptionError, quote
from danlu.text.normalize import clean
from danlu.text.question import LEAST_OPTIONS, ask, is_question, parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.artifact import Model
    from danlu.corpus.columns import Columns
    from danlu.types import Example


def question_of(texts: Sequence[str]) -> list[str]:
    """The one question that arguments are: the question first, then its options.

    Raises:
        OptionError: fewer than two options, an empty text, or an option that stands twice.
    """
    if len(texts) <= LEAST_OPTIONS:
        what = f"This model chooses among a question's options, and {len(texts) - 1} are given"
        raise OptionError(f"{what}. Fix: give the question and then two options or more.")
    wrong = _wrong(texts)
    if wrong:
        what, fix = wrong
        raise OptionError(f"{what[0].upper()}{what[1:]}. Fix: {fix}.")
    return [ask(texts[0], texts[1:])]


def question_of_line(written: Sequence[str], number: int) -> str:
    """A question and its options, which tabs part, from a line of standard input.

    Raises:
        DataError: fewer than two options, an empty text, or an option that stands twice.
    """
    if len(written) <= LEAST_OPTIONS:
        what = f"the line has {len(written) - 1} tabs, and this model chooses among a question's options"
        fix = "write the question and its options on one line, a tab before each option"
        raise DataError(what, fix, file="stdin", row=number)
    wrong = _wrong(written)
    if wrong:
        raise DataError(*wrong, file="stdin", row=number)
    return ask(written[0], written[1:])


def _wrong(given: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a question and its options, and what to do; None where nothing is."""
    question, *options = map(clean, given)
    if not question:
        return "the question is empty", "write it before its options"
    if "" in options:
        return f"option {options.index('') + 1} is empty", "write it, or leave it out"
    twice = next((option for option in options if options.count(option) > 1), None)
    return None if twice is None else (f"the option {quote(twice)} stands twice", "leave one of the two out")


def fitting_question(row: Example, *, options: bool) -> Example:
    """The row, if it is a question with options just where the model reads such.

    Args:
        row: of a file.
        options: whether the model chooses among options.

    Raises:
        DataError: it is not what the model reads.
    """
    if options and not is_question(row.text):
        what, fix = "it has no options, and this model chooses among them", "give a list 'options', or columns A, B, C"
        raise DataError(what, fix, file=row.source, row=row.row)
    if not options:
        what, fix = "it is a question with options, and this model reads texts", "leave the columns of options out"
        raise DataError(what, fix, file=row.source, row=row.row)
    return row


def measure_questions(model: Model, rows: Sequence[Example], file: str) -> dict[str, Any]:
    """The figures of a model on questions that it has never seen, ready for JSON.

    Raises:
        DataError: a question has no answer.
    """
    import numpy as np

    from danlu.answer import chances, read
    from danlu.evals.questions import Questions, figures

    for row in rows:
        if row.label is None:
            raise DataError("the answer is missing", "write it, or leave the row out", file=file, row=row.row)
    found = chances(model, read([row.text for row in rows]), model.settings.temperature)
    questions = Questions.of([len(own) for own in found])
    table = np.zeros((len(rows), questions.most))
    table[questions.owner, questions.place] = np.concatenate(found)
    truth = np.array([parts(row.text).index(row.label or "", 1) - 1 for row in rows], dtype=np.int64)
    return figures(truth, table, questions.chance)


def guessed_answers(columns: Columns, file: str) -> str:
    """What to say where neither a file nor the model tells where its answers count from."""
    return (
        f"{file}, field {quote(columns.label)}: no answer is 0 or the number of its question's options, and the model "
        "does not say where they count from; they are taken to count from 0. Fix: write the letter of the option, A "
        "for the first, or its text."
    )


def question_line(result: dict[str, Any]) -> str:
    """The figures in one line for people."""
    low, high = result["accuracy95"]
    return (
        f"accuracy {result['accuracy']:.1%} (95% interval {low:.1%} to {high:.1%}; guessing: {result['chance']:.1%}), "
        f"expected calibration error {result['ece']:.3f}, {result['n']} questions, "
        f"the answer being {NAMED[result['answers'] or 'texts']}"
    )
