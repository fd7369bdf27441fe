"""The vocabulary of a corpus: learned from the beginning of each source.

Knows files and a segmenter. How pieces are found and weighed stands in `danlu.text.tokenizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from danlu.corpus.examples import single_texts
from danlu.corpus.prepare import spelling
from danlu.errors import MissingExtra
from danlu.text.tokenizer import train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from danlu.corpus.prepare import Cleaning

SAMPLE = 1_500_000  # characters of a source that are read


def learn_vocabulary(
    paths: Sequence[Path], size: int, cleaning: Cleaning, *, sample: int = SAMPLE, words: bool = True
) -> Tokenizer:
    """A vocabulary for the texts of some files.

    Args:
        paths: files of rows.
        size: tokens in all.
        cleaning: of the texts; repeats and evaluation texts are still there, as pieces of words tell nobody's labels.
        sample: characters that are read of each file.
        words: whether Chinese pieces are learned inside words (jieba's), or anywhere.

    Raises:
        DataError: a file cannot be read.
        MissingExtra: jieba is not installed.
        OptionError: the size leaves no room for the characters.
    """
    segment = segmenter() if words else None
    return train_tokenizer(lambda: beginnings(paths, cleaning, sample), size, segment=segment)


def beginnings(paths: Sequence[Path], cleaning: Cleaning, sample: int = SAMPLE) -> Iterator[str]:
    """The texts at the beginning of each file in the spelling of training, up to so many characters a file."""
    spell = spelling(cleaning)
    for path in paths:
        left = sample
        for written in single_texts(path, text=cleaning.column):
            text = spell(written)[:left]
            yield text
            left -= len(text)
            if left <= 0:
                break


def segmenter() -> Callable[[str], Iterable[str]]:
    """Cuts a run of hanzi into words.

    Raises:
        MissingExtra: jieba is not installed.
    """
    try:
        import jieba
    except ModuleNotFoundError as error:
        raise MissingExtra("jieba", "pretrain") from error
    jieba.setLogLevel(40)
    return lambda run: jieba.cut(run, HMM=False)
