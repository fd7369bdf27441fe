"""Which column is the text, or which two are, and which the label, and what a cell says.

Knows the names people give to columns and how texts and labels look. Does not know files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.errors import DataError, listing, quote
from danlu.text.score import is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from danlu.types import Answers, Beside

# Each in order of preference.
_TEXT = """
    text sentence content query review utterance message question title comment sentences body document tweet post sms
    input prompt instruction headline news
    文本 内容 句子 评论 正文 评论内容 标题 问题 语句 留言 微博 文档 用户输入
"""
_LABEL = """
    label intent category class target sentiment topic emotion tag type labels answer y
    标签 类别 意图 分类 情感 情绪 主题 类型 标注 类目
"""
_NAMED_LABEL = "label_desc label_des label_name label_text labelname label_description 标签名 类别名"
_NO_CONTENT = "id idx index uuid guid url link time date timestamp created_at updated_at 编号 序号 时间 日期"
_SCORE = "score rating similarity stars grade points 分数 评分 得分 打分 相似度 星级"
TEXT_NAMES = tuple(_TEXT.split())
LABEL_NAMES = tuple(_LABEL.split())
SCORE_NAMES = tuple(_SCORE.split())  # of numbers; looked for where nothing is called a label
NAMED_LABELS = tuple(_NAMED_LABEL.split())  # beside a numeric label, as in FewCLUE and SetFit: what the number means
NO_CONTENT = frozenset(_NO_CONTENT.split())
# Two columns of texts that make a row a pair: alike, so that either may be the first, and unlike.
_ALIKE = """
    sentence1 sentence2, text_a text_b, text1 text2, question1 question2, query1 query2, sentence_a sentence_b,
    texta textb, 句子1 句子2, 文本1 文本2, 问题1 问题2, 句子a 句子b, 文本a 文本b
"""
_UNLIKE = "premise hypothesis, abst keyword, 前提 假设"
_PAIRS = [(first, second) for first, second in (pair.split() for pair in f"{_ALIKE}, {_UNLIKE}".split(","))]
_ENDING = re.compile(r"[ _-]*([12ab])$")
_LONGEST_LABEL = 50  # characters; only when a label is looked for by content


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the column of the text and of that of the label, or None if there is none.

    Attributes:
        second: the column of the second text, where a row is a pair; of what is read after the question, where rows are
            questions with options.
        options: the column with the lists of options, or the columns with an option each; none where rows have none.
        answers: how answers name options, once that is known.
        marks: how the entities in the label's column are written, in words; None where it holds labels.
        flags: the columns of 0 and 1, one a label, where a text may have several and each has a column.
        several: where a cell may hold several labels, how it does: one of the ways of `danlu.corpus.several`, or the
            separator; None where each text has one.
        scores: whether the label's column holds scores.
        measured: whether rows measure a model, which settles what they are: nothing can be named with --task then.
        beside: what the second column holds, where that is no text to compare the other with.
        unsure: whether how answers name options is a guess, since numbers leave open where they count from.
    """

    text: str
    label: str | None
    second: str | None = None
    options: tuple[str, ...] = ()
    answers: Answers | None = None
    marks: str | None = None
    flags: tuple[str, ...] = ()
    several: str | None = None
    scores: bool = False
    measured: bool = False
    beside: Beside | None = None
    unsure: bool = False

    def read(self, *, need_label: bool) -> tuple[str, ...]:
        """All columns that are read, that of the label only if it is needed."""
        labels = (self.label, *self.flags) if need_label else ()
        wanted = (self.text, self.second, *self.options, *labels)
        return tuple(name for name in wanted if name is not None)

    @property
    def alike(self) -> bool:
        """Whether the names of a pair's columns differ in a 1 and 2, or a and b, alone: two things of one kind."""
        first, second = _fold(self.text), _fold(self.second or "")
        ends = [found.group(1) for name in (first, second) if (found := _ENDING.search(name))]
        return _ENDING.sub("", first) == _ENDING.sub("", second) and sorted(ends) in (["1", "2"], ["a", "b"])


def as_text(value: object) -> str:
    """A cell as text: nothing and NaN are empty, a scalar is written out, half surrogate pairs are replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_label(value: object) -> str | None:
    """A cell as a label: the stripped text, None if nothing is left. 3 and 3.0 are '3', True is 'true'."""
    return as_text(value).strip().strip("\ufeff\u200b").strip() or None


def is_scalar(value: object) -> bool:
    """Whether a cell is one value, not a list, an object or bytes."""
    return not isinstance(value, (list, tuple, dict, set, bytes))


def find_columns(
    rows: Sequence[dict[str, object]],
    *,
    text: str | None,
    label: str | None,
    file: str,
    second: str | None = None,
) -> Columns:
    """The columns of the text and the label: as named by the user, else by their names, else by their content.

    Rows are pairs where two columns have the names of a pair, or where the user named the second; a text that the user
    named alone is classified alone.

    Args:
        rows: some rows of the file, at least one.
        text: the text's column, if the user named it.
        label: the label's column, if the user named it.
        file: the file's name, for errors.
        second: the column of the second text of a pair, if the user named it.

    Raises:
        DataError: a named column does not exist, is named twice, or no column looks like text; or the one that is
            called text holds none, and what is called a label would be taken for it.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    named_text = existing(text, names, "--text", file)
    named_second = existing(second, names, "--second", file)
    named_label = existing(label, names, "--label", file)
    others = [name for name in names if name not in (named_label, named_second)]
    pair = _pair(rows, [name for name in names if name != named_label]) if text is None else None
    if pair is None or named_second not in (None, pair[1]):
        pair = None, named_second
    text_column = named_text or pair[0] or by_name(rows, others, TEXT_NAMES) or text_by_content(rows, others)
    second_column = pair[1]
    if text_column is None or _fold(text_column) in (*LABEL_NAMES, *NAMED_LABELS):
        empty = next((name for name in others if name != text_column and _fold(name) in TEXT_NAMES), None)
        if named_text is None and empty is not None:
            fix = "write one text a row into it, or name another column with --text"
            raise DataError("the column holds no text", fix, file=file, field=empty)
    if text_column is None:
        raise DataError("no column looks like text", f"name it with --text; there are: {listing(names)}", file=file)
    chosen = [name for name in (text_column, second_column, named_label) if name is not None]
    if len(set(chosen)) < len(chosen):
        twice = next(name for name in chosen if chosen.count(name) > 1)
        raise DataError("one column has two roles", "name different columns", file=file, field=twice)
    others = [name for name in names if name not in (text_column, second_column)]
    found = named_label or _label_by_name(rows, others) or _label_by_content(rows, others) or _score(rows, others)
    return Columns(text_column, found, second_column)


def existing(name: str | None, names: list[str], option: str, file: str) -> str | None:
    """The column that the user named, in any case; None if none was named.

    Raises:
        DataError: there is no such column.
    """
    if name is None or name in names:
        return name
    for known in names:
        if _fold(known) == _fold(name):
            return known
    raise DataError(f"there is no column {quote(name)}", f"set {option} to one of: {listing(names)}", file=file)


def _fold(name: str) -> str:
    return name.strip().casefold()


def _pair(rows: Sequence[dict[str, object]], names: list[str]) -> tuple[str, str] | None:
    """The two columns whose names are those of a pair; a title beside a body is one only where the user says so."""
    folded = {_fold(name): name for name in reversed(names)}
    for first, second in _PAIRS:
        if first in folded and second in folded and all(_often(rows, folded[name]) for name in (first, second)):
            return folded[first], folded[second]
    return None


def _often(rows: Sequence[dict[str, object]], name: str) -> bool:
    """Whether a column is filled in half of the rows or more; lists of words count."""
    filled = sum(bool(as_text(value).strip()) for value in (row.get(name) for row in rows))
    return 2 * filled >= len(rows)


def cells_of(rows: Sequence[dict[str, object]], names: Iterable[str]) -> dict[str, list[object]]:
    """The cells of some columns, in one pass: rows of JSON may each bring columns of their own, which others lack.

    Args:
        rows: some rows of a file.
        names: of the columns.
    """
    found: dict[str, list[object]] = {name: [] for name in names}
    for row in rows:
        for name, value in row.items():
            if name in found:
                found[name].append(value)
    return found


def _filled(cells: Iterable[object]) -> list[str]:
    """The scalar values among some cells as labels, the missing ones left out."""
    values = (as_label(cell) for cell in cells if is_scalar(cell))
    return [value for value in values if value is not None]


def by_name(rows: Sequence[dict[str, object]], names: list[str], known: tuple[str, ...]) -> str | None:
    """The column with the most preferred of the known names, if any cell in it is filled."""
    folded = {_fold(name): name for name in reversed(names)}
    present = (folded[name] for name in known if name in folded)
    return next((name for name in present if _filled(row.get(name) for row in rows)), None)


def _label_by_name(rows: Sequence[dict[str, object]], names: list[str]) -> str | None:
    plain = by_name(rows, names, LABEL_NAMES)
    if plain is None or all(map(is_number, _filled(row.get(plain) for row in rows))):
        return by_name(rows, names, NAMED_LABELS) or plain
    return plain


def _score(rows: Sequence[dict[str, object]], names: list[str]) -> str | None:
    """The column that is called a score and holds numbers."""
    found = by_name(rows, names, SCORE_NAMES)
    return found if found and any(map(is_number, _filled(row.get(found) for row in rows))) else None


def text_by_content(rows: Sequence[dict[str, object]], names: list[str]) -> str | None:
    """The column whose distinct strings have the most letters."""
    best, most = None, 0
    for name, cells in cells_of(rows, names).items():
        strings = {value for value in cells if isinstance(value, str)}
        letters = sum(sum(map(str.isalpha, string)) for string in strings)
        if letters > most and _fold(name) not in NO_CONTENT:
            best, most = name, letters
    return best


def _label_by_content(rows: Sequence[dict[str, object]], names: list[str]) -> str | None:
    """The one column with few distinct, short values that repeat; None if there are several or none."""
    found: list[str] = []
    for name, cells in cells_of(rows, names).items():
        values = _filled(cells)
        distinct = set(values)
        repeats = 2 <= len(distinct) <= len(values) / 2
        if repeats and _fold(name) not in NO_CONTENT and max(map(len, distinct)) <= _LONGEST_LABEL:
            found.append(name)
    return found[0] if len(found) == 1 else None
