"""What the general model is asked about the rows of a task: a question and options in words, and how a row is read.

Of single texts the labels' names alone are the options, as in `danlu.adapt.names`. Of pairs a question comes before the
two sides, in words that the model was trained with. Knows labels, texts and words; does not know the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from danlu.adapt import names
from danlu.text.mention import is_marked, is_question
from danlu.text.normalize import language
from danlu.text.pair import pairing_of, sides
from danlu.text.question import blank, passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from danlu.types import Language, Task

# Questions and, where labels are 0 and 1 or false and true, what these say: Chinese, then English.
SAME = ("这两个问题问的是同一件事吗？", "Are these two questions the same?")
RELATION = ("前一句和后一句是什么关系？", "How do the two sentences relate?")
KEYWORDS = ("这些关键词都符合这篇摘要吗？", "Do all of these keywords fit the text?")
NO_YES = (("不是", "是"), ("no", "yes"))
GAP = ("空格处应填什么？", "Which word fills the gap?")
LISTED = ("关键词：", "Keywords: ")
AROUND = 110  # characters on either side of a blank that the general model reads
_BETWEEN, _BETWEEN_ZH = ", ", "、"  # how `danlu.corpus` writes a list of words as one text, and how it is asked about
_LONGEST = 40  # letters of a keyword
_BINARY = (("0", "1"), ("false", "true"), ("False", "True"))
_USUAL = 0.9  # share of second sides that are lists, where the second sides of a task are


@dataclass(frozen=True)
class Asking:
    """A question about every row of a task.

    Attributes:
        options: what each label says in words, in the order of the labels.
        question: what is asked; may be empty.
        both: whether a row is read both ways round, and its score the mean: of pairs whose order does not matter.
        listed: what is written before the second side where it is a list of keywords; else empty.
    """

    options: tuple[str, ...]
    question: str = ""
    both: bool = False
    listed: str = ""

    def sides(self, text: str) -> tuple[str, ...]:
        """The text, or the two sides of a pair, as they are put to the model."""
        found = sides(text)
        if not self.listed or len(found) == 1:
            return found
        words = found[1].replace(_BETWEEN, _BETWEEN_ZH) if self.listed == LISTED[0] else found[1]
        return found[0], self.listed + words


def asking_of(task: Task, descriptions: dict[str, str], texts: Sequence[str]) -> Asking | None:
    """What is asked about the rows of a task.

    None where its labels say nothing, a text may have several of them, rows bring options or texts that are no pairs
    have scores.

    Of scored pairs, whether they are the same: how far that is from yes or no joins what tells their score.

    Labels that are 0 and 1, or false and true, say no and yes where sides are alike or not, where a text has its
    keywords beside it, and where it stands beside a question about its pronoun.

    Args:
        task: labels, language, and whether rows are pairs.
        descriptions: label to description, from the label list.
        texts: of the training rows.
    """
    if task.several or task.options:
        return None
    if task.range is not None:
        return _likeness(task)
    said = names.wording(task.labels, descriptions)
    if task.pairing is None:
        return Asking(tuple(said)) if said else None
    way = _way(task.language)
    ordered = task.pairing == "ordered"
    listed = ordered and _are_lists(texts)
    mentions = ordered and task.labels in _BINARY and _are_mentions(texts)
    if task.labels in _BINARY and not descriptions and (listed or mentions or not ordered):
        said = list(NO_YES[way])
    if said is None:
        return None
    if task.pairing == "unordered":
        return Asking(tuple(said), SAME[way], both=True)
    asked = "" if mentions else (KEYWORDS if listed else RELATION)[way]  # a mention comes with its question
    return Asking(tuple(said), asked, listed=LISTED[way] if listed else "")


def asking_of_questions(questions: Sequence[str]) -> Asking:
    """What a student of the general model is asked about all questions of a task: what `put` says of most of them.

    Args:
        questions: some of them, without their options.
    """
    gaps = sum(blank(question) is not None for question in questions)
    return Asking((), GAP[_way(language(questions))] if 2 * gaps > len(questions) else "")


def _likeness(task: Task) -> Asking | None:
    """Whether the two sides of a scored pair are the same; nothing of single texts."""
    way = _way(task.language)
    return task.pairing and Asking(NO_YES[way], SAME[way], both=task.pairing == "unordered")


def put(question: str) -> tuple[str, str]:
    """What the general model is asked about a question with options, and the text it is asked about.

    Of a question with a blank, what fills it, about what stands around it; any other question is the text itself.
    """
    asked = GAP[_way(language([question]))] if blank(question) else ""
    return asked, passage(question, AROUND)


def _way(written: Language) -> int:
    return 1 if written == "en" else 0


def _are_lists(texts: Iterable[str]) -> bool:
    """Whether second sides are lists of words, and first sides are not."""
    pairs = [sides(text) for text in texts if pairing_of([text])]
    return bool(pairs) and all(
        (sum(_is_list(pair[side]) for pair in pairs) >= _USUAL * len(pairs)) == wanted
        for side, wanted in ((0, False), (1, True))
    )


def _are_mentions(texts: Iterable[str]) -> bool:
    """Whether nearly all first sides ask about a word that is marked in the second."""
    pairs = [sides(text) for text in texts if pairing_of([text])]
    fitting = sum(is_question(first) and is_marked(second) for first, second in pairs)
    return bool(pairs) and fitting >= _USUAL * len(pairs)


def _is_list(text: str) -> bool:
    words = text.split(_BETWEEN)
    return len(words) > 1 and all(0 < len(word) <= _LONGEST and word[-1] not in ".!?。！？" for word in words)
