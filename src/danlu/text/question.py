"""A question with its options as one string, so that whatever carries texts carries questions as well.

Between the question and its options stand marks: a control character of its own, as in `danlu.text.pair`. Where a
model reads it, each option becomes an ordered pair with the question: which option is right is asked of each by itself.
Knows strings; does not know how pairs are compared, or which option is right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from danlu.text.normalize import clean
from danlu.text.pair import join as joined
from danlu.text.pair import plain, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MARK = "\x1d"
RIGHT, WRONG = "right", "wrong"  # the labels of a pair of a question and an option; RIGHT comes first when sorted
LEAST_OPTIONS = 2
REACH = 24  # characters that are read on either side of a blank, or Latin words of about as many
LATIN_REACH = 3  # times that where letters are Latin: a word of them says about as much as one or two Han characters
GAP = "____"  # how a blank is written where what stands around it is read as a text
LEAST_AFTER = 2  # letters behind a blank
LONG = 40  # characters of a question that says by itself which question it is
# A blank to be filled in: #idiom# of the CHID data, lines of underscores, empty brackets, [MASK].
_BLANK = re.compile(
    r"#idiom\d*#|_{2,}|(?<!\w)_(?!\w)|\(\s*_*\s*\)|（\s*_*\s*）|\[\s*_*\s*\]|【\s*_*\s*】|\[MASK\]|\[BLANK\]",
    re.IGNORECASE,
)
_HAN = re.compile("[\u3400-\u9fff]")


def ask(question: str, options: Sequence[str]) -> str:
    """The string of a question and its options; marks inside them are replaced as by `danlu.text.pair.plain`."""
    return MARK.join(map(plain, (question, *options)))


def is_question(text: str) -> bool:
    """Whether a string is a question with options."""
    return MARK in text


def parts(text: str) -> tuple[str, ...]:
    """The question and its options; of a pair the two sides, and a text as it is."""
    return tuple(text.split(MARK)) if MARK in text else sides(text)


def told(text: str) -> tuple[str, ...]:
    """The question without its options; of a pair the two sides, and a text as it is."""
    return (text.split(MARK, 1)[0],) if MARK in text else sides(text)


def is_whole(text: str) -> bool:
    """Whether a text, both sides of a pair, or a question and all of its options have a visible character."""
    return all(map(clean, parts(text)))


def change(text: str, by: Callable[[str], str]) -> str:
    """A question with its own text and each option changed."""
    return MARK.join(plain(by(part)) for part in text.split(MARK))


def asked(question: str) -> str:
    """What of a question is read beside its options: all of it, or where it has a blank, what stands around that.

    What stands far from a blank says little of what belongs there; a blank with nothing after it is where the answer
    is written, not a gap in a sentence.
    """
    return question if blank(question) is None else passage(question, REACH)


def blank(question: str) -> tuple[str, str, str] | None:
    """What stands before the first blank of a question, the blank, and what stands after it; None without one."""
    found = _BLANK.search(question)
    if found is None or sum(map(str.isalnum, question[found.end() :])) < LEAST_AFTER:
        return None
    return question[: found.start()], found[0], question[found.end() :]


def passage(question: str, reach: int) -> str:
    """Up to `reach` characters on either side of a question's blank, which is written as a line; more in Latin.

    Further blanks are left out. Of a question without a blank, the beginning.
    """
    reach *= 1 if len(_HAN.findall(question)) * 3 >= len(question) else LATIN_REACH
    found = blank(question)
    if found is None:
        return question[: 2 * reach]
    return found[0][-reach:] + GAP + _BLANK.sub("", found[2])[:reach]


def pairs(text: str) -> list[str]:
    """The ordered pair of a question with each of its options."""
    question, *options = text.split(MARK)
    side = asked(question)
    return [joined(side, option, "ordered") for option in options]


def identity(text: str) -> str:
    """The same for two questions that differ in the order of their options alone; no mark is in it."""
    question, *options = text.split(MARK)
    return " ".join([question, *sorted(options)])


def essence(text: str) -> str:
    """What of a question is compared with others, to find questions that nearly repeat it.

    Options repeat from question to question, so a question that is long enough stands for itself; a short one, such as
    which of these is a fruit, is another question with other options.
    """
    question = text.split(MARK, 1)[0]
    return question if len(question) >= LONG else identity(text)


def shown(text: str, most: int) -> str:
    """A question for people to read, cut to `most` characters, around its blank if it has one, and its options."""
    question, *options = text.split(MARK)
    if len(question) > most and (found := _BLANK.search(question)):
        start = max(0, min(found.start() - most // 2, len(question) - most))
        question = "…" * (start > 0) + question[start : start + most] + "…" * (start + most < len(question))
    elif len(question) > most:
        question = question[: most - 1] + "…"
    return f"{question} | {' / '.join(options)}"
