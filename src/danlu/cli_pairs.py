"""Pairs of texts on the command line: how they are given, and what is said where they are given otherwise.

A pair may be a text with its keywords, or with a pronoun in it and what that may stand for. Knows arguments, lines and
rows; everything else is a call into the package. Nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.errors import DataError, OptionError
from danlu.text.beside import SAID
from danlu.text.mention import is_about, is_question, pair_of
from danlu.text.normalize import clean
from danlu.text.pair import join, sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.types import Beside, Example

_MENTIONS = 'give the text and beside it {"span1_text": ..., "span1_index": ..., "span2_text": ..., "span2_index": ...}'
_PARTS = 3  # a text, a pronoun, what it may stand for


def takes(beside: Beside | None) -> str:
    """What a model of pairs does, as the beginning of a sentence."""
    return f"reads {SAID[beside]}" if beside else "compares two texts"


def pairs_of(texts: Sequence[str], beside: Beside | None) -> list[str]:
    """The pairs that arguments are.

    Raises:
        OptionError: their number fits no pairs.
        DataError: a pronoun does not stand in its text once, or a text is empty.
    """
    if beside == "mention" and not _made(texts):
        if len(texts) % _PARTS:
            what = f"This model {takes(beside)}, and {len(texts)} arguments are given"
            raise OptionError(f"{what}. Fix: give {SAID[beside]}, an argument each.")
        triples = [texts[start : start + _PARTS] for start in range(0, len(texts), _PARTS)]
        return [join(*pair_of(text, pronoun, name), "ordered") for text, pronoun, name in triples]
    if len(texts) % 2:
        fix = f"give {SAID[beside]}, an argument each" if beside else "give two for each pair"
        raise OptionError(f"This model {takes(beside)}, and {len(texts)} are given. Fix: {fix}.")
    return [join(first, second, "ordered") for first, second in zip(texts[::2], texts[1::2], strict=True)]


def _made(texts: Sequence[str]) -> bool:
    """Whether arguments are questions about pronouns already, each with its text."""
    return len(texts) % 2 == 0 and all(is_question(clean(text)) for text in texts[::2])


def pair_of_line(written: Sequence[str], number: int, beside: Beside | None) -> str:
    """The pair of a line of standard input, whose parts tabs part.

    Args:
        written: the parts.
        number: of the line, for errors.
        beside: what stands beside the text of a pair, if that is no text.

    Raises:
        DataError: there are more or fewer parts, or a pronoun does not stand in its text once.
    """
    if beside == "mention" and len(written) == _PARTS:
        try:
            return join(*pair_of(written[0], written[1], written[2]), "ordered")
        except DataError as error:
            raise DataError(error.what, error.fix, file="stdin", row=number) from None
    if len(written) != 2 or (beside == "mention" and not _made(written)):
        what = f"the line has {len(written) - 1} tabs, and this model {takes(beside)}"
        fix = f"write {SAID[beside]} on one line" if beside else "write the two texts of a pair on one line"
        fix += ", a tab between any two of them" if beside == "mention" else ", one tab between them"
        raise DataError(what, fix, file="stdin", row=number)
    for side, text in enumerate(written, 1):
        if not clean(text):
            raise DataError(
                f"text {side} of the pair is empty", "write it, or delete the line", file="stdin", row=number
            )
    return join(written[0], written[1], "ordered")


def refuse_empty(texts: Sequence[str]) -> None:
    """Refuses an argument without a visible character.

    Raises:
        OptionError: there is one.
    """
    for number, text in enumerate(texts, 1):
        if not clean(text):
            raise OptionError(f"Text {number} is empty. Fix: write at least one character that is not a space.")


def fitting_pair(row: Example, *, pairs: bool, beside: Beside | None) -> Example:
    """The row, if it is a pair just where the model reads pairs, and a question about a pronoun where it reads those.

    Raises:
        DataError: it is not what the model reads.
    """
    found = sides(row.text)
    what = fix = ""
    if pairs and len(found) == 1:
        what = f"it is one text, and this model {takes(beside) if beside else 'compares two'}"
        fix = "name their columns with --text and --second"
    elif not pairs and len(found) == 2:
        what, fix = "it is a pair of texts, and this model reads one", "name its column with --text"
    elif beside == "mention" and not is_about(*found):
        what, fix = f"it is no question about a pronoun, and this model {takes(beside)}", _MENTIONS
    if what:
        raise DataError(what, fix, file=row.source, row=row.row)
    return row
