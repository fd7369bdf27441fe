"""A model that finds entities: the opened form of a model file whose task is extraction.

Long texts are read in windows, each entity taken from one of them, so there is no longest text. Knows onnxruntime,
tokenizers and numpy; does not know files, or how a model was made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from danlu.errors import ArtifactError, OptionError
from danlu.graph import json_object, session
from danlu.text.entities import Candidates, Reading, candidates, decode
from danlu.text.pieces import frame, read
from danlu.types import Extraction, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KIND = "extraction"  # what config.json says it is
INPUTS: tuple[str, ...] = ("token_ids", "token_mask", "token_shapes")
MOST_WINDOW, MOST_WIDTH = 4_096, 512
MOST_SCALE, MOST_SHIFT, LEAST_THRESHOLD = 10.0, 10.0, 0.01  # beyond them nearly every stretch could be an entity
_BLOCK = 64  # texts whose candidates are held at a time


@dataclass(frozen=True)
class SpanSettings:
    """How a text becomes the graph's inputs, and its outputs entities.

    Attributes:
        labels: the types, in the order of the graph's last dimension.
        scale: logits are multiplied by it,
        shift: and this is added, before the logistic function makes probabilities of them.
        threshold: the probability from which on a stretch can be an entity.
        window: tokens read at once.
        widest: tokens of the widest entity.
        nested: whether an entity may lie inside another.
    """

    labels: tuple[str, ...]
    scale: float
    shift: float
    threshold: float
    window: int
    widest: int
    nested: bool

    @property
    def floor(self) -> float:
        """The logit of the threshold."""
        return (math.log(self.threshold / (1 - self.threshold)) - self.shift) / self.scale


class Extractor:
    """An opened model file of entities.

    Attributes:
        name: the file's name without its ending.
        settings: how it reads text.
        card: what it was made from and how well it does.
    """

    pairing = None
    options = False
    range = None

    def __init__(self, name: str, entries: dict[str, bytes], threads: int = 0) -> None:
        """Opens verified entries; `threads` is for one prediction, 0 for all cores."""
        self.name = name
        self.card: dict[str, Any] = json_object(entries["card.json"])
        config = json_object(entries["config.json"])
        config.pop("kind", None)
        self.settings = _checked(SpanSettings(labels=tuple(config.pop("labels")), **config))
        self._tokenizer = Tokenizer.from_str(entries["tokenizer.json"].decode("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        before, after = frame(self._tokenizer)
        self._reading = Reading(tuple(before), tuple(after), self.settings.window, self.settings.widest)
        self._session = session(entries["model.onnx"], threads)
        probe = self._score(*np.ones((3, 1, 3), np.int64))
        if probe.shape != (1, 3, self.settings.widest, len(self.labels)):
            raise ArtifactError("The model's types do not match its graph. Fix: get the original file again.")

    @property
    def labels(self) -> tuple[str, ...]:
        """The types of entities it finds."""
        return self.settings.labels

    def predict(self, texts: Sequence[str]) -> list[Extraction]:
        """The entities of each text, with exact offsets into the text as it is given.

        Args:
            texts: strings of any length.

        Raises:
            OptionError: `texts` is one string, or holds something that is not a string.
        """
        if isinstance(texts, str):
            raise OptionError("predict takes a list of texts, this is one string. Fix: predict([text]).")
        for position, text in enumerate(texts):
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a checker
                raise OptionError(f"Text {position} is {type(text).__name__}, not a string. Fix: pass strings only.")
        found: list[Extraction] = []
        for start in range(0, len(texts), _BLOCK):
            found += self._block(texts[start : start + _BLOCK])
        return found

    def candidates(self, texts: Sequence[str], floor: float) -> list[Candidates]:
        """The stretches of each text with logits above a floor: for those who choose thresholds."""
        return candidates(self._score, read(self._tokenizer, texts), self._reading, floor)

    def _block(self, texts: Sequence[str]) -> list[Extraction]:
        settings = self.settings
        out: list[Extraction] = []
        ranked = self.candidates(texts, settings.floor - 1e-6)
        for text, stretches in zip(texts, ranked, strict=True):
            probability = 1 / (1 + np.exp(-(stretches.logits * settings.scale + settings.shift)))
            spans = [
                Span(int(start), int(end), self.labels[kind], float(probability[index]))
                for index in decode(stretches, settings.floor - 1e-6, nested=settings.nested)
                for start, end, kind in [stretches.places[index]]
            ]
            out.append(Extraction(text, tuple(sorted(spans, key=lambda span: (span.start, -span.end, span.type)))))
        return out

    def _score(self, ids: NDArray[np.int64], mask: NDArray[np.int64], shapes: NDArray[np.int64]) -> NDArray[np.float32]:
        feed = dict(zip(INPUTS, (ids, mask, shapes), strict=True))
        return np.asarray(self._session.run(None, feed)[0], dtype=np.float32)


def _checked(settings: SpanSettings) -> SpanSettings:
    """The settings themselves, if every one is what danlu writes; a forged file may hold anything."""
    labels = settings.labels
    good = (
        all(type(label) is str and label for label in labels)
        and len(set(labels)) == len(labels) > 0
        and all(type(number) in (int, float) for number in (settings.scale, settings.shift, settings.threshold))
        and 1 / MOST_SCALE <= settings.scale <= MOST_SCALE
        and abs(settings.shift) <= MOST_SHIFT
        and LEAST_THRESHOLD <= settings.threshold <= 1 - LEAST_THRESHOLD
        and type(settings.window) is int
        and type(settings.widest) is int
        and 0 < 2 * settings.widest < settings.window <= MOST_WINDOW
        and settings.widest <= MOST_WIDTH
        and type(settings.nested) is bool
    )
    if not good:
        raise ArtifactError("The model's settings are not what danlu writes. Fix: get the original file.")
    return settings
