"""Students of an extraction as drafts of model files, opened as their users will open them, and measured.

Knows graphs, settings and an exam; does not know how a student was trained. Which one ships is decided in choose.py.
"""

from __future__ import annotations

import copy
import json
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.compress.export import spans_to_onnx, to_int8
from danlu.compress.smooth import smooth
from danlu.evals.entities import f1
from danlu.evals.relations import relations_of
from danlu.extractor import KIND, Extractor
from danlu.factory import choose
from danlu.factory.choose import CARD_BYTES, Measured
from danlu.train.spans import batch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from danlu.factory.extract_judge import Calibration
    from danlu.factory.extract_links import Schema
    from danlu.factory.job import Job
    from danlu.models.span import SpanNetwork
    from danlu.text.entities import Reading
    from danlu.train.spans import Piece
    from danlu.types import Span

    Entity = tuple[int, int, str]
    Linked = frozenset[tuple[Entity, Entity, str]]

CALIBRATION = 64  # windows
GATE = 0.01  # of the F1 that int8 may lose: what a few hundred texts move it by in any case
WORTH_INT8 = 128  # hidden width from which int8 products are faster on every processor we know


@dataclass(frozen=True)
class SpanExam:
    """What candidates are chosen by: texts with the entities that a person, or else the teacher, marked.

    Attributes:
        texts: to be read.
        entities: of each.
        relations: of each, None where they are not known; none at all where there are no relations.
    """

    texts: list[str]
    entities: list[frozenset[Entity]]
    relations: list[Linked | None] = field(default_factory=list)


@dataclass(frozen=True)
class SpanDraft:
    """A candidate in one precision: what it needs to become a model file.

    Attributes:
        name: kind and depth.
        kind: transformer.
        precision: int8 or float32.
        graph: ONNX.
        tokenizer: JSON.
        reading: how texts are cut into windows.
        nested: whether entities may lie inside others.
        schema: which relations there can be; None where none are looked for.
    """

    name: str
    kind: str
    precision: str
    graph: bytes
    tokenizer: str
    reading: Reading
    nested: bool
    schema: Schema | None = None

    def entries(self, labels: Sequence[str], card: dict[str, Any], calibration: Calibration) -> dict[str, bytes]:
        """The entries of its model file."""
        config = {
            "kind": KIND,
            "labels": list(labels),
            "scale": calibration.scale,
            "shift": calibration.shift,
            "threshold": calibration.threshold,
            "window": self.reading.window,
            "widest": self.reading.widest,
            "nested": self.nested,
            **({"links": self.schema.entry(calibration.links)} if self.schema else {}),
        }
        return {
            "card.json": json.dumps(card, ensure_ascii=False, sort_keys=True).encode(),
            "config.json": json.dumps(config, ensure_ascii=False, sort_keys=True).encode(),
            "model.onnx": self.graph,
            "tokenizer.json": self.tokenizer.encode(),
        }


def drafts(
    depth: int,
    train: Callable[[], SpanNetwork],
    seen: Sequence[Piece],
    tokenizer: str,
    reading: Reading,
    nested: bool,
    schema: Schema | None,
    job: Job,
) -> tuple[SpanDraft, SpanDraft]:
    """A candidate in float32 and in int8; one too narrow for int8 to be faster is float32 in both places.

    Args:
        depth: layers.
        train: gives the trained network.
        seen: windows that outliers of its activations are measured on, so that int8 loses less.
        tokenizer: JSON.
        reading: how texts are cut into windows.
        nested: whether entities may lie inside others.
        schema: which relations there can be; None where none are looked for.
        job: keeps the graphs.
    """
    name = f"transformer-{depth}"

    def exported() -> bytes:
        network = copy.deepcopy(train())
        width = network.shapes.embedding_dim
        job.keep_bytes(f"{name}.json", lambda: json.dumps(width).encode())
        smooth(network, (batch_of([piece]) for piece in seen[:CALIBRATION]))
        return spans_to_onnx(network)

    full = job.keep_bytes(f"{name}.onnx", exported)
    plain = SpanDraft(name, "transformer", "float32", full, tokenizer, reading, nested, schema)
    if json.loads(job.keep_bytes(f"{name}.json", bytes)) < WORTH_INT8:
        return plain, plain
    return plain, replace(plain, precision="int8", graph=job.keep_bytes(f"{name}.int8.onnx", lambda: to_int8(full)))


def measure(
    draft: SpanDraft,
    labels: Sequence[str],
    exam: SpanExam,
    calibration: Calibration,
    beside: SpanDraft | None = None,
) -> Measured[SpanDraft]:
    """Opens a draft as its users will, and measures F1, size and latency; the mean F1 of entities and of relations.

    Args:
        draft: an exported candidate.
        labels: the types.
        exam: texts with entities.
        calibration: of the teacher; what ships is calibrated later.
        beside: the same candidate in float32, where the draft is not.
    """
    entries = draft.entries(labels, {}, calibration)
    model = Extractor(draft.name, entries, threads=1)
    answers = model.predict(exam.texts)
    found = [entities_of(answer.spans) for answer in answers]
    score = _f1(list(zip(found, exam.entities, strict=True)))
    linked = [relations_of(answer.relations) for answer in answers] if exam.relations else []
    if linked:
        known = zip(linked, exam.relations, strict=True)
        score = (score + _f1([(got, wanted) for got, wanted in known if wanted is not None])) / 2
    whole = [got | also for got, also in zip(found, linked, strict=True)] if linked else found
    units = [[text] for text in exam.texts]
    pace = 1.0
    if beside is not None:
        full = Extractor(beside.name, beside.entries(labels, {}, calibration), threads=1)
        pace = choose.pace(choose.Timed(model.predict, model.graph), choose.Timed(full.predict, full.graph), units)
    size = sum(len(data) for data in entries.values()) + CARD_BYTES
    marks = np.array([zlib.crc32(repr(sorted(each, key=repr)).encode()) for each in whole], np.int64)
    p95, logits = choose.latency(model.predict, units), np.zeros((len(found), 0), np.float32)
    return Measured(draft, score, size, p95, pace, marks, logits)


def _f1(pairs: Sequence[tuple[frozenset[Any], frozenset[Any]]]) -> float:
    """The micro-F1 of what is found in some texts, beside what is there."""
    right = sum(len(got & wanted) for got, wanted in pairs)
    return f1(right, sum(len(got) for got, _ in pairs), sum(len(wanted) for _, wanted in pairs))


def compared(
    pair: tuple[SpanDraft, SpanDraft], labels: Sequence[str], exam: SpanExam, calibration: Calibration, job: Job
) -> tuple[Measured[SpanDraft], Measured[SpanDraft]]:
    """A candidate measured in float32 and in int8; in the finer int8 where the plain one may not ship."""
    full, small = pair

    def finer() -> SpanDraft:
        graph = job.keep_bytes(f"{full.name}.finer.onnx", lambda: to_int8(full.graph, finer=True))
        return replace(small, graph=graph)

    return choose.compared(
        full, small, finer, lambda one, beside: measure(one, labels, exam, calibration, beside), GATE
    )


def entities_of(spans: Sequence[Span]) -> frozenset[tuple[int, int, str]]:
    """Spans without their probabilities, to be compared."""
    return frozenset((span.start, span.end, span.type) for span in spans)
