"""What stands beside a text where a row is a pair, and that is no other text to compare it with, in words.

Knows what a person is to give, in order; does not know how it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from danlu.types import Beside

GIVEN: dict[Beside, tuple[str, ...]] = {
    "mention": ("a text", "a pronoun in it", "what the pronoun may stand for"),
    "keywords": ("a text", "its keywords, a comma and a space between them"),
}
SAID: dict[Beside, str] = {
    "mention": "a text, a pronoun in it and what that may stand for",
    "keywords": "a text and its keywords",
}
