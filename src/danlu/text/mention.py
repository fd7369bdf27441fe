"""A word that is asked about, marked in the text around it, and the question whether it stands for another one.

The marks are quotation marks, which people and models read alike. Knows strings; does not know who asks.
"""

from __future__ import annotations

import re

from danlu.errors import DataError, quote
from danlu.text.normalize import clean, language

LONGEST = 20  # characters of a pronoun, such as 他们自己 or the aforementioned
REACH = 110  # characters read on either side of the pronoun
_MARKED = re.compile(f"“[^“”]{{1,{LONGEST}}}”")
_ASKED = ("句中的{}指的是{}吗?", "Does {} in the text stand for {}?")
_QUESTION = re.compile("|".join(re.escape(asked).replace(r"\{\}", "“.+”") for asked in _ASKED), re.DOTALL)
_LETTER = "[A-Za-z0-9_]"


def mark(word: str) -> str:
    """The word in its marks."""
    return f"“{word}”"


def is_marked(text: str) -> bool:
    """Whether a short word of a text stands in marks."""
    return bool(_MARKED.search(text))


def stands_for(pronoun: str, name: str, passage: str) -> str:
    """The question whether a pronoun stands for a name, in the language of the passage."""
    return _ASKED[language([passage]) == "en"].format(mark(pronoun), mark(name))


def is_question(text: str) -> bool:
    """Whether a text is what `stands_for` makes."""
    return bool(_QUESTION.fullmatch(text))


def is_about(first: str, second: str) -> bool:
    """Whether two texts are such a question and a text with a marked word, as `pair_at` makes them."""
    return is_question(clean(first)) and is_marked(clean(second))


def pair_at(text: str, pronoun: str, place: int, name: str) -> tuple[str, str]:
    """The question whether the pronoun at a place of a text stands for a name, and what stands around it, marked."""
    before, after = text[max(0, place - REACH) : place], text[place + len(pronoun) :][:REACH]
    return stands_for(pronoun, name, text), before + mark(pronoun) + after


def pair_of(text: str, pronoun: str, name: str) -> tuple[str, str]:
    """The same where the pronoun stands in the text once, or stands there in marks once.

    A pronoun of Latin letters is looked for as a word: he does not stand in the.

    Raises:
        DataError: it stands there more often, or not at all; it is too long, or something is empty.
    """
    if not (clean(text) and clean(pronoun) and clean(name)):
        what = "the text, the pronoun or what it may stand for is empty"
        raise DataError(what, "give all three: a text, a pronoun in it, and what that may stand for")
    if len(pronoun) > LONGEST:
        raise DataError(f"the pronoun has more than {LONGEST} characters", "give the pronoun alone, as it stands there")
    if text.count(mark(pronoun)) == 1:
        before, after = text.split(mark(pronoun))
        return pair_at(before + pronoun + after, pronoun, len(before), name)
    edges = [f"(?<!{_LETTER})" * _is_letter(pronoun[0]), f"(?!{_LETTER})" * _is_letter(pronoun[-1])]
    places = [found.start() for found in re.finditer(re.escape(pronoun).join(edges), text)]
    if not places:
        raise DataError(f"{quote(pronoun)} does not stand in the text", "write the pronoun as it stands there")
    if len(places) > 1:
        fix = f"mark in the text the one that is meant: {mark(pronoun)}"
        raise DataError(f"{quote(pronoun)} stands in the text {len(places)} times", fix)
    return pair_at(text, pronoun, places[0], name)


def _is_letter(character: str) -> bool:
    return bool(re.fullmatch(_LETTER, character))
