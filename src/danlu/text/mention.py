"""A word that is asked about, marked in the text around it, and the question whether it stands for another one.

The marks are quotation marks, which people and models read alike. Knows strings; does not know who asks.
"""

from __future__ import annotations

import re

from danlu.text.normalize import language

LONGEST = 20  # characters of a pronoun, such as 他们自己 or the aforementioned
_MARKED = re.compile(f"“[^“”]{{1,{LONGEST}}}”")
_ASKED = ("句中的{}指的是{}吗?", "Does {} in the text stand for {}?")
_QUESTION = re.compile("|".join(re.escape(asked).replace(r"\{\}", "“.+”") for asked in _ASKED), re.DOTALL)


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
