"""The Student: candidates of several kinds learn from the Teacher, are exported, measured, and one is shipped.

Knows candidates and limits; does not know how the Teacher came to its labels or what a model file looks like inside.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.special import log_softmax

from danlu.artifact import Model, pad_ngrams
from danlu.compress import distil
from danlu.compress.distil import NGRAM_BITS
from danlu.compress.export import to_int8, to_onnx
from danlu.compress.smooth import smooth
from danlu.evals.metrics import softmax
from danlu.loops.self_training import pool_forms
from danlu.models.base import Base, padded, token_ids
from danlu.models.student import NgramBranch, Student, TokenBranch, TransformerEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from danlu.compress.distil import Lesson
    from danlu.factory.plan import Plan

MAX_CHARS = 2_000
PARITY_TEXTS = 500
LATENCY_TEXTS = 200
CALIBRATION_TEXTS = 100
CARD_BYTES = 30_000  # and the confusion table, about three bytes a cell
WORTH_INT8 = 128  # hidden width from which int8 products are faster on every processor we know


@dataclass(frozen=True)
class Exam:
    """What candidates are chosen by: texts none of them learned from.

    Attributes:
        texts: N texts.
        targets: (N, K) distributions: one-hot where a person labelled the text, else the teacher's belief.
    """

    texts: list[str]
    targets: NDArray[np.float32]

    def score(self, predicted: NDArray[np.int64]) -> float:
        """The expected share of right predictions."""
        return float(self.targets[np.arange(len(predicted)), predicted].mean())


@dataclass(frozen=True)
class Draft:
    """A candidate in one precision: what it needs to become a model file.

    Attributes:
        name: kind and depth.
        kind: ngram, static or transformer.
        precision: int8 or float32.
        graph: ONNX.
        tokenizer: JSON.
        bits: of the n-gram hash.
        length: tokens read.
    """

    name: str
    kind: str
    precision: str
    graph: bytes
    tokenizer: str
    bits: int
    length: int

    def entries(
        self, labels: Sequence[str], card: dict[str, Any], temperature: float, abstain: float
    ) -> dict[str, bytes]:
        """The entries of its model file."""
        config = {
            "labels": list(labels),
            "temperature": temperature,
            "abstain_below": abstain,
            "token_length": self.length,
            "ngram_bits": self.bits,
            "max_chars": MAX_CHARS,
        }
        return {
            "card.json": json.dumps(card, ensure_ascii=False, sort_keys=True).encode(),
            "config.json": json.dumps(config, ensure_ascii=False, sort_keys=True).encode(),
            "model.onnx": self.graph,
            "tokenizer.json": self.tokenizer.encode(),
        }


@dataclass(frozen=True)
class Measured:
    """A draft and what was measured of it.

    Attributes:
        draft: the candidate.
        accuracy: expected, on the exam.
        bytes: of its entries, with room for the card.
        p50_ms: of one text on one thread, the median.
        p95_ms: the 95th percentile.
        labels: (exam,) its predictions.
        logits: (exam, K).
    """

    draft: Draft
    accuracy: float
    bytes: int
    p50_ms: float
    p95_ms: float
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """What students are made from: the base, and the encoder whose vectors the lesson holds."""

    base: Base
    encoder: PreTrainedModel
    plan: Plan
    seed: int


def reads(name: str, plan: Plan) -> int:
    """Tokens that a candidate reads of a text; 0 for n-grams alone."""
    if name == "ngram":
        return 0
    return plan.token_length if name == "static" else plan.reads(int(name.rsplit("-", 1)[1]))


def names_of(plan: Plan) -> tuple[str, ...]:
    """The candidates of a plan, cheapest first."""
    return ("ngram", "static", *(f"transformer-{depth}" for depth in plan.layers))


def teach(
    name: str,
    source: Source,
    lesson: Lesson,
    exam: Exam | None,
    ngrams: NgramBranch,
    step: Callable[[int], None] | None = None,
) -> tuple[Student, Tokenizer | None]:
    """Trains one candidate and fits how much each branch counts.

    Args:
        name: one of `names_of`.
        source: where it starts.
        lesson: what it learns from.
        exam: texts that decide the shares of the branches; without any they count alike.
        ngrams: the n-gram branch that all candidates have.
        step: called with 1 after each step.
    """
    if name == "ngram":
        share = _shares([_ngram_logits(ngrams, exam.texts)], exam)[0] if exam else 1.0
        return Student(None, ngrams, (0.0, share)).eval(), None
    plan, length = source.plan, reads(name, source.plan)
    tokenizer, old_ids = distil.small_tokenizer(source.base, lesson.texts, plan.token_length)
    if name == "static":
        branch = distil.static_branch(
            source.base, lesson, tokenizer, old_ids, length=length, steps=400, seed=source.seed
        )
    else:
        branch = distil.transformer_branch(
            source.encoder,
            lesson,
            tokenizer,
            old_ids,
            depth=int(name.rsplit("-", 1)[1]),
            length=length,
            steps=plan.student_steps,
            batch=plan.student_batch,
            seed=source.seed,
            progress=step,
        )
        some = token_ids(tokenizer, lesson.texts[:CALIBRATION_TEXTS], length)
        smooth(branch.encoder, (padded([sequence]) for sequence in some))
    share = [0.5, 0.5]
    if exam:
        votes = [_token_logits(branch, tokenizer, exam.texts, length), _ngram_logits(ngrams, exam.texts)]
        share = _shares(votes, exam)
    if share[1] < 0.02:
        return Student(branch, None, (share[0], 0.0)).eval(), tokenizer
    return Student(branch, ngrams, (share[0], share[1])).eval(), tokenizer


def probabilities(
    student: Student, tokenizer: Tokenizer | None, texts: Sequence[str], length: int
) -> NDArray[np.float32]:
    """(texts, K) of a student that is not exported, calibrated as well as its exam allowed."""
    logits = np.zeros((len(texts), 1), np.float32)
    if student.tokens is not None and tokenizer is not None:
        logits = logits + student.shares[0] * _token_logits(student.tokens, tokenizer, texts, length)
    if student.ngrams is not None:
        logits = logits + student.shares[1] * _ngram_logits(student.ngrams, texts)
    return softmax(logits).astype(np.float32)


def drafts(
    name: str,
    train: Callable[[], tuple[Student, Tokenizer | None]],
    plan: Plan,
    keep: Callable[[str, Callable[[], bytes]], bytes],
) -> tuple[Draft, Draft]:
    """A candidate in float32 and in int8; one without matrix products worth it is float32 in both places.

    Args:
        name: of the candidate.
        train: gives the trained student and the tokenizer of its token branch.
        plan: for the lengths.
        keep: stores and returns the bytes a function makes, under a name.
    """

    def exported() -> bytes:
        student, tokenizer = train()
        bits = NGRAM_BITS if student.ngrams else 0
        wide = isinstance(student.tokens and student.tokens.encoder, TransformerEncoder)
        width = len(student.tokens.centre) if student.tokens and wide else 0
        keep(f"{name}.json", lambda: json.dumps([bits, tokenizer.to_str() if tokenizer else "", width]).encode())
        return to_onnx(student)

    full = keep(f"{name}.onnx", exported)
    bits, tokenizer, width = json.loads(keep(f"{name}.json", bytes))
    small = keep(f"{name}.int8.onnx", lambda: to_int8(full)) if width >= WORTH_INT8 else None
    kind, length = name.split("-", 1)[0], reads(name, plan)
    plain = Draft(name, kind, "float32", full, tokenizer, bits, length)
    return plain, plain if small is None else replace(plain, precision="int8", graph=small)


def measure(draft: Draft, labels: Sequence[str], exam: Exam) -> Measured:
    """Opens a draft as its users will, and measures accuracy, size and latency."""
    entries = draft.entries(labels, {}, 1.0, 0.0)
    model = Model(draft.name, entries, threads=1)
    logits = model.logits(exam.texts)
    predicted = logits.argmax(1)
    times: list[float] = []
    for text in (exam.texts[:20] + exam.texts)[: LATENCY_TEXTS + 20]:
        started = time.perf_counter()
        model.predict([text])
        times.append(time.perf_counter() - started)
    size = sum(len(data) for data in entries.values()) + CARD_BYTES + 3 * len(labels) ** 2
    p50, p95 = (float(np.percentile(times[20:] or times, q)) * 1_000 for q in (50, 95))
    return Measured(draft, exam.score(predicted), size, p50, p95, predicted, logits)


def parity(full: Measured, small: Measured) -> dict[str, Any]:
    """Whether the int8 graph may stand for the float32 one: as good, and really faster.

    Medians are compared; from WORTH_INT8 on they lie far apart, so chance does not decide which file a run makes.
    """
    count = min(PARITY_TEXTS, len(full.labels))
    agreement = float((full.labels[:count] == small.labels[:count]).mean())
    drop = full.accuracy - small.accuracy
    faster = small.p50_ms < full.p50_ms
    passed = (agreement >= 0.99 or drop < 0.003) and faster
    return {
        "agreement": round(agreement, 6),
        "accuracy_drop": round(drop, 6),
        "texts": count,
        "faster": bool(faster),
        "shipped": "int8" if passed else "float32",
    }


def choose(
    pairs: Sequence[tuple[Measured, Measured]], max_mb: float, max_ms: float
) -> tuple[list[Measured], int | None]:
    """The candidates in the precision the parity gate allows, and which of them is shipped.

    Args:
        pairs: (float32, int8) of each candidate.
        max_mb: limit of the file, in 10⁶ bytes.
        max_ms: limit of one prediction.

    Returns:
        all of them, and the index of the most accurate inside the limits (the smaller one of equals), or None.
    """
    eligible = [small if parity(full, small)["shipped"] == "int8" else full for full, small in pairs]
    fitting = [i for i, m in enumerate(eligible) if fits(m, max_mb, max_ms)]
    best = max(fitting, key=lambda i: (round(eligible[i].accuracy, 3), -eligible[i].bytes), default=None)
    return eligible, best


def fits(measured: Measured, max_mb: float, max_ms: float) -> bool:
    """Whether a candidate is inside the limits."""
    return measured.bytes <= max_mb * 1e6 and measured.p95_ms <= max_ms


def relax(eligible: Sequence[Measured], max_mb: float, max_ms: float) -> str:
    """Which limit to relax, and by how much, when nothing fits."""
    near = min(eligible, key=lambda m: max(m.bytes / (max_mb * 1e6), m.p95_ms / max_ms))
    wanted: list[str] = []
    if near.bytes > max_mb * 1e6:
        wanted.append(f"--max-mb {np.ceil(near.bytes / 1e5) / 10:g}")
    if near.p95_ms > max_ms:
        wanted.append(f"--max-ms {np.ceil(near.p95_ms * 12) / 10:g}")
    return f"No student is inside the limits; the nearest is {near.draft.name}. Fix: {' '.join(wanted)}."


def _shares(votes: list[NDArray[np.float32]], exam: Exam) -> list[float]:
    calm = [np.asarray(log_softmax(vote, axis=1), np.float32) for vote in votes]
    return [float(weight) for weight in pool_forms(calm, exam.targets, pull=1.0, total=1.0)]


@torch.inference_mode()
def _ngram_logits(branch: NgramBranch, texts: Sequence[str]) -> NDArray[np.float32]:
    bits = int(branch.index.shape[0]).bit_length() - 1
    out: list[NDArray[np.float32]] = []
    for start in range(0, len(texts), 64):
        ids, counts = pad_ngrams([text[:MAX_CHARS] for text in texts[start : start + 64]], bits)
        out.append(branch(torch.from_numpy(ids), torch.from_numpy(counts)).numpy())
    return np.concatenate(out)


@torch.inference_mode()
def _token_logits(branch: TokenBranch, tokenizer: Tokenizer, texts: Sequence[str], length: int) -> NDArray[np.float32]:
    sequences = token_ids(tokenizer, [text[:MAX_CHARS] for text in texts], length)
    order = np.argsort([len(sequence) for sequence in sequences], kind="stable")
    out = np.zeros((len(texts), branch.bias.shape[0]), np.float32)
    for start in range(0, len(order), 64):
        index = order[start : start + 64]
        out[index] = branch(*padded([sequences[i] for i in index])).numpy()
    return out
