"""A word that is asked about, marked in the text around it: quotation marks, which people and models read alike.

Knows strings; does not know who asks, or what the word may stand for.
"""

from __future__ import annotations

import re

LONGEST = 20  # characters of a pronoun, such as 他们自己 or the aforementioned
_MARKED = re.compile(f"“[^“”]{{1,{LONGEST}}}”")


def mark(word: str) -> str:
    """The word in its marks."""
    return f"“{word}”"


def is_marked(text: str) -> bool:
    """Whether a short word of a text stands in marks."""
    return bool(_MARKED.search(text))
