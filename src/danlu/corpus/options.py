"""Questions that bring their own options: which columns hold them, and what a row says.

Knows the names that people give to lists of options, to lettered columns and to answers, and how an answer names its
option. Does not know files, nor what is done with a question.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from danlu.corpus.columns import TEXT_NAMES, Columns, as_label, as_text, by_name, existing, is_scalar, text_by_content
from danlu.errors import DataError, brief, listing, quote
from danlu.text.normalize import clean
from danlu.text.question import LEAST_OPTIONS, ask
from danlu.types import Answers, Example

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LETTERS = "ABCDEFGH"
MOST_OPTIONS = 64
LONGEST = 2_000  # characters of an option: a model file reads no more of a text
_ONE_OF_TWO = 38  # characters of the name of a column, where a field names the first and the last
_LISTS = ("options", "choices", "choice", "candidates", "选项", "候选", "候选项", "endings")
_LETTERED = re.compile(r"(?:(option|choice|candidate|选项|ending|sol)[ _-]?)?([a-h]|[0-8])", re.IGNORECASE)
_ANSWERS = """
    answer label correct correct_answer answer_key answerkey gold right solution answer_index answer_idx key target
    答案 正确答案 标签 正确选项
"""
ANSWER_NAMES = tuple(_ANSWERS.split())
QUESTION_NAMES = ("question", "query", "stem", "问题", "题目", "题干")
PASSAGE_NAMES = (
    "passage",
    "context",
    "article",
    "document",
    "paragraph",
    "story",
    "premise",
    "ctx",
    "文章",
    "原文",
    "段落",
    "材料",
    "篇章",
    "前提",
)
_LETTER = re.compile(r"[(（]?([a-h])[)）.．、:：]?", re.IGNORECASE)
_INTEGER = re.compile(r"\d{1,9}")
# How answers name options, in words.
NAMED: dict[Answers, str] = {
    "from 0": "a number that counts from 0",
    "from 1": "a number that counts from 1",
    "letters": "the letter of an option",
    "texts": "an option's own text",
}
_SHAPE = 'write them as a list of texts, ["first", "second"], or in columns A, B, C'


@dataclass(frozen=True, slots=True)
class Keyed:
    """A row whose question and options are read and whose answer is not yet.

    Attributes:
        number: of the row.
        question: cleaned.
        options: cleaned.
        answer: as it stands in the row; None where there is none.
    """

    number: int
    question: str
    options: tuple[str, ...]
    answer: str | None


def question_columns(
    rows: Sequence[dict[str, object]], *, text: str | None, second: str | None, label: str | None, file: str
) -> Columns | None:
    """The columns of questions with options, or None where rows have no options.

    A passage and its question, in two columns, are one question: the question is read first.

    Args:
        rows: some rows of the file, at least one.
        text: the question's column, if the user named it.
        second: the column of what is read after the question, if the user named it.
        label: the answer's column, if the user named it.
        file: the file's name, for errors.

    Raises:
        DataError: a named column does not exist, options are an object, or no column looks like a question.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        if name.strip().casefold() in _LISTS and any(isinstance(row.get(name), dict) for row in rows):
            raise DataError("the options are an object, not a list", _SHAPE, file=file, field=name)
    options = option_columns(rows, names)
    if not options:
        return None
    named = existing(text, names, "--text", file)
    after = existing(second, names, "--second", file)
    answer = existing(label, names, "--label", file)
    others = [name for name in names if name not in (*options, answer, after)]
    answer = answer or next(
        (name for known in ANSWER_NAMES for name in others if name.strip().casefold() == known), None
    )
    others = [name for name in others if name != answer]
    question = named or by_name(rows, others, QUESTION_NAMES)
    if question and not named and not after:
        after = by_name(rows, [name for name in others if name != question], (*PASSAGE_NAMES, *TEXT_NAMES[:3]))
    question = question or by_name(rows, others, (*PASSAGE_NAMES, *TEXT_NAMES)) or text_by_content(rows, others)
    if question is None:
        fix = f"name it with --text; there are: {listing(names)}"
        raise DataError("no column looks like a question", fix, file=file)
    return Columns(question, answer, after, options)


def option_columns(rows: Sequence[dict[str, object]], names: Sequence[str]) -> tuple[str, ...]:
    """The column that holds lists of options, or the columns that hold an option each; none where rows have no options.

    Args:
        rows: some rows of a file.
        names: its columns.
    """
    folded = {name.strip().casefold(): name for name in reversed(names)}
    for known in _LISTS:
        name = folded.get(known)
        if name is not None and 2 * sum(isinstance(_listed(row.get(name)), list) for row in rows) >= len(rows):
            return (name,)
    runs: dict[str, dict[str, str]] = {}
    for name in names:
        found = _LETTERED.fullmatch(name.strip())
        if found and (found[1] or found[2].isalpha()):
            runs.setdefault((found[1] or "").casefold(), {})[found[2].casefold()] = name
    for run in runs.values():
        for first in "a", "0", "1":
            order = [chr(code) for code in range(ord(first), ord(first) + len(LETTERS))]
            length = next((i for i, mark in enumerate(order) if mark not in run), len(order))
            if length == LEAST_OPTIONS and run[first] == "a":  # two columns of many other things are called a and b
                continue
            if length >= LEAST_OPTIONS and all(_filled(rows, run[mark]) for mark in order[:LEAST_OPTIONS]):
                return tuple(run[mark] for mark in order[:length])
    return ()


def _filled(rows: Sequence[dict[str, object]], name: str) -> bool:
    return 2 * sum(bool(as_text(row.get(name)).strip()) for row in rows if is_scalar(row.get(name))) >= len(rows)


def _listed(value: object) -> object:
    """A list that stands in one cell of a table as JSON, as a list; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def read_questions(
    rows: Iterable[tuple[int, dict[str, object]]],
    columns: Columns,
    file: str,
    *,
    need_label: bool,
    known: Answers | None = None,
) -> tuple[Columns, Iterator[Example]]:
    """The examples of question rows, and the columns with how answers name options.

    Streamed where answers are not needed, or how they name options is known; else all rows are read to find that out.

    Args:
        rows: numbers and cells.
        columns: as `question_columns` gives them.
        file: the file's name, for errors.
        need_label: whether answers are read.
        known: how answers named options where a model learned, which a file that leaves it open is taken to do too.

    Raises:
        DataError: a bad row, when it is reached.
    """
    answer = columns.label if need_label else None
    read = (keyed(row, number, columns, answer, file) for number, row in rows)
    if answer and columns.answers is None:
        whole = list(read)
        style = style_of(whole, known)
        columns = replace(columns, answers=style, unsure=style != known and is_open(whole, style))
        read = iter(whole)
    style = columns.answers or "texts"
    return columns, (example(row, style, columns, file) for row in read)


def keyed(row: dict[str, object], number: int, columns: Columns, answer: str | None, file: str) -> Keyed:
    """The question, the options and the answer of a row, cleaned.

    Args:
        row: the cells.
        number: of the row, for errors.
        columns: where they stand.
        answer: the column of the answer, or None where rows need none.
        file: the file's name, for errors.

    Raises:
        DataError: fewer than two options, an empty one, one that stands twice, a list that is not of texts, or a cell
            of the question or answer that is not one value.
    """
    texts = [name for name in (columns.text, columns.second) if name]
    for name in (*texts, *([answer] if answer else [])):
        if not is_scalar(row.get(name)):
            what = f"it holds a {type(row.get(name)).__name__}, not one value"
            raise DataError(what, "write one question and one answer a row", file=file, row=number, field=name)
    question = " ".join(part for name in texts if (part := clean(as_text(row.get(name)))))
    found = _options(row, number, columns.options, file)
    given = None if answer is None else as_label(row.get(answer))
    return Keyed(number, question, found, None if given is None else clean(given))


def _options(row: dict[str, object], number: int, columns: Sequence[str], file: str) -> tuple[str, ...]:
    field = " to ".join(brief(name, _ONE_OF_TWO) for name in dict.fromkeys((columns[0], columns[-1])))
    if len(columns) == 1:
        value = _listed(row.get(columns[0]))
        if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[object]", value)):
            raise DataError(f"the options are {_instead(value)}", _SHAPE, file=file, row=number, field=field)
        cells = [as_text(item) for item in cast("list[str]", value)]
    else:
        cells = [as_text(row.get(name)) for name in columns]
        while cells and not cells[-1].strip():  # a question with fewer options leaves the last columns empty
            cells.pop()
    written = [clean(cell) for cell in cells]
    wrong = fix = ""
    if len(written) < LEAST_OPTIONS:
        wrong, fix = (
            f"there are {len(written)} options" if len(written) != 1 else "there is 1 option",
            "give two or more",
        )
    elif len(written) > MOST_OPTIONS:
        wrong, fix = f"there are {len(written)} options", f"give {MOST_OPTIONS} at most"
    elif not all(written):
        wrong, fix = f"option {written.index('') + 1} is empty", "write it, or leave it out"
    elif any(len(text) > LONGEST for text in written):
        wrong, fix = f"an option has more than {LONGEST:,} characters", "shorten it"
    elif len(set(written)) < len(written):
        twice = next(text for text in written if written.count(text) > 1)
        wrong, fix = f"the option {quote(twice)} stands twice", "delete one of the two"
    if wrong:
        raise DataError(wrong, fix, file=file, row=number, field=field)
    return tuple(written)


def _instead(value: object) -> str:
    """What stands where a list of options should."""
    if isinstance(value, list):
        return "a list that is not of texts"
    missing = is_scalar(value) and not as_text(value).strip()
    return "missing" if missing else f"a {type(value).__name__}, not a list"


def style_of(rows: Iterable[Keyed], known: Answers | None = None) -> Answers:
    """How the answers of a file name their options, found out from all rows.

    As where a model learned, if that is known and every answer names an option so. Else numbers count from 1 only if
    some answer says so: the number of its question's options, and no answer is 0. An answer that is an option's own
    text is taken as that wherever most are.
    """
    rows = [row for row in rows if row.answer]
    if known and all(_place(row.answer or "", row.options, known) is not None for row in rows):
        return known
    texts = sum(row.answer in row.options for row in rows)
    numbers = [row for row in rows if _INTEGER.fullmatch(row.answer or "")]
    letters = sum(bool(_LETTER.fullmatch(row.answer or "")) for row in rows)
    if texts == len(rows) or texts > max(len(numbers), letters):
        return "texts"
    if letters >= len(numbers):
        return "letters"
    low, beyond = (any(test(row) for row in numbers) for test in (_is_zero, _is_last))
    if low and beyond and known == "from 1":  # one of them is a slip
        return known
    return "from 1" if beyond and not low else "from 0"


def is_open(rows: Iterable[Keyed], style: Answers) -> bool:
    """Whether answers are numbers and none says where they count from: not 0, nor the number of its options."""
    numbers = [row for row in rows if _INTEGER.fullmatch(row.answer or "")]
    return style in ("from 0", "from 1") and not any(_is_zero(row) or _is_last(row) for row in numbers)


def _is_zero(row: Keyed) -> bool:
    return int(row.answer or "") == 0


def _is_last(row: Keyed) -> bool:
    return int(row.answer or "") >= len(row.options)


def example(row: Keyed, style: Answers, columns: Columns, file: str) -> Example:
    """The example of a row; its label is the right option, or None where the row has no answer.

    Args:
        row: what stands in it.
        style: how answers name their options.
        columns: where the answer stands, for errors.
        file: the file's name.

    Raises:
        DataError: the answer names none of the options.
    """
    text = ask(row.question, row.options)
    if row.answer is None:
        return Example(text, None, file, row.number)
    place = _place(row.answer, row.options, style)
    if place is None:
        count = len(row.options)
        first = {"from 0": "0", "from 1": "1", "letters": "A"}.get(style)
        last = {"from 0": str(count - 1), "from 1": str(count), "letters": LETTERS[min(count, 8) - 1]}.get(style)
        what = f"the answer {quote(row.answer)} is none of the {count} options"
        fix = (
            f"write one from {first} to {last}, as the other rows do"
            if first
            else "write the option as it stands there"
        )
        fix += "" if columns.measured else "; if these are no options, give --task classification"
        raise DataError(what, fix, file=file, row=row.number, field=columns.label or "")
    return Example(text, row.options[place], file, row.number)


def _place(answer: str, options: Sequence[str], style: Answers) -> int | None:
    """Which option an answer names, or None. An option's own text always names it, unless answers are numbers."""
    number = -1
    if style in ("from 0", "from 1") and _INTEGER.fullmatch(answer):
        number = int(answer) - (style == "from 1")
    elif style == "letters" and (found := _LETTER.fullmatch(answer)):
        number = LETTERS.index(found[1].upper())
    elif answer in options:
        number = options.index(answer)
    return number if 0 <= number < len(options) else None
