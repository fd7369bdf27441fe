"""Texts put to the general extractor: what in them is of some types, without a single marked row.

Knows texts and types; does not know files or how answers are printed. Nothing is learned and nothing is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.special import expit

from danlu.adapt import span
from danlu.errors import OptionError, quote
from danlu.extractor import Extraction, Span
from danlu.factory.extract_material import wording
from danlu.models.base import open_base
from danlu.models.open_span import WIDEST, open_settings
from danlu.text.entities import Reading, decode
from danlu.text.normalize import clean
from danlu.text.pieces import WINDOW, by_character, frame, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from danlu.models.base import Base

NOTE = (
    "Nothing was learned from examples: a general model went by the words of the types alone. "
    "What it is less sure of than one in two is more often wrong than right."
)
BLOCK = 32  # texts that are read at a time


def find(
    texts: Sequence[str],
    types: Sequence[str],
    *,
    base: Base | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[Extraction]:
    """What is found in each text, with exact offsets into the text as it is given.

    Args:
        texts: of any length.
        types: in words, one at least.
        base: the encoder that the general extractor belongs to, by default the package's own.
        progress: called with the number of texts after each block.

    Raises:
        OptionError: no type, two that are the same, an empty one, an empty text, or a base with no general extractor.
    """
    named = checked_types(types)
    for number, text in enumerate(texts, 1):
        if not clean(text):
            raise OptionError(f"Text {number} is empty. Fix: leave it out, or write what it says.")
    base = base or _opened()
    settings = open_settings(base)
    if settings is None:
        raise OptionError(f"The general extractor belongs to the embedded encoder, not to {base.name}. Fix: use that.")
    tokenizer = by_character(base.tokenizer)
    before, after = frame(tokenizer)
    reading = Reading(tuple(before), tuple(after), WINDOW, WIDEST)
    network = span.head(base, base.model, wording(named, {}), WIDEST, 0).eval()
    out: list[Extraction] = []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        for text, found in zip(block, span.predict(network, read(tokenizer, block), reading), strict=True):
            sure = expit(found.logits * settings.scale + settings.shift)
            places = [(*found.places[i].tolist(), float(sure[i])) for i in decode(found, settings.least, nested=False)]
            spans = [
                Span(first, last, named[int(kind)], probability) for first, last, kind, probability in sorted(places)
            ]
            out.append(Extraction(text, tuple(spans)))
        if progress:
            progress(len(block))
    return out


def checked_types(types: Sequence[str]) -> list[str]:
    """The types in one spelling.

    Raises:
        OptionError: as in `find`.
    """
    named = [clean(name) for name in types]
    if not named:
        raise OptionError("There is no type to look for. Fix: give one or more: --types A B C.")
    if not all(named):
        raise OptionError("A type is empty. Fix: write each type in words.")
    folded = [name.casefold() for name in named]
    for name in named:
        if folded.count(name.casefold()) > 1:
            raise OptionError(f"The type {quote(name)} is given twice. Fix: leave one of them out.")
    return named


def _opened() -> Base:
    return open_base()
