"""The Student: candidates of several kinds learn from the Teacher and are exported.

Knows candidates; does not know how the Teacher came to its labels, or which candidate ships.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from danlu.artifact import pad_ngrams
from danlu.compress import distil, distil_cross
from danlu.compress.distil import LIGHT, NARROW
from danlu.compress.smooth import smooth
from danlu.compress.vocabulary import small_tokenizer
from danlu.evals import several
from danlu.evals.metrics import softmax
from danlu.factory.plan import MOST_NARROW, Plan
from danlu.loops.opinion_pool import OF_PAIRS, log_shares
from danlu.models.base import Base, by_row, open_base, padded, token_ids
from danlu.models.cross import CrossBranch, in_rows
from danlu.models.cross_question import QuestionBranch, laid
from danlu.models.student import NgramBranch, StaticBranch, Student, TokenBranch
from danlu.text.pair import each
from danlu.text.shorten import shorten, shorten_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

    from danlu.compress.distil import Lesson
    from danlu.factory.draft import Draft
    from danlu.factory.exam import Exam
    from danlu.factory.general import General

MAX_CHARS = 2_000
CALIBRATION_TEXTS = 100
CROSS = "cross"  # reads both sides of a pair at once, or a question with its options
LEAST_SHARE = 0.02  # of a branch beside the tokens'; one that counts less is left out of the file


@dataclass(frozen=True)
class Source:
    """What students are made from: the base, the encoder whose vectors the lesson holds, and the general model."""

    base: Base
    encoder: PreTrainedModel
    plan: Plan
    seed: int
    general: General | None = None


@dataclass(frozen=True)
class Shared:
    """What all candidates of a lesson share, each part made when it is first asked for.

    Attributes:
        source: where they start.
        lesson: what they learn from.
    """

    source: Source
    lesson: Lesson

    @cached_property
    def ngrams(self) -> NgramBranch:
        """The n-gram branch."""
        return distil.ngram_branch(self.lesson, self.source.plan.ngram_rows)

    @cached_property
    def vocabulary(self) -> tuple[Tokenizer, NDArray[np.int64]]:
        """The tokenizer of the token branches, and the base's index of each of its tokens."""
        plan = self.source.plan
        return small_tokenizer(self.source.base, self.lesson.texts, plan.token_length, plan.vocabulary)

    @cached_property
    def static(self) -> StaticBranch | None:
        """The branch of static embeddings, where the base has them."""
        tokenizer, old_ids = self.vocabulary
        base, length = self.source.base, self.source.plan.token_length
        return (
            None if base.static is None else distil.static_branch(self.lesson, tokenizer, base.static[old_ids], length)
        )

    def start(self, name: str) -> Shared:
        """What a candidate with tokens starts from."""
        if name == NARROW:
            return self.narrow
        return self.large if name.startswith(CROSS) and self.source.plan.crossed_vocabulary else self

    @cached_property
    def large(self) -> Shared:
        """What a student of the general model starts from that reads questions: all the tokens that there is room for.

        The more of the options' words it knows, the better it chooses; n-grams and averages beside it add nothing, and
        take the room.
        """
        plan = self.source.plan
        return Shared(replace(self.source, plan=replace(plan, vocabulary=plan.crossed_vocabulary)), self.lesson)

    @cached_property
    def narrow(self) -> Shared:
        """What the narrow candidate starts from: the package's base where the source's has no narrow encoder."""
        if self.source.base.narrow is not None:
            return self
        return Shared(replace(self.source, base=_packaged()), self.lesson)


@cache
def _packaged() -> Base:
    """The package's base, opened once."""
    return open_base()


def reads(name: str, plan: Plan) -> int:
    """How many tokens of a text a candidate's token branch reads."""
    if name in LIGHT:
        return min(plan.token_length, MOST_NARROW) if name == NARROW else plan.token_length
    kind, depth = name.rsplit("-", 1)
    return plan.crossed if kind == CROSS else plan.reads(int(depth))


def reading_as(source: Source, draft: Draft) -> Source:
    """The source of students that read as much of a text as a draft does, which may be less than was planned."""
    plan = replace(source.plan, crossed=draft.chosen) if draft.kind == CROSS else source.plan
    return replace(source, plan=plan)


def names_of(plan: Plan) -> tuple[str, ...]:
    """The candidates of a plan, cheapest first."""
    crossed = (f"{CROSS}-{max(plan.layers)}",) if plan.crossed else ()
    return ("ngram", *LIGHT, *(f"transformer-{depth}" for depth in plan.layers), *crossed)


def teach(
    name: str, shared: Shared, exam: Exam | None, step: Callable[[int], None] | None = None
) -> tuple[Student, Tokenizer | None]:
    """Trains one candidate and fits how much each branch counts.

    Args:
        name: one of `names_of`.
        shared: where it starts and what it learns from.
        exam: texts that decide the shares of the branches; without any they count alike.
        step: called with 1 after each step.
    """
    plan, ngrams = shared.source.plan, shared.ngrams
    if name == "ngram":
        student, tokenizer = Student(None, None, ngrams, (0.0, 0.0, 1.0)), None
    else:
        start = shared.start(name)
        tokenizer, branch = start.vocabulary[0], _token_branch(name, start, step)
        if name != "static":  # it has no matrix products
            texts = [*shared.lesson.texts, *(exam.texts if exam else ())][:CALIBRATION_TEXTS]
            _smooth(branch, token_ids(tokenizer, texts, plan.token_length), name, plan)
        beside = (None, None) if start is shared.large else (start.static, ngrams)
        student = Student(branch, *beside, (1.0, 1.0, 1.0))
    if exam:
        pairing = student.tokens.pairing if isinstance(student.tokens, CrossBranch) else None
        # that of the general model, as in the vote
        ahead = OF_PAIRS[pairing].start.get("choice", 0.0) if pairing and not exam.apart else 0.0
        found = _shares(votes(student, tokenizer, exam.texts, name, plan), exam, ahead)
    else:
        found = [1 / len(student.branches)] * len(student.branches)
    share_of = {id(branch): share for (branch, _, _), share in zip(student.branches, found, strict=True)}
    tokens, static, grams = (share_of.get(id(part), 0.0) for part in (student.tokens, student.static, student.ngrams))
    kept = Student(
        student.tokens,
        student.static if static >= LEAST_SHARE else None,
        ngrams if grams >= LEAST_SHARE or student.tokens is None else None,
        (tokens, static, grams),
    )
    return kept.eval(), tokenizer


def _token_branch(
    name: str, shared: Shared, step: Callable[[int], None] | None
) -> TokenBranch | CrossBranch | QuestionBranch:
    lesson, source = shared.lesson, shared.source
    plan, (tokenizer, old_ids) = source.plan, shared.vocabulary
    together = name.startswith(CROSS) and lesson.questions is None
    sequences = _chosen(token_ids(tokenizer, lesson.texts, plan.token_length), name, plan, together=together)
    if name in LIGHT:
        if name == NARROW:
            encoder, steps = distil.narrow_encoder(source.base, old_ids), plan.narrow_steps
        else:
            encoder, steps = distil.static_encoder(distil.light_embeddings(source.base, old_ids)), plan.light_steps
        return distil.light_branch(
            LIGHT[name], encoder, lesson, sequences, steps=steps, seed=source.seed, progress=step
        )
    kind, depth = name.rsplit("-", 1)
    if kind == CROSS:
        return _of_general(shared, sequences, int(depth), step)
    return distil.transformer_branch(
        source.encoder,
        lesson,
        sequences,
        old_ids,
        depth=int(depth),
        steps=plan.student_steps,
        batch=plan.student_batch,
        seed=source.seed,
        progress=step,
    )


def _smooth(
    branch: TokenBranch | CrossBranch | QuestionBranch, whole: Sequence[Sequence[int]], name: str, plan: Plan
) -> None:
    """Prepares a branch for int8 by the tokens of some texts, or sides: of the lesson first, of the exam where few."""
    rows = by_row(_chosen(whole, name, plan, together=isinstance(branch, CrossBranch)), branch.pairing)
    smooth(branch.encoder if isinstance(branch, TokenBranch) else branch, (_fed(branch, [row]) for row in rows))


def _of_general(
    shared: Shared, sequences: list[list[int]], depth: int, step: Callable[[int], None] | None
) -> CrossBranch | QuestionBranch:
    lesson, source = shared.lesson, shared.source
    general, plan = source.general, source.plan
    assert general is not None
    make = distil_cross.cross_branch if lesson.questions is None else distil_cross.question_branch
    schooling = distil_cross.Schooling(depth, plan.student_steps, plan.student_batch, source.seed)
    return make(general.model, general.around, lesson, sequences, shared.vocabulary[1], schooling, step)


def _fed(
    branch: TokenBranch | CrossBranch | QuestionBranch | StaticBranch, rows: Sequence[Sequence[Sequence[int]]]
) -> tuple[torch.Tensor, ...]:
    """The inputs of a branch from the tokens of some rows."""
    if isinstance(branch, QuestionBranch):
        return laid(rows)
    if isinstance(branch, CrossBranch):
        return in_rows(rows)
    return padded([sequence for row in rows for sequence in row])


def _chosen(whole: Sequence[Sequence[int]], name: str, plan: Plan, *, together: bool) -> list[list[int]]:
    """The tokens that a candidate's token branch reads of each text, or of each side of a pair.

    Args:
        whole: the tokens of each.
        name: of the candidate.
        plan: says how many it reads.
        together: whether both sides of a pair are read as one row.
    """
    most = reads(name, plan)
    if together:
        return [side for first, second in by_row(whole, "ordered") for side in shorten_pair(first, second, most)]
    return [shorten(ids, most) for ids in whole]


def votes(
    student: Student, tokenizer: Tokenizer | None, texts: Sequence[str], name: str, plan: Plan
) -> list[NDArray[np.float32]]:
    """The (texts, K) logits of each branch of a student that is not exported, in the order of its branches."""
    out: list[NDArray[np.float32]] = []
    texts = shortened(texts)
    whole = token_ids(tokenizer, texts, plan.token_length) if tokenizer else []
    if student.tokens is not None:
        together = isinstance(student.tokens, CrossBranch)
        out.append(_token_logits(student.tokens, _chosen(whole, name, plan, together=together)))
    if student.static is not None:
        out.append(_token_logits(student.static, whole))
    if student.ngrams is not None:
        out.append(_ngram_logits(student.ngrams, texts))
    return out


def shortened(texts: Sequence[str]) -> list[str]:
    """As much of each text, or of each side of a pair, as a model file reads."""
    return [each(text, lambda side: side[:MAX_CHARS]) for text in texts]


def probabilities(
    student: Student, tokenizer: Tokenizer | None, texts: Sequence[str], name: str, plan: Plan, *, apart: bool = False
) -> NDArray[np.float32]:
    """(texts, K) of a student that is not exported, calibrated as well as its exam allowed."""
    shares = [share for _, share, _ in student.branches]
    logits = np.tensordot(shares, np.stack(votes(student, tokenizer, texts, name, plan)), 1)
    if apart:
        return np.exp(several.log_sigmoid(logits)).astype(np.float32)
    return softmax(logits.astype(np.float32)).astype(np.float32)


def _shares(logits: list[NDArray[np.float32]], exam: Exam, head_start: float) -> list[float]:
    return exam.fitted([log_shares(vote, apart=exam.apart) for vote in logits], head_start)


@torch.inference_mode()
def _ngram_logits(branch: NgramBranch, texts: Sequence[str]) -> NDArray[np.float32]:
    bits = int(branch.index.shape[0]).bit_length() - 1
    out: list[NDArray[np.float32]] = []
    for start in range(0, len(texts), 64):
        ids, counts = pad_ngrams(texts[start : start + 64], bits)
        out.append(branch(torch.from_numpy(ids), torch.from_numpy(counts)).numpy())
    return np.concatenate(out)


@torch.inference_mode()
def _token_logits(
    branch: TokenBranch | CrossBranch | QuestionBranch | StaticBranch, sequences: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    rows = by_row(sequences, branch.pairing)
    lengths = [sum(map(len, row)) if isinstance(branch, CrossBranch) else max(map(len, row)) for row in rows]
    # questions stay together: each is read once for all of its options
    order = np.arange(len(rows)) if isinstance(branch, QuestionBranch) else np.argsort(lengths, kind="stable")
    out = np.zeros((len(rows), branch.bias.shape[0]), np.float32)
    for start in range(0, len(order), 64):
        index = order[start : start + 64]
        out[index] = branch(*_fed(branch, [rows[i] for i in index])).numpy()
    return out
