"""The vocabulary of a corpus: learned from the beginning of each source.

Knows files and a segmenter. How pieces are found and weighed stands in `danlu.text.tokenizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.corpus.examples import examples
from danlu.errors import MissingExtra
from danlu.text.normalize import tidy
from danlu.text.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

SAMPLE = 3_000_000  # characters of a source that are read


def learn_vocabulary(
    paths: Sequence[Path], size: int, *, column: str | None = None, sample: int = SAMPLE, words: bool = True
) -> Tokenizer:
    """A vocabulary for the texts of some files.

    Args:
        paths: files of rows.
        size: tokens in all.
        column: of the texts, found by name or content if None.
        sample: characters that are read of each file.
        words: whether Chinese pieces are learned inside words (jieba's), or anywhere.

    Raises:
        DataError: a file cannot be read.
        MissingExtra: jieba is not installed.
        OptionError: the size leaves no room for the characters.
    """
    segment = _segmenter() if words else None
    return train_tokenizer(lambda: beginnings(paths, column, sample), size, segment=segment)


def beginnings(paths: Sequence[Path], column: str | None = None, sample: int = SAMPLE) -> Iterator[str]:
    """The tidied texts at the beginning of each file, up to so many characters a file."""
    for path in paths:
        left = sample
        for row in examples(path, text=column, need_label=False):
            text = tidy(row.text)[:left]
            yield text
            left -= len(text)
            if left <= 0:
                break


def _segmenter() -> Callable[[str], Iterable[str]]:
    try:
        import jieba
    except ModuleNotFoundError as error:
        raise MissingExtra("jieba", "pretrain") from error
    jieba.setLogLevel(40)
    return lambda run: jieba.cut(run, HMM=False)
