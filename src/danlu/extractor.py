"""A model that finds entities: the opened form of a model file whose task is extraction.

Long texts are read in windows, each entity taken from one of them, so there is no longest text. A file may know what
holds between entities as well. Knows onnxruntime, tokenizers and numpy; does not know files, or how a model was made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from tokenizers import Tokenizer

from danlu.errors import ArtifactError, OptionError
from danlu.graph import Graph, json_object
from danlu.text.entities import Candidates, Reading, candidates, decode
from danlu.text.links import ENDS, HEARD, allowed_of
from danlu.text.pieces import frame, read
from danlu.types import Extraction, Relation, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KIND = "extraction"  # what config.json says it is
INPUTS: tuple[str, ...] = ("token_ids", "token_mask", "token_shapes")
OUTPUTS: tuple[str, ...] = ("logits", "ends", "said", "weights")  # the last three where there are relations
MOST_WINDOW, MOST_WIDTH = 4_096, 512
MOST_SCALE, MOST_SHIFT, LEAST_THRESHOLD = 10.0, 10.0, 0.01  # beyond them nearly every stretch could be an entity
MOST_CELLS = 1 << 28  # of the table of which types which relations lead between, a byte each
_FORGED = "The model's settings are not what danlu writes. Fix: get the original file."
_BLOCK = 64  # texts whose candidates are held at a time


@dataclass(frozen=True)
class LinkSettings:
    """How the graph's other outputs become relations.

    Attributes:
        labels: the relations, in the order of the graph's weights.
        triples: numbers of a head's type, a relation and a tail's type that there can be together.
        scale: logits are multiplied by it,
        shift: and this is added, before the logistic function makes probabilities of them.
        threshold: the probability from which on a relation holds.
    """

    labels: tuple[str, ...]
    triples: tuple[tuple[int, int, int], ...]
    scale: float
    shift: float
    threshold: float


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
        links: of relations; None where none are looked for.
    """

    labels: tuple[str, ...]
    scale: float
    shift: float
    threshold: float
    window: int
    widest: int
    nested: bool
    links: LinkSettings | None = None

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
    beside = None
    options = False
    range = None

    def __init__(self, name: str, entries: dict[str, bytes], threads: int = 0) -> None:
        """Opens verified entries; `threads` is for one prediction, 0 for all cores."""
        self.name = name
        self.card: dict[str, Any] = json_object(entries["card.json"])
        self.settings = _settings(json_object(entries["config.json"]))
        links = self.settings.links
        self._tokenizer = Tokenizer.from_str(entries["tokenizer.json"].decode("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        before, after = frame(self._tokenizer)
        self._reading = Reading(tuple(before), tuple(after), self.settings.window, self.settings.widest)
        self.graph = Graph(entries["model.onnx"], threads)
        probe, *more = self._score(*np.ones((3, 1, 3), np.int64))
        if probe.shape != (1, 3, self.settings.widest, len(self.labels)) or not _fitting(more, links):
            raise ArtifactError("The model's types do not match its graph. Fix: get the original file again.")
        self._allowed = None if links is None else allowed_of(links.triples, len(self.labels), len(links.labels))

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
        read_in = read(self._tokenizer, texts)
        nested = self.settings.nested
        return candidates(self._score, read_in, self._reading, floor, nested=nested, allowed=self._allowed)

    def _block(self, texts: Sequence[str]) -> list[Extraction]:
        settings = self.settings
        out: list[Extraction] = []
        ranked = self.candidates(texts, settings.floor - 1e-6)
        for text, stretches in zip(texts, ranked, strict=True):
            probability = 1 / (1 + np.exp(-(stretches.logits * settings.scale + settings.shift)))
            spans = {
                index: Span(int(start), int(end), self.labels[kind], float(probability[index]))
                for index in decode(stretches, settings.floor - 1e-6, nested=settings.nested)
                for start, end, kind in [stretches.places[index]]
            }
            found = tuple(sorted(spans.values(), key=lambda span: (span.start, -span.end, span.type)))
            out.append(Extraction(text, found, self._relations(stretches, spans)))
        return out

    def _relations(self, found: Candidates, spans: dict[int, Span]) -> tuple[Relation, ...] | None:
        """What holds between the entities of a text, given by their numbers among the candidates."""
        links = self.settings.links
        if links is None:
            return None
        probability = 1 / (1 + np.exp(-(found.link_logits * links.scale + links.shift)))
        relations = [
            Relation(spans[head], spans[tail], links.labels[kind], float(p))
            for (head, tail, kind), p in zip(found.links.tolist(), probability.tolist(), strict=True)
            if head in spans and tail in spans and p >= links.threshold - 1e-6
        ]
        return tuple(sorted(relations, key=lambda r: (r.head.start, r.tail.start, r.head.end, r.tail.end, r.type)))

    def _score(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], shapes: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        return self.graph.run(dict(zip(INPUTS, (ids, mask, shapes), strict=True)))


def _fitting(more: Sequence[NDArray[np.float32]], links: LinkSettings | None) -> bool:
    """Whether the outputs of a graph beside its logits are those that the settings speak of."""
    if links is None or len(more) != len(OUTPUTS) - 1:
        return links is None and not more
    ends, said, weights = more
    if ends.ndim != 4:
        return False
    parts, relations = ends.shape[-1] // 2, len(links.labels)
    shapes = (1, 3, ENDS, 2 * parts), (1, 3, HEARD, relations), (relations, parts + 1)
    return (ends.shape, said.shape, weights.shape) == shapes


def _settings(config: dict[str, Any]) -> SpanSettings:
    """The settings that stand in a file, if every one is what danlu writes; a forged file may hold anything.

    Raises:
        ArtifactError: one is something else, is missing, or is one too many.
    """
    config.pop("kind", None)
    try:
        links = _links(config.pop("links")) if "links" in config else None
        settings = SpanSettings(labels=tuple(_list(config.pop("labels"))), links=links, **config)
        good = _good(settings)
    except (KeyError, TypeError) as bad:  # no such setting, or one that is no number, name or list
        raise ArtifactError(_FORGED) from bad
    if not good:
        raise ArtifactError(_FORGED)
    return settings


def _links(written: object) -> LinkSettings:
    """The settings of relations, as they stand in a file; `_good` looks at what they hold."""
    if not isinstance(written, dict):
        raise TypeError(type(written).__name__)
    found = dict(cast("dict[str, Any]", written))
    labels, triples = (_list(found.pop(name)) for name in ("labels", "triples"))
    return LinkSettings(tuple(labels), tuple(tuple(_list(triple)) for triple in triples), **found)


def _list(written: object) -> list[Any]:
    """A list of JSON, since strings and objects can be walked through as well."""
    if not isinstance(written, list):
        raise TypeError(type(written).__name__)
    return cast("list[Any]", written)


def _good(settings: SpanSettings) -> bool:
    """Whether every setting is what danlu writes."""
    return (
        _scored(settings)
        and (settings.links is None or (_scored(settings.links) and _possible(settings.links, len(settings.labels))))
        and type(settings.window) is int
        and type(settings.widest) is int
        and 0 < 2 * settings.widest < settings.window <= MOST_WINDOW
        and settings.widest <= MOST_WIDTH
        and type(settings.nested) is bool
    )


def _scored(settings: SpanSettings | LinkSettings) -> bool:
    """Whether names, scale, shift and threshold are what danlu writes."""
    labels = settings.labels
    return (
        all(type(label) is str and label for label in labels)
        and len(set(labels)) == len(labels) > 0
        and all(type(number) in (int, float) for number in (settings.scale, settings.shift, settings.threshold))
        and 1 / MOST_SCALE <= settings.scale <= MOST_SCALE
        and abs(settings.shift) <= MOST_SHIFT
        and LEAST_THRESHOLD <= settings.threshold <= 1 - LEAST_THRESHOLD
    )


def _possible(links: LinkSettings, types: int) -> bool:
    """Whether every triple names a type, a relation and a type, none twice and one at least, and a table holds all."""
    most = (types, len(links.labels), types)
    if math.prod(most) > MOST_CELLS:
        return False
    return len(set(links.triples)) == len(links.triples) > 0 and all(
        len(triple) == 3 and all(type(n) is int and 0 <= n < end for n, end in zip(triple, most, strict=True))
        for triple in links.triples
    )
