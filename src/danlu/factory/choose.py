"""Which student ships: each is opened as its users will open it, measured, and the best one inside the limits is taken.

Knows exported candidates, an exam and limits; does not know how a student is trained.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from danlu.artifact import Model
from danlu.errors import OptionError
from danlu.factory.calibration import unsettled
from danlu.factory.student import CROSS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.factory.draft import Draft
    from danlu.factory.exam import Exam
    from danlu.factory.extract_choose import SpanDraft
    from danlu.graph import Graph

PARITY_TEXTS = 500
FASTER = 0.9  # of the time of float32 that int8 may take
PACE_UNITS, PACE_ROUNDS = 8, 7
GATE = 0.003  # of the accuracy, or R², that int8 may lose
SAME_SCORE = 0.01  # of the range: how far apart two scores may lie and count as one
LATENCY_TEXTS = 80
LATENCY_ROUNDS = 3  # after one to warm up; the fastest counts: whatever else runs on the machine is not the model's
CARD_BYTES = 30_000  # and the confusion table, about three bytes a cell


D = TypeVar("D", "Draft", "SpanDraft")


@dataclass(frozen=True)
class Measured(Generic[D]):
    """A draft and what was measured of it.

    Attributes:
        draft: the candidate.
        accuracy: expected, on the exam; of labels apart, micro-F1; of scores, R²; of extraction, the F1.
        bytes: of its entries, with room for the card.
        p95_ms: of one text on one thread, the 95th percentile.
        pace: the time of its graph beside that of the float32 one.
        labels: (exam,) its predictions; of questions, the places of options; of labels apart, (exam, K) decisions; of
            scores, (exam, 1) places in their range; of extraction, a number that stands for all entities of a text.
        logits: (exam, K); of extraction, K is 0.
    """

    draft: D
    accuracy: float
    bytes: int
    p95_ms: float
    pace: float
    labels: NDArray[Any]
    logits: NDArray[np.float32]


def measure(draft: Draft, labels: Sequence[str], exam: Exam, beside: Draft | None = None) -> Measured[Draft]:
    """Opens a draft as its users will, and measures accuracy, size and latency (of the fastest of three rounds).

    Args:
        draft: an exported candidate.
        labels: K names, in the order of its logits.
        exam: texts that it did not learn from.
        beside: the same candidate in float32, where the draft is not.
    """
    calibration = unsettled(len(labels), exam)
    entries = draft.entries(labels, {}, calibration)
    model = Model(draft.name, entries, threads=1)
    logits = model.logits(exam.texts)
    predicted = exam.answers(logits)
    p95 = latency(model.predict if exam.questions is None else model.probabilities, exam.units())
    relative = 1.0
    if beside is not None:
        full = Model(beside.name, beside.entries(labels, {}, calibration), threads=1)
        relative = pace(Timed(model.logits, model.graph), Timed(full.logits, full.graph), exam.units())
    confusion = 100 * len(labels) if exam.apart else 3 * len(labels) ** 2  # bytes of the card
    size = sum(len(data) for data in entries.values()) + CARD_BYTES + confusion
    return Measured(draft, exam.score(predicted), size, p95, relative, predicted, logits)


def latency(predict: Callable[[list[str]], object], units: Sequence[list[str]]) -> float:
    """Milliseconds of one prediction, the 95th percentile of the fastest round.

    Args:
        predict: of a model.
        units: what it is asked at a time: one text, or the options of one question.
    """

    def seconds(unit: list[str]) -> float:
        started = time.perf_counter()
        predict(unit)
        return time.perf_counter() - started

    rounds = [[seconds(unit) for unit in islice(cycle(units), LATENCY_TEXTS)] for _ in range(1 + LATENCY_ROUNDS)]
    return 1_000 * min(float(np.percentile(taken, 95)) for taken in rounds[1:])


class Timed(NamedTuple):
    """How a model is asked many texts at once, and its graph."""

    predict: Callable[[list[str]], object]
    graph: Graph


def pace(one: Timed, other: Timed, units: Sequence[list[str]]) -> float:
    """The time of a graph beside that of another.

    Of the longest texts together, where the products that a precision can make faster outweigh what it cannot; of both
    by turns, the fastest of each, in processor time: what else runs on the machine is neither's.

    Args:
        one: whose time it is.
        other: beside which.
        units: as in `latency`.
    """
    longest = sorted(units, key=lambda unit: sum(map(len, unit)))[-PACE_UNITS:]
    texts = [text for unit in longest for text in unit]

    def seconds(timed: Timed) -> float:
        before = timed.graph.seconds
        timed.predict(texts)
        return timed.graph.seconds - before

    rounds = [(seconds(one), seconds(other)) for _ in range(1 + PACE_ROUNDS)]
    least = np.min(rounds[1:], axis=0)
    return float(least[0] / least[1])


def compared(
    full: D, small: D, finer: Callable[[], D], measure: Callable[[D, D | None], Measured[D]], gate: float = GATE
) -> tuple[Measured[D], Measured[D]]:
    """A candidate measured in float32 and in int8; in the finer int8 where the plain one may not ship.

    Args:
        full: in float32.
        small: in int8, or the same again where that is no use.
        finer: makes the finer int8.
        measure: of a draft, and of the float32 one beside it.
        gate: as in `parity`.
    """
    measured = measure(full, None)
    if small is full:
        return measured, measured
    smaller = measure(small, full)
    if parity(measured, smaller, gate)["shipped"] == "int8":
        return measured, smaller
    other = finer()
    if other.graph == small.graph:
        return measured, smaller
    finest = measure(other, full)
    return measured, finest if parity(measured, finest, gate)["shipped"] == "int8" else smaller


def parity(full: Measured[D], small: Measured[D], gate: float = GATE) -> dict[str, Any]:
    """Whether the int8 graph may stand for the float32 one: as good, and really faster.

    A tenth is asked for: from WORTH_INT8 on int8 takes 0.4 to 0.7 of the time, so chance does not decide which file a
    run makes.

    Args:
        full: in float32.
        small: in int8.
        gate: the accuracy, or R², that may be lost where predictions differ; scores differ from a hundredth of the
            range on.
    """
    count = min(PARITY_TEXTS, len(full.labels))
    near = SAME_SCORE if full.labels.dtype.kind == "f" else 0.0
    agreement = float((np.abs(full.labels[:count] - small.labels[:count]) <= near).mean())
    drop = full.accuracy - small.accuracy
    faster = small.pace < FASTER
    passed = (agreement >= 0.99 or drop < gate) and faster
    return {
        "agreement": round(agreement, 6),
        "accuracy_drop": round(drop, 6),
        "texts": count,
        "faster": bool(faster),
        "shipped": "int8" if passed else "float32",
    }


@dataclass(frozen=True)
class Front(Generic[D]):
    """The students: every candidate in both precisions, the one of each that may ship, and the one that does."""

    pairs: Sequence[tuple[Measured[D], Measured[D]]]
    eligible: Sequence[Measured[D]]
    shipped: int
    max_mb: float
    max_ms: float

    def candidates(self) -> list[dict[str, Any]]:
        """For the card: all but the latency, which no two runs measure alike."""
        return [
            {
                "name": m.draft.name,
                "kind": m.draft.kind,
                "precision": m.draft.precision,
                "accuracy": round(m.accuracy, 6),
                "bytes": m.bytes,
                "fits": fits(m, self.max_mb, self.max_ms),
                "shipped": i == self.shipped,
            }
            for i, m in enumerate(self.eligible)
        ]


def choose(
    pairs: Sequence[tuple[Measured[D], Measured[D]]],
    max_mb: float,
    max_ms: float,
    gate: float = GATE,
    *,
    rescue: bool = False,
    doubt: float = 0.0,
) -> Front[D]:
    """The front of accuracy, size and latency; the most accurate inside the limits ships, the smaller one of equals.

    Where few texts judge, one that starts from the general model ships if it is not clearly worse than the best: it
    read both sides at once before anything was labelled.

    Args:
        pairs: (float32, int8) of each candidate.
        max_mb: limit of the file, in 10⁶ bytes.
        max_ms: limit of one prediction.
        gate: the accuracy that int8 may lose.
        rescue: whether int8 that loses more is a candidate where float32 is outside the limits.
        doubt: the difference of two accuracies that tells nothing.

    Raises:
        OptionError: none is inside the limits; says which to relax, and by how much.
    """
    eligible = [shipping(pair, gate) for pair in pairs]
    if rescue:
        eligible = [
            small if not fits(taken, max_mb, max_ms) and fits(small, max_mb, max_ms) else taken
            for taken, (_, small) in zip(eligible, pairs, strict=True)
        ]
    fitting = [i for i, m in enumerate(eligible) if fits(m, max_mb, max_ms)]
    if not fitting:
        raise OptionError(_relax(eligible, max_mb, max_ms))
    best = max(fitting, key=lambda i: (round(eligible[i].accuracy, 3), -eligible[i].bytes))
    if doubt:
        general = [i for i in fitting if eligible[i].draft.kind == CROSS]
        best = next((i for i in general if eligible[i].accuracy > eligible[best].accuracy - doubt), best)
    return Front(pairs, eligible, best, max_mb, max_ms)


def shipping(pair: tuple[Measured[D], Measured[D]], gate: float = GATE) -> Measured[D]:
    """The one of a candidate's two precisions, float32 and int8, that would ship."""
    full, small = pair
    return small if parity(full, small, gate)["shipped"] == "int8" else full


def fits(measured: Measured[Any], max_mb: float, max_ms: float) -> bool:
    """Whether a candidate is inside the limits."""
    return measured.bytes <= max_mb * 1e6 and measured.p95_ms <= max_ms


def _relax(eligible: Sequence[Measured[Any]], max_mb: float, max_ms: float) -> str:
    """Which limit to relax, and by how much, when nothing fits."""
    near = min(eligible, key=lambda m: max(m.bytes / (max_mb * 1e6), m.p95_ms / max_ms))
    wanted: list[str] = []
    if near.bytes > max_mb * 1e6:
        wanted.append(f"--max-mb {np.ceil(near.bytes / 1e5) / 10:g}")
    if near.p95_ms > max_ms:
        wanted.append(f"--max-ms {np.ceil(near.p95_ms * 12) / 10:g}")
    return f"No student is inside the limits; the nearest is {near.draft.name}. Fix: {' '.join(wanted)}."
