"""The one-file model: open, predict.

Opening one needs onnxruntime, tokenizers and numpy, and nothing runs but the graph, in onnxruntime. Its bytes and their
hashes are in `danlu.archive`. Knows nothing of how a model was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
from tokenizers import Tokenizer

from danlu.answer import answers, held_labels, scored
from danlu.archive import unpack
from danlu.errors import ArtifactError, DataError, OptionError, brief
from danlu.extractor import KIND, Extractor
from danlu.graph import Graph, json_object
from danlu.text.mention import is_about, pair_of
from danlu.text.ngrams import ngrams
from danlu.text.normalize import clean
from danlu.text.pair import join, pairing_of, sides
from danlu.text.question import RIGHT, WRONG
from danlu.text.score import LARGEST, is_range
from danlu.text.shorten import shorten, shorten_pair
from danlu.types import Answers, Beside, Prediction

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.types import Pairing, Range

    Given = str | tuple[str, str] | tuple[str, str, str]

MAX_BYTES = 1 << 30
# N-grams, about four a character, that are read at once: few enough for what they become to stay in a processor's
# cache, which doubles the texts a second; more of questions, whose options share what is read of them.
_BATCH_CELLS, _BATCH_CELLS_OF_OPTIONS = 1 << 13, 1 << 16
_MOST = 1_000_000  # of characters and tokens read
_PROBE = ("danlu", "danlu", "danlu")
_COLDEST, _HOTTEST = 0.01, 100.0  # temperatures: wider than what calibration can choose


@dataclass(frozen=True)
class Settings:
    """How a text becomes the graph's inputs.

    Attributes:
        labels: in the order of the logits.
        temperature: the logits are divided by it.
        abstain_below: predictions with a lower probability are marked for a person.
        text_length: tokens read of a text; 0 where the graph takes none.
        token_length: how many of them the token branch reads: those that tell most; of a pair that it reads as one row
            half of the row, and one side has what the other leaves over.
        ngram_bits: the graph has 2 to this power n-gram buckets; 0 where it takes none.
        max_chars: characters read of a text.
        pairing: how two texts make a row; None where a row is one text. Lengths are those of a side.
        options: whether a row is a question with options of its own, and pairs are those of it with each option.
        thresholds: where a text may have several labels, the probability from which on each holds; else none.
        range: the least and the greatest score, where it gives scores; else none.
        margin: how far from a score the true one lies in nine of ten cases, where it gives scores.
        answers: how the answers of the rows it learned from named options; None of other rows, and in older files.
        beside: what stands beside the text of a pair; None where that is another text, and in older files.
    """

    labels: tuple[str, ...]
    temperature: float
    abstain_below: float
    text_length: int
    token_length: int
    ngram_bits: int
    max_chars: int
    pairing: Pairing | None
    options: bool
    thresholds: tuple[float, ...]
    range: tuple[float, ...] = ()
    margin: float = 0.0
    answers: Answers | None = None
    beside: Beside | None = None


class Model:
    """An opened model file that gives each text, or pair of texts, one label or several, a score, or an option.

    Attributes:
        name: the file's name without its ending.
        settings: how it reads text.
        card: what it was made from and how well it does.
    """

    def __init__(self, name: str, entries: dict[str, bytes], threads: int = 0) -> None:
        """Opens verified entries; `threads` is for one prediction, 0 for all cores."""
        self.name = name
        self.card: dict[str, Any] = json_object(entries["card.json"])
        config = json_object(entries["config.json"])
        listed = {key: config.pop(key) for key in ("labels", "thresholds")} | {"range": config.pop("range", [])}
        if not all(isinstance(value, list) for value in listed.values()):
            raise ArtifactError("The model's settings are not what danlu writes. Fix: get the original file.")
        self.settings = _checked(Settings(**{key: tuple(value) for key, value in listed.items()}, **config))
        self._tokenizer: Tokenizer | None = None
        if self.settings.text_length:
            self._tokenizer = Tokenizer.from_str(entries["tokenizer.json"].decode("utf-8"))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(self.settings.text_length)
        self.graph = Graph(entries["model.onnx"], threads)
        probe = join(*pair_of(*_PROBE), "ordered") if self.pairing else "danlu"
        if self.probabilities([probe]).shape[1] != len(self.labels) or not self.labels:
            raise ArtifactError("The model's labels do not match its graph. Fix: get the original file again.")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the columns of `probabilities`."""
        return self.settings.labels

    @property
    def pairing(self) -> Pairing | None:
        """Whether a row is two texts, and if so whether their order matters; None where it is one text."""
        return self.settings.pairing

    @property
    def beside(self) -> Beside | None:
        """What stands beside the text of a pair, where that is no text to compare it with; else None."""
        return self.settings.beside

    @property
    def options(self) -> bool:
        """Whether it chooses among the options that each question brings."""
        return self.settings.options

    @property
    def several(self) -> bool:
        """Whether a text may have several of the labels, or none."""
        return bool(self.settings.thresholds)

    @property
    def range(self) -> Range | None:
        """The least and the greatest score, where it gives scores; else None."""
        return (self.settings.range[0], self.settings.range[1]) if self.settings.range else None

    def predict(
        self, texts: Sequence[str | tuple[str, str] | tuple[str, str, str] | tuple[str, Sequence[str]]]
    ) -> list[Prediction]:
        """The most probable label of each text, or option of each question, with its calibrated probability.

        Where a text may have several labels, those that hold stand in `labels` of its prediction; where texts are
        scored, `score` and `margin` in the units of the scores.

        Args:
            texts: strings; of a model of pairs, two strings each (or one made by `danlu.text.pair.join`); of a model
                that was asked about pronouns, three: a text, a pronoun that stands in it once, and what that may stand
                for; of a model that chooses among options, a question and a list of them (or one made by
                `danlu.text.question.ask`).

        Raises:
            OptionError: `texts` is one string, or holds something that is not a string, not two for a pair, no pronoun
                of its text, or no question with two different options.
        """
        if self.options:
            return answers(self, texts, self.settings.temperature, self.settings.abstain_below)
        texts = cast("Sequence[Given]", texts)
        table = self.probabilities(texts)
        if self.range is not None:
            return scored(table[:, 0], self.range, self.settings.margin)
        if self.several:
            return held_labels(table, self.labels, self.settings.thresholds, self.settings.abstain_below)
        top = np.argsort(-table, axis=1, kind="stable")[:, :3]
        return [
            Prediction(
                label=self.labels[best[0]],
                probability=float(row[best[0]]),
                abstained=bool(row[best[0]] < self.settings.abstain_below),
                top=tuple((self.labels[i], float(row[i])) for i in best),
            )
            for row, best in zip(table, top, strict=True)
        ]

    def probabilities(self, texts: Sequence[Given]) -> NDArray[np.float32]:
        """(texts, labels) calibrated probabilities of what `predict` takes; of pairs where it takes questions.

        Where a text may have several labels each is the probability that this one holds; where texts are scored, the
        one column is the place in the range, 0 to 1.
        """
        scaled = self.logits(texts) / self.settings.temperature
        if self.several or self.range:
            return np.exp(-np.logaddexp(np.float32(0), -scaled))
        scaled = np.exp(scaled - scaled.max(1, keepdims=True))
        return scaled / scaled.sum(1, keepdims=True)

    def logits(self, texts: Sequence[Given]) -> NDArray[np.float32]:
        """(texts, labels) uncalibrated scores of what `predict` takes.

        Raises:
            OptionError: as in `predict`.
        """
        if isinstance(texts, str):
            raise OptionError("predict takes a list of texts, this is one string. Fix: predict([text]).")
        most, pairing = self.settings.max_chars, self.pairing
        cut: list[str] = []
        for position, text in enumerate(texts):
            given = _strings(text, position, pairing, self.beside)
            read = [clean(side[: 2 * most])[:most] for side in given]
            cut.append(join(read[0], read[1], pairing) if pairing else read[0])
        out = np.zeros((len(cut), len(self.labels)), np.float32)
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        cells = _BATCH_CELLS_OF_OPTIONS if self.options else _BATCH_CELLS
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end - start + 1) * (len(cut[order[end]]) + 8) * 4 <= cells:
                end += 1
            rows = order[start:end]
            out[rows] = self._run([cut[i] for i in rows])
            start = end
        return out

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        feed: dict[str, NDArray[Any]] = {}
        if self._tokenizer is not None:
            flat = [side for text in texts for side in sides(text)]
            read = list(dict.fromkeys(flat)) if self.options else flat  # a question stands beside each of its options
            whole = [encoding.ids for encoding in self._tokenizer.encode_batch(read)]
            feed["static_ids"], feed["static_mask"] = _pad_tokens(whole)
            if "pair_ids" in self.graph.inputs and self.pairing and not self.options:
                pairs = zip(whole[::2], whole[1::2], strict=True)
                rows = [shorten_pair(first, second, self.settings.token_length) for first, second in pairs]
                feed["pair_ids"], feed["pair_sides"] = pad_pairs(rows)
            else:
                short = [shorten(ids, self.settings.token_length) for ids in whole]
                feed["token_ids"], feed["token_mask"] = _pad_tokens(short)
                if self.options:
                    place = {side: number for number, side in enumerate(read)}
                    feed |= _questions(np.array([place[side] for side in flat], np.int64), short)
        if self.settings.ngram_bits:
            feed["ngram_ids"], feed["ngram_counts"] = pad_ngrams(texts, self.settings.ngram_bits)
        return self.graph.run({name: value for name, value in feed.items() if name in self.graph.inputs})[0]


def _strings(text: object, position: int, pairing: Pairing | None, beside: Beside | None) -> tuple[str, ...]:
    """The one string of a text, or the two of a pair, as a caller may give them.

    Where a model was asked about pronouns, the pair is made of three strings, or made already.
    """
    if pairing is None:
        if not isinstance(text, str):
            raise OptionError(f"Text {position} is {type(text).__name__}, not a string. Fix: pass strings only.")
        return (text,)
    given = sides(text) if isinstance(text, str) and pairing_of([text]) else text
    if not isinstance(given, (tuple, list)):
        what = f"Pair {position} is {type(text).__name__}, and this model compares two texts"
        raise OptionError(f'{what}. Fix: predict([("one text", "another")]).')
    found = tuple(cast("Sequence[object]", given))
    if beside == "mention" and all(isinstance(part, str) for part in found):
        return _asked(cast("tuple[str, ...]", found), position)
    if len(found) != 2 or not all(isinstance(side, str) for side in found):
        raise OptionError(f"Pair {position} is not two strings. Fix: pass two strings for each.")
    return cast("tuple[str, str]", found)


def _asked(given: tuple[str, ...], position: int) -> tuple[str, ...]:
    """The question about a pronoun and its text, from three strings or made already."""
    if len(given) == len(_PROBE):
        try:
            return pair_of(*given)
        except DataError as error:
            raise OptionError(f"Text {position}: {error}") from None
    if len(given) != 2 or not is_about(*given):
        what = f"Pair {position} is no question about a pronoun, and this model answers nothing else"
        raise OptionError(f'{what}. Fix: predict([("a text", "a pronoun in it", "what that may stand for")]).')
    return given


def _checked(settings: Settings) -> Settings:
    """The settings themselves, if every one is what danlu writes; a forged file may hold anything."""
    labels = settings.labels
    numbers = (settings.text_length, settings.token_length, settings.ngram_bits, settings.max_chars)
    good = (
        all(type(label) is str and label for label in labels)
        and len(set(labels)) == len(labels) > 0
        and all(type(number) is int and 0 <= number <= _MOST for number in numbers)
        and settings.ngram_bits <= 32
        and settings.max_chars > 0
        and all(type(number) in (int, float) for number in (settings.temperature, settings.abstain_below))
        and _COLDEST <= settings.temperature <= _HOTTEST
        and 0 <= settings.abstain_below <= 1
        and settings.pairing in (None, "ordered", "unordered")
        and type(settings.options) is bool
        and (not settings.options or (settings.pairing == "ordered" and labels == (RIGHT, WRONG)))
        and len(settings.thresholds) in (0, 0 if settings.options else len(labels))
        and all(type(number) in (int, float) and 0 <= number <= 1 for number in settings.thresholds)
        and _good_scores(settings)
        and (settings.answers is None or (settings.options and settings.answers in get_args(Answers)))
        and (settings.beside is None or (settings.pairing == "ordered" and settings.beside in get_args(Beside)))
        and not (settings.beside and settings.options)
    )
    if not good:
        raise ArtifactError("The model's settings are not what danlu writes. Fix: get the original file.")
    return settings


def _questions(sides: NDArray[np.int64], tokens: list[list[int]]) -> dict[str, NDArray[Any]]:
    """Which side each side of some pairs is, and the tokens of questions and of options apart from one another.

    Args:
        sides: (2 pairs,) numbers of the question and the option of each pair.
        tokens: of each distinct side.
    """
    asked, owner = np.unique(sides[::2], return_inverse=True)
    question_ids, question_mask = _pad_tokens([tokens[i] for i in asked])
    option_ids, option_mask = _pad_tokens([tokens[i] for i in sides[1::2]])
    return {
        "sides": sides,
        "question_ids": question_ids,
        "question_mask": question_mask,
        "option_ids": option_ids,
        "option_mask": option_mask,
        "question_of": owner.astype(np.int64),
    }


def _good_scores(settings: Settings) -> bool:
    """Whether what is set about scores is what danlu writes; nothing is where there are none."""
    bounds = settings.range
    if not bounds:
        return type(settings.margin) in (int, float) and str(settings.margin) in ("0", "0.0")
    plain = not settings.options and not settings.thresholds and len(settings.labels) == 1
    return (
        plain
        and len(bounds) == 2
        and all(type(number) in (int, float) and abs(number) <= LARGEST for number in bounds)
        and is_range((bounds[0], bounds[1]))
        and type(settings.margin) in (int, float)
        and 0 <= settings.margin <= 2 * LARGEST
    )


def _pad_tokens(sequences: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    longest = max(1, *(len(sequence) for sequence in sequences))
    ids = np.zeros((len(sequences), longest), np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def pad_pairs(pairs: Sequence[Sequence[Sequence[int]]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(pairs, most tokens of a pair) ids and sides: both sides behind one another, and which side each token is of.

    Args:
        pairs: the framed tokens of both sides; each side is laid without the token it begins with.

    Returns:
        The token ids, and for each 1, 2, or 0 for padding.
    """
    ids, real = _pad_tokens([[*first[1:], *second[1:]] for first, second in pairs])
    ends = np.array([len(first) - 1 for first, _ in pairs])[:, None]
    return ids, real * (1 + (np.arange(ids.shape[1]) >= ends))


def pad_ngrams(texts: Sequence[str], bits: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(texts, most n-grams of a text) buckets and counts; a count of 0 is padding."""
    rows, buckets, counts = ngrams(texts, bits)
    sizes = np.bincount(rows, minlength=len(texts))
    column = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    ids = np.zeros((len(texts), max(1, int(sizes.max(initial=0)))), np.int64)
    values = np.zeros(ids.shape, np.float32)
    ids[rows, column] = buckets
    values[rows, column] = counts
    return ids, values


def opened(name: str, entries: dict[str, bytes], threads: int = 0) -> Model | Extractor:
    """Verified entries, opened as what their settings say they are."""
    kind = json_object(entries["config.json"]).get("kind")
    return Extractor(name, entries, threads) if kind == KIND else Model(name, entries, threads)


def load(path: str | os.PathLike[str], *, threads: int = 0) -> Model | Extractor:
    """Opens a model file after verifying every byte of it.

    Args:
        path: a `.danlu` file.
        threads: for one prediction; 0 for all cores.

    Returns:
        a `Model`, or an `Extractor` where the task is to find entities.

    Raises:
        ArtifactError: the file is missing, damaged, foreign or forged.
    """
    file = Path(path)
    if not file.is_file():
        raise ArtifactError(f"{file} is not a file. Fix: give the path of a .danlu file.")
    if file.stat().st_size > MAX_BYTES:
        raise ArtifactError(f"{file} is larger than 1 GiB. Fix: give a file that danlu forge wrote.")
    entries = unpack(file.read_bytes())
    try:
        return opened(file.stem, entries, threads)
    except ArtifactError:
        raise
    except Exception as error:  # onnxruntime and tokenizers raise types of their own for forged contents
        why = brief(" ".join(str(error).split()), 500)
        raise ArtifactError(f"{file}: the model cannot be opened ({why}). Fix: get the original file.") from error
