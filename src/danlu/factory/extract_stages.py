"""The stages of an extraction, each a function from what is known so far to what is known next.

Every stage that takes more than a moment keeps its result in the job's folder. Knows how teachers, loop and students
are wired; the scorer is in models/span.py, how it learns in adapt/span.py and compress/distil_spans.py.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import span
from danlu.compress.distil_spans import RATE, distil
from danlu.factory.extract_judge import threshold
from danlu.factory.extract_links import beliefs, link_threshold
from danlu.factory.extract_material import parted
from danlu.text.entities import Candidates, decode, pack, unpack
from danlu.train.spans import Training

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.factory.extract_links import Related, Schema
    from danlu.factory.extract_material import Marked
    from danlu.factory.extract_plan import SpanPlan
    from danlu.factory.job import Job
    from danlu.factory.progress import Progress
    from danlu.models.base import Base
    from danlu.models.span import SpanNetwork
    from danlu.text.entities import Reading
    from danlu.text.pieces import Tokens
    from danlu.train.spans import Piece
    from danlu.types import Example

PATIENCE = 3.0  # times the budget; only then the clock cuts what the plan wanted
PSEUDO_WEIGHT = 0.5  # of an admitted text beside a labelled one
GOLD_WEIGHT = 2.0  # of a labelled row beside an unlabelled text, when students learn
AGAIN_RATE, AGAIN_HEAD_RATE = 1e-4, 1e-3  # of a teacher that learns on
KNOWN_HEAD_RATE = 5e-4  # of the scorer while labelled rows alone teach it what the general extractor did not know


@dataclass(frozen=True)
class Run:
    """What every stage needs.

    Attributes:
        job: where results are kept.
        progress: the bar.
        whole: the base as it was opened, which reads the names of types.
        base: the same with the vocabulary of the task.
        wording: what each type is called.
        reading: how texts are cut into windows.
        plan: how much of everything.
        seed: of everything drawn at random.
        nested: whether entities may lie inside others.
        cut: what the clock left out, for the card.
        schema: which relations there can be; None where none are looked for.
    """

    job: Job
    progress: Progress
    whole: Base
    base: Base
    wording: list[str]
    reading: Reading
    plan: SpanPlan
    seed: int
    nested: bool
    cut: list[str] = field(default_factory=list)
    schema: Schema | None = None

    def late(self, what: str, stage: str) -> bool:
        """Whether far more time is spent than was asked for, and the stage not done; what that leaves out is noted."""
        late = self.job.spent > PATIENCE * 60 * self.plan.minutes and not self.job.has(stage)
        if late:
            self.cut.append(what)
        return late

    def keep(self, stage: str, make: Callable[[], SpanNetwork], depth: int | None = None) -> SpanNetwork:
        """A network, of all layers or of some: read if an earlier run made it, made and stored otherwise."""
        stored = self.job.keep(stage, lambda: {n: p.detach().numpy() for n, p in make().state_dict().items()})
        whole = self.base.model.config.num_hidden_layers
        return span.restored(self.base.model, stored, len(self.wording), self.reading.widest, depth or whole)


@dataclass(frozen=True)
class Context:
    """One training of a teacher: indices of training rows, and of the judged rows that it is measured on."""

    train: NDArray[np.int64]
    judged: NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """The rows that teachers are judged by: dev rows, or training rows that some fold holds out.

    Attributes:
        rows: for held-out folds, which training rows they are; for dev rows, which dev rows.
        tokens: of each.
        gold: entities of each.
        linked: relations of each, None where they are not known.
    """

    rows: NDArray[np.int64]
    tokens: list[Tokens]
    gold: list[NDArray[np.int64]]
    linked: list[Related | None] = field(default_factory=list)


@dataclass(frozen=True)
class Round:
    """What one round of the loop did: texts admitted, the F1 of judged rows after it, whether it was kept.

    Where there are relations, the round is judged by the mean of the F1 of entities and that of relations.
    """

    round: int
    admitted: int
    f1: float
    kept: bool
    relation_f1: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the card."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Taught:
    """Teachers at the end of a round.

    Attributes:
        networks: one a context, that of all rows last.
        found: candidates of every judged row, by a teacher that did not learn from it.
        least: the logit of the threshold that suits them best.
        f1: of the judged rows at it.
        link_least: the logit of the threshold that suits their relations best.
        link_f1: of the relations at it; None where none are looked for.
    """

    networks: list[SpanNetwork]
    found: list[Candidates]
    least: float
    f1: float
    link_least: float = 0.0
    link_f1: float | None = None

    @property
    def score(self) -> float:
        """What rounds are judged by: the F1, the mean of both where there are relations."""
        return self.f1 if self.link_f1 is None else (self.f1 + self.link_f1) / 2

    def ended(self, number: int, admitted: int, *, kept: bool) -> Round:
        """What a round that ended with these did."""
        linked = None if self.link_f1 is None else round(self.link_f1, 6)
        return Round(number, admitted, round(self.f1, 6), kept, linked)


def contexts_of(material: Marked, plan: SpanPlan, seed: int) -> tuple[list[Context], Judged]:
    """The trainings, and the rows they are judged by.

    Folds keep near duplicates together, and have every type as evenly as its rows allow.
    """
    everything = np.arange(len(material.train))
    if plan.folds == 0:
        rows = np.arange(len(material.dev))
        return [Context(everything, rows)], Judged(rows, *_known(material, material.dev))
    texts = [row.text for row in material.train]
    folds = parted(texts, material.rarest, plan.folds, seed)
    judged = np.sort(np.concatenate([held for _, held in folds] or [everything[:0]]))
    rows = [material.train[i] for i in judged]
    found = [Context(train, np.searchsorted(judged, held)) for train, held in folds]
    return [*found, Context(everything, everything[:0])], Judged(judged, *_known(material, rows))


def _known(material: Marked, rows: list[Example]) -> tuple[list[Tokens], list[NDArray[np.int64]], list[Related | None]]:
    return material.read(rows), material.gold(rows), material.linked(rows)


def teach(run: Run, pieces: Sequence[list[Piece]], contexts: Sequence[Context], judged: Judged) -> Taught:
    """A teacher for each context, trained on labelled rows alone.

    Args:
        run: the job.
        pieces: the windows of each training row.
        contexts: the trainings.
        judged: the rows they are judged by.
    """
    training = Training(run.plan.teacher_steps, run.plan.batch, seed=run.seed)
    if run.plan.known:
        training = replace(training, head_rate=KNOWN_HEAD_RATE)
    allowed = None if run.schema is None else run.schema.allowed(len(run.wording))
    networks: list[SpanNetwork] = []
    with run.progress.stage("teach", len(contexts) * run.plan.teacher_steps) as step:
        for number, context in enumerate(contexts):
            own = [piece for row in context.train for piece in pieces[row]]

            def make(own: list[Piece] = own) -> SpanNetwork:
                network = span.head(run.whole, run.base.model, run.wording, run.reading.widest, run.seed, allowed)
                return span.fit(network, own, np.ones(len(own), np.float32), run.reading, training, step)

            networks.append(run.keep(f"taught-0-{number}", make))
    return _judge(run, networks, contexts, judged, 0)


def loop(
    run: Run,
    pieces: Sequence[list[Piece]],
    pool: Sequence[Tokens],
    contexts: Sequence[Context],
    judged: Judged,
    first: Taught,
) -> tuple[list[Round], Taught]:
    """Rounds in which every teacher learns from the unlabelled texts it is surest of; one that lowers F1 is undone.

    Args:
        run: the job.
        pieces: the windows of each training row.
        pool: unlabelled texts.
        contexts: the trainings.
        judged: the rows they are judged by.
        first: the teachers without the loop.
    """
    history, best = [first.ended(0, 0, kept=True)], first
    training = Training(run.plan.loop_steps, run.plan.batch, AGAIN_RATE, AGAIN_HEAD_RATE, run.seed)
    with run.progress.stage("loop", len(run.plan.rounds) * len(contexts) * run.plan.loop_steps) as step:
        for number, share in enumerate(run.plan.rounds, 1):
            if run.late(f"loop round {number}", f"taught-{number}-0"):
                break
            networks: list[SpanNetwork] = []
            for index, (context, before) in enumerate(zip(contexts, best.networks, strict=True)):
                own = [piece for row in context.train for piece in pieces[row]]
                again = partial(_taught_on, run, before, own, pool, best.least, share, training, step)
                networks.append(run.keep(f"taught-{number}-{index}", again))
            taught = _judge(run, networks, contexts, judged, number)
            history.append(taught.ended(number, round(share * len(pool)), kept=taught.score >= best.score))
            if not history[-1].kept:
                break
            best = taught
    return history, best


def _taught_on(
    run: Run,
    before: SpanNetwork,
    own: list[Piece],
    pool: Sequence[Tokens],
    least: float,
    share: float,
    training: Training,
    step: Callable[[int], None],
) -> SpanNetwork:
    """A teacher that has learned on from labelled rows and the texts it was surest of."""
    found = span.predict(before, pool, run.reading, nested=run.nested)
    chosen = surest(found, least, share)
    extra = _marked_pieces(run, [pool[i] for i in chosen], [found[i] for i in chosen], least)
    weights = np.repeat([1.0, PSEUDO_WEIGHT], [len(own), len(extra)]).astype(np.float32)
    return span.fit(copy.deepcopy(before), [*own, *extra], weights, run.reading, training, step)


def surest(found: Sequence[Candidates], least: float, share: float) -> NDArray[np.int64]:
    """Indices of the share of texts whose most doubtful candidate lies farthest from the threshold.

    Texts with an entity and texts without are taken alike, so that they stay as frequent as they are.
    """
    doubt = np.array([-np.abs(each.logits - least).min() if len(each.logits) else -np.inf for each in found])
    some = np.array([bool((each.logits >= least).any()) for each in found], bool)
    chosen: list[NDArray[np.int64]] = []
    for kind in (False, True):
        mine = np.flatnonzero(some == kind)
        chosen.append(mine[np.argsort(doubt[mine], kind="stable")][: round(share * len(mine))])
    return np.sort(np.concatenate(chosen))


def believe(run: Run, teacher: SpanNetwork, texts: Sequence[Tokens], name: str) -> list[Candidates]:
    """What a teacher finds in texts, kept under a name."""
    return unpack(run.job.keep(name, lambda: pack(span.predict(teacher, texts, run.reading, nested=run.nested))))


def lesson(
    run: Run, own: Sequence[list[Piece]], texts: Sequence[Tokens], found: Sequence[Candidates], least: float
) -> tuple[list[Piece], NDArray[np.float32]]:
    """What students learn from: labelled rows, and unlabelled texts as the teacher marks them; windows and weights."""
    gold = [piece for row in own for piece in row]
    extra = _marked_pieces(run, texts, found, least)
    return [*gold, *extra], np.repeat([GOLD_WEIGHT, 1.0], [len(gold), len(extra)]).astype(np.float32)


def student(
    run: Run,
    teacher: SpanNetwork,
    depth: int,
    learned: tuple[list[Piece], NDArray[np.float32]],
    name: str,
    step: Callable[[int], None] | None = None,
) -> SpanNetwork:
    """A student of some depth; of full depth it is the teacher itself.

    Args:
        run: the job.
        teacher: learned from.
        depth: layers.
        learned: windows and how often each is drawn.
        name: of what is kept.
        step: called with 1 after each step.
    """
    if depth == run.base.model.config.num_hidden_layers:
        return teacher
    training = Training(run.plan.student_steps, run.plan.batch, RATE, AGAIN_HEAD_RATE, run.seed)
    make = partial(distil, teacher, depth, *learned, run.reading, training, step)
    return run.keep(f"{name}-depth-{depth}", make, depth)


def _marked_pieces(run: Run, texts: Sequence[Tokens], found: Sequence[Candidates], least: float) -> list[Piece]:
    """The windows of texts with the entities that a teacher finds in them, and what it thinks holds between these."""
    pieces: list[Piece] = []
    for tokens, each in zip(texts, found, strict=True):
        taken = decode(each, least, nested=run.nested)
        pieces += span.encode(tokens, each.places[taken], run.reading, beliefs(each, taken, run.schema))
    return pieces


def _judge(run: Run, networks: list[SpanNetwork], contexts: Sequence[Context], judged: Judged, number: int) -> Taught:
    """The teachers with what they find in the rows they did not learn from."""
    found: list[Candidates] = [Candidates.none()] * len(judged.tokens)
    for index, (network, context) in enumerate(zip(networks, contexts, strict=True)):
        if len(context.judged):
            part = believe(run, network, [judged.tokens[i] for i in context.judged], f"judged-{number}-{index}")
            for place, each in zip(context.judged, part, strict=True):
                found[place] = each
    least, score = threshold(found, judged.gold, nested=run.nested)
    if run.schema is None:
        return Taught(networks, found, least, score)
    linked = link_threshold(found, judged.linked, [least] * len(found), nested=run.nested)
    return Taught(networks, found, least, score, *linked)
