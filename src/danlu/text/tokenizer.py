r"""One vocabulary for Chinese and English: trained, opened, and exact both ways.

Knows pieces and bytes. Does not know models, or where a vocabulary lies.

Pieces are found by byte-pair merges (Sennrich et al., 2016) inside words, in the spirit of CPM-2's encoding (Zhang
et al., 2021, section 2.1), and weighed by a unigram language model (Kudo, 2018), so that the most probable cut of a run
of hanzi is found without a segmenter. What no piece covers is spelt in bytes, so there is no unknown token; nothing is
normalised, so `decode(encode(text)) == text` for every string. Digits stand alone; a blank belongs to the word after
it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from danlu.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

PAD, START, END, MASK = 0, 1, 2, 3
SPECIAL = ("<|pad|>", "<|start|>", "<|end|>", "<|mask|>", "<|system|>", "<|user|>", "<|assistant|>", "<|reserved|>")
BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_LETTER = r"[\p{L}\p{M}&&[^\p{Han}]]"
_PIECES = rf" ?{_LETTER}+|\p{{Han}}+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+|\n+|[^\S\n]+(?!\S)|[^\S\n]"
_CUT = "\ue000"  # parts words in training; private use, so no text means anything by it
_HAN_RUN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_LONGEST = 12  # characters of a piece
_SPARE = 1.25  # pieces found for each one kept
_ROUNDS = 2  # of weighing


def train_tokenizer(
    texts: Callable[[], Iterable[str]],
    size: int,
    *,
    segment: Callable[[str], Iterable[str]] | None = None,
    coverage: float = 0.999,
) -> Tokenizer:
    """A vocabulary learned from texts, which are read four times.

    Args:
        texts: gives the texts anew each time it is called.
        size: tokens in all, 264 special ones and bytes among them.
        segment: cuts a run of hanzi into words, inside which pieces are learned; without it, anywhere in the run.
        coverage: the share of characters that get a piece of their own; the rest is spelt in bytes.

    Raises:
        OptionError: there is no text, or the size leaves no room for the characters to be covered.
    """
    alphabet = _alphabet(texts(), coverage)
    if not alphabet:
        raise OptionError("There is no text to learn a vocabulary from. Fix: give files that hold some.")
    room = size - len(SPECIAL) - len(BYTES)
    if room < len(alphabet):
        least = len(alphabet) + len(SPECIAL) + len(BYTES)
        raise OptionError(
            f"{size} tokens do not hold the text's characters. Fix: ask for a vocabulary of {least} at least."
        )
    pieces = _merged(_words(texts(), alphabet, segment), round(room * _SPARE))
    scores = {piece: -math.log(rank + 2) for rank, piece in enumerate(pieces)}
    for _ in range(_ROUNDS):
        scores = _reweighed(scores, _words(texts(), alphabet, segment))
    kept = sorted(scores, key=lambda piece: (len(piece) > 1, -scores[piece], piece))[:room]
    tokenizer = _unigram({piece: scores[piece] for piece in kept})
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    return literal(tokenizer)


def open_tokenizer(path: Path) -> Tokenizer:
    """A stored vocabulary, reading every text as plain text.

    Raises:
        OptionError: the file cannot be read, or another make of tokenizer wrote it.
    """
    fix = "Fix: give a tokenizer.json that danlu made."
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more specific
        raise OptionError(f"{path} is no tokenizer ({error}). {fix}") from error
    if [tokenizer.id_to_token(index) for index in range(len(SPECIAL))] != list(SPECIAL):
        raise OptionError(f"{path} is a tokenizer of another make. {fix}")
    return literal(tokenizer)


def literal(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer, for which '<|end|>' in a text is seven characters and not a command."""
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens.

    Raises:
        UnicodeEncodeError: a text holds half a surrogate pair, which is no character.
    """
    return [found.ids for found in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of token ids; special tokens have none, and bytes that are no character are replaced."""
    return tokenizer.decode(list(ids), skip_special_tokens=True)


def _alphabet(texts: Iterable[str], coverage: float) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    counts.pop(_CUT, None)
    wanted, reached = coverage * counts.total(), 0
    kept: set[str] = set()
    for character in sorted(counts, key=lambda c: (-counts[c], c)):
        if reached >= wanted:
            break
        kept.add(character)
        reached += counts[character]
    return frozenset(kept)


def _merged(words: Iterable[str], size: int) -> list[str]:
    """Pieces by byte-pair merges inside pre-tokens: single characters first, then the most frequent first."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _pre_tokenizer(training=True)
    trainer = trainers.BpeTrainer(vocab_size=size, max_token_length=_LONGEST, show_progress=False)
    learner.train_from_iterator(words, trainer)
    ranks = learner.get_vocab()
    return sorted(ranks, key=ranks.__getitem__)


def _reweighed(scores: dict[str, float], words: Iterable[str]) -> dict[str, float]:
    """Log-probabilities of the pieces in the most probable cuts by the scores that are given (hard EM)."""
    tokenizer = _unigram(scores)
    tokenizer.pre_tokenizer = _pre_tokenizer(training=True)
    counts = np.zeros(tokenizer.get_vocab_size(), np.int64)
    words = iter(words)
    while block := list(itertools.islice(words, 1000)):
        for found in tokenizer.encode_batch_fast(block, add_special_tokens=False):
            counts += np.bincount(found.ids, minlength=len(counts))
    logarithms = np.log((counts + 0.1) / (counts.sum() + 0.1 * len(counts)))
    return {piece: float(logarithms[index]) for index, piece in enumerate(scores, len(SPECIAL) + len(BYTES))}


def _unigram(scores: dict[str, float]) -> Tokenizer:
    """Special tokens, bytes, then the pieces in the order given."""
    lowest = min(scores.values())
    extra = [(token, lowest) for token in (*SPECIAL, *BYTES)]
    tokenizer = Tokenizer(models.Unigram([*extra, *scores.items()], unk_id=PAD, byte_fallback=True))
    tokenizer.pre_tokenizer = _pre_tokenizer(training=False)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def _pre_tokenizer(*, training: bool) -> pre_tokenizers.PreTokenizer:
    pieces = pre_tokenizers.Split(Regex(_PIECES), "isolated")
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_CUT), "removed"), pieces]) if training else pieces


def _words(
    texts: Iterable[str], alphabet: frozenset[str], segment: Callable[[str], Iterable[str]] | None
) -> Iterator[str]:
    """The texts with cuts between words and in place of characters that get no piece."""
    for text in texts:
        known = "".join(character if character in alphabet else _CUT for character in text)
        if segment is None:
            yield known
        else:
            yield _HAN_RUN.sub(lambda run: _CUT + _CUT.join(segment(run[0])) + _CUT, known)
