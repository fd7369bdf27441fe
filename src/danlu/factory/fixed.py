"""The fixed evaluation of base models: the same texts, read the same way, for every model there is.

Knows where the public sets lie in a folder of evaluation data and which part of each is for fitting. What vectors are
worth is in `danlu.evals.frozen`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from danlu.corpus.formats import read_rows
from danlu.corpus.prepare import pieces_of
from danlu.errors import DataError
from danlu.evals.frozen import cosines, linear_accuracy, rank_correlation, threshold_accuracy
from danlu.infer.engine import score
from danlu.models.base import embed, padded, token_ids
from danlu.models.choice import marks_of
from danlu.runtime import autocast
from danlu.text.pair import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import BertForMaskedLM, PreTrainedModel

    from danlu.models.base import Base

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]  # texts to (texts, width)
Rows = list[dict[str, Any]]

FOLDS = range(5)
STRETCH = 126  # tokens of a text that an encoder with a head reads at a time, without marks
FITTED = 4000  # training pairs that a threshold is chosen on


def evaluate_encoder(
    embed: Embed, data: Path, tasks: Sequence[str] | None = None, tell: Callable[[str], object] | None = None
) -> dict[str, dict[str, Any]]:
    """Figures of an encoder, a task each: metric, value in percent, and the deviation over folds where there are any.

    Args:
        embed: texts to vectors.
        data: the folder that holds fewclue/ and pairs/.
        tasks: names in `TASKS`; all by default.
        tell: called with each task's name before it is measured.

    Raises:
        DataError: a set is missing or cannot be read.
    """
    figures: dict[str, dict[str, Any]] = {}
    for name in tasks or TASKS:
        if tell:
            tell(name)
        metric, values = TASKS[name](embed, data)
        figures[name] = {"metric": metric, "value": round(100 * float(np.mean(values)), 2)}
        if len(values) > 1:
            figures[name]["deviation"] = round(100 * float(np.std(values, ddof=1)), 2)
    return figures


def embedder(base: Base, length: int = 128, tell: Callable[[int], object] | None = None) -> Embed:
    """Texts to unit vectors by an encoder; texts are cut at `length` tokens, and `tell` hears how many are done."""

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        return embed(base.model, token_ids(base.tokenizer, list(map(plain, texts)), length), progress=tell)

    return vectors


def bits_per_character(
    model: PreTrainedModel, tokenizer: Tokenizer, texts: Iterable[str], tell: Callable[[int], object] | None = None
) -> float:
    """How many bits a decoder needs for a character of some texts, the end of each text among them.

    Args:
        model: a causal language model.
        tokenizer: its vocabulary, in danlu's form.
        texts: not empty together; what is longer than the model's context is read in windows.
        tell: called with the characters of each text.
    """
    nats, characters = 0.0, 0
    for text in texts:
        pieces = list(pieces_of(tokenizer, text, model.config.max_position_embeddings))
        nats -= sum(float(found.sum()) for found in score(model, pieces, rows=16))
        characters += len(text)
        if tell:
            tell(len(text))
    return nats / math.log(2) / max(1, characters)


class HiddenTokens(NamedTuple):
    """What an encoder makes of tokens that it is not shown.

    Attributes:
        accuracy: the share that it finds.
        bits: that a character of theirs needs, by the probabilities it gives.
    """

    accuracy: float
    bits: float


def hidden_tokens(
    model: BertForMaskedLM, tokenizer: Tokenizer, texts: Iterable[str], tell: Callable[[int], object] | None = None
) -> HiddenTokens:
    """Hides one token in five of each stretch of 126, all of them at once, each by a mask.

    Which are hidden is drawn by a fixed seed, so every model that has this vocabulary is asked the same.

    Args:
        model: with its head.
        tokenizer: its vocabulary.
        texts: what is shorter than five tokens has none hidden.
        tell: called with the characters of each text.
    """
    marks = marks_of(tokenizer)
    rng = np.random.default_rng(0)
    right, nats, hidden, characters = 0, 0.0, 0, 0
    waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def ask() -> None:
        nonlocal right, nats, hidden
        if waiting:
            found, lost = _found_again(model, waiting, marks.mask)
            right, nats, hidden = right + found, nats + lost, hidden + sum(len(places) for _, places in waiting)
            waiting.clear()

    for text in texts:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        for begin in range(0, len(encoding.ids), STRETCH):
            part = np.array([marks.start, *encoding.ids[begin : begin + STRETCH], marks.end])
            places = 1 + rng.permutation(len(part) - 2)[: (len(part) - 2) // 5]
            if len(places):
                waiting.append((part, places))
                spans = [encoding.offsets[begin + place - 1] for place in places.tolist()]
                characters += sum(last - first for first, last in spans)
        if len(waiting) >= 64:
            ask()
        if tell:
            tell(len(text))
    ask()
    return HiddenTokens(right / max(1, hidden), nats / math.log(2) / max(1, characters))


@torch.inference_mode()
def _found_again(
    model: BertForMaskedLM, rows: list[tuple[NDArray[np.int64], NDArray[np.int64]]], mask: int
) -> tuple[int, float]:
    """How many are found, and the nats that all need."""
    shown = [ids.copy() for ids, _ in rows]
    for ids, (_, places) in zip(shown, rows, strict=True):
        ids[places] = mask
    ids_BL, seen_BL = padded(shown)
    with autocast(ids_BL.device):
        x_BLD = model.bert(input_ids=ids_BL, attention_mask=seen_BL).last_hidden_state.float()
    at_ND = torch.cat([x_BLD[row, places] for row, (_, places) in enumerate(rows)])
    wanted_N = torch.from_numpy(np.concatenate([ids[places] for ids, places in rows]))
    logits_NV = model.cls(at_ND)
    nats = torch.nn.functional.cross_entropy(logits_NV, wanted_N, reduction="sum")
    return int((logits_NV.argmax(-1) == wanted_N).sum()), float(nats)


def _rows(path: Path) -> Rows:
    return [row for _, row in read_rows(path)]


def _column(rows: Rows, name: str) -> list[str]:
    try:
        return [str(row[name]) for row in rows]
    except KeyError as error:
        raise DataError("a row lacks this field", "give the set as its authors publish it", field=name) from error


def _similar(embed: Embed, rows: Rows, first: str, second: str) -> NDArray[np.float64]:
    vectors = embed([*_column(rows, first), *_column(rows, second)])
    return cosines(vectors[: len(rows)], vectors[len(rows) :])


def _few_labels(task: str, text: str, label: str) -> Callable[[Embed, Path], tuple[str, list[float]]]:
    """A linear head on the few labels of each fold, measured on test_public."""

    def measured(embed: Embed, data: Path) -> tuple[str, list[float]]:
        folder = data / "fewclue" / task
        test = _rows(folder / "test_public.json")
        seen = embed(_column(test, text))
        values: list[float] = []
        for fold in FOLDS:
            train = _rows(folder / f"train_{fold}.json")
            vectors = embed(_column(train, text))
            values.append(linear_accuracy(vectors, _column(train, label), seen, _column(test, label)))
        return "accuracy", values

    return measured


def _few_pairs(embed: Embed, data: Path) -> tuple[str, list[float]]:
    """BUSTM: a threshold on the few pairs of each fold."""
    folder = data / "fewclue" / "bustm"
    test = _rows(folder / "test_public.json")
    similar, truth = _similar(embed, test, "sentence1", "sentence2"), _same(test)
    values: list[float] = []
    for fold in FOLDS:
        train = _rows(folder / f"train_{fold}.json")
        near = _similar(embed, train, "sentence1", "sentence2")
        values.append(threshold_accuracy(near, _same(train), similar, truth))
    return "accuracy", values


def _many_pairs(task: str, fitted_on: str) -> Callable[[Embed, Path], tuple[str, list[float]]]:
    """A threshold on the first pairs of one file, measured on the test file."""

    def measured(embed: Embed, data: Path) -> tuple[str, list[float]]:
        folder = data / "pairs" / task
        train = _rows(folder / f"{fitted_on}.jsonl.gz")[:FITTED]
        test = _rows(folder / "test.jsonl.gz")
        near, far = (_similar(embed, rows, "text_a", "text_b") for rows in (train, test))
        return "accuracy", [threshold_accuracy(near, _same(train), far, _same(test))]

    return measured


def _degrees(task: str) -> Callable[[Embed, Path], tuple[str, list[float]]]:
    """The order of similarities beside that of people's scores."""

    def measured(embed: Embed, data: Path) -> tuple[str, list[float]]:
        test = _rows(data / "pairs" / task / "test.jsonl.gz")
        wanted = np.array([float(row["label"]) for row in test])
        return "Spearman", [rank_correlation(_similar(embed, test, "text_a", "text_b"), wanted)]

    return measured


def _same(rows: Rows) -> NDArray[np.bool_]:
    return np.array([int(row["label"]) == 1 for row in rows])


TASKS: dict[str, Callable[[Embed, Path], tuple[str, list[float]]]] = {
    "stsb-zh": _degrees("stsb-zh"),
    "stsb-en": _degrees("stsb-en"),
    "bustm": _few_pairs,
    "lcqmc": _many_pairs("lcqmc", "dev"),
    "afqmc": _many_pairs("afqmc", "train"),
    "eprstmt": _few_labels("eprstmt", "sentence", "label"),
    "tnews": _few_labels("tnews", "sentence", "label_desc"),
    "csldcp": _few_labels("csldcp", "content", "label"),
}
